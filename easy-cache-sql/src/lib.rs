//! What a piece of SQL text does to a database: which tables and rows it reads and writes, and what it does to the
//! transaction and to the session.
//!
//! A cache that is told of every statement can then drop exactly what the statement made outdated. This crate looks at
//! text and bound values only: it never opens a connection and knows of no ORM. [`hook`] is where the effects of
//! statements meet the cache; all other modules know nothing of it.
//!
//! ```
//! use easy_cache_sql::{Analyzer, Bind, Dialect, KeyColumn};
//!
//! let analyzer = Analyzer::builder(Dialect::Sqlite)
//!     .primary_key("books", [KeyColumn::integer("id")])
//!     .cascade("authors", ["books"])
//!     .build();
//! let effect = analyzer.effect(r#"UPDATE "books" SET "title" = ? WHERE "books"."id" = ?"#);
//! let touched = effect.bind(&[Bind::Text("Emma"), Bind::Integer(42)]);
//! let tags: Vec<String> = touched.invalidates().iter().map(ToString::to_string).collect();
//! assert_eq!(tags, ["books", "books:42"]);
//! ```
//!
//! # The rule of tags
//!
//! Each table has three kinds of tags. `books`: anything in the table changed. `books:42`: that row changed.
//! `books:*`: rows whose identity is not known changed. For ORMs that do not tell how many rows came back, [`hook`] adds
//! a fourth. `books:+`: rows were added, and it is not known which.
//!
//! | statement | invalidates |
//! |---|---|
//! | changes rows 42 and 43 | `books`, `books:42`, `books:43` |
//! | changes rows of unknown identity | `books`, `books:*` |
//! | inserts without a known key | `books`, `books:+`: no existing row changed |
//! | inserts row 42 | `books`, `books:42` |
//! | deletes or updates in `authors`, which cascades to `books` | the above for `authors`, and `books`, `books:*` |
//! | cannot be understood | everything |
//!
//! | value read | depends on |
//! |---|---|
//! | rows 42 and 43 by primary key, both found | `books:42`, `books:43`, `books:*` |
//! | by primary key, but a row was not found | `books`: an insert may create it |
//! | by primary key, and nobody counts what was found | `books:42`, `books:43`, `books:*`, `books:+` |
//! | anything else | `books` |
//!
//! # What text cannot show
//!
//! Triggers, rules, functions that write, views, and `ON DELETE CASCADE` are invisible in a statement. The database knows all but the
//! functions: [`introspect`] asks it, once, at start. Or name them, with [`AnalyzerBuilder::cascade`], [`AnalyzerBuilder::trigger`],
//! [`AnalyzerBuilder::view`] (views, but also partitions) and [`AnalyzerBuilder::function`] (functions, and procedures that do not
//! commit); a function nobody named is taken to neither write nor change its mind.
//! Dynamic state is invisible too: a `search_path`, a role, a temporary table that hides a table of the same name.
//! Statements that change it are reported by [`Effect::session_state`]. Conflict clauses in a SQLite schema are reported by
//! nobody: with `ON CONFLICT REPLACE` an insert removes another row, with `ON CONFLICT FAIL` a refused one leaves some
//! behind.
//!
//! # Modules, in reading order
//!
//! `analyzer` (the door) → `memo` (texts seen before) → `analyze` (text to effect) → `effect` (what is remembered) →
//! `rows` and `key` (which rows, once values are bound) → `touch` (the rule above). `name`, `dialect` and `catalog`
//! say how tables are named and what the application declared about them, `declarations` how the builders of ORMs let it; [`introspect`]
//! reads the same out of the database, and `consequence` follows it from table to table.
//! `hook` turns the rule into tags, dependencies and holds. [`feed`] has what makes the database tell of the writes of others,
//! and `audit` compares both.

mod analyze;
mod analyzer;
mod audit;
mod catalog;
mod consequence;
mod declarations;
mod dialect;
mod effect;
pub mod feed;
pub mod hook;
pub mod introspect;
mod key;
mod memo;
mod name;
mod rows;
mod touch;

pub use analyzer::{Analyzer, AnalyzerBuilder};
pub use audit::{Audit, Missed};
pub use dialect::Dialect;
pub use effect::{Control, Effect, Opaque, SessionState, Step, Uncacheable, WriteKind};
pub use key::{Bind, KeyColumn, Values};
pub use name::TableName;
pub use touch::{Read, Rows, Touch, Touched, Write};
