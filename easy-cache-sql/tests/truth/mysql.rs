//! MySQL and MariaDB, as ORMs write it and by hand.

use easy_cache_sql::{
    Bind::{Integer, Text, Uuid},
    Dialect,
};

use crate::{check, describe, library};

// case 82
#[test]
fn statements() {
    check(
        Dialect::MySql,
        &[
            ("SELECT `books`.`id` FROM `books` WHERE `books`.`id` = ? LIMIT ?", &[Integer(1), Integer(1)], "<books[1]"),
            ("SELECT * FROM Shop.Books WHERE id <=> 1", &[], "<books[1]"),
            ("SELECT HIGH_PRIORITY * FROM books PARTITION (p0) WHERE id = 1", &[], "<books[1]"),
            ("SELECT * FROM codes WHERE code = ?", &[Text("a")], "<codes"),
            (
                "SELECT * FROM documents WHERE id = ?",
                &[Uuid([0; 16])],
                "<documents[00000000-0000-0000-0000-000000000000]",
            ),
            ("SELECT * FROM books LOCK IN SHARE MODE", &[], "<? uncacheable:NotUnderstood"),
            ("SELECT * FROM books FOR UPDATE", &[], "<books uncacheable:RowLock"),
            ("SELECT @total", &[], "uncacheable:SessionVariable"),
            ("SELECT @total := id FROM books", &[], "<books uncacheable:SessionVariable session"),
            ("SELECT id INTO @total FROM books", &[], "<books uncacheable:SessionVariable session"),
            ("SELECT SYSDATE()", &[], "uncacheable:sysdate"),
            ("SELECT LAST_INSERT_ID()", &[], "uncacheable:last_insert_id"),
            ("SELECT * FROM information_schema.tables", &[], "<tables uncacheable:Metadata"),
            ("INSERT INTO `books` (`id`, `title`) VALUES (?, ?)", &[Integer(1), Text("x")], "+books[1]"),
            ("INSERT IGNORE INTO books SET id = 1, title = 'x'", &[], "+books[1]"),
            ("INSERT INTO books SET id = 1 ON DUPLICATE KEY UPDATE title = 'y'", &[], "~books"),
            ("INSERT DELAYED books (id) VALUES (1)", &[], "+books[1]"),
            ("INSERT HIGH_PRIORITY INTO books (id) VALUES (1)", &[], "+books[1]"),
            ("REPLACE INTO books (id) VALUES (1)", &[], "~books"),
            ("REPLACE LOW_PRIORITY INTO books (id) VALUES (1)", &[], "~books"),
            ("REPLACE books (id) VALUES (1)", &[], "~books"),
            ("UPDATE LOW_PRIORITY IGNORE books SET title = 'x' WHERE id = 1", &[], "~books[1]"),
            ("UPDATE IGNORE books SET title = 'x'", &[], "~books"),
            ("UPDATE books SET title = 'x' WHERE id = 1 || year = 2", &[], "~books"),
            ("UPDATE books SET title = 'x' WHERE id = 1 XOR year = 2", &[], "~books"),
            ("UPDATE books SET title = 'x' WHERE id = 1 && year = 2", &[], "~books"),
            ("UPDATE books SET title = 'x' WHERE id = '1a'", &[], "~books"),
            ("UPDATE books SET title = 'x' ORDER BY year LIMIT 1", &[], "~books"),
            (
                "UPDATE books b JOIN authors a ON a.id = b.author_id SET b.title = 'x', a.name = 'y' WHERE b.id = 1",
                &[],
                "<authors ~books ~authors",
            ),
            ("UPDATE books, authors SET books.title = 'x'", &[], "<authors ~books ~authors"),
            ("DELETE LOW_PRIORITY QUICK IGNORE FROM books WHERE id = 1", &[], "~books[1]"),
            ("DELETE b FROM books b WHERE b.id = 1", &[], "<books ~books"),
            ("DELETE b FROM books b JOIN authors a ON a.id = b.author_id", &[], "<books <authors ~books"),
            ("DELETE books, a FROM books JOIN authors a", &[], "<books <authors ~books ~authors"),
            ("DELETE FROM b USING books b JOIN authors a", &[], "<b <books <authors ~books"),
            ("DELETE b.* FROM books b", &[], "<books ~books"),
            ("/*!50000 DELETE FROM books */", &[], "opaque:Unparsed"),
            ("DELETE FROM books /*!99999 WHERE id = 1 */", &[], "opaque:Unparsed"),
            ("SELECT 1 /*M! UNION SELECT id FROM books */", &[], "opaque:Unparsed"),
            ("TRUNCATE TABLE books", &[], "~books commits"),
            ("ALTER TABLE books ADD COLUMN isbn TEXT", &[], "!books commits"),
            ("RENAME TABLE books TO old_books", &[], "!books !old_books commits"),
            ("LOCK TABLES books WRITE", &[], "uncacheable:Metadata commits session"),
            ("LOAD DATA INFILE 'x' INTO TABLE books", &[], "+books"),
            ("HANDLER books OPEN", &[], "opaque:Unparsed"),
            ("ANALYZE UPDATE books SET title = 'x'", &[], "~books uncacheable:Metadata"),
            ("CALL move_books()", &[], "opaque:Unknown"),
            ("XA START 'x'", &[], "begin"),
            ("BEGIN", &[], "begin"),
            ("START TRANSACTION READ ONLY", &[], "begin"),
            ("START TRANSACTION WITH CONSISTENT SNAPSHOT", &[], "begin"),
            ("SET SESSION lock_wait_timeout = 5", &[], "uncacheable:Metadata"),
            ("COMMIT", &[], "commit"),
            ("SET autocommit = 0", &[], "opaque:Transaction"),
            ("SET @@autocommit = 0, @x = 1", &[], "opaque:Transaction"),
            ("SET SESSION autocommit = OFF", &[], "opaque:Transaction"),
            ("SET NAMES utf8mb4", &[], "uncacheable:Metadata session"),
            ("SET LOCAL sql_mode = 'ANSI'", &[], "uncacheable:Metadata session"),
            ("USE shop", &[], "uncacheable:Metadata session"),
        ],
    );
}

#[test]
fn schemas_count_once_the_default_is_known() {
    let analyzer = library(Dialect::MySql).default_schema("shop").build();
    assert_eq!(describe(&analyzer, "SELECT * FROM shop.books WHERE id = 1", &[]), "<books[1]");
    assert_eq!(describe(&analyzer, "SELECT * FROM other.books WHERE id = 1", &[]), "<other.books");
}
