//! Cached cursors and loaders, on every kind of database: they show what plain ones show, are kept, and are dropped by a write to each
//! table that they read, and by no other.

use std::fmt::Debug;

use easy_cache_sea_orm::{CachedCursor, CachedDb, CachedLoader};
use easy_cache_sql::Dialect;
use sea_orm::{DbErr, EntityTrait, LoaderTrait, QueryFilter, QueryOrder};

use crate::site::{KINDS, Site, run};

mod reader {
    use sea_orm::entity::prelude::*;

    #[sea_orm::model]
    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
    #[sea_orm(table_name = "readers")]
    pub(crate) struct Model {
        #[sea_orm(primary_key)]
        pub id: i32,
        pub note: String,
        #[sea_orm(has_many)]
        pub placings: HasMany<super::placing::Entity>,
        #[sea_orm(has_many, via = "placing")]
        pub shelves: HasMany<super::shelf::Entity>,
    }

    impl ActiveModelBehavior for ActiveModel {}
}

mod shelf {
    use sea_orm::entity::prelude::*;

    #[sea_orm::model]
    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
    #[sea_orm(table_name = "shelves")]
    pub(crate) struct Model {
        #[sea_orm(primary_key)]
        pub id: i32,
        pub note: String,
        #[sea_orm(has_many, via = "placing")]
        pub readers: HasMany<super::reader::Entity>,
    }

    impl ActiveModelBehavior for ActiveModel {}
}

mod placing {
    use sea_orm::entity::prelude::*;

    #[sea_orm::model]
    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
    #[sea_orm(table_name = "placings")]
    pub(crate) struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub reader_id: i32,
        #[sea_orm(primary_key, auto_increment = false)]
        pub shelf_id: i32,
        pub note: String,
        #[sea_orm(belongs_to, from = "reader_id", to = "id")]
        pub reader: BelongsTo<super::reader::Entity>,
        #[sea_orm(belongs_to, from = "shelf_id", to = "id")]
        pub shelf: BelongsTo<super::shelf::Entity>,
    }

    impl ActiveModelBehavior for ActiveModel {}
}

const TABLES: [&str; 3] = ["readers", "shelves", "placings"];

/// Three readers, one of them without a shelf, and one shelf that two of them share.
const SCHEMA: [&str; 6] = [
    "CREATE TABLE readers (id INTEGER PRIMARY KEY, note VARCHAR(50) NOT NULL)",
    "CREATE TABLE shelves (id INTEGER PRIMARY KEY, note VARCHAR(50) NOT NULL)",
    "CREATE TABLE placings (reader_id INTEGER, shelf_id INTEGER, note VARCHAR(50) NOT NULL, PRIMARY KEY (reader_id, shelf_id))",
    "INSERT INTO readers VALUES (1, 'ann'), (2, 'bob'), (3, 'cyd')",
    "INSERT INTO shelves VALUES (1, 'left'), (2, 'right')",
    "INSERT INTO placings VALUES (1, 1, 'a'), (1, 2, 'b'), (2, 2, 'c')",
];

/// A way to read what belongs to other rows, or what comes behind one.
#[derive(Clone, Copy, Debug)]
enum Form {
    First,
    Last,
    Descending,
    LastDescending,
    Between,
    One,
    Many,
    ManyOfSome,
    ManyVia,
    ManyToMany,
}

/// With the tables that each of them reads.
const FORMS: [(Form, &[&str]); 10] = [
    (Form::First, &["readers"]),
    (Form::Last, &["readers"]),
    (Form::Descending, &["readers"]),
    (Form::LastDescending, &["readers"]),
    (Form::Between, &["readers"]),
    (Form::One, &["shelves"]),
    (Form::Many, &["placings"]),
    (Form::ManyOfSome, &["placings"]),
    (Form::ManyVia, &["placings", "shelves"]),
    (Form::ManyToMany, &["placings", "shelves"]),
];

fn cursor() -> sea_orm::Cursor<sea_orm::SelectModel<reader::Model>> {
    reader::Entity::find().cursor_by(reader::Column::Id)
}

fn noted() -> sea_orm::Select<placing::Entity> {
    placing::Entity::find().filter(placing::COLUMN.note.ne("a")).order_by_asc(placing::Column::ShelfId)
}

/// The same in both ways: `$all` and the others are the plain methods or the cached ones.
macro_rules! read {
    ($form:expr, $db:expr, $site:expr, $all:ident, $one:ident, $many:ident, $many_to_many:ident) => {{
        let readers = reader::Entity::find().order_by_asc(reader::Column::Id).all(&$site.other).await?;
        let placings = placing::Entity::find().order_by_desc(placing::Column::ShelfId).all(&$site.other).await?;
        Ok(match $form {
            Form::First => text(&cursor().first(2).$all($db).await?),
            Form::Last => text(&cursor().last(2).$all($db).await?),
            Form::Descending => text(&cursor().desc().first(2).$all($db).await?),
            Form::LastDescending => text(&cursor().desc().last(2).$all($db).await?),
            Form::Between => text(&cursor().after(1).before(3).first(9).$all($db).await?),
            Form::One => text(&placings.$one(shelf::Entity, $db).await?),
            Form::Many => text(&readers.$many(placing::Entity, $db).await?),
            Form::ManyOfSome => text(&readers.$many(noted(), $db).await?),
            Form::ManyVia => text(&readers.$many(shelf::Entity, $db).await?),
            Form::ManyToMany => text(&readers.$many_to_many(shelf::Entity, placing::Entity, $db).await?),
        })
    }};
}

impl Form {
    async fn plain(self, site: &Site) -> Result<String, DbErr> {
        read!(self, &site.other, site, all, load_one, load_many, load_many_to_many)
    }

    async fn cached(self, site: &Site) -> Result<String, DbErr> {
        let db: &CachedDb = &site.db;
        read!(self, db, site, all_cached, load_one_cached, load_many_cached, load_many_to_many_cached)
    }
}

fn text(read: &impl Debug) -> String {
    format!("{read:?}")
}

async fn site(kind: Dialect) -> Site {
    let site = Site::new(kind).await;
    for statement in SCHEMA {
        run(&site.other, statement).await;
    }
    site
}

/// Every row says something else from now on, and the cache does not hear of it.
async fn change_behind(site: &Site, round: usize) {
    for (table, key) in TABLES.into_iter().zip(["id", "id", "shelf_id"]) {
        for id in 1..=3 {
            site.write(&format!("UPDATE {table} SET note = '{id} in {round}' WHERE {key} = {id}")).await;
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_belongs_to_rows_is_kept_until_a_table_is_written_that_was_read_for_it() {
    for kind in KINDS {
        let site = site(kind).await;
        let mut round = 0;
        for (form, tables) in FORMS {
            for table in TABLES {
                let what = format!("{form:?} on {kind:?}, {table} is written");
                site.cache.invalidate_all().await.unwrap();
                let before = form.cached(&site).await.unwrap();
                assert_eq!(before, form.plain(&site).await.unwrap(), "{what}: what plain ones show");
                round += 1;
                change_behind(&site, round).await;
                assert_eq!(form.cached(&site).await.unwrap(), before, "{what}: kept");
                run(&site.db, &format!("UPDATE {table} SET note = 'written' WHERE note = 'x'")).await;
                let after = form.cached(&site).await.unwrap();
                let now = form.plain(&site).await.unwrap();
                let expected = if tables.contains(&table) { &now } else { &before };
                assert_ne!(now, before, "{what}: there is something to see");
                assert_eq!(&after, expected, "{what}");
            }
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn no_page_and_no_list_is_taken_for_another() {
    for kind in KINDS {
        let site = site(kind).await;
        for _hit in 0..2 {
            for (form, _) in FORMS {
                let what = format!("{form:?} on {kind:?}");
                assert_eq!(form.cached(&site).await.unwrap(), form.plain(&site).await.unwrap(), "{what}");
            }
        }
        let [ann, bob, cyd] = <[_; 3]>::try_from(reader::Entity::find().all(&site.other).await.unwrap()).unwrap();
        // The same keys in another order, and twice: SeaORM asks the same of the database for some of them.
        for readers in
            [vec![ann.clone()], vec![bob.clone(), ann.clone()], vec![ann.clone(), bob.clone(), ann], vec![cyd]]
        {
            let cached = readers.load_many_cached(shelf::Entity, &site.db).await.unwrap();
            assert_eq!(
                *cached,
                readers.load_many(shelf::Entity, &site.other).await.unwrap(),
                "{readers:?} on {kind:?}"
            );
        }
        let nobody: Vec<reader::Model> = Vec::new();
        assert!(nobody.load_many_cached(shelf::Entity, &site.db).await.unwrap().is_empty());
    }
}
