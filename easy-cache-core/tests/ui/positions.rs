#![allow(unused)]

use easy_cache_core::ecached;

struct Shop;

impl Shop {
    #[ecached("k")]
    fn looks_like_a_free_function(n: u64) -> u64 {
        n
    }
}

trait Named {
    fn name(&self) -> String;
}

impl Named for Shop {
    #[ecached(skip(self))]
    fn name(&self) -> String {
        String::new()
    }
}

fn main() {}
