//! What is known of one call of a cached function, for closures that build keys, prefixes, tags and a ttl from it.

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

    #[doc(hidden)]
    #[must_use]
    pub fn with(mut self, name: &'static str, write: impl FnOnce(&mut super::KeyBuf)) -> Self {
        let mut text = super::KeyBuf::new();
        write(&mut text);
        self.arguments.push((name, text.as_str().to_owned()));
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
    /// there is no such argument, or if it is skipped.
    #[must_use]
    pub fn argument(&self, name: &str) -> Option<&str> {
        self.arguments().find_map(|(own, text)| (own == name).then_some(text))
    }

    /// Names and texts of all arguments that are not skipped, in order, without `self`.
    pub fn arguments(&self) -> impl ExactSizeIterator<Item = (&'static str, &str)> {
        self.arguments.iter().map(|(name, text)| (*name, text.as_str()))
    }
}
