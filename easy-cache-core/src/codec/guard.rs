//! What bytes may ask of who reads them: nesting up to a depth, and no more elements than there are bytes for.
//!
//! Formats without a limit of their own would otherwise be led into an overflow of the stack, which ends the process, or into a loop
//! over elements that take no bytes. What an element is, is theirs to say.

use std::cell::Cell;

use serde::de::{DeserializeSeed, Deserializer, EnumAccess, Error, MapAccess, SeqAccess, VariantAccess, Visitor};

/// Deep enough for documents that people wrote, and a part of the smallest usual stack.
pub(super) const DEPTH: usize = 128;
/// Elements that take no bytes, of one value.
pub(super) const WITHOUT_BYTES: usize = 1 << 16;

/// What is left of both.
pub(super) struct Limits {
    depth: Cell<usize>,
    elements: Cell<usize>,
}

impl Limits {
    pub(super) const fn of(bytes: usize) -> Self {
        Self { depth: Cell::new(DEPTH), elements: Cell::new(bytes.saturating_add(WITHOUT_BYTES)) }
    }

    /// What `read` reads is nested in what is being read.
    fn nested<T, E: Error>(&self, read: impl FnOnce() -> Result<T, E>) -> Result<T, E> {
        let left = self.depth.get().checked_sub(1).ok_or_else(|| E::custom("it is nested too deeply"))?;
        self.depth.set(left);
        let result = read();
        self.depth.set(left + 1);
        result
    }

    fn count<E: Error>(&self) -> Result<(), E> {
        let left = self.elements.get().checked_sub(1);
        self.elements.set(left.ok_or_else(|| E::custom("it claims more elements than it has bytes"))?);
        Ok(())
    }
}

/// Any part of reading, under these limits.
pub(super) struct Guarded<'g, I> {
    inner: I,
    limits: &'g Limits,
    /// The bytes say how many parts there are, and not the type: only there can they claim any number, and nest without end.
    is_open: bool,
}

impl<'g, I> Guarded<'g, I> {
    pub(super) const fn new(inner: I, limits: &'g Limits) -> Self {
        Self { inner, limits, is_open: false }
    }

    const fn open(inner: I, limits: &'g Limits) -> Self {
        Self { inner, limits, is_open: true }
    }

    /// The limits, around a part of this part.
    fn around<J>(&self, inner: J) -> Guarded<'g, J> {
        Guarded { inner, limits: self.limits, is_open: self.is_open }
    }

    fn count<E: Error>(&self) -> Result<(), E> {
        if self.is_open { self.limits.count() } else { Ok(()) }
    }
}

impl<'de, S: DeserializeSeed<'de>> DeserializeSeed<'de> for Guarded<'_, S> {
    type Value = S::Value;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<S::Value, D::Error> {
        self.inner.deserialize(Guarded::new(deserializer, self.limits))
    }
}

/// The same question to the format, with a visitor under the limits.
macro_rules! asks {
    ($how:ident: $($method:ident($($argument:ident: $type:ty),*)),* $(,)?) => {$(
        fn $method<V: Visitor<'de>>(self, $($argument: $type,)* visitor: V) -> Result<V::Value, D::Error> {
            self.inner.$method($($argument,)* Guarded::$how(visitor, self.limits))
        }
    )*};
}

impl<'de, D: Deserializer<'de>> Deserializer<'de> for Guarded<'_, D> {
    type Error = D::Error;

    asks!(open:
        deserialize_any(), deserialize_ignored_any(), deserialize_seq(), deserialize_map(), deserialize_option(),
        deserialize_enum(name: &'static str, variants: &'static [&'static str]),
    );

    asks!(new:
        deserialize_bool(), deserialize_i8(), deserialize_i16(), deserialize_i32(), deserialize_i64(), deserialize_i128(),
        deserialize_u8(), deserialize_u16(), deserialize_u32(), deserialize_u64(), deserialize_u128(),
        deserialize_f32(), deserialize_f64(), deserialize_char(), deserialize_str(), deserialize_bytes(),
        deserialize_unit(), deserialize_identifier(),
        deserialize_unit_struct(name: &'static str), deserialize_newtype_struct(name: &'static str),
        deserialize_tuple(len: usize), deserialize_tuple_struct(name: &'static str, len: usize),
        deserialize_struct(name: &'static str, fields: &'static [&'static str]),
    );

    /// A visitor that takes owned text takes any, and what lends it out of the bytes spares the format a buffer that it clears first.
    fn deserialize_string<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, D::Error> {
        self.deserialize_str(visitor)
    }

    /// As with text.
    fn deserialize_byte_buf<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, D::Error> {
        self.deserialize_bytes(visitor)
    }

    fn is_human_readable(&self) -> bool {
        self.inner.is_human_readable()
    }
}

/// What has no parts goes on as it is.
macro_rules! hands_on {
    ($($method:ident($type:ty)),* $(,)?) => {$(
        fn $method<E: Error>(self, value: $type) -> Result<V::Value, E> {
            self.inner.$method(value)
        }
    )*};
}

/// What has parts may be one level deeper.
macro_rules! nests {
    ($($method:ident: $access:ident),* $(,)?) => {$(
        fn $method<A: $access<'de>>(self, parts: A) -> Result<V::Value, A::Error> {
            let parts = self.around(parts);
            if self.is_open { self.limits.nested(|| self.inner.$method(parts)) } else { self.inner.$method(parts) }
        }
    )*};
}

impl<'de, V: Visitor<'de>> Visitor<'de> for Guarded<'_, V> {
    type Value = V::Value;

    fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.inner.expecting(f)
    }

    hands_on!(
        visit_bool(bool),
        visit_i8(i8),
        visit_i16(i16),
        visit_i32(i32),
        visit_i64(i64),
        visit_i128(i128),
        visit_u8(u8),
        visit_u16(u16),
        visit_u32(u32),
        visit_u64(u64),
        visit_u128(u128),
        visit_f32(f32),
        visit_f64(f64),
        visit_char(char),
        visit_str(&str),
        visit_borrowed_str(&'de str),
        visit_string(String),
        visit_bytes(&[u8]),
        visit_borrowed_bytes(&'de [u8]),
        visit_byte_buf(Vec<u8>),
    );

    nests!(
        visit_some: Deserializer, visit_newtype_struct: Deserializer,
        visit_seq: SeqAccess, visit_map: MapAccess, visit_enum: EnumAccess,
    );

    fn visit_none<E: Error>(self) -> Result<V::Value, E> {
        self.inner.visit_none()
    }

    fn visit_unit<E: Error>(self) -> Result<V::Value, E> {
        self.inner.visit_unit()
    }
}

impl<'de, A: SeqAccess<'de>> SeqAccess<'de> for Guarded<'_, A> {
    type Error = A::Error;

    fn next_element_seed<S: DeserializeSeed<'de>>(&mut self, seed: S) -> Result<Option<S::Value>, A::Error> {
        self.count()?;
        self.inner.next_element_seed(Guarded::new(seed, self.limits))
    }

    fn size_hint(&self) -> Option<usize> {
        self.inner.size_hint()
    }
}

impl<'de, A: MapAccess<'de>> MapAccess<'de> for Guarded<'_, A> {
    type Error = A::Error;

    fn next_key_seed<S: DeserializeSeed<'de>>(&mut self, seed: S) -> Result<Option<S::Value>, A::Error> {
        self.count()?;
        self.inner.next_key_seed(Guarded::new(seed, self.limits))
    }

    fn next_value_seed<S: DeserializeSeed<'de>>(&mut self, seed: S) -> Result<S::Value, A::Error> {
        self.inner.next_value_seed(Guarded::new(seed, self.limits))
    }

    fn size_hint(&self) -> Option<usize> {
        self.inner.size_hint()
    }
}

impl<'g, 'de, A: EnumAccess<'de>> EnumAccess<'de> for Guarded<'g, A> {
    type Error = A::Error;
    type Variant = Guarded<'g, A::Variant>;

    fn variant_seed<S: DeserializeSeed<'de>>(self, seed: S) -> Result<(S::Value, Self::Variant), A::Error> {
        let (variant, content) = self.inner.variant_seed(Guarded::new(seed, self.limits))?;
        Ok((variant, Guarded::new(content, self.limits)))
    }
}

impl<'de, A: VariantAccess<'de>> VariantAccess<'de> for Guarded<'_, A> {
    type Error = A::Error;

    fn unit_variant(self) -> Result<(), A::Error> {
        self.inner.unit_variant()
    }

    fn newtype_variant_seed<S: DeserializeSeed<'de>>(self, seed: S) -> Result<S::Value, A::Error> {
        self.inner.newtype_variant_seed(Guarded::new(seed, self.limits))
    }

    fn tuple_variant<V: Visitor<'de>>(self, len: usize, visitor: V) -> Result<V::Value, A::Error> {
        self.inner.tuple_variant(len, Guarded::new(visitor, self.limits))
    }

    fn struct_variant<V: Visitor<'de>>(
        self,
        fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, A::Error> {
        self.inner.struct_variant(fields, Guarded::new(visitor, self.limits))
    }
}
