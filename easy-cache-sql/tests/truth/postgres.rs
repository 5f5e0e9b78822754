//! PostgreSQL, as SeaORM and Diesel write it and by hand.

use easy_cache_sql::{
    Bind::{Integer, List, Other, Text, Uuid},
    Dialect,
};

use crate::check;

// case 82
#[test]
fn statements_of_orms() {
    check(
        Dialect::Postgres,
        &[
            (
                r#"SELECT "books"."id" FROM "books" WHERE "books"."id" = $1 LIMIT $2"#,
                &[Integer(1), Integer(1)],
                "<books[1]",
            ),
            (
                r#"SELECT "books"."id" FROM "books" WHERE ("books"."id" = ANY($1))"#,
                &[List(vec![Integer(2), Integer(1)])],
                "<books[1 2]",
            ),
            (
                r#"SELECT "documents"."id" FROM "documents" WHERE ("documents"."id" = ANY($1))"#,
                &[List(vec![Uuid([0; 16]), Other])],
                "<documents",
            ),
            (
                r#"INSERT INTO "books" ("id", "title") VALUES (DEFAULT, $1), (DEFAULT, $2) RETURNING "books"."id""#,
                &[Text("a"), Text("b")],
                "+books",
            ),
            (
                r#"INSERT INTO "books" ("title", "id") VALUES ($1, $2) RETURNING "id""#,
                &[Text("a"), Integer(5)],
                "+books[5]",
            ),
            (
                r#"INSERT INTO "books" ("id") VALUES ($1) ON CONFLICT ("id") DO UPDATE SET "title" = $2"#,
                &[Integer(5), Text("a")],
                "~books[5]",
            ),
            (
                r#"UPDATE "books" SET "state" = CAST($1 AS state) WHERE "books"."id" = $2 RETURNING "id", CAST("state" AS text)"#,
                &[Text("a"), Integer(5)],
                "~books[5]",
            ),
            (r#"DELETE  FROM "books" WHERE ("books"."id" = $1)"#, &[Integer(5)], "~books[5]"),
            (r#"SELECT "books"."id" FROM "shop"."books" WHERE "books"."id" = $1"#, &[Integer(5)], "<shop.books"),
            ("BEGIN TRANSACTION ISOLATION LEVEL SERIALIZABLE READ ONLY", &[], "begin"),
            ("SAVEPOINT diesel_savepoint_1", &[], "savepoint:diesel_savepoint_1"),
            ("SET TRANSACTION ISOLATION LEVEL SERIALIZABLE", &[], "uncacheable:Metadata transaction"),
        ],
    );
}

#[test]
fn reads_by_hand() {
    check(
        Dialect::Postgres,
        &[
            ("SELECT * FROM Books WHERE ID = $1", &[Integer(1)], "<books[1]"),
            (r#"SELECT * FROM "Books" WHERE id = 1"#, &[], "<Books"),
            (r#"SELECT * FROM books WHERE "ID" = 1"#, &[], "<books"),
            ("SELECT * FROM books b WHERE books.id = 1", &[], "<books"),
            ("SELECT * FROM public.books b WHERE b.id = 1", &[], "<books[1]"),
            ("SELECT * FROM library.public.books WHERE id = 1", &[], "<books[1]"),
            ("SELECT * FROM ONLY books WHERE id = 1", &[], "<books[1]"),
            ("SELECT * FROM ONLY books, ONLY authors FETCH FIRST 1 ROW ONLY", &[], "<books <authors"),
            ("SELECT * FROM ONLY (books)", &[], "<? uncacheable:NotUnderstood"),
            ("SELECT * FROM books WHERE id = $1::bigint", &[Integer(1)], "<books[1]"),
            (
                "SELECT * FROM documents WHERE id = $1::uuid",
                &[Text("{ABABABABABABABABABABABABABABABAB}")],
                "<documents[abababab-abab-abab-abab-abababababab]",
            ),
            ("SELECT * FROM books WHERE id = ANY(ARRAY[1, 2])", &[], "<books[1 2]"),
            ("SELECT * FROM books WHERE id = ANY('{1,2}')", &[], "<books"),
            ("SELECT * FROM books WHERE id = ALL($1)", &[List(vec![Integer(1)])], "<books"),
            ("SELECT * FROM books WHERE id = 1 UNION SELECT * FROM drafts", &[], "<books <drafts"),
            ("SELECT * FROM books WHERE id = 1 GROUP BY id", &[], "<books"),
            ("SELECT * FROM books WHERE id = 1 HAVING true", &[], "<books"),
            ("SELECT unnest(tags) FROM books WHERE id = 1", &[], "<books"),
            ("SELECT * FROM books ORDER BY (SELECT rank FROM ranks WHERE book_id = books.id)", &[], "<books <ranks"),
            (
                "SELECT * FROM books b JOIN authors a ON a.id = (SELECT min(id) FROM people)",
                &[],
                "<books <authors <people",
            ),
            ("SELECT author_id FROM books GROUP BY 1 HAVING count(*) > (SELECT n FROM limits)", &[], "<books <limits"),
            ("SELECT * FROM (SELECT * FROM books) x, LATERAL (SELECT * FROM authors) y", &[], "<books <authors"),
            ("SELECT * FROM best_sellers", &[], "<best_sellers <books <sales"),
            ("SELECT * FROM generate_series(1, 3)", &[], ""),
            ("WITH books AS (SELECT * FROM books) SELECT * FROM books", &[], "<books"),
            ("WITH books AS (SELECT 1) SELECT * FROM books, public.books", &[], "<books"),
            ("WITH books AS (SELECT 1) SELECT * FROM books", &[], ""),
            ("WITH a AS (SELECT * FROM b), b AS (SELECT 1) SELECT * FROM a, b", &[], "<b"),
            ("WITH RECURSIVE a AS (SELECT * FROM b), b AS (SELECT 1) SELECT * FROM a, b", &[], ""),
            ("SELECT (WITH x AS (SELECT 1) SELECT * FROM x) FROM x", &[], "<x"),
            ("SELECT now()", &[], "uncacheable:now"),
            ("SELECT gen_random_uuid(), id FROM books WHERE id = 1", &[], "<books uncacheable:gen_random_uuid"),
            ("SELECT nextval('books_id_seq')", &[], "uncacheable:nextval"),
            ("SELECT user, title FROM books", &[], "<books uncacheable:user"),
            (r#"SELECT "user", title FROM books"#, &[], "<books"),
            ("SELECT * FROM books WHERE added > 'today'", &[], "<books uncacheable:today"),
            ("SELECT * FROM books TABLESAMPLE BERNOULLI (1)", &[], "<books uncacheable:tablesample"),
            ("SELECT * FROM books WHERE id = 1 FOR UPDATE", &[], "<books[1] uncacheable:RowLock"),
            ("SELECT * FROM books FOR SHARE", &[], "<books uncacheable:RowLock"),
            ("SELECT * FROM pg_class", &[], "<pg_class uncacheable:Metadata"),
            ("SELECT * FROM information_schema.tables", &[], "<information_schema.tables uncacheable:Metadata"),
            ("SELECT * FROM pg_temp.basket", &[], "<pg_temp.basket uncacheable:TemporaryTable"),
            ("SELECT recount()", &[], "~stats"),
            ("SELECT tags ? 'new' FROM books WHERE id = $1", &[Integer(1)], "<books[1]"),
            ("TABLE books", &[], "<? uncacheable:NotUnderstood"),
            ("SELECT 1 UNION TABLE books", &[], "<? uncacheable:NotUnderstood"),
            ("VALUES (1), (2)", &[], ""),
            ("COPY books TO STDOUT", &[], "<books"),
            ("COPY (SELECT * FROM authors) TO STDOUT", &[], "<authors"),
            ("SHOW search_path", &[], "uncacheable:Metadata"),
            ("EXPLAIN SELECT * FROM books", &[], "uncacheable:Metadata"),
        ],
    );
}

#[test]
fn writes_by_hand() {
    check(
        Dialect::Postgres,
        &[
            ("UPDATE ONLY books SET title = 'x' WHERE id = 1", &[], "~books[1]"),
            ("UPDATE books b SET title = a.name FROM authors a WHERE b.id = 1", &[], "<authors ~books"),
            ("UPDATE books SET (title, id) = ('x', 2) WHERE id = 1", &[], "~books"),
            ("DELETE FROM ONLY books WHERE id = 1", &[], "~books[1]"),
            ("DELETE FROM books b USING authors a WHERE a.id = b.author_id", &[], "<authors ~books"),
            ("DELETE FROM books WHERE id IN (SELECT book_id FROM old)", &[], "<old ~books"),
            ("WITH d AS (DELETE FROM books WHERE id = 1 RETURNING *) SELECT * FROM d", &[], "~books[1]"),
            ("WITH d AS (DELETE FROM books RETURNING *) INSERT INTO archive SELECT * FROM d", &[], "~books +archive"),
            ("WITH a AS (SELECT 1) UPDATE books SET title = 'x' FROM a", &[], "~books"),
            (
                "INSERT INTO books AS b (id) VALUES ($1) ON CONFLICT (id) DO UPDATE SET n = b.n + 1",
                &[Integer(1)],
                "~books[1]",
            ),
            (
                "MERGE INTO ONLY books b USING drafts d ON b.id = d.id WHEN MATCHED THEN DELETE WHEN NOT MATCHED THEN INSERT (id) VALUES (1)",
                &[],
                "<drafts ~books",
            ),
            ("COPY books FROM STDIN", &[], "+books"),
            ("COPY books (id, title) FROM '/tmp/x' WITH (FORMAT csv)", &[], "+books"),
            ("TRUNCATE ONLY books, authors RESTART IDENTITY", &[], "~books ~authors"),
            ("TRUNCATE authors CASCADE", &[], "opaque:Unknown"),
            ("SELECT * INTO shop.copies FROM books", &[], "<books !shop.copies"),
            ("SELECT * INTO TEMP copies FROM books", &[], "<books !copies session"),
            ("UPDATE best_sellers SET title = 'x'", &[], "~best_sellers ~books ~sales"),
            ("EXPLAIN ANALYZE DELETE FROM books WHERE id = 1", &[], "~books[1] uncacheable:Metadata"),
            ("EXPLAIN (ANALYZE, BUFFERS) DELETE FROM books", &[], "~books uncacheable:Metadata"),
            ("EXPLAIN DELETE FROM books", &[], "uncacheable:Metadata"),
            ("CREATE VIEW v AS SELECT * FROM books", &[], "!v"),
            ("DROP TABLE books, authors", &[], "!books !authors"),
            ("DROP TABLE books CASCADE", &[], "opaque:Unknown"),
            ("DROP INDEX by_year", &[], "uncacheable:Metadata"),
            ("CREATE POLICY p ON books USING (true)", &[], "opaque:Unknown"),
            ("REFRESH MATERIALIZED VIEW v", &[], "~v"),
            ("DO $$ BEGIN DELETE FROM books; END $$", &[], "opaque:Unparsed"),
            ("CALL move_books(1)", &[], "opaque:Unknown"),
            ("EXECUTE move_books(1)", &[], "opaque:Unknown"),
            ("UPDATE books * SET title = 'x'", &[], "opaque:Unparsed"),
        ],
    );
}

#[test]
fn transactions_and_sessions() {
    check(
        Dialect::Postgres,
        &[
            ("BEGIN", &[], "begin"),
            ("START TRANSACTION", &[], "begin"),
            ("BEGIN TRANSACTION ISOLATION LEVEL SERIALIZABLE READ ONLY DEFERRABLE", &[], "begin"),
            ("START TRANSACTION NOT DEFERRABLE", &[], "begin"),
            ("COMMIT", &[], "commit"),
            ("END", &[], "commit"),
            ("ROLLBACK", &[], "rollback"),
            ("ABORT", &[], "rollback"),
            ("SAVEPOINT Before", &[], "savepoint:before"),
            (r#"RELEASE "Before""#, &[], "release:Before"),
            ("ROLLBACK TO before", &[], "rollback-to:before"),
            ("COMMIT AND CHAIN", &[], "commit ; begin"),
            ("ROLLBACK AND CHAIN", &[], "rollback ; begin"),
            ("PREPARE TRANSACTION 'x'", &[], "opaque:Unknown ; rollback"),
            ("COMMIT PREPARED 'x'", &[], "opaque:Unknown"),
            ("BEGIN; INSERT INTO books (id) VALUES (1); COMMIT;", &[], "begin ; +books[1] ; commit"),
            ("SET app.tenant = '1'", &[], "uncacheable:Metadata session"),
            ("SET LOCAL app.tenant = '1'", &[], "uncacheable:Metadata transaction"),
            ("SET search_path TO shop, public", &[], "uncacheable:Metadata session"),
            ("SET statement_timeout = '5s'", &[], "uncacheable:Metadata"),
            ("SET application_name = 'tenant-b'", &[], "uncacheable:Metadata session"),
            ("SET LOCAL work_mem TO '8MB'", &[], "uncacheable:Metadata"),
            ("SET ROLE admin", &[], "uncacheable:Metadata session"),
            ("SET CONSTRAINTS ALL DEFERRED", &[], "uncacheable:Metadata session"),
            ("RESET ALL", &[], "uncacheable:Metadata session"),
            ("DISCARD ALL", &[], "uncacheable:Metadata session"),
            ("SELECT set_config('app.tenant', '1', false)", &[], "uncacheable:set_config session"),
            ("LOCK TABLE books IN SHARE MODE", &[], "uncacheable:Metadata transaction"),
            ("LISTEN books", &[], "uncacheable:Metadata"),
        ],
    );
}
