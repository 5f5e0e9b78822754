//! What the text of a statement does not show, as the database itself knows it: foreign keys that cascade, views, partitions, triggers. One
//! query for each kind of database, and what its answer means. Who runs it is left to the integrations of ORMs.
//!
//! ```
//! use easy_cache_sql::introspect::{self, Schema};
//! use easy_cache_sql::{Analyzer, Bind, Dialect, KeyColumn};
//!
//! // Any driver may run this query: all of its columns are text.
//! assert!(introspect::question(Dialect::Sqlite).starts_with("SELECT"));
//! let answer = [["foreign key", "books", "authors", "0", "author", "id", "CASCADE/NO ACTION"].map(Some)];
//! let schema = Schema::read(Dialect::Sqlite, answer);
//!
//! let analyzer = Analyzer::builder(Dialect::Sqlite).schema(schema).build();
//! let tags = |sql| analyzer.effect(sql).bind::<[Bind<'_>]>(&[]).invalidates().iter().map(ToString::to_string).collect::<Vec<_>>();
//! assert_eq!(tags("DELETE FROM authors"), ["authors", "books", "authors:*", "books:*"]);
//! assert_eq!(tags("UPDATE authors SET name = 'x'"), ["authors", "authors:*"]);
//! ```
//!
//! # How far it sees
//!
//! | | understood | otherwise |
//! |---|---|---|
//! | foreign keys | what follows a delete, and an update of the columns that are referred to (any update where a trigger runs, or where they are computed); from table to table | |
//! | views | by their query; those of PostgreSQL by its own records | a view that is not understood is not kept, and depends on everything |
//! | partitions, inheritance (PostgreSQL) | the table stands for all its parts | |
//! | triggers | the tables that stand behind `INSERT INTO`, `UPDATE`, `DELETE FROM`, `MERGE INTO`, `TRUNCATE` in their body | a trigger that runs text, or calls a procedure, may write everything, and so does what fires it |
//! | rules (PostgreSQL) | no | as a trigger that nobody understands |
//! | functions | no: name them with [`AnalyzerBuilder::function`](crate::AnalyzerBuilder::function) | taken to write nothing |
//!
//! [`Schema::unexplained`] lists what was not understood. What the application declares with
//! [`AnalyzerBuilder::trigger`](crate::AnalyzerBuilder::trigger) counts instead of what was read. The schema is read once: migrate first.

mod body;
mod facts;
mod questions;

pub use facts::{Schema, Unexplained};
pub use questions::question;
