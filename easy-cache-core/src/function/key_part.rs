//! How values are written into keys: a fast path for the types of the standard library, `Display` for the rest.
//! Where they are written to, and the escaping, is `key_buf.rs`.

use super::KeyBuf;
use std::borrow::Cow;
use std::fmt::{self, Display};
use std::rc::Rc;
use std::sync::Arc;

/// A value that can be part of a key.
///
/// Whatever implements [`Display`] can be; this trait is for the rest, and for options and lists of it. If a type
/// implements both, both must write the same text, because generic code sees only `Display`.
///
/// # Example: a type without `Display`
/// ```
/// use easy_cache_core::{KeyBuf, KeyPart};
///
/// struct Page { number: u32, size: u32 }
///
/// impl KeyPart for Page {
///     fn write_key(&self, key: &mut KeyBuf) {
///         (self.number, self.size).write_key(key);
///     }
/// }
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be part of a cache key",
    label = "has neither `Display` nor `KeyPart`",
    note = "implement `std::fmt::Display` or `easy_cache_core::KeyPart` for it (in lists and options, `KeyPart`), name the fields that matter, such as `{{x.id}}`, or `skip(..)` it"
)]
pub trait KeyPart {
    /// Whether the type has a form for "nothing" (as `Option` has), which an enclosing `Option` must tell from its own.
    const CAN_BE_NOTHING: bool = false;

    /// Writes the value. Two values that a function answers differently for must be written differently.
    fn write_key(&self, key: &mut KeyBuf);
}

macro_rules! unsigned {
    ($($number:ty),*) => {$(
        impl KeyPart for $number {
            #[inline]
            fn write_key(&self, key: &mut KeyBuf) {
                key.put_u64(u64::from(*self));
            }
        }
    )*};
}
unsigned!(u8, u16, u32, u64);

macro_rules! signed {
    ($($number:ty),*) => {$(
        impl KeyPart for $number {
            #[inline]
            fn write_key(&self, key: &mut KeyBuf) {
                if *self < 0 {
                    key.put_raw("-");
                }
                key.put_u64(u64::from(self.unsigned_abs()));
            }
        }
    )*};
}
signed!(i8, i16, i32, i64);

macro_rules! displayed {
    ($($printed:ty),*) => {$(
        impl KeyPart for $printed {
            fn write_key(&self, key: &mut KeyBuf) {
                key.put_fmt(format_args!("{self}"));
            }
        }
    )*};
}
displayed!(u128, i128, f32, f64, std::net::IpAddr, std::net::Ipv4Addr, std::net::Ipv6Addr, std::net::SocketAddr);

impl KeyPart for usize {
    #[inline]
    fn write_key(&self, key: &mut KeyBuf) {
        key.put_u64(*self as u64);
    }
}

impl KeyPart for isize {
    #[inline]
    fn write_key(&self, key: &mut KeyBuf) {
        (*self as i64).write_key(key);
    }
}

impl KeyPart for bool {
    #[inline]
    fn write_key(&self, key: &mut KeyBuf) {
        key.put_raw(if *self { "true" } else { "false" });
    }
}

impl KeyPart for char {
    #[inline]
    fn write_key(&self, key: &mut KeyBuf) {
        key.put_str(self.encode_utf8(&mut [0; 4]));
    }
}

impl KeyPart for str {
    #[inline]
    fn write_key(&self, key: &mut KeyBuf) {
        key.put_str(self);
    }
}

impl KeyPart for String {
    #[inline]
    fn write_key(&self, key: &mut KeyBuf) {
        key.put_str(self);
    }
}

macro_rules! pointers {
    ($($pointer:ty),*) => {$(
        impl<T: KeyPart + ?Sized> KeyPart for $pointer {
            const CAN_BE_NOTHING: bool = T::CAN_BE_NOTHING;

            #[inline]
            fn write_key(&self, key: &mut KeyBuf) {
                (**self).write_key(key);
            }
        }
    )*};
}
pointers!(&T, &mut T, Box<T>, Rc<T>, Arc<T>);

impl<T: KeyPart + ToOwned + ?Sized> KeyPart for Cow<'_, T> {
    const CAN_BE_NOTHING: bool = T::CAN_BE_NOTHING;

    fn write_key(&self, key: &mut KeyBuf) {
        (**self).write_key(key);
    }
}

/// `\-` is nothing. In an option of an option, `\+` goes before an inner value, so that the two sorts of nothing differ.
/// No string is ever written like either of them in a default key, because `\` is doubled there.
impl<T: KeyPart> KeyPart for Option<T> {
    const CAN_BE_NOTHING: bool = true;

    fn write_key(&self, key: &mut KeyBuf) {
        let Some(value) = self else { return key.put_raw("\\-") };
        if T::CAN_BE_NOTHING {
            key.put_raw("\\+");
        }
        value.write_key(key);
    }
}

/// Lists are written as `\[1\,2\,\]`: each element has its end, so that no element and an empty one differ.
impl<T: KeyPart> KeyPart for [T] {
    fn write_key(&self, key: &mut KeyBuf) {
        key.put_raw("\\[");
        for value in self {
            value.write_key(key);
            key.put_raw("\\,");
        }
        key.put_raw("\\]");
    }
}

impl<T: KeyPart, const N: usize> KeyPart for [T; N] {
    fn write_key(&self, key: &mut KeyBuf) {
        self.as_slice().write_key(key);
    }
}

impl<T: KeyPart> KeyPart for Vec<T> {
    fn write_key(&self, key: &mut KeyBuf) {
        self.as_slice().write_key(key);
    }
}

/// Tuples are written as `\(1\,2\)`.
macro_rules! tuples {
    ($($first:ident $(, $other:ident)*;)*) => {$(
        impl<$first: KeyPart $(, $other: KeyPart)*> KeyPart for ($first, $($other,)*) {
            #[expect(non_snake_case, reason = "the names of the types serve as the names of the values")]
            fn write_key(&self, key: &mut KeyBuf) {
                let ($first, $($other,)*) = self;
                key.put_raw("\\(");
                $first.write_key(key);
                $(
                    key.put_raw("\\,");
                    $other.write_key(key);
                )*
                key.put_raw("\\)");
            }
        }
    )*};
}
tuples! { A; A, B; A, B, C; A, B, C, D; A, B, C, D, E; }

/// A value on its way into a key. Expanded code calls `(&Part(&value)).write_to(..)`: method lookup takes
/// [`ViaKeyPart`] where it applies, and only otherwise adds a reference and takes [`ViaDisplay`].
pub struct Part<'a, T: ?Sized>(pub &'a T);

impl<T: fmt::Debug + ?Sized> fmt::Debug for Part<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Part").field(&self.0).finish()
    }
}

/// The first choice: the fast path.
pub trait ViaKeyPart {
    /// Writes the value into the key.
    fn write_to(&self, key: &mut KeyBuf);
}

impl<T: KeyPart + ?Sized> ViaKeyPart for Part<'_, T> {
    #[inline]
    fn write_to(&self, key: &mut KeyBuf) {
        self.0.write_key(key);
    }
}

/// The second choice: what people see.
pub trait ViaDisplay {
    /// Writes the value into the key.
    fn write_to(&self, key: &mut KeyBuf);
}

impl<T: Display + ?Sized> ViaDisplay for &Part<'_, T> {
    fn write_to(&self, key: &mut KeyBuf) {
        key.put_fmt(format_args!("{}", self.0));
    }
}

impl<T: ?Sized> Part<'_, T> {
    /// What method lookup finds last, for a value that is neither: what it asks for is then missing, and is what the message
    /// is about. Is never called.
    pub fn write_to(self, key: &mut KeyBuf)
    where
        T: KeyPart,
    {
        self.0.write_key(key);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn written(part: &(impl KeyPart + ?Sized)) -> String {
        let mut key = KeyBuf::new();
        part.write_key(&mut key);
        key.as_str().to_owned()
    }

    fn escaped(part: &(impl KeyPart + ?Sized)) -> String {
        let mut key = KeyBuf::new();
        key.escape_values();
        part.write_key(&mut key);
        key.as_str().to_owned()
    }

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn numbers_are_written_as_display_prints_them(a: u64, b: i64, c: u128, d: i8, e: f64, f: isize, g: u16) {
            prop_assert_eq!(written(&a), a.to_string());
            prop_assert_eq!(written(&b), b.to_string());
            prop_assert_eq!(written(&c), c.to_string());
            prop_assert_eq!(written(&d), d.to_string());
            prop_assert_eq!(written(&e), e.to_string());
            prop_assert_eq!(written(&f), f.to_string());
            prop_assert_eq!(written(&g), g.to_string());
        }

        #[test]
        fn text_is_written_as_display_prints_it(text: String, letter: char, truth: bool) {
            prop_assert_eq!(&written(&text), &text);
            prop_assert_eq!(&written(&Cow::Borrowed(text.as_str())), &text);
            prop_assert_eq!(written(&letter), letter.to_string());
            prop_assert_eq!(written(&truth), truth.to_string());
        }

        #[test]
        fn escaped_lists_of_text_never_look_alike(
            a in proptest::collection::vec("[ab:\\\\,\\[\\]+-]{0,6}", 0..4),
            b in proptest::collection::vec("[ab:\\\\,\\[\\]+-]{0,6}", 0..4),
        ) {
            prop_assert_eq!(a == b, escaped(&a) == escaped(&b));
        }
    }

    #[test]
    fn the_extremes_of_numbers_are_written_whole() {
        assert_eq!(written(&i64::MIN), i64::MIN.to_string());
        assert_eq!(written(&u64::MAX), u64::MAX.to_string());
        assert_eq!(written(&0_u8), "0");
    }

    #[test]
    fn every_sort_of_nothing_is_its_own() {
        let all = [None, Some(None), Some(Some("")), Some(Some("\\-")), Some(Some("\\+"))];
        let keys: std::collections::BTreeSet<String> = all.iter().map(escaped).collect();
        assert_eq!(keys.len(), all.len());
        assert_eq!(written(&Some(5)), "5");
    }

    #[test]
    fn types_with_display_alone_are_written_by_it_and_escaped() {
        struct Path;
        impl Display for Path {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a:b")
            }
        }
        let mut key = KeyBuf::new();
        (&Part(&Path)).write_to(&mut key);
        key.escape_values();
        key.put_raw(":");
        (&Part(&&Path)).write_to(&mut key);
        assert_eq!(key.as_str(), "a:b:a\\:b");
    }
}
