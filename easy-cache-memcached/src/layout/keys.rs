//! The names under which the items of one namespace are stored: what memcached accepts as a key, whatever the application's names are.

use easy_cache_core::Tag;
use easy_cache_core::store::Version;
use sha2::{Digest, Sha256};

/// memcached's own limit.
const LONGEST: usize = 250;
/// Names of tags share the number of their last invalidation in so many buckets.
const BUCKETS: u32 = 1024;

/// The names of one namespace. None of them is one of another's.
#[derive(Debug, Clone)]
pub(crate) struct Keys {
    namespace: Box<str>,
}

impl Keys {
    pub(crate) fn new(namespace: &str) -> Self {
        let is_plain = |byte: u8| byte.is_ascii_graphic() && !b":%#".contains(&byte);
        let namespace = if namespace.len() <= 64 && namespace.bytes().all(is_plain) {
            namespace.to_owned()
        } else {
            format!("#{}", digest(namespace.as_bytes()))
        };
        Self { namespace: namespace.into() }
    }

    /// What all names begin with, before a colon.
    pub(crate) fn namespace(&self) -> &str {
        &self.namespace
    }

    /// The record of the namespace as a whole.
    pub(crate) fn epoch(&self) -> Vec<u8> {
        self.named("f", b"")
    }

    pub(crate) fn tag(&self, tag: &Tag) -> Vec<u8> {
        self.named("t", tag.encoded())
    }

    pub(crate) fn key(&self, key: &[u8]) -> Vec<u8> {
        self.named("k", key)
    }

    pub(crate) fn entry(&self, key: &[u8], kind: u64) -> Vec<u8> {
        self.named(&format!("e:{kind:x}"), key)
    }

    /// What has the number of the last invalidation in a bucket.
    pub(crate) fn bucket(&self, bucket: u32) -> Vec<u8> {
        self.named("o", bucket.to_string().as_bytes())
    }

    /// What has the number of the last invalidation in all buckets of a server.
    pub(crate) fn all_buckets(&self) -> Vec<u8> {
        self.named("o", b"")
    }

    /// What is there as long as a writer's holds last.
    pub(crate) fn writer(&self, writer: Version) -> Vec<u8> {
        self.named("w", format!("{writer:?}").as_bytes())
    }

    /// What is there as long as one process computes a key for all.
    pub(crate) fn lease(&self, key: &[u8]) -> Vec<u8> {
        self.named("l", key)
    }

    /// A name as it is, or its digest under a kind of its own.
    fn named(&self, kind: &str, name: &[u8]) -> Vec<u8> {
        let key = [self.namespace.as_bytes(), b":", kind.as_bytes(), b":", name].concat();
        if key.len() <= LONGEST && name.iter().all(u8::is_ascii_graphic) {
            return key;
        }
        format!("{}:#{kind}:{}", self.namespace, digest(name)).into_bytes()
    }
}

/// The bucket of a tag.
pub(crate) fn bucket(tag: &Tag) -> u32 {
    crc32fast::hash(tag.encoded()) % BUCKETS
}

/// Nobody can find another name with it.
fn digest(name: &[u8]) -> String {
    Sha256::digest(name).iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(key: Vec<u8>) -> String {
        String::from_utf8(key).unwrap()
    }

    /// A change of these names is a decision: what other releases have stored would no longer be found.
    #[test]
    fn the_names_are_those_that_were_decided() {
        let keys = Keys::new("shop");
        assert_eq!(text(keys.epoch()), "shop:f:");
        assert_eq!(text(keys.tag(&Tag::row("books", 42))), "shop:t:dbooks:42");
        assert_eq!(text(keys.key(b"k:1")), "shop:k:k:1");
        assert_eq!(text(keys.entry(b"k:1", 0xab)), "shop:e:ab:k:1");
        assert_eq!(text(keys.bucket(7)), "shop:o:7");
        assert_eq!(text(keys.all_buckets()), "shop:o:");
        assert_eq!(text(keys.lease(b"k")), "shop:l:k");
        assert_eq!(text(keys.writer(Version::from_bytes([1; 16]))), "shop:w:01010101010101010101010101010101");
        let digest = "d353a2671b67afff0941ae456e5c76e9394bd6579774ae7542a6185fb9843384";
        assert_eq!(text(keys.key("größe".as_bytes())), format!("shop:#k:{digest}"));
        assert_eq!(bucket(&Tag::new("t")), 808);
    }

    #[test]
    fn whatever_the_name_is_memcached_accepts_it() {
        for namespace in ["shop", "shop:eu", "größe", "", &"n".repeat(300)] {
            let keys = Keys::new(namespace);
            for name in [b"k".as_slice(), b"a b", b"a\r\nflush_all", &[0xff, 0], &[b'k'; 400], b""] {
                let key = keys.entry(name, u64::MAX);
                assert!(key.len() <= LONGEST && key.iter().all(u8::is_ascii_graphic), "{key:?}");
            }
        }
    }

    #[test]
    fn names_and_namespaces_do_not_meet() {
        assert_ne!(Keys::new("a").entry(b"x", 0), Keys::new("a:e:0").entry(b"x", 0));
        assert_ne!(Keys::new("a").key(b"x y"), Keys::new("a").key(b"x z"));
        let hashed = digest(b"x y");
        assert_ne!(Keys::new("a").key(b"x y"), Keys::new("a").key(hashed.as_bytes()));
        assert_ne!(Keys::new("a:b").epoch(), Keys::new(&format!("#{}", digest(b"a:b"))).epoch());
    }
}
