//! The names that expanded code uses, in one place, so that the attribute depends on nothing else of this crate.
//! Not for people: it changes with the attribute, which is pinned to this version.

pub use super::KeyBuf;
pub use super::bound::{Behind, BehindNow, Bound, Later, Now, bound};
pub use super::bypass::{Asked, MayForbid, NeverForbids};
pub use super::fixed_tag::FixedTag;
pub use super::key_part::{Part, ViaDisplay, ViaKeyPart};
pub use super::keyed::{Keyed, keyed};
pub use super::meta::{Meta, ShowDisplay, ShowKeyPart, ShowNothing, Shown};
pub use super::negative::{is_err, is_none};
pub use super::plan::{Prefixed, Tagged, in_time, plan};
pub use super::shape::{Probe, ShapeOfAny, ShapeOfOne, ShapeOfThree, ShapeOfTwo, portable, storable};
pub use super::site::{AsCache, Site};
pub use super::weigh::{ViaSize, ViaWeigh, Weighed};
pub use crate::{__forbids as forbids, __shape_of as shape_of};
pub use crate::{EarlyRefresh, Plan, Policy};

use crate::Cache;
pub use std::any::{type_name, type_name_of_val};
pub use std::boxed::Box;
pub use std::clone::Clone;
pub use std::future::Future;
pub use std::marker::Send;
pub use std::ops::FnOnce;
pub use std::option::Option;
pub use std::primitive::str;
pub use std::time::Duration;
pub use std::{concat, format_args, module_path};

use super::plan::Reading;
use super::shape::Shape;

/// The value of the entry, if there is one: synchronous, and nothing is allocated.
#[inline]
pub fn hit<R, S: Shape<R>>(cache: &Cache, key: &KeyBuf, shape: S) -> Option<R> {
    cache.hit(key.as_bytes(), &Reading(shape))
}

/// Begins a default key with the place of a function, taken from the name of another one beside it. Unlike
/// `module_path!` it tells apart functions in the bodies of different functions, methods of different types, of
/// different traits, and of different instances of one generic type or trait.
#[inline]
pub fn put_place(key: &mut KeyBuf, name: &'static str, own: &'static str) {
    key.put_raw(name.strip_suffix(own).unwrap_or(name));
}

/// The same, and the function's name, from a closure in its body.
#[inline]
pub fn put_place_of<F>(key: &mut KeyBuf, _closure: &F) {
    key.put_raw(type_name::<F>().trim_end_matches("::{{closure}}"));
}

/// Sets the weight in place.
pub fn set_weight(policy: &mut Policy, bytes: u64) {
    *policy = std::mem::take(policy).weight(bytes);
}

/// Tells the compiler the type of an async block; is never called.
///
/// # Panics
/// Always.
#[cold]
pub fn never<R>() -> R {
    unreachable!("stands behind `if false`")
}

/// The shape of a result, as the compiler finds it.
#[doc(hidden)]
#[macro_export]
macro_rules! __shape_of {
    ($result:ty, $none:literal, $err:literal) => {{
        use $crate::__macro::{ShapeOfAny as _, ShapeOfOne as _, ShapeOfThree as _, ShapeOfTwo as _};
        (&&&&$crate::__macro::Probe::<$result, $none, $err>::new()).shape()
    }};
}

/// Whether one of the arguments forbids the cache.
#[doc(hidden)]
#[macro_export]
macro_rules! __forbids {
    ($($argument:expr),*) => {{
        use $crate::__macro::{MayForbid as _, NeverForbids as _};
        false $(|| (&$crate::__macro::Asked(&$argument)).forbids())*
    }};
}
