//! The names under which the records and entries of one namespace are stored.

use std::fmt::Write;

use easy_cache_core::Tag;
use sha2::{Digest, Sha256};

/// Names up to this length are stored as they are; of longer ones a digest, which nobody can forge, stands for the name.
pub(crate) const LONGEST: usize = 512;

/// The names of one namespace. None of them is one of another's, and none of another layout's.
#[derive(Debug, Clone)]
pub(crate) struct Keys {
    namespace: Box<str>,
    /// What all names begin with that stand together on one node of a cluster.
    together: Box<str>,
    records: Box<[u8]>,
}

impl Keys {
    pub(crate) fn new(namespace: &str) -> Self {
        let escaped = Self::escaped(namespace);
        Self::standing_together(format!("{{{escaped}}}"), escaped)
    }

    /// One of several groups of records on a cluster, each of which stands together. A single one is that of [`Self::new`].
    #[cfg(feature = "cluster")]
    pub(crate) fn of_group(namespace: &str, group: usize, groups: usize) -> Self {
        if groups == 1 {
            return Self::new(namespace);
        }
        let escaped = Self::escaped(namespace);
        Self::standing_together(format!("{{{escaped}:{group}}}"), escaped)
    }

    fn standing_together(together: String, namespace: String) -> Self {
        Self {
            records: format!("{together}:r:").into_bytes().into(),
            together: together.into(),
            namespace: namespace.into(),
        }
    }

    fn escaped(namespace: &str) -> String {
        let mut escaped = String::from("ec1:");
        for letter in namespace.chars() {
            // The braces say what stands together on a cluster; the colon ends the namespace.
            match letter {
                '%' | ':' | '{' | '}' => _ = write!(escaped, "%{:02X}", letter as u32),
                _ => escaped.push(letter),
            }
        }
        escaped
    }

    /// The id of the order, and its sequence.
    pub(crate) fn order(&self) -> Vec<u8> {
        format!("{}:o", self.together).into_bytes()
    }

    /// The sequence of the last invalidation in each bucket.
    pub(crate) fn buckets(&self) -> Vec<u8> {
        format!("{}:b", self.together).into_bytes()
    }

    /// What all records begin with.
    pub(crate) fn records(&self) -> &[u8] {
        &self.records
    }

    /// The channel of those who follow without tracking.
    pub(crate) fn news(&self) -> Vec<u8> {
        format!("{}:n", self.together).into_bytes()
    }

    /// On a cluster: how many groups of records there are.
    #[cfg(feature = "cluster")]
    pub(crate) fn number_of_groups(&self) -> Vec<u8> {
        format!("{}:g", self.together).into_bytes()
    }

    /// The record of the namespace as a whole.
    pub(crate) fn epoch(&self) -> Vec<u8> {
        self.record(b"!", b"")
    }

    pub(crate) fn tag(&self, tag: &Tag) -> Vec<u8> {
        self.record(b"", tag.encoded())
    }

    pub(crate) fn key(&self, key: &[u8]) -> Vec<u8> {
        self.record(b"k", key)
    }

    pub(crate) fn entry(&self, key: &[u8], kind: u64) -> Vec<u8> {
        named(format!("{}:e:{kind:x}:", self.namespace).as_bytes(), b"", key)
    }

    /// What all entries begin with.
    pub(crate) fn entries(&self) -> Vec<u8> {
        format!("{}:e:", self.namespace).into_bytes()
    }

    /// What all leases begin with.
    pub(crate) fn leases(&self) -> Vec<u8> {
        format!("{}:l:", self.namespace).into_bytes()
    }

    /// Where a value waits until it is decided whether it is kept.
    pub(crate) fn waiting(&self, number: u128) -> Vec<u8> {
        format!("{}:w:{number:032x}", self.namespace).into_bytes()
    }

    pub(crate) fn lease(&self, key: &[u8]) -> Vec<u8> {
        named(format!("{}:l:", self.namespace).as_bytes(), b"k", key)
    }

    fn record(&self, family: &[u8], name: &[u8]) -> Vec<u8> {
        named(&self.records, family, name)
    }
}

/// A name under a prefix. The letter of a digest is no family's.
fn named(prefix: &[u8], family: &[u8], name: &[u8]) -> Vec<u8> {
    let mut key = Vec::with_capacity(prefix.len() + family.len() + name.len().min(LONGEST));
    key.extend(prefix);
    if name.len() <= LONGEST {
        key.extend(family);
        key.extend(name);
    } else {
        key.push(b'#');
        let digest = Sha256::new().chain_update(family).chain_update(name).finalize();
        digest.iter().for_each(|byte| key.extend(format!("{byte:02x}").bytes()));
    }
    key
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(key: Vec<u8>) -> String {
        String::from_utf8(key).unwrap()
    }

    /// A change of these keys is a decision: what other releases have stored would no longer be found.
    #[test]
    fn the_keys_are_those_that_were_decided() {
        let keys = Keys::new("shop:{eu}");
        assert_eq!(text(keys.order()), "{ec1:shop%3A%7Beu%7D}:o");
        assert_eq!(text(keys.buckets()), "{ec1:shop%3A%7Beu%7D}:b");
        #[cfg(feature = "cluster")]
        assert_eq!(text(keys.number_of_groups()), "{ec1:shop%3A%7Beu%7D}:g");
        let keys = Keys::new("");
        assert_eq!(text(keys.epoch()), "{ec1:}:r:!");
        assert_eq!(text(keys.tag(&Tag::row("books", 42))), "{ec1:}:r:dbooks:42");
        assert_eq!(text(keys.key("größe:1".as_bytes())), "{ec1:}:r:kgröße:1");
        assert_eq!(text(keys.entry(b"k:1", 0xfe)), "ec1::e:fe:k:1");
        assert_eq!(keys.entry(&[0xff, 0], 0), b"ec1::e:0:\xff\0");
        assert_eq!(text(keys.waiting(7)), "ec1::w:00000000000000000000000000000007");
        assert_eq!(text(keys.lease(b"k")), "ec1::l:kk");
        let digest = "{ec1:}:r:#480e3dd8f76564834a1fd4f85650bf08fea837156119ed1c5d0276d6c7b20a70";
        assert_eq!(text(keys.key(&[b'a'; 513])), digest);
    }

    #[test]
    fn one_namespace_does_not_reach_into_another() {
        assert_ne!(Keys::new("a").entry(b"x", 0), Keys::new("a:e:0").entry(b"x", 0));
        assert!(!Keys::new("a:b").records().starts_with(Keys::new("a").records()));
        assert!(!Keys::new("ab").records().starts_with(Keys::new("a").records()));
    }

    #[test]
    fn a_key_cannot_forge_the_record_of_a_tag_nor_a_digest() {
        let keys = Keys::new("n");
        assert_ne!(keys.key(b"x"), keys.tag(&Tag::new("x")));
        let long = [b'x'; 600];
        assert_ne!(keys.key(&long), keys.tag(&Tag::new("x".repeat(600))));
        let digest = keys.key(&long)[keys.records().len()..].to_vec();
        assert_ne!(keys.key(&digest), keys.key(&long));
    }
}
