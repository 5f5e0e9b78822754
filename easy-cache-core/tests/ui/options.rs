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

#[ecached(key = make_key)]
fn key_by_function() -> u64 {
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

#[ecached("k", only_if = |a, b| true)]
fn closure_of_two() -> u64 {
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

fn main() {}
