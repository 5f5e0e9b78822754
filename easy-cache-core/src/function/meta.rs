//! What is known of one call of a cached function, for closures that build keys, prefixes, tags and a ttl from it.

use super::{KeyBuf, KeyPart};
use std::fmt::Display;

/// What is known of a call: which function, of which type, with which arguments.
///
/// A closure in `#[ecached(..)]` gets it as its last parameter: `key = |meta| ..`, `prefix = |meta| ..`, and beside the
/// value `tags = |value, meta| ..`, `ttl = |value, meta| ..`. With `|_, meta|` the value has no say, and the closure runs
/// before the function does. Making it allocates, which templates and lists do not.
///
/// # Example: one function makes the keys of many
/// ```
/// use easy_cache_core::{Meta, ecached};
///
/// fn by_version(meta: &Meta) -> String {
///     format!("v2:{}:{}", meta.function(), meta.argument("id").unwrap_or("all"))
/// }
///
/// #[ecached(key = |meta| by_version(meta))]
/// fn title(id: u64) -> String {
///     format!("title of {id}")
/// }
///
/// assert_eq!(title_key(&7).key(), "v2:title:7");
/// ```
#[derive(Debug, Clone)]
pub struct Meta {
    path: &'static str,
    function: &'static str,
    scope: Option<&'static str>,
    arguments: Vec<(&'static str, String)>,
}

impl Meta {
    #[doc(hidden)]
    #[must_use]
    pub const fn new(path: &'static str, function: &'static str, scope: Option<&'static str>) -> Self {
        Self { path, function, scope, arguments: Vec::new() }
    }

    /// Adds an argument, if `write` says that there was something to write.
    #[doc(hidden)]
    #[must_use]
    pub fn with(mut self, name: &'static str, write: impl FnOnce(&mut KeyBuf) -> bool) -> Self {
        let mut text = KeyBuf::new();
        if write(&mut text) {
            self.arguments.push((name, text.as_str().to_owned()));
        }
        self
    }

    /// The name of the function.
    #[must_use]
    pub const fn function(&self) -> &'static str {
        self.function
    }

    /// Module and name of the function: `shop::query::users`.
    #[must_use]
    pub const fn path(&self) -> &'static str {
        self.path
    }

    /// The type whose function it is, with its path and its type arguments; none for a free function.
    #[must_use]
    pub const fn scope(&self) -> Option<&'static str> {
        self.scope
    }

    /// An argument as it would stand in a key, by its name; by its position, `"2"`, if a pattern takes it apart. None if
    /// there is no such argument; in a key or a prefix also if it is skipped, and elsewhere if its type cannot be written.
    #[must_use]
    pub fn argument(&self, name: &str) -> Option<&str> {
        self.arguments().find_map(|(own, text)| (own == name).then_some(text))
    }

    /// Names and texts of all these arguments, in order, without `self`.
    pub fn arguments(&self) -> impl ExactSizeIterator<Item = (&'static str, &str)> {
        self.arguments.iter().map(|(name, text)| (*name, text.as_str()))
    }
}

/// An argument that is shown if it can be. Expanded code calls `(&&&Shown(&argument)).show(..)`: each level that does not
/// apply costs one reference.
#[derive(Debug)]
pub struct Shown<'a, T: ?Sized>(pub &'a T);

/// The first choice: as a part of a key.
pub trait ShowKeyPart {
    /// Writes the value; true.
    fn show(&self, text: &mut KeyBuf) -> bool;
}

impl<T: KeyPart + ?Sized> ShowKeyPart for &&Shown<'_, T> {
    fn show(&self, text: &mut KeyBuf) -> bool {
        self.0.write_key(text);
        true
    }
}

/// The second choice: as people see it.
pub trait ShowDisplay {
    /// Writes the value; true.
    fn show(&self, text: &mut KeyBuf) -> bool;
}

impl<T: Display + ?Sized> ShowDisplay for &Shown<'_, T> {
    fn show(&self, text: &mut KeyBuf) -> bool {
        text.put_fmt(format_args!("{}", self.0));
        true
    }
}

/// The third choice: not at all.
pub trait ShowNothing {
    /// False.
    fn show(&self, _text: &mut KeyBuf) -> bool {
        false
    }
}

impl<T: ?Sized> ShowNothing for Shown<'_, T> {}
