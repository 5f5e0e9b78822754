//! Statements beyond the grammar of the parser, rows behind `OR`, upserts by key, and transactions in two phases.

use easy_cache_sql::Bind::{Integer, Other};
use easy_cache_sql::Dialect;

use crate::{Case, check};

#[test]
fn rows_behind_or_are_those_of_all_alternatives() {
    let cases: &[Case<'_>] = &[
        ("UPDATE books SET x = 1 WHERE id = 1 OR id = 2", &[], "~books[1 2]"),
        ("UPDATE books SET x = 1 WHERE (id = 1 OR (id IN (2, 3))) AND y = 1", &[], "~books[1 2 3]"),
        ("UPDATE books SET x = 1 WHERE id = 1 AND y = 1 OR id = 2 AND y = 2", &[], "~books[1 2]"),
        ("UPDATE books SET x = 1 WHERE id = 1 OR y = 2", &[], "~books"),
        ("UPDATE books SET x = 1 WHERE id = 1 OR id = 2 OR NOT id = 3", &[], "~books"),
        ("UPDATE books SET x = 1 WHERE NOT (id = 1 OR id = 2)", &[], "~books"),
        ("SELECT * FROM books WHERE id = 1 OR id = 2", &[], "<books[1 2]"),
        (
            "DELETE FROM loans WHERE (book_id = 1 AND member = 'a') OR (book_id = 2 AND member = 'b')",
            &[],
            "~loans[1,a 2,b]",
        ),
        ("DELETE FROM loans WHERE book_id = 1 AND (member = 'a' OR member = 'b')", &[], "~loans"),
    ];
    check(Dialect::Sqlite, cases);
    check(Dialect::Postgres, cases);
    check(Dialect::MySql, &cases[..7]);
}

#[test]
fn an_upsert_by_the_primary_key_changes_that_row_alone() {
    let cases: &[Case<'_>] = &[
        ("INSERT INTO books (id, t) VALUES (1, 'x') ON CONFLICT (id) DO UPDATE SET t = excluded.t", &[], "~books[1]"),
        (
            "INSERT INTO books (id) VALUES (1) ON CONFLICT (ID) DO UPDATE SET t = 'x' WHERE books.y > 1",
            &[],
            "~books[1]",
        ),
        ("INSERT INTO books (id) VALUES (1) ON CONFLICT (id) DO UPDATE SET id = 2", &[], "~books"),
        ("INSERT INTO books (id) VALUES (1) ON CONFLICT (isbn) DO UPDATE SET t = 'x'", &[], "~books"),
        ("INSERT INTO books (id) VALUES (1) ON CONFLICT (id, isbn) DO UPDATE SET t = 'x'", &[], "~books"),
        ("INSERT INTO books (isbn) VALUES (1) ON CONFLICT (id) DO UPDATE SET t = 'x'", &[], "~books"),
        (
            "INSERT INTO loans (book_id, member) VALUES (1, 'a') ON CONFLICT (book_id) DO UPDATE SET d = 1",
            &[],
            "~loans",
        ),
        (
            "INSERT INTO loans (book_id, member) VALUES (1, 'a') ON CONFLICT (member, book_id) DO UPDATE SET d = 1",
            &[],
            "~loans[1,a]",
        ),
        ("INSERT INTO books AS b (id) VALUES (1) ON CONFLICT (id) DO UPDATE SET n = b.n + 1", &[], "~books[1]"),
    ];
    check(Dialect::Sqlite, cases);
    check(Dialect::Postgres, cases);
    check(
        Dialect::MySql,
        &[
            ("INSERT INTO books (id) VALUES (1) ON DUPLICATE KEY UPDATE id = id", &[], "~books"),
            ("INSERT INTO books (id) VALUES (1) ON DUPLICATE KEY UPDATE t = t, n = 1", &[], "~books"),
            ("INSERT INTO books (id) VALUES (1) ON DUPLICATE KEY UPDATE id = other.id", &[], "~books"),
        ],
    );
}

#[test]
fn sqlite_beyond_the_parser() {
    check(
        Dialect::Sqlite,
        &[
            ("UPDATE books INDEXED BY by_year SET x = 1 WHERE id = 1", &[], "~books[1]"),
            ("DELETE FROM books NOT INDEXED WHERE id = 1", &[], "~books[1]"),
            ("DELETE FROM books WHERE id IS ?", &[Integer(1)], "~books[1]"),
            ("DELETE FROM books WHERE id IS ?", &[Other], "~books"),
            ("DELETE FROM books WHERE id IS NOT 1", &[], "opaque:Unparsed"),
            ("DELETE FROM books WHERE id IS NULL", &[], "~books"),
            ("INSERT INTO main.books AS b (id) SELECT 1 WHERE true ON CONFLICT DO NOTHING", &[], "+books"),
            ("INSERT INTO books AS b SELECT id AS x FROM drafts AS d", &[], "<drafts +books"),
        ],
    );
}

#[test]
fn postgres_beyond_the_parser() {
    check(
        Dialect::Postgres,
        &[
            ("INSERT INTO books (id) OVERRIDING SYSTEM VALUE VALUES (1)", &[], "+books[1]"),
            ("INSERT INTO books (id) OVERRIDING USER VALUE SELECT 1", &[], "+books"),
            ("DELETE FROM books WHERE id IS NOT DISTINCT FROM $1", &[Integer(1)], "~books[1]"),
            ("REFRESH MATERIALIZED VIEW CONCURRENTLY shop.totals WITH DATA", &[], "~shop.totals"),
            ("PREPARE p AS DELETE FROM books", &[], "uncacheable:Metadata"),
            ("EXECUTE p", &[], "opaque:Unknown"),
            ("PREPARE TRANSACTION 'x'", &[], "opaque:Unknown ; rollback"),
            ("COMMIT PREPARED 'x'", &[], "opaque:Unknown"),
            ("ROLLBACK PREPARED 'x'", &[], "uncacheable:Metadata"),
            ("COMMIT WORK AND CHAIN", &[], "commit ; begin"),
            ("COMMIT AND NO CHAIN", &[], "commit"),
            ("ROLLBACK TRANSACTION AND CHAIN", &[], "rollback ; begin"),
            ("UPDATE books SET x = 1 WHERE id = 1; COMMIT AND CHAIN", &[], "~books[1] ; commit ; begin"),
            ("CALL recount()", &[], "~stats"),
            ("CALL recount((SELECT 1 FROM books))", &[], "<books ~stats"),
            ("DECLARE c CURSOR FOR SELECT * FROM books", &[], "uncacheable:Metadata"),
            ("FETCH 10 FROM c", &[], "opaque:Unknown"),
            ("DROP INDEX by_year", &[], "uncacheable:Metadata"),
        ],
    );
}

#[test]
fn mysql_beyond_the_parser() {
    check(
        Dialect::MySql,
        &[
            ("UPDATE books, authors SET books.x = 1 WHERE books.id = 1", &[], "<authors ~books ~authors"),
            (
                "UPDATE books b, authors a SET b.x = 1, a.y = (SELECT 1 FROM t, u)",
                &[],
                "<authors <t <u ~books ~authors",
            ),
            ("DELETE b.*, a.* FROM books b, authors a WHERE b.n * 2 = a.n", &[], "<books <authors ~books ~authors"),
            ("DELETE FROM b.*, a.* USING books b JOIN authors a", &[], "<b <a <books <authors ~books ~authors"),
            ("LOAD DATA LOCAL INFILE 'x' INTO TABLE shop.books FIELDS TERMINATED BY ','", &[], "+books"),
            ("LOAD DATA INFILE 'x' IGNORE INTO TABLE books", &[], "+books"),
            ("LOAD DATA INFILE 'x' REPLACE INTO TABLE books", &[], "~books"),
            ("LOAD XML INFILE 'x' INTO TABLE books", &[], "+books"),
            ("LOAD INDEX INTO CACHE books", &[], "opaque:Unparsed"),
            ("ANALYZE FORMAT=JSON DELETE FROM books WHERE id = 1", &[], "~books[1] uncacheable:Metadata"),
            ("ANALYZE TABLE books", &[], "uncacheable:Metadata commits"),
            ("CHECK TABLE books", &[], "uncacheable:Metadata commits"),
            ("PREPARE p FROM 'DELETE FROM books'", &[], "uncacheable:Metadata"),
            ("EXECUTE p", &[], "opaque:Unknown"),
            ("XA START 'x'", &[], "begin"),
            ("XA END 'x'", &[], "uncacheable:Metadata"),
            ("XA PREPARE 'x'", &[], "opaque:Unknown ; rollback"),
            ("XA COMMIT 'x' ONE PHASE", &[], "opaque:Unknown ; commit"),
            ("XA ROLLBACK 'x'", &[], "rollback"),
            ("COMMIT AND CHAIN", &[], "commit ; begin"),
            ("COMMIT RELEASE", &[], "opaque:Unparsed"),
        ],
    );
}
