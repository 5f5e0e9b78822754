//! What reads and writes take, and whether it makes sense. Deserialising it is left to the binaries.

use std::ops::RangeInclusive;

use serde::{Deserialize, Serialize};

use crate::{error::Error, language};

/// The longest title, in characters.
pub const TITLE_LENGTH: usize = 300;

/// The longest prefix that [`retitle`](crate::write::retitle) puts before titles, in characters.
pub const PREFIX_LENGTH: usize = 60;

/// The years that a book can be from; those to come are for announcements.
pub const YEARS: RangeInclusive<i32> = -3000..=2100;

/// Which books to list; everything is optional.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct BookFilter {
    /// Only books of this author.
    #[serde(default)]
    pub author: Option<i32>,
    /// Only books with this text in the title or in the author's name.
    #[serde(default)]
    pub q: Option<String>,
    /// The number of the page, from 1.
    #[serde(default)]
    pub page: Option<u32>,
}

impl BookFilter {
    /// The text that was searched for, unless it is blank.
    #[must_use]
    pub fn text(&self) -> Option<&str> {
        self.q.as_deref().map(str::trim).filter(|text| !text.is_empty())
    }

    /// The number of the page, the first unless it is said.
    ///
    /// # Errors
    ///
    /// [`Invalid`](crate::ErrorKind::Invalid) for a page 0.
    pub fn page(&self) -> Result<u32, Error> {
        match self.page {
            None => Ok(1),
            Some(0) => Err(Error::invalid("pages are numbered from 1")),
            Some(page) => Ok(page),
        }
    }
}

/// A book to add.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NewBook {
    /// Its title.
    pub title: String,
    /// The number of its author.
    pub author_id: i32,
    /// The year of its first publication.
    pub year: i32,
    /// The code of its original language, if it is known.
    pub language: Option<String>,
}

/// What to change in a book; what is missing stays.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct BookChange {
    /// A new title.
    pub title: Option<String>,
    /// The number of another author.
    pub author_id: Option<i32>,
    /// Another year.
    pub year: Option<i32>,
    /// The code of another language.
    pub language: Option<String>,
}

impl BookChange {
    /// Whether everything stays.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.title.is_none() && self.author_id.is_none() && self.year.is_none() && self.language.is_none()
    }
}

/// What to put before all titles of an author.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Retitle {
    /// The text, spaces included.
    pub prefix: String,
}

impl Retitle {
    /// The prefix, if it is one.
    ///
    /// # Errors
    ///
    /// [`Invalid`](crate::ErrorKind::Invalid) for one that is empty or too long.
    pub fn checked_prefix(self) -> Result<String, Error> {
        match self.prefix.chars().count() {
            0 => Err(Error::invalid("the prefix is empty")),
            1..=PREFIX_LENGTH => Ok(self.prefix),
            _ => Err(Error::invalid(format!("the prefix is longer than {PREFIX_LENGTH} characters"))),
        }
    }
}

/// The title as it is stored.
///
/// # Errors
///
/// [`Invalid`](crate::ErrorKind::Invalid), with what is wrong.
pub fn checked_title(title: &str) -> Result<String, Error> {
    let title = title.trim();
    match title.chars().count() {
        0 => Err(Error::invalid("the title is empty")),
        1..=TITLE_LENGTH => Ok(title.to_owned()),
        _ => Err(Error::invalid(format!("the title is longer than {TITLE_LENGTH} characters"))),
    }
}

/// The year, if a book can be from then.
///
/// # Errors
///
/// [`Invalid`](crate::ErrorKind::Invalid), with what is wrong.
pub fn checked_year(year: i32) -> Result<i32, Error> {
    if YEARS.contains(&year) {
        return Ok(year);
    }
    Err(Error::invalid(format!("the year {year} is not between {} and {}", YEARS.start(), YEARS.end())))
}

/// The code of the language, if the shop knows it.
///
/// # Errors
///
/// [`Invalid`](crate::ErrorKind::Invalid), with what is wrong.
pub fn checked_language(code: &str) -> Result<String, Error> {
    let code = code.trim().to_lowercase();
    match language::name(&code) {
        Some(_) => Ok(code),
        None => Err(Error::invalid(format!("`{code}` is not a language code that the shop knows"))),
    }
}

/// The author who gets a book.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NewAuthor {
    /// Its number.
    pub author_id: i32,
}

/// Whether a move is to fail after its writes, to show that nothing remains of it.
#[derive(Clone, Debug, Deserialize)]
pub struct Failing {
    /// It fails.
    #[serde(default)]
    pub fail: bool,
}

/// The form that moves a book; an unticked box is not sent at all.
#[derive(Clone, Debug, Deserialize)]
pub struct Move {
    /// The author who gets it.
    pub author_id: i32,
    /// It fails after its writes.
    #[serde(default)]
    pub fail: bool,
}

/// The part of the list of an author's books.
#[derive(Clone, Debug, Deserialize)]
pub struct Part {
    /// Which, counted from 1.
    pub page: Option<u32>,
}
