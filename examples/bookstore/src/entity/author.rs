//! Who wrote the books.

use sea_orm::entity::prelude::*;

/// One author; the name is unique.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "authors")]
pub struct Model {
    /// Given by the database.
    #[sea_orm(primary_key)]
    pub id: i32,
    /// The name as it stands on the title page, given name first where that is the custom.
    #[sea_orm(unique)]
    pub name: String,
}

/// What an author is connected to.
#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {
    /// The books of the author.
    #[sea_orm(has_many = "super::book::Entity")]
    Books,
}

impl Related<super::book::Entity> for Entity {
    fn to() -> RelationDef {
        Relation::Books.def()
    }
}

impl ActiveModelBehavior for ActiveModel {}
