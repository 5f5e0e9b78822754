//! The writes. Each is one statement or one transaction, and what it changes is nobody's business but the database's:
//! no cache, no tag.

use sea_orm::{
    ActiveModelTrait,
    ActiveValue::{NotSet, Set, Unchanged},
    ColumnTrait, ConnectionTrait, DbErr, EntityTrait, QueryFilter, SqlErr, TransactionSession, TransactionTrait, Value,
    sea_query::Expr,
};

use crate::{
    entity::{author, book, transfer},
    error::Error,
    input::{BookChange, NewBook, Retitle, TITLE_LENGTH, checked_language, checked_title, checked_year},
    language, query,
    schema::WRITING,
    view::Book,
};

/// Adds a book.
///
/// # Errors
///
/// [`Invalid`](crate::ErrorKind::Invalid) for a field that makes no sense or an author who does not exist.
pub async fn create_book<C: ConnectionTrait>(db: &C, new: NewBook) -> Result<Book, Error> {
    let row = book::ActiveModel {
        id: NotSet,
        title: Set(checked_title(&new.title)?),
        author_id: Set(new.author_id),
        year: Set(checked_year(new.year)?),
        language: Set(checked_language(new.language.as_deref().unwrap_or(language::NOT_STATED))?),
    };
    let row = row.insert(db).await.map_err(|reason| unknown_author(Some(new.author_id), reason))?;
    query::with_author(db, row).await
}

/// Changes the given fields of a book.
///
/// # Errors
///
/// [`NotFound`](crate::ErrorKind::NotFound) if there is no such book, [`Invalid`](crate::ErrorKind::Invalid) for a field
/// that makes no sense or an author who does not exist.
pub async fn update_book<C: ConnectionTrait>(db: &C, id: i32, change: BookChange) -> Result<Book, Error> {
    if change.is_empty() {
        return query::find_book(db, id).await;
    }
    let row = book::ActiveModel {
        id: Unchanged(id),
        title: change.title.as_deref().map(checked_title).transpose()?.map_or(NotSet, Set),
        author_id: change.author_id.map_or(NotSet, Set),
        year: change.year.map(checked_year).transpose()?.map_or(NotSet, Set),
        language: change.language.as_deref().map(checked_language).transpose()?.map_or(NotSet, Set),
    };
    match row.update(db).await {
        Ok(row) => query::with_author(db, row).await,
        Err(DbErr::RecordNotUpdated) => Err(Error::no_book(id)),
        Err(reason) => Err(unknown_author(change.author_id, reason)),
    }
}

/// Removes a book.
///
/// # Errors
///
/// [`NotFound`](crate::ErrorKind::NotFound) if there is no such book.
pub async fn delete_book<C: ConnectionTrait>(db: &C, id: i32) -> Result<(), Error> {
    match book::Entity::delete_by_id(id).exec(db).await?.rows_affected {
        0 => Err(Error::no_book(id)),
        _ => Ok(()),
    }
}

/// Puts a prefix before all titles of an author with one statement, and answers how many there were. A title that
/// would become longer than [`TITLE_LENGTH`] loses its end.
///
/// # Errors
///
/// [`NotFound`](crate::ErrorKind::NotFound) if there is no such author, [`Invalid`](crate::ErrorKind::Invalid) for a
/// prefix that is empty or too long.
pub async fn retitle<C: ConnectionTrait>(db: &C, author_id: i32, retitle: Retitle) -> Result<u64, Error> {
    let values = [Value::from(retitle.checked_prefix()?), Value::from(TITLE_LENGTH as i64)];
    let title = Expr::cust_with_values("substr(? || title, 1, ?)", values);
    let statement = book::Entity::update_many().col_expr(book::Column::Title, title);
    let changed = statement.filter(book::Column::AuthorId.eq(author_id)).exec(db).await?.rows_affected;
    if changed == 0 && author::Entity::find_by_id(author_id).one(db).await?.is_none() {
        return Err(Error::no_author(author_id));
    }
    Ok(changed)
}

/// How a move ends.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Ending {
    /// As it should.
    #[default]
    Commit,
    /// Undone after both of its writes, as if the third had failed.
    RollBack,
}

impl Ending {
    /// The one that was asked for.
    #[must_use]
    pub fn failing(fail: bool) -> Self {
        if fail { Self::RollBack } else { Self::Commit }
    }
}

/// Gives a book to another author and notes it in the log of transfers: both, or neither.
///
/// # Errors
///
/// [`NotFound`](crate::ErrorKind::NotFound) if there is no such book, [`Invalid`](crate::ErrorKind::Invalid) if there is
/// no such author, [`Conflict`](crate::ErrorKind::Conflict) if it was to be rolled back, and was.
pub async fn move_book<C>(db: &C, id: i32, author_id: i32, ending: Ending) -> Result<Book, Error>
where
    C: ConnectionTrait + TransactionTrait,
{
    let tx = db.begin_with_options(WRITING).await?;
    match (reassign(&tx, id, author_id).await, ending) {
        (Ok(book), Ending::Commit) => {
            tx.commit().await?;
            Ok(book)
        }
        (Ok(_), Ending::RollBack) => {
            tx.rollback().await?;
            Err(Error::conflict("the move was rolled back, as requested; nothing has changed"))
        }
        (Err(reason), _) => {
            tx.rollback().await?;
            Err(reason)
        }
    }
}

async fn reassign<C: ConnectionTrait>(tx: &C, id: i32, author_id: i32) -> Result<Book, Error> {
    let before = book::Entity::find_by_id(id).one(tx).await?.ok_or_else(|| Error::no_book(id))?;
    let after = book::ActiveModel { id: Unchanged(id), author_id: Set(author_id), ..Default::default() };
    let after = after.update(tx).await.map_err(|reason| unknown_author(Some(author_id), reason))?;
    let log = transfer::ActiveModel {
        id: NotSet,
        book_id: Set(id),
        from_author_id: Set(before.author_id),
        to_author_id: Set(author_id),
    };
    log.insert(tx).await?;
    query::with_author(tx, after).await
}

/// A foreign key that points nowhere is a mistake in the request; everything else is one of the database.
fn unknown_author(author_id: Option<i32>, reason: DbErr) -> Error {
    match (author_id, reason.sql_err()) {
        (Some(id), Some(SqlErr::ForeignKeyConstraintViolation(_))) => {
            Error::invalid(format!("there is no author {id}"))
        }
        _ => reason.into(),
    }
}
