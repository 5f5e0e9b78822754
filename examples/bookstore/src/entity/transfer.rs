//! The log of books that were moved from one author to another.

use sea_orm::entity::prelude::*;

/// One move. The log refers to no other table on purpose: it outlives the book, and nothing cascades into it behind the
/// back of the application.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "transfers")]
pub struct Model {
    /// Given by the database.
    #[sea_orm(primary_key)]
    pub id: i32,
    /// The book that was moved.
    pub book_id: i32,
    /// Whose book it was.
    pub from_author_id: i32,
    /// Whose book it became.
    pub to_author_id: i32,
}

/// Nothing.
#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
