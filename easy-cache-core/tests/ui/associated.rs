use easy_cache_core::ecached;

struct Shop;

impl Shop {
    #[ecached("k")]
    fn looks_like_a_free_function(n: u64) -> u64 {
        n
    }
}

fn main() {}
