#![allow(unused)]

use easy_cache_core::ecached;

struct Shop;

#[ecached("k", tag = ["a"])]
fn unknown() -> u64 {
    0
}

#[ecached("k", key = "l")]
fn key_twice() -> u64 {
    0
}

#[ecached("k", 100, ttl = "1s")]
fn ttl_twice() -> u64 {
    0
}

#[ecached("k", local, local)]
fn word_twice() -> u64 {
    0
}

#[ecached("k", ttl = "5 years")]
fn unknown_unit() -> u64 {
    0
}

#[ecached("k", ttl = 0)]
fn zero() -> u64 {
    0
}

#[ecached("k", ttl = 1.5)]
fn fraction() -> u64 {
    0
}

#[ecached("k", ttl)]
fn without_value() -> u64 {
    0
}

#[ecached("k", local = true)]
fn word_with_value() -> u64 {
    0
}

#[ecached(key = 7)]
fn key_by_number() -> u64 {
    0
}

#[ecached(key = |a, b| "k")]
fn key_closure_of_two() -> u64 {
    0
}

#[ecached(key = async || "k")]
fn key_closure_that_waits() -> u64 {
    0
}

#[ecached("k", prefix = |a, b| "p")]
fn prefix_closure_of_two() -> u64 {
    0
}

#[ecached("k", ttl = async |value| TTL)]
fn ttl_that_waits() -> u64 {
    0
}

#[ecached("k", weight = 100)]
fn weight_without_closure() -> u64 {
    0
}

#[ecached("k", cache_none = 0)]
fn none_for_no_time() -> Option<u64> {
    None
}

#[ecached("k", cache_err "1s")]
fn err_without_sign() -> Result<u64, u64> {
    Err(0)
}

#[ecached("k", jitter = "soon")]
fn jitter_without_unit() -> u64 {
    0
}

#[ecached("k", early_refresh = 1.5)]
fn early_refresh_beyond_the_ttl() -> u64 {
    0
}

#[ecached("k", early_refresh = "late")]
fn early_refresh_by_an_unknown_rule() -> u64 {
    0
}

#[ecached("k", stale_while_revalidate)]
fn grace_without_length() -> u64 {
    0
}

#[ecached("k", no_handle = true)]
fn no_handle_with_value() -> u64 {
    0
}

#[ecached("k", detach = true)]
fn detach_with_value() -> u64 {
    0
}

#[ecached("k", prefix = 7)]
fn prefix_without_quotes() -> u64 {
    0
}

#[ecached("k", tags = ["a", 7])]
fn tag_without_quotes() -> u64 {
    0
}

#[ecached("k", only_if = true)]
fn condition_without_closure() -> u64 {
    0
}

#[ecached("k", only_if = |a, b, c| true)]
fn closure_of_three() -> u64 {
    0
}

#[ecached(skip = db)]
fn skip_without_parentheses(db: u64) -> u64 {
    0
}

#[ecached(skip(bd))]
fn skip_of_unknown(db: u64, n: u64) -> u64 {
    0
}

#[ecached(skip(db, db))]
fn skip_twice(db: u64) -> u64 {
    0
}

impl Shop {
    #[ecached]
    fn what_of_self(&self, n: u64) -> u64 {
        n
    }
}

#[ecached("k", timeout = 60)]
fn name_from_elsewhere() -> u64 {
    0
}

#[ecached("k", sync_writes)]
fn word_from_elsewhere() -> u64 {
    0
}

#[ecached("k", ttl = 60, Duration::from_secs(5))]
fn expression_without_a_name() -> u64 {
    0
}

#[ecached("k", 60, "tag")]
fn text_without_a_name() -> u64 {
    0
}

#[ecached("k", cache_none = true)]
fn none_with_a_truth() -> Option<u64> {
    None
}

fn main() {}
