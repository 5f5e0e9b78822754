//! Bytes that a store might return and nobody has written: every decoder reads its corpus without a panic, and asks for no more memory
//! than these bytes bear out.
//!
//! Random bytes are the business of the decoders' own tests, and of `fuzz/`, which begins with these corpora.
#![cfg(test)]

use std::alloc::System;

use easy_cache_core::testing::hostile;
use stats_alloc::{INSTRUMENTED_SYSTEM, Region, StatsAlloc};

#[global_allocator]
static ALLOCATOR: &StatsAlloc<System> = &INSTRUMENTED_SYSTEM;

/// A decoder, its corpus, and how many bytes it may ask for in all: for each byte that it is given, and besides.
struct Decoder {
    name: &'static str,
    read: fn(&[u8]),
    corpus: &'static str,
    for_each: usize,
}

/// Messages of errors, first lines, small buffers.
const BESIDES: usize = 64 << 10;

/// The doors read each text twice, so that a copy of it is theirs. A tag takes six times the bytes of its name's length.
const DECODERS: [Decoder; 7] = [
    decoder("envelope", hostile::envelope, include_str!("corpus/envelope.txt"), 16),
    decoder("label", hostile::label, include_str!("corpus/label.txt"), 4),
    decoder("an entry in redis", easy_cache_redis::hostile::entry, include_str!("corpus/redis-entry.txt"), 16),
    decoder("replies of redis", easy_cache_redis::hostile::replies, include_str!("corpus/redis-replies.txt"), 8),
    decoder(
        "an entry in memcached",
        easy_cache_memcached::hostile::entry,
        include_str!("corpus/memcached-entry.txt"),
        16,
    ),
    decoder(
        "replies of memcached",
        easy_cache_memcached::hostile::replies,
        include_str!("corpus/memcached-replies.txt"),
        8,
    ),
    decoder(
        "a record in memcached",
        easy_cache_memcached::hostile::record,
        include_str!("corpus/memcached-record.txt"),
        8,
    ),
];

const fn decoder(name: &'static str, read: fn(&[u8]), corpus: &'static str, for_each: usize) -> Decoder {
    Decoder { name, read, corpus, for_each }
}

/// The bytes that are asked for while this runs.
fn asked_for(run: impl FnOnce()) -> usize {
    let region = Region::new(&INSTRUMENTED_SYSTEM);
    run();
    region.change().bytes_allocated
}

/// One test alone in this program: the allocator counts for all threads.
#[test]
fn hostile_bytes_are_read_without_a_panic_and_within_the_memory_that_they_bear_out() {
    // case 73
    for Decoder { name, read, corpus, for_each } in DECODERS {
        for (line, bytes) in hostile::corpus(corpus) {
            let asked_for = asked_for(|| read(&bytes));
            println!("{name}, {line}: {} bytes, {asked_for} asked for", bytes.len());
            assert!(asked_for <= for_each * bytes.len() + BESIDES, "{name}, {line}: {asked_for} for {}", bytes.len());
            for cut in [1, 2, 4, 8, bytes.len() / 2] {
                read(&bytes[..bytes.len().saturating_sub(cut)]);
            }
        }
    }
    values();
}

/// Each body is read 40 times: as five types, by four codecs, compressed and not. A byte may stand for an element of 40 bytes, in a list
/// that doubles as it grows; and serde reserves up to a mebibyte for what is only claimed.
fn values() {
    const READS: usize = 40;
    for (line, body) in hostile::corpus(include_str!("../../easy-cache-core/tests/corpus/values.txt")) {
        let asked_for = asked_for(|| hostile::value(&body));
        println!("a value, {line}: {} bytes, {asked_for} asked for", body.len());
        assert!(asked_for <= READS * 128 * body.len() + (8 << 20), "{line}: {asked_for} for {}", body.len());
    }
}
