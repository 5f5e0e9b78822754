#![allow(unused)]

use easy_cache_core::ecached;

struct Shop;

#[ecached("k")]
fn nothing(n: u64) {}

#[ecached("k")]
async fn unit(n: u64) -> () {}

#[ecached("k")]
fn borrowed(text: &str) -> &str {
    text
}

#[ecached("k")]
fn borrowed_inside<'a>(text: &'a str) -> Option<std::borrow::Cow<'a, str>> {
    None
}

#[ecached("k")]
fn unnamed(n: u64) -> impl Iterator<Item = u64> {
    0..n
}

#[ecached("k")]
fn rewritten<'a>(n: &'a u64) -> ::core::pin::Pin<Box<dyn ::core::future::Future<Output = u64> + Send + 'a>> {
    Box::pin(async move { *n })
}

#[ecached("k")]
const fn constant(n: u64) -> u64 {
    n
}

#[ecached("k")]
unsafe fn not_safe(n: u64) -> u64 {
    n
}

#[ecached("k")]
extern "C" fn foreign(n: u64) -> u64 {
    n
}

impl Shop {
    #[ecached("k")]
    fn exclusive_in_a_pin(self: std::pin::Pin<&mut Self>) -> u64 {
        0
    }

    #[ecached("k")]
    fn exclusive(&mut self) -> u64 {
        0
    }

    #[ecached("k", detach)]
    async fn detached_from_self(&self) -> u64 {
        0
    }
}

#[ecached("k", detach)]
async fn detached(n: u64, text: &str) -> u64 {
    0
}

#[ecached("k", detach)]
async fn detached_inside<'a>(n: u64, text: Option<std::borrow::Cow<'a, str>>) -> u64 {
    0
}

#[ecached("k", detach)]
async fn detached_from_nothing(n: u64, text: &'static str) -> u64 {
    0
}

#[ecached]
struct Other;

trait Named {
    #[ecached("k")]
    fn name(&self) -> String;
}

fn main() {}
