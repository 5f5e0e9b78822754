//! This project's cache: without tags, with tags that all entries share, and with one that nobody shares.

use easy_cache_core::{Cache, Tag};

use crate::{Candidate, Filled, key};

/// No tag, two, eight; and one for each entry, which has a record of its own.
pub(crate) fn candidates() -> Vec<Candidate> {
    vec![
        Candidate { name: "Cache", tags: 0, fill: |entries| filled(entries, |_| Vec::new()) },
        Candidate { name: "Cache, 2 shared tags", tags: 2, fill: |entries| filled(entries, |_| shared(2)) },
        Candidate { name: "Cache, 8 shared tags", tags: 8, fill: |entries| filled(entries, |_| shared(8)) },
        Candidate {
            name: "Cache, a tag of its own",
            tags: 1,
            fill: |entries| filled(entries, |number| vec![Tag::row("entry", number)]),
        },
    ]
}

fn shared(count: usize) -> Vec<Tag> {
    (0..count).map(|number| Tag::new(format!("tag {number}"))).collect()
}

struct Entries {
    cache: Cache,
    tags: fn(usize) -> Vec<Tag>,
}

fn filled(entries: usize, tags: fn(usize) -> Vec<Tag>) -> Box<dyn Filled> {
    let cache = Cache::builder().max_weight(u64::MAX).expected_entries(entries).build();
    for number in 0..entries {
        cache.set(key(number), number as u64).wait();
    }
    Box::new(Entries { cache, tags })
}

impl Filled for Entries {
    fn count(&self) -> usize {
        self.cache.len()
    }

    fn replace_with_tagged(&self) {
        for number in 0..self.cache.len() {
            self.cache.set(key(number), number as u64).tags((self.tags)(number)).wait();
        }
    }
}
