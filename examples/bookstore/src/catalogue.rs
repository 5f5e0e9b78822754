//! The real books that the shop starts with: the table `books.csv`, which is part of the binary.
//!
//! Titles are the ones under which English readers know the books; years are those of the first publication (as a book,
//! for works that appeared in parts), for works from before printing the customary estimates.

use serde::Deserialize;

const BOOKS: &str = include_str!("../books.csv");

/// One line of the table.
#[derive(Debug, Deserialize)]
pub struct Record {
    /// The title.
    pub title: String,
    /// Who wrote it.
    pub author: String,
    /// The year of the first publication.
    pub year: i32,
    /// The language of the original.
    pub language: String,
}

/// All books of the table, in its order.
///
/// # Errors
///
/// If the table that is part of the binary is none.
pub fn records() -> Result<Vec<Record>, csv::Error> {
    csv::Reader::from_reader(BOOKS.as_bytes()).deserialize().collect()
}

#[cfg(test)]
mod tests {
    use std::collections::{BTreeMap, BTreeSet};

    use super::*;
    use crate::language;

    fn books_of_each_author(records: &[Record]) -> BTreeMap<&str, usize> {
        let mut books = BTreeMap::new();
        for record in records {
            *books.entry(record.author.as_str()).or_default() += 1;
        }
        books
    }

    #[test]
    fn the_catalogue_is_large_enough_for_pages_and_bulk_writes() {
        let records = records().unwrap();
        let authors = books_of_each_author(&records);
        assert!(records.len() >= 300, "{} books", records.len());
        assert!(authors.len() >= 100, "{} authors", authors.len());
        assert!(authors.values().filter(|&&books| books >= 8).count() >= 10);
    }

    #[test]
    fn no_book_is_listed_twice() {
        let records = records().unwrap();
        let books: BTreeSet<_> = records.iter().map(|record| (&record.author, &record.title)).collect();
        assert_eq!(books.len(), records.len());
    }

    #[test]
    fn every_field_is_filled_trimmed_and_plausible() {
        for record in records().unwrap() {
            for field in [&record.title, &record.author] {
                assert!(!field.is_empty() && field.trim() == field, "{record:?}");
            }
            assert!((-3000..=2026).contains(&record.year), "{record:?}");
            assert!(
                record.language != language::NOT_STATED && language::name(&record.language).is_some(),
                "{record:?}"
            );
        }
    }

    #[test]
    fn each_author_has_one_spelling() {
        let records = records().unwrap();
        let names = books_of_each_author(&records);
        let plain = |name: &str| name.chars().filter(char::is_ascii_alphabetic).collect::<String>().to_lowercase();
        let spellings: BTreeSet<_> = names.keys().map(|name| plain(name)).collect();
        assert_eq!(spellings.len(), names.len());
    }
}
