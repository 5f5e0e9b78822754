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
    fn by_value(self) -> u64 {
        0
    }

    #[ecached("k")]
    fn exclusive(&mut self) -> u64 {
        0
    }

    #[ecached("k")]
    fn associated(n: u64) -> Option<Self> {
        None
    }
}

#[ecached]
impl Shop {}

#[ecached]
struct Other;

trait Named {
    #[ecached("k")]
    fn name(&self) -> String;
}

fn main() {}
