//! What the server tells of changed records, in terms of tags and keys. What cannot be understood may concern everything.

use deadpool_redis::redis::{PushInfo, PushKind, Value};
use easy_cache_core::Tag;
use easy_cache_core::store::Mirror;

use crate::layout::Keys;

/// The news of one namespace.
#[derive(Debug)]
pub(crate) struct News {
    records: Box<[u8]>,
}

/// The names in one message.
#[derive(Debug, Default)]
struct Names<'a> {
    tags: Vec<Tag>,
    keys: Vec<&'a [u8]>,
    everything: bool,
}

impl News {
    pub(crate) fn new(keys: &Keys) -> Self {
        Self { records: keys.records().into() }
    }

    /// Tells a near cache what a message means.
    pub(crate) fn tell(&self, push: PushInfo, mirror: &dyn Mirror) {
        let names = match (&push.kind, push.data.as_slice()) {
            (PushKind::Invalidate, [Value::Array(changed)]) => self.of_records(changed),
            // No list of names: the whole database was emptied, or another one.
            (PushKind::Invalidate | PushKind::Disconnection, _) => Names { everything: true, ..Names::default() },
            (PushKind::Message, [_channel, Value::BulkString(published)]) => Names::of_published(published),
            (PushKind::Message, _) => Names { everything: true, ..Names::default() },
            _ => return,
        };
        if names.everything {
            mirror.forget_everything();
        } else if !names.tags.is_empty() || !names.keys.is_empty() {
            mirror.forget(&names.tags, &names.keys);
        }
    }

    fn of_records<'a>(&self, changed: &'a [Value]) -> Names<'a> {
        let mut names = Names::default();
        for value in changed {
            match value {
                Value::BulkString(key) => match key.strip_prefix(&*self.records) {
                    Some(name) => names.add(name),
                    None => names.everything = true,
                },
                _ => names.everything = true,
            }
        }
        names
    }
}

impl<'a> Names<'a> {
    /// Each name behind its length in four bytes, as the scripts publish them.
    fn of_published(mut rest: &'a [u8]) -> Self {
        let mut names = Self::default();
        while let Some((length, behind)) = rest.split_first_chunk() {
            let Some((name, others)) = behind.split_at_checked(u32::from_be_bytes(*length) as usize) else { break };
            names.add(name);
            rest = others;
        }
        names.everything |= !rest.is_empty();
        names
    }

    fn add(&mut self, name: &'a [u8]) {
        match name.split_first() {
            Some((b'k', key)) => self.keys.push(key),
            // A digest: what depends on a name as long as that is not kept near.
            Some((b'#', _)) => {}
            _ => match Tag::decode(name) {
                Some(tag) => self.tags.push(tag),
                None => self.everything = true,
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;

    use easy_cache_core::store::Asked;

    use super::*;

    #[derive(Debug, Default)]
    struct Told(Mutex<Vec<String>>);

    impl Mirror for Told {
        fn forget(&self, tags: &[Tag], keys: &[&[u8]]) {
            let keys: Vec<_> = keys.iter().map(|key| String::from_utf8_lossy(key)).collect();
            self.0.lock().unwrap().push(format!("{tags:?} {keys:?}"));
        }

        fn forget_everything(&self) {
            self.0.lock().unwrap().push("everything".to_owned());
        }

        fn ask(&self) -> Asked {
            Asked::new(0)
        }

        fn proved(&self, _: Asked) {}
    }

    fn told(kind: PushKind, data: Vec<Value>) -> Vec<String> {
        let told = Told::default();
        News::new(&Keys::new("n")).tell(PushInfo { kind, data }, &told);
        told.0.into_inner().unwrap()
    }

    fn bytes(text: impl AsRef<[u8]>) -> Value {
        Value::BulkString(text.as_ref().to_vec())
    }

    #[test]
    fn names_of_records_are_tags_and_keys() {
        let changed = vec![bytes("{ec1:n}:r:tbooks"), bytes("{ec1:n}:r:kkey"), bytes("{ec1:n}:r:dbooks:42")];
        let names = told(PushKind::Invalidate, vec![Value::Array(changed)]);
        assert_eq!(names, [r#"[Tag("books"), Data("books:42")] ["key"]"#]);
    }

    #[test]
    fn what_is_not_a_list_of_known_names_may_be_everything() {
        let epoch = Value::Array(vec![bytes("{ec1:n}:r:tbooks"), bytes("{ec1:n}:r:!")]);
        let other = Value::Array(vec![bytes("{ec1:other}:r:tbooks")]);
        for data in [vec![Value::Nil], vec![], vec![epoch], vec![other], vec![Value::Array(vec![Value::Nil])]] {
            assert_eq!(told(PushKind::Invalidate, data.clone()), ["everything"], "{data:?}");
        }
        assert_eq!(told(PushKind::Disconnection, vec![]), ["everything"]);
    }

    #[test]
    fn digests_are_nobodys_and_what_is_no_news_is_nothing() {
        assert!(told(PushKind::Invalidate, vec![Value::Array(vec![bytes("{ec1:n}:r:#ab")])]).is_empty());
        assert!(told(PushKind::Subscribe, vec![bytes("channel"), Value::Int(1)]).is_empty());
    }

    #[test]
    fn what_is_published_is_read_to_its_last_byte() {
        let published = |text: &[u8]| told(PushKind::Message, vec![bytes("channel"), bytes(text)]);
        assert_eq!(published(b"\0\0\0\x02ta\0\0\0\x02kb"), [r#"[Tag("a")] ["b"]"#]);
        assert_eq!(published(b"\0\0\0\x01!"), ["everything"]);
        for cut in [&b"\0\0\0\x02ta\0\0\0\x02k"[..], b"\0\0\0\x02ta\0\0", b"x"] {
            assert_eq!(published(cut), ["everything"], "{cut:?}");
        }
    }
}
