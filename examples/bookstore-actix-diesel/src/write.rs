//! The writes. Each is one statement or one transaction, and what it changes is nobody's business but the database's: no cache, no tag.

use bookstore::input::{BookChange, NewBook, Retitle, TITLE_LENGTH, checked_language, checked_title, checked_year};
use bookstore::view::Book;
use bookstore::write::Ending;
use bookstore::{Error, language};
use diesel::dsl::sql;
use diesel::prelude::*;
use diesel::result::{DatabaseErrorKind, Error as DieselError};
use diesel::sql_types::{Integer, Text};
use diesel::{delete, insert_into, update};

use crate::AnyConnection;
use crate::query::find_book;
use crate::refused::Refused;
use crate::schema::{authors, books, transfers};

/// The fields that are given.
#[derive(AsChangeset)]
#[diesel(table_name = books)]
struct Given {
    title: Option<String>,
    author_id: Option<i32>,
    year: Option<i32>,
    language: Option<String>,
}

/// Adds a book.
///
/// # Errors
///
/// [`Invalid`](bookstore::ErrorKind::Invalid) for a field that makes no sense or an author who does not exist.
pub fn create_book(conn: &mut AnyConnection, new: &NewBook) -> Result<Book, Refused> {
    let row = (
        books::title.eq(checked_title(&new.title)?),
        books::author_id.eq(new.author_id),
        books::year.eq(checked_year(new.year)?),
        books::language.eq(checked_language(new.language.as_deref().unwrap_or(language::NOT_STATED))?),
    );
    conn.transaction(|conn| {
        let added = insert_into(books::table).values(row).execute(conn);
        added.map_err(|reason| unknown_author(Some(new.author_id), reason))?;
        let id = conn.last_number()?;
        find_book(conn, id)
    })
}

/// Changes the given fields of a book.
///
/// # Errors
///
/// [`NotFound`](bookstore::ErrorKind::NotFound) if there is no such book, [`Invalid`](bookstore::ErrorKind::Invalid) for a field
/// that makes no sense or an author who does not exist.
pub fn update_book(conn: &mut AnyConnection, id: i32, change: &BookChange) -> Result<Book, Refused> {
    if change.is_empty() {
        return find_book(conn, id);
    }
    let given = Given {
        title: change.title.as_deref().map(checked_title).transpose()?,
        author_id: change.author_id,
        year: change.year.map(checked_year).transpose()?,
        language: change.language.as_deref().map(checked_language).transpose()?,
    };
    conn.transaction(|conn| change_row(conn, id, given))
}

fn change_row(conn: &mut AnyConnection, id: i32, given: Given) -> Result<Book, Refused> {
    let author_id = given.author_id;
    let changed = update(books::table.find(id)).set(given).execute(conn);
    match changed.map_err(|reason| unknown_author(author_id, reason))? {
        0 => Err(Error::no_book(id).into()),
        _ => find_book(conn, id),
    }
}

/// Removes a book.
///
/// # Errors
///
/// [`NotFound`](bookstore::ErrorKind::NotFound) if there is no such book.
pub fn delete_book(conn: &mut AnyConnection, id: i32) -> Result<(), Refused> {
    match delete(books::table.find(id)).execute(conn)? {
        0 => Err(Error::no_book(id).into()),
        _ => Ok(()),
    }
}

/// Puts a prefix before all titles of an author with one statement, and answers how many there were. A title that
/// would become longer than [`TITLE_LENGTH`] loses its end.
///
/// # Errors
///
/// [`NotFound`](bookstore::ErrorKind::NotFound) if there is no such author, [`Invalid`](bookstore::ErrorKind::Invalid) for a
/// prefix that is empty or too long.
pub fn retitle(conn: &mut AnyConnection, author_id: i32, retitle: Retitle) -> Result<u64, Refused> {
    let prefix = retitle.checked_prefix()?;
    let title = sql::<Text>("substr(concat(").bind::<Text, _>(prefix).sql(", title), 1, ");
    let title = title.bind::<Integer, _>(TITLE_LENGTH as i32).sql(")");
    let changed =
        update(books::table.filter(books::author_id.eq(author_id))).set(books::title.eq(title)).execute(conn)?;
    if changed == 0 && authors::table.find(author_id).count().get_result::<i64>(conn)? == 0 {
        return Err(Error::no_author(author_id).into());
    }
    Ok(changed as u64)
}

/// Gives a book to another author and notes it in the log of transfers: both, or neither.
///
/// # Errors
///
/// [`NotFound`](bookstore::ErrorKind::NotFound) if there is no such book, [`Invalid`](bookstore::ErrorKind::Invalid) if there is
/// no such author, [`Conflict`](bookstore::ErrorKind::Conflict) if it was to be rolled back, and was.
pub fn move_book(conn: &mut AnyConnection, id: i32, author_id: i32, ending: Ending) -> Result<Book, Refused> {
    conn.writing(|conn| {
        let before = find_book(conn, id)?;
        let after =
            change_row(conn, id, Given { title: None, author_id: Some(author_id), year: None, language: None })?;
        let log = (
            transfers::book_id.eq(id),
            transfers::from_author_id.eq(before.author_id),
            transfers::to_author_id.eq(author_id),
        );
        insert_into(transfers::table).values(log).execute(conn)?;
        match ending {
            Ending::Commit => Ok(after),
            Ending::RollBack => {
                Err(Error::conflict("the move was rolled back, as requested; nothing has changed").into())
            }
        }
    })
}

/// A foreign key that points nowhere is a mistake in the request; everything else is one of the database.
fn unknown_author(author_id: Option<i32>, reason: DieselError) -> Refused {
    match (author_id, &reason) {
        (Some(id), DieselError::DatabaseError(DatabaseErrorKind::ForeignKeyViolation, _)) => {
            Error::invalid(format!("there is no author {id}")).into()
        }
        _ => reason.into(),
    }
}
