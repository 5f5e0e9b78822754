//! Arguments that forbid the cache for one call, such as a connection with an open transaction.
//! Who implements it is the integration's matter; what a call then does is `bound.rs`.

use std::fmt;
use std::rc::Rc;
use std::sync::Arc;

/// An argument of a cached function that can forbid the cache for the call that it is given to.
///
/// A read inside a transaction must see the transaction's own writes, which no cache holds, and must not show them, or
/// an old snapshot, to anybody else. So `#[ecached]` asks every argument, and if one says so the function just runs.
///
/// The question is put to the type that the function's signature names. A type parameter must therefore name the trait
/// among its bounds to be asked: `db: &(impl Connection + Bypass)`.
///
/// # Example
/// ```
/// use easy_cache_core::{Bypass, ecached};
///
/// struct Session { is_editing: bool }
///
/// impl Bypass for Session {
///     fn bypass_cache(&self) -> bool {
///         self.is_editing
///     }
/// }
///
/// #[ecached("title", skip(session))]
/// fn title(session: &Session) -> String {
///     (if session.is_editing { "a draft" } else { "as published" }).to_owned()
/// }
///
/// assert_eq!(title(&Session { is_editing: true }), "a draft");
/// assert_eq!(title(&Session { is_editing: false }), "as published");
/// assert_eq!(title(&Session { is_editing: true }), "a draft");
/// ```
pub trait Bypass {
    /// Whether this call must neither be answered from the cache nor be stored.
    fn bypass_cache(&self) -> bool;
}

macro_rules! pointers {
    ($($pointer:ty),*) => {$(
        impl<T: Bypass + ?Sized> Bypass for $pointer {
            #[inline]
            fn bypass_cache(&self) -> bool {
                (**self).bypass_cache()
            }
        }
    )*};
}
pointers!(&T, &mut T, Box<T>, Rc<T>, Arc<T>);

impl<T: Bypass> Bypass for Option<T> {
    #[inline]
    fn bypass_cache(&self) -> bool {
        self.as_ref().is_some_and(Bypass::bypass_cache)
    }
}

/// An argument that is asked. Expanded code calls `(&Asked(&argument)).forbids()`: method lookup takes [`MayForbid`]
/// where it applies, and only otherwise adds a reference and takes [`NeverForbids`].
pub struct Asked<'a, T: ?Sized>(pub &'a T);

impl<T: ?Sized> fmt::Debug for Asked<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Asked").finish_non_exhaustive()
    }
}

/// The argument has an opinion.
pub trait MayForbid {
    /// Whether the cache is forbidden.
    fn forbids(&self) -> bool;
}

impl<T: Bypass + ?Sized> MayForbid for Asked<'_, T> {
    #[inline]
    fn forbids(&self) -> bool {
        self.0.bypass_cache()
    }
}

/// The argument has none.
pub trait NeverForbids {
    /// Always false.
    #[inline]
    fn forbids(&self) -> bool {
        false
    }
}

impl<T: ?Sized> NeverForbids for &Asked<'_, T> {}
