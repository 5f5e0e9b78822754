//! Conditions that a database groups in another way than the parser does.

use easy_cache_sql::Dialect;

use crate::check;

#[test]
fn a_key_beside_an_operator_of_mysql_that_binds_less_than_and_names_no_row() {
    check(
        Dialect::MySql,
        &[
            ("UPDATE books SET stock = 0 WHERE id = 1 AND archived XOR featured", &[], "~books"),
            ("UPDATE books SET stock = 0 WHERE b XOR a AND id = 5", &[], "~books"),
            ("UPDATE books SET stock = 0 WHERE id = 1 AND archived || featured", &[], "~books"),
            ("DELETE FROM books WHERE id = 1 AND archived || featured", &[], "~books"),
            ("SELECT * FROM books WHERE id = 1 AND archived || featured", &[], "<books"),
        ],
    );
    check(Dialect::Postgres, &[("SELECT * FROM books WHERE id = 1 AND a || b = 'c'", &[], "<books[1]")]);
}
