//! One target for all decoders: the first byte says which, so that one build and one run search all of them.
#![no_main]

use easy_cache_core::testing::hostile;
use easy_cache_memcached::hostile as memcached;
use easy_cache_redis::hostile as redis;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let Some((which, bytes)) = bytes.split_first() else { return };
    match which {
        b'v' => hostile::value(bytes),
        b'l' => hostile::label(bytes),
        b'e' => hostile::envelope(bytes),
        b'r' => redis::replies(bytes),
        b'R' => redis::entry(bytes),
        b'm' => memcached::replies(bytes),
        b'M' => memcached::entry(bytes),
        b't' => memcached::record(bytes),
        _ => {}
    }
});
