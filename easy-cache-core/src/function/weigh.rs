//! The weight of values that are kept in this process only, and so are never written: what they own is asked of them.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet, BinaryHeap, HashMap, HashSet, LinkedList, VecDeque};
use std::ffi::OsString;
use std::path::PathBuf;
use std::rc::Rc;
use std::sync::Arc;

/// A value that knows how much memory it takes, so that a bounded cache can count it.
///
/// Asked of values of `#[ecached(.., local)]` functions. Values that can be serialised weigh what they take then; a value
/// that implements neither counts with the size of its type, without what it owns on the heap. Numbers, strings and the
/// containers of the standard library know it; say `owned` for a type of your own.
///
/// # Example: a picture
/// ```
/// use easy_cache_core::Weigh;
///
/// struct Picture { name: String, pixels: Vec<u8> }
///
/// impl Weigh for Picture {
///     fn owned(&self) -> u64 {
///         self.name.owned() + self.pixels.owned()
///     }
/// }
///
/// let picture = Picture { name: "cover".into(), pixels: vec![0; 10_000] };
/// assert_eq!(picture.weigh(), size_of::<Picture>() as u64 + 10_005);
/// ```
#[diagnostic::on_unimplemented(
    message = "it is not known what `{Self}` weighs",
    note = "implement `easy_cache_core::Weigh` for it, or say it with `weight = |value| ..`"
)]
pub trait Weigh {
    /// What the value owns beside itself, in bytes. What it shares is counted as if it were its own.
    fn owned(&self) -> u64;

    /// What the value takes in all.
    fn weigh(&self) -> u64 {
        (size_of_val(self) as u64).saturating_add(self.owned())
    }
}

macro_rules! plain {
    ($($plain:ty),* $(,)?) => {$(
        impl Weigh for $plain {
            #[inline]
            fn owned(&self) -> u64 {
                0
            }
        }
    )*};
}
plain! {
    (), bool, char, u8, u16, u32, u64, u128, usize, i8, i16, i32, i64, i128, isize, f32, f64, str,
    std::time::Duration, std::time::Instant, std::time::SystemTime,
    std::net::IpAddr, std::net::Ipv4Addr, std::net::Ipv6Addr, std::net::SocketAddr,
    std::num::NonZeroU8, std::num::NonZeroU16, std::num::NonZeroU32, std::num::NonZeroU64, std::num::NonZeroUsize,
    std::num::NonZeroI8, std::num::NonZeroI16, std::num::NonZeroI32, std::num::NonZeroI64, std::num::NonZeroIsize,
}

impl Weigh for String {
    fn owned(&self) -> u64 {
        self.capacity() as u64
    }
}

impl Weigh for OsString {
    fn owned(&self) -> u64 {
        self.capacity() as u64
    }
}

impl Weigh for PathBuf {
    fn owned(&self) -> u64 {
        self.capacity() as u64
    }
}

/// What is borrowed for ever is nobody's.
impl<T: ?Sized> Weigh for &'static T {
    fn owned(&self) -> u64 {
        0
    }
}

macro_rules! pointers {
    ($($pointer:ident),*) => {$(
        impl<T: Weigh + ?Sized> Weigh for $pointer<T> {
            fn owned(&self) -> u64 {
                (**self).weigh()
            }
        }
    )*};
}
pointers!(Box, Rc, Arc);

impl<T: ToOwned<Owned: Weigh> + ?Sized> Weigh for Cow<'_, T> {
    fn owned(&self) -> u64 {
        match self {
            Self::Borrowed(_) => 0,
            Self::Owned(value) => value.owned(),
        }
    }
}

impl<T: Weigh> Weigh for Option<T> {
    fn owned(&self) -> u64 {
        self.as_ref().map_or(0, Weigh::owned)
    }
}

impl<T: Weigh, E: Weigh> Weigh for Result<T, E> {
    fn owned(&self) -> u64 {
        match self {
            Ok(value) => value.owned(),
            Err(error) => error.owned(),
        }
    }
}

impl<T: Weigh> Weigh for [T] {
    fn owned(&self) -> u64 {
        self.iter().map(Weigh::owned).fold(0, u64::saturating_add)
    }
}

impl<T: Weigh, const N: usize> Weigh for [T; N] {
    fn owned(&self) -> u64 {
        self.as_slice().owned()
    }
}

/// Room for so many elements, and what the elements own.
fn room<'a, T: Weigh + 'a>(places: usize, elements: impl Iterator<Item = &'a T>) -> u64 {
    let places = (places as u64).saturating_mul(size_of::<T>() as u64);
    elements.map(Weigh::owned).fold(places, u64::saturating_add)
}

macro_rules! containers {
    ($($container:ident $places:ident $([$($extra:tt)*])?;)*) => {$(
        impl<T: Weigh $(, $($extra)*)?> Weigh for $container<T $(, $($extra)*)?> {
            fn owned(&self) -> u64 {
                room(self.$places(), self.iter())
            }
        }
    )*};
}
containers! {
    Vec capacity;
    VecDeque capacity;
    BinaryHeap capacity;
    LinkedList len;
    BTreeSet len;
    HashSet capacity [S];
}

impl<K: Weigh, V: Weigh, S> Weigh for HashMap<K, V, S> {
    fn owned(&self) -> u64 {
        room(self.capacity(), self.keys()).saturating_add(room(self.capacity(), self.values()))
    }
}

impl<K: Weigh, V: Weigh> Weigh for BTreeMap<K, V> {
    fn owned(&self) -> u64 {
        room(self.len(), self.keys()).saturating_add(room(self.len(), self.values()))
    }
}

macro_rules! tuples {
    ($($($part:ident)*;)*) => {$(
        impl<$($part: Weigh),*> Weigh for ($($part,)*) {
            #[expect(non_snake_case, reason = "the names of the types serve as the names of the values")]
            fn owned(&self) -> u64 {
                let ($($part,)*) = self;
                0_u64 $(.saturating_add($part.owned()))*
            }
        }
    )*};
}
tuples! { A; A B; A B C; A B C D; A B C D E; A B C D E F; }

/// A value that is weighed. Expanded code calls `(&Weighed(value)).in_bytes()`: method lookup takes [`ViaWeigh`] where it
/// applies, and only otherwise adds a reference and takes [`ViaSize`].
#[derive(Debug)]
pub struct Weighed<'a, T: ?Sized>(pub &'a T);

/// The first choice: the value knows.
pub trait ViaWeigh {
    /// The weight in bytes.
    fn in_bytes(&self) -> u64;
}

impl<T: Weigh + ?Sized> ViaWeigh for Weighed<'_, T> {
    fn in_bytes(&self) -> u64 {
        self.0.weigh()
    }
}

/// The second choice: the size of the type.
pub trait ViaSize {
    /// The weight in bytes.
    fn in_bytes(&self) -> u64;
}

impl<T: ?Sized> ViaSize for &Weighed<'_, T> {
    fn in_bytes(&self) -> u64 {
        size_of_val(self.0) as u64
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn containers_weigh_their_room_and_what_their_elements_own() {
        assert_eq!(7_u64.weigh(), 8);
        assert_eq!(String::from("x").repeat(100).owned(), 100);
        assert_eq!(vec![String::from("abc"), String::new()].owned(), 2 * size_of::<String>() as u64 + 3);
        assert_eq!(Some(Box::new([0_u8; 50])).owned(), 50);
        assert_eq!(Arc::<[u8]>::from([1; 30].as_slice()).owned(), 30);
        assert_eq!(Cow::Borrowed("borrowed").owned() + "static".owned(), 0);
        let map = HashMap::from([(1_u64, String::from("abc"))]);
        assert_eq!(map.owned(), map.capacity() as u64 * (8 + size_of::<String>() as u64) + 3);
        assert_eq!(
            BTreeMap::from([(1_u8, (2_u8, String::from("ab")))]).owned(),
            1 + size_of::<(u8, String)>() as u64 + 2
        );
        assert_eq!(Err::<u8, _>(String::from("abcd")).owned(), 4);
    }

    #[test]
    fn a_value_of_an_unknown_type_counts_with_its_size() {
        #[expect(dead_code, reason = "only its size matters")]
        struct Unknown(String, u64);
        let unknown = Unknown("x".repeat(100), 0);
        assert_eq!((&Weighed(&unknown)).in_bytes(), size_of::<Unknown>() as u64);
        assert_eq!(Weighed(&String::from("ab")).in_bytes(), size_of::<String>() as u64 + 2);
    }
}
