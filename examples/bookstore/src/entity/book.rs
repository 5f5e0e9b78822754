//! What the shop sells.

use sea_orm::entity::prelude::*;

/// One book.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "books")]
pub struct Model {
    /// Given by the database.
    #[sea_orm(primary_key)]
    pub id: i32,
    /// The title in English, or in the language by whose title the book is known.
    pub title: String,
    /// Who wrote it.
    #[sea_orm(indexed)]
    pub author_id: i32,
    /// The year of the first publication; before the common era negative.
    pub year: i32,
    /// The language of the original, one of [`crate::language::ALL`].
    pub language: String,
}

/// What a book is connected to.
#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {
    /// The author of the book.
    #[sea_orm(belongs_to = "super::author::Entity", from = "Column::AuthorId", to = "super::author::Column::Id")]
    Author,
}

impl Related<super::author::Entity> for Entity {
    fn to() -> RelationDef {
        Relation::Author.def()
    }
}

impl ActiveModelBehavior for ActiveModel {}
