#![allow(unused)]

use easy_cache_core::ecached;

#[ecached("plain")]
fn plain() -> u64 {
    0
}


fn main() {
    let _ = plain_cache().invalidate_tags_only(["a"]).wait();
    let _ = plain_cache().invalidate_tags().wait();
    let _ = plain_cache().invalidate_prefix().wait();
}
