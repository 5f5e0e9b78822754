//! SQLite, as SeaORM and Diesel write it and by hand.

use easy_cache_sql::{
    Bind::{Bytes, Integer, Other, Text, Uuid},
    Dialect,
};

use crate::{Case, check};

// case 82
#[test]
fn statements_of_sea_orm() {
    check(
        Dialect::Sqlite,
        &[
            (
                r#"SELECT "books"."id", "books"."title" FROM "books" WHERE "books"."id" = ? LIMIT ?"#,
                &[Integer(42), Integer(1)],
                "<books[42]",
            ),
            (r#"SELECT "books"."id", "books"."title" FROM "books""#, &[], "<books"),
            (
                r#"SELECT "books"."id" FROM "books" WHERE "books"."author_id" = ? ORDER BY "books"."title" ASC LIMIT ? OFFSET ?"#,
                &[Integer(1), Integer(20), Integer(0)],
                "<books",
            ),
            (
                r#"SELECT "books"."id" AS "A_id", "authors"."id" AS "B_id" FROM "books" LEFT JOIN "authors" ON "books"."author_id" = "authors"."id" WHERE "books"."id" = ?"#,
                &[Integer(1)],
                "<books <authors",
            ),
            (
                r#"SELECT COUNT(*) AS num_items FROM (SELECT "books"."id" FROM "books" WHERE "books"."id" = ?) AS "sub_query""#,
                &[Integer(1)],
                "<books",
            ),
            (
                r#"SELECT "authors"."id" FROM "authors" WHERE "authors"."id" IN (?, ?, ?)"#,
                &[Integer(3), Integer(1), Integer(3)],
                "<authors[1 3]",
            ),
            (
                r#"SELECT "loans"."due" FROM "loans" WHERE "loans"."book_id" = ? AND "loans"."member" = ?"#,
                &[Integer(7), Text("a,b")],
                "<loans[7,a%2Cb]",
            ),
            (
                r#"SELECT "loans"."due" FROM "loans" WHERE ("loans"."book_id", "loans"."member") IN ((?, ?), (?, ?))"#,
                &[Integer(7), Text("a"), Integer(8), Text("b")],
                "<loans[7,a 8,b]",
            ),
            (
                r#"INSERT INTO "books" ("title", "author_id", "year") VALUES (?, ?, ?) RETURNING "id", "title""#,
                &[Text("Emma"), Integer(1), Integer(1815)],
                "+books",
            ),
            (
                r#"INSERT INTO "books" ("id", "title") VALUES (?, ?), (?, ?)"#,
                &[Integer(5), Text("a"), Integer(6), Text("b")],
                "+books[5 6]",
            ),
            (
                r#"INSERT INTO "books" ("id", "title") VALUES (?, ?) ON CONFLICT ("id") DO UPDATE SET "title" = "excluded"."title""#,
                &[Integer(5), Text("a")],
                "~books[5]",
            ),
            (
                r#"INSERT INTO "books" ("id", "title") VALUES (?, ?) ON CONFLICT ("id") DO NOTHING"#,
                &[Integer(5), Text("a")],
                "+books[5]",
            ),
            (
                r#"UPDATE "books" SET "title" = ? WHERE "books"."id" = ? RETURNING "id", "title""#,
                &[Text("x"), Integer(42)],
                "~books[42]",
            ),
            (
                r#"UPDATE "books" SET "title" = ? || "title" WHERE "books"."author_id" = ?"#,
                &[Text("x"), Integer(1)],
                "~books",
            ),
            (
                r#"UPDATE "books" SET "title" = ? WHERE "books"."id" IN (?, ?)"#,
                &[Text("x"), Integer(2), Integer(3)],
                "~books[2 3]",
            ),
            (r#"DELETE FROM "books" WHERE "books"."id" = ?"#, &[Integer(3)], "~books[3]"),
            (r#"DELETE FROM "books" WHERE "books"."author_id" = ?"#, &[Integer(3)], "~books"),
            (r#"DELETE FROM "books""#, &[], "~books"),
            (r#"DELETE FROM "documents" WHERE "documents"."id" = ?"#, &[Uuid([0xab; 16])], UUID_ROW),
            (r#"DELETE FROM "documents" WHERE "documents"."id" = ?"#, &[Bytes(&[0xab; 16])], UUID_ROW),
            (r#"SAVEPOINT "sp1""#, &[], "savepoint:sp1"),
        ],
    );
}

const UUID_ROW: &str = "~documents[abababab-abab-abab-abab-abababababab]";

#[test]
fn statements_of_diesel() {
    check(
        Dialect::Sqlite,
        &[
            (
                "SELECT `books`.`id`, `books`.`title` FROM `books` WHERE (`books`.`id` = ?) LIMIT ?",
                &[Integer(1), Integer(1)],
                "<books[1]",
            ),
            (
                "SELECT `books`.`id` FROM (`books` INNER JOIN `authors` ON (`books`.`author_id` = `authors`.`id`))",
                &[],
                "<books <authors",
            ),
            (
                "UPDATE `books` SET `title` = ? WHERE ((`books`.`id` = ?) AND (`books`.`year` > ?))",
                &[Text("x"), Integer(2), Integer(1900)],
                "~books[2]",
            ),
            ("DELETE  FROM `books` WHERE (`books`.`id` IN (?, ?))", &[Integer(2), Integer(77)], "~books[2 77]"),
            ("INSERT INTO `books` (`id`, `title`) VALUES (?, ?)", &[Integer(1), Text(" -- binds: [7")], "+books[1]"),
            ("REPLACE INTO `books` (`id`, `title`) VALUES (?, ?)", &[Integer(1), Text("x")], "~books"),
            ("INSERT OR IGNORE INTO `books` (`title`) VALUES (?)", &[Text("x")], "+books"),
            ("BEGIN IMMEDIATE", &[], "begin"),
            ("SAVEPOINT diesel_savepoint_1", &[], "savepoint:diesel_savepoint_1"),
            ("RELEASE SAVEPOINT diesel_savepoint_1", &[], "release:diesel_savepoint_1"),
            ("ROLLBACK TO SAVEPOINT diesel_savepoint_1", &[], "rollback-to:diesel_savepoint_1"),
        ],
    );
}

#[test]
fn statements_by_hand() {
    check(
        Dialect::Sqlite,
        &[
            ("select * from Books b where B.ID = 42", &[], "<books[42]"),
            ("SELECT * FROM main.books WHERE main.books.id == 042", &[], "<books[42]"),
            ("SELECT * FROM [Books], 'authors'", &[], "<books <authors"),
            ("SELECT * FROM other.books WHERE id = 1", &[], "<other.books"),
            ("SELECT lower(title) FROM books WHERE id = ?2 AND year > ?1", &[Integer(9), Integer(4)], "<books[4]"),
            ("SELECT * FROM books WHERE year > ?3 AND id = ?", &[Other, Other, Other, Integer(4)], "<books[4]"),
            ("SELECT * FROM books WHERE id = :id", &[Integer(4)], "<books"),
            ("SELECT * FROM books WHERE id = @id", &[Integer(4)], "<books"),
            ("SELECT * FROM books WHERE id = $id", &[Integer(4)], "<books"),
            ("SELECT * FROM books WHERE id = 1 AND year < (SELECT year FROM books)", &[], "<books"),
            ("SELECT * FROM books WHERE id = 1 AND year IN (SELECT value FROM json_each('[1]'))", &[], "<books"),
            ("SELECT max(year) FROM books WHERE id = 1", &[], "<books"),
            ("WITH RECURSIVE t AS (SELECT 1 AS n UNION ALL SELECT n + 1 FROM t) SELECT * FROM t, books", &[], "<books"),
            ("WITH t AS (SELECT * FROM books), u AS (SELECT * FROM t) SELECT * FROM u", &[], "<books"),
            ("SELECT * FROM books INDEXED BY by_year WHERE id = 1", &[], "<books[1]"),
            ("SELECT * FROM books WHERE id IN loans", &[], "<? uncacheable:NotUnderstood"),
            ("SELECT value FROM json_each('[1]')", &[], ""),
            ("SELECT date('2024-01-01'), date(added) FROM books", &[], "<books"),
            ("SELECT date('now') FROM books", &[], "<books uncacheable:now"),
            ("SELECT datetime() FROM books", &[], "<books uncacheable:datetime"),
            ("SELECT strftime('%Y', ?) FROM books", &[Text("now")], "<books uncacheable:strftime"),
            ("SELECT CURRENT_TIMESTAMP", &[], "uncacheable:current_timestamp"),
            ("SELECT * FROM books ORDER BY random() LIMIT 1", &[], "<books uncacheable:random"),
            ("SELECT name FROM sqlite_master", &[], "<sqlite_master uncacheable:Metadata"),
            ("SELECT name FROM pragma_table_info('books')", &[], "uncacheable:Metadata"),
            ("SELECT * FROM temp.basket", &[], "<temp.basket uncacheable:TemporaryTable"),
            ("CREATE TEMP TABLE basket (id INTEGER)", &[], "!basket session"),
            ("UPDATE books SET id = 2 WHERE id = 1", &[], "~books"),
            ("UPDATE books SET rowid = 2 WHERE id = 1", &[], "~books"),
            ("SELECT * FROM books INDEXED BY by_year WHERE recount() = 1", &[], "<books ~stats"),
            ("UPDATE OR REPLACE books SET title = 'x' WHERE id = 1", &[], "~books"),
            ("UPDATE books AS b SET title = 'x' WHERE b.id = 1 OR b.year = 2", &[], "~books"),
            ("UPDATE books SET title = 'x' WHERE NOT id = 1", &[], "~books"),
            ("UPDATE books SET title = 'x' WHERE id != 1", &[], "~books"),
            ("UPDATE books SET title = 'x' WHERE id NOT IN (1, 2)", &[], "~books"),
            ("UPDATE books SET title = 'x' WHERE id = 1 AND (year = 2 OR year = 3)", &[], "~books[1]"),
            ("UPDATE books SET title = 'x' WHERE id = (SELECT 1)", &[], "~books"),
            ("UPDATE books SET title = 'x' WHERE id = 1 + 1", &[], "~books"),
            ("UPDATE books SET title = 'x' WHERE id = 1.0", &[], "~books"),
            ("UPDATE books SET title = 'x' WHERE id = -1", &[], "~books[-1]"),
            ("UPDATE books SET title = 'x' WHERE id = '1'", &[], "~books[1]"),
            ("UPDATE books SET title = 'x' WHERE author_id = 1 AND books.id = id", &[], "~books"),
            ("UPDATE books SET author_id = (SELECT id FROM authors) WHERE id = 1", &[], "<authors ~books[1]"),
            ("DELETE FROM codes WHERE code = 'a:*'", &[], "~codes[a%3A%2A]"),
            ("DELETE FROM codes WHERE code = ?", &[Integer(42)], "~codes[42]"),
            ("DELETE FROM loans WHERE book_id = 1", &[], "~loans"),
            ("DELETE FROM loans WHERE member IN ('a', 'b') AND book_id = 1", &[], "~loans[1,a 1,b]"),
            ("INSERT INTO books VALUES (1, 'x')", &[], "+books"),
            ("INSERT INTO books (id, title) VALUES (NULL, 'x')", &[], "+books"),
            ("INSERT INTO books DEFAULT VALUES", &[], "+books"),
            ("INSERT INTO books (title) SELECT title FROM drafts", &[], "<drafts +books"),
            ("INSERT OR REPLACE INTO books (id) VALUES (1)", &[], "~books"),
            ("DROP TABLE IF EXISTS books", &[], "!books"),
            ("ALTER TABLE books ADD COLUMN isbn TEXT", &[], "!books"),
            ("ALTER TABLE books RENAME TO old_books", &[], "opaque:Unknown"),
            ("CREATE TABLE copies AS SELECT * FROM books", &[], "<books !copies"),
            ("CREATE INDEX by_year ON books (year)", &[], "!books"),
            (
                "CREATE TRIGGER t AFTER INSERT ON books BEGIN UPDATE a SET x = 1; DELETE FROM y; END",
                &[],
                "opaque:Unparsed",
            ),
            ("PRAGMA foreign_keys = ON", &[], "uncacheable:Metadata"),
            ("PRAGMA main.cache_size(100)", &[], "uncacheable:Metadata"),
            ("PRAGMA case_sensitive_like = ON", &[], "uncacheable:Metadata session"),
            ("PRAGMA main.writable_schema(1)", &[], "uncacheable:Metadata session"),
            ("PRAGMA table_info(books)", &[], "uncacheable:Metadata"),
            ("PRAGMA user_version", &[], "uncacheable:Metadata"),
            ("EXPLAIN QUERY PLAN DELETE FROM books", &[], "uncacheable:Metadata"),
            ("ATTACH 'x.db' AS other", &[], "uncacheable:Metadata session"),
            ("VACUUM", &[], "uncacheable:Metadata"),
            ("BEGIN; UPDATE books SET title = 'x' WHERE id = 1; END", &[], "begin ; ~books[1] ; commit"),
            ("UPDATE books SET title = 'x' WHERE id = ?; DELETE FROM books", &[Integer(1)], "~books ; ~books"),
            ("", &[], ""),
            ("-- DELETE FROM books", &[], ""),
            (";;", &[], ""),
        ],
    );
}

/// Names that look like keywords or that drivers compose are only names.
// case 83
#[test]
fn a_column_named_like_a_keyword_writes_nothing() {
    let cases: &[Case<'_>] = &[
        (r#"SELECT "books"."updated_at", "books"."deleted" FROM "books""#, &[], "<books"),
        ("SELECT updated_at, inserted, delete_after FROM books WHERE updated_at > 5", &[], "<books"),
        (r#"SELECT "update", "delete", "insert" FROM books"#, &[], "<books"),
        ("SELECT title AS \"update books set\" FROM books", &[], "<books"),
        ("SELECT 'DELETE FROM books' FROM authors", &[], "<authors"),
        ("SELECT * FROM authors /* DELETE FROM books */ -- UPDATE books", &[], "<authors"),
        ("SELECT replace(title, 'a', 'b') FROM books", &[], "<books"),
    ];
    for dialect in [Dialect::Sqlite, Dialect::Postgres] {
        check(dialect, cases);
    }
}
