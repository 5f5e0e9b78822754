//! A small shop: authors with books, and loans whose key has two columns.

pub(crate) mod author {
    use sea_orm::entity::prelude::*;

    #[sea_orm::model]
    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
    #[sea_orm(table_name = "authors")]
    pub(crate) struct Model {
        #[sea_orm(primary_key)]
        pub id: i32,
        pub name: String,
        #[sea_orm(has_many)]
        pub books: HasMany<super::book::Entity>,
    }

    impl ActiveModelBehavior for ActiveModel {}
}

pub(crate) mod book {
    use sea_orm::entity::prelude::*;

    #[sea_orm::model]
    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
    #[sea_orm(table_name = "books")]
    pub(crate) struct Model {
        #[sea_orm(primary_key)]
        pub id: i32,
        pub title: String,
        pub author_id: i32,
        #[sea_orm(belongs_to, from = "author_id", to = "id")]
        pub author: BelongsTo<super::author::Entity>,
    }

    impl ActiveModelBehavior for ActiveModel {}
}

pub(crate) mod loan {
    use sea_orm::entity::prelude::*;
    use serde::{Deserialize, Serialize};

    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel, Serialize, Deserialize)]
    #[sea_orm(table_name = "loans")]
    pub(crate) struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub book_id: i32,
        #[sea_orm(primary_key, auto_increment = false)]
        pub reader: String,
        pub days: i32,
    }

    #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
    pub(crate) enum Relation {}

    impl ActiveModelBehavior for ActiveModel {}
}

pub(crate) const SCHEMA: &str = "
    CREATE TABLE authors (id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE);
    CREATE TABLE books (
        id INTEGER PRIMARY KEY,
        title TEXT NOT NULL UNIQUE,
        author_id INTEGER NOT NULL REFERENCES authors (id) ON DELETE CASCADE DEFERRABLE INITIALLY DEFERRED
    );
    CREATE TABLE loans (book_id INTEGER, reader TEXT, days INTEGER NOT NULL, PRIMARY KEY (book_id, reader));
    INSERT INTO authors VALUES (1, 'Austen'), (2, 'Bronte'), (3, 'Childless');
    INSERT INTO books VALUES (1, 'Emma', 1), (2, 'Villette', 2), (3, 'Persuasion', 1);
    INSERT INTO loans VALUES (1, 'ann', 7), (2, 'bob', 14);
";
