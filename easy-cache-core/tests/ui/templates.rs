#![allow(unused)]

use easy_cache_core::ecached;

struct Shop;

#[ecached("users:{stat}")]
fn unknown_name(db: &str, state: u64) -> u64 {
    state
}

#[ecached("users:{n}")]
fn unknown_name_without_parameters() -> u64 {
    0
}

#[ecached("users:{2}")]
fn unknown_position(db: &str, (a, b): (u64, u64)) -> u64 {
    a
}

#[ecached("users:{self.id}")]
fn no_self(id: u64) -> u64 {
    id
}

#[ecached("users", prefix = "shop:{shop}")]
fn in_the_prefix(id: u64) -> u64 {
    id
}

#[ecached("users", tags = ["all", "by:{author}"])]
fn in_a_tag(id: u64) -> u64 {
    id
}

#[ecached(key = [id, user.name])]
fn in_a_list(id: u64) -> u64 {
    id
}

impl Shop {
    #[ecached("{shop}")]
    async fn method(&self, id: u64, n: u64) -> u64 {
        id
    }
}

#[ecached("users:{id")]
fn not_closed(id: u64) -> u64 {
    id
}

#[ecached("users:id}")]
fn not_opened(id: u64) -> u64 {
    id
}

#[ecached("users:{}")]
fn without_name(id: u64) -> u64 {
    id
}

#[ecached("users:{id.len()}")]
fn call(id: &str) -> u64 {
    0
}

#[ecached("users:{id:width$}")]
fn format_with_argument(id: u64, width: usize) -> u64 {
    id
}

#[ecached("")]
fn empty(id: u64) -> u64 {
    id
}

#[ecached(key = [])]
fn empty_list(id: u64) -> u64 {
    id
}

#[ecached(key = [id + 1])]
fn expression_in_a_list(id: u64) -> u64 {
    id
}

fn main() {
    // The functions are there in spite of all, so that one mistake gives one message.
    unknown_name("", unknown_position("", (1, 2)));
}
