//! What values weigh in a bounded cache.

use easy_cache_core::{Cache, Weigh, ecached};

/// Neither serialised nor weighed by itself.
#[derive(Clone)]
struct Opaque(Vec<u64>);

#[derive(Clone)]
struct Known(Vec<u64>);

impl Weigh for Known {
    fn owned(&self) -> u64 {
        self.0.owned() + 1_000_000
    }
}

/// By how much the cache gains weight, without what every entry costs.
fn gain(cache: &Cache, fill: impl FnOnce()) -> u64 {
    let before = cache.weight();
    fill();
    cache.weight() - before
}

#[test]
fn local_values_weigh_what_they_own_as_far_as_they_say_it() {
    let cache = Cache::new();
    #[ecached("w:text", local, cache = cache)]
    fn text(cache: &Cache) -> Result<Vec<String>, u8> {
        Ok(vec!["x".repeat(10_000)])
    }
    #[ecached("w:knows", local, cache = cache)]
    fn known(cache: &Cache) -> std::sync::Arc<Known> {
        Known(vec![0; 100]).into()
    }
    #[ecached("w:other", local, cache = cache)]
    fn opaque(cache: &Cache) -> Opaque {
        Opaque(vec![0; 10_000])
    }
    let of_text = gain(&cache, || drop(text(&cache)));
    let of_known = gain(&cache, || drop(known(&cache)));
    let of_opaque = gain(&cache, || drop(opaque(&cache)));
    assert!((10_000..11_000).contains(&of_text), "{of_text}");
    assert!((1_000_800..1_002_000).contains(&of_known), "{of_known}");
    assert!(of_opaque < 1000, "{of_opaque}");
}

#[test]
fn a_function_can_say_what_its_values_weigh() {
    let cache = Cache::new();
    #[ecached("w:said", local, weight = |opaque| opaque.0.len() as u64 * 8, cache = cache)]
    fn said(cache: &Cache) -> Option<Opaque> {
        Some(Opaque(vec![0; 10_000]))
    }
    #[ecached("w:meta", weight = |value, meta| value.len() as u64 + meta.function().len() as u64 * 5000, cache = cache)]
    async fn meta(cache: &Cache) -> String {
        "abc".to_owned()
    }
    let of_said = gain(&cache, || drop(said(&cache)));
    let of_meta = gain(&cache, || drop(crate::support::block_on(meta(&cache))));
    assert!((80_000..81_000).contains(&of_said), "{of_said}");
    assert!((20_000..21_000).contains(&of_meta), "{of_meta}");
}
