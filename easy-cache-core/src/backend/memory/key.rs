//! Keys as the map sees them: bytes, hashed without the length prefix that slices add.

use std::hash::{Hash, Hasher};

use quick_cache::Equivalent;

/// A key that an entry owns.
#[derive(PartialEq, Eq)]
pub(super) struct OwnedKey(Box<[u8]>);

/// The same key while it is only looked up.
#[derive(Clone, Copy)]
pub(super) struct KeyRef<'a>(pub(super) &'a [u8]);

impl OwnedKey {
    pub(super) const fn bytes(&self) -> &[u8] {
        &self.0
    }
}

impl KeyRef<'_> {
    pub(super) fn to_owned(self) -> OwnedKey {
        OwnedKey(self.0.into())
    }
}

impl Hash for OwnedKey {
    fn hash<H: Hasher>(&self, state: &mut H) {
        state.write(&self.0);
    }
}

impl Hash for KeyRef<'_> {
    #[inline]
    fn hash<H: Hasher>(&self, state: &mut H) {
        state.write(self.0);
    }
}

impl Equivalent<OwnedKey> for KeyRef<'_> {
    #[inline]
    fn equivalent(&self, key: &OwnedKey) -> bool {
        *self.0 == *key.0
    }
}
