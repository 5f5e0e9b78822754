//! Results that are none: which they are, for the ttl that `cache_none` and `cache_err` give them.

/// A stored value that can be `None`.
#[diagnostic::on_unimplemented(
    message = "`cache_none` has nothing to say here: `{Self}` is never `None`",
    note = "it is for functions that return an `Option`, or a `Result` of one: leave it out"
)]
pub trait CanBeNone {
    /// Whether it is.
    fn says_none(&self) -> bool;
}

impl<T> CanBeNone for Option<T> {
    fn says_none(&self) -> bool {
        self.is_none()
    }
}

impl<T, E> CanBeNone for Result<Option<T>, E> {
    fn says_none(&self) -> bool {
        matches!(self, Ok(None))
    }
}

/// A stored value that can be `Err`.
#[diagnostic::on_unimplemented(
    message = "`cache_err` has nothing to say here: `{Self}` is never `Err`",
    note = "it is for functions that return a `Result`: leave it out"
)]
pub trait CanBeErr {
    /// Whether it is.
    fn says_err(&self) -> bool;
}

impl<T, E> CanBeErr for Result<T, E> {
    fn says_err(&self) -> bool {
        self.is_err()
    }
}

/// Whether a value is `None`.
pub fn is_none<T: CanBeNone>(value: &T) -> bool {
    value.says_none()
}

/// Whether a value is `Err`.
pub fn is_err<T: CanBeErr>(value: &T) -> bool {
    value.says_err()
}
