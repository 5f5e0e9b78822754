//! Why is this not cached? Every answer there is, as a value and as a sentence.

use easy_cache_core::events::Refusal;
use easy_cache_core::{Cache, Tag, Verdict, ecached, scope};

use crate::support::{cache_and_clock, seconds};

#[test]
fn what_is_served_says_until_when_and_carries_which_tags() {
    let (cache, clock) = cache_and_clock();
    cache.set("k", 1).ttl(seconds(60)).tags(["b", "a"]).wait();
    clock.advance(seconds(20));
    let explanation = cache.explain("k");
    assert_eq!(explanation.verdict, Verdict::Served { remaining: Some(seconds(40)) });
    assert_eq!(
        (explanation.stored, explanation.tags.as_slice()),
        (Some(seconds(20)), &[Tag::new("a"), Tag::new("b")][..])
    );
    assert_eq!(explanation.to_string(), "`k`: served, for 40 s more; stored 20 s ago; tags: a, b");
    cache.set("endless", 1).wait();
    let printed = cache.explain("endless").to_string();
    assert_eq!(printed, "`endless`: served, until it is invalidated or evicted; stored 0 ms ago");
}

#[test]
fn an_expired_value_says_since_when() {
    let (cache, clock) = cache_and_clock();
    cache.set("k", 1).ttl(seconds(60)).wait();
    clock.advance(seconds(90));
    let explanation = cache.explain("k");
    assert_eq!(explanation.verdict, Verdict::Expired { ago: seconds(30) });
    assert_eq!(explanation.to_string(), "`k`: not served: its ttl passed 30 s ago; stored 90 s ago");
}

#[test]
fn an_outdated_value_names_every_tag_that_changed_and_when() {
    let (cache, clock) = cache_and_clock();
    cache.set("k", 1).tags(["a", "b", "c"]).wait();
    clock.advance(seconds(10));
    cache.invalidate_tags(["a"]).wait().unwrap();
    clock.advance(seconds(5));
    cache.invalidate_tags(["c"]).wait().unwrap();
    let explanation = cache.explain("k");
    let Verdict::Outdated { changes } = &explanation.verdict else { panic!("{explanation}") };
    let changes: Vec<_> = changes.iter().map(|change| (change.tag.clone(), change.ago)).collect();
    assert_eq!(changes, [(Some(Tag::new("a")), seconds(5)), (Some(Tag::new("c")), seconds(0))]);
    let printed = "`k`: not served: tag `a` was invalidated 5 s ago, tag `c` was invalidated 0 ms ago; \
                   stored 15 s ago; tags: a, b, c";
    assert_eq!(explanation.to_string(), printed);
}

#[test]
fn a_value_of_a_tag_that_a_writer_holds_says_since_when() {
    let (cache, clock) = cache_and_clock();
    cache.set("k", 1).tags(["t"]).wait();
    let first = cache.hold(["t"], seconds(100)).wait();
    clock.advance(seconds(3));
    let _second = cache.hold(["t"], seconds(200)).wait();
    let explanation = cache.explain("k");
    let Verdict::Held { holds } = &explanation.verdict else { panic!("{explanation}") };
    assert_eq!((holds[0].tag.clone(), holds[0].ago), (Some(Tag::new("t")), seconds(3)));
    assert!(explanation.to_string().contains("tag `t` is held by a writer, since 3 s ago"));
    first.rollback().wait().unwrap();
    clock.advance(seconds(200));
    assert!(
        matches!(cache.explain("k").verdict, Verdict::Outdated { .. }),
        "a hold past its deadline counts as a change"
    );
}

#[test]
fn holds_and_invalidations_of_everything_stand_without_a_tag() {
    let (cache, clock) = cache_and_clock();
    cache.set("k", 1).tags(["t"]).wait();
    let hold = cache.hold_all(seconds(9)).wait();
    assert!(cache.explain("k").to_string().contains("the whole namespace is held by a writer"));
    hold.rollback().wait().unwrap();
    cache.invalidate_all().wait().unwrap();
    clock.advance(seconds(3));
    assert_eq!(cache.explain("k").verdict, Verdict::Emptied { ago: seconds(3) });
}

#[test]
fn what_is_not_there_says_what_became_of_it() {
    let (cache, clock) = cache_and_clock();
    let after = |seconds_later| {
        clock.advance(seconds(seconds_later));
        cache.explain("k").verdict
    };
    assert_eq!(after(0), Verdict::Absent);
    cache.set("k", 1).wait();
    cache.invalidate_key("k").wait().unwrap();
    assert_eq!(after(2), Verdict::Removed { ago: seconds(2) });
    let outdated = || {
        cache.invalidate_tags(["t"]).wait().unwrap();
        Some(1)
    };
    cache.get_or_compute_sync("k", outdated).tags(["t"]).wait();
    assert_eq!(after(3), Verdict::Refused { why: Refusal::Tag(Tag::new("t")), ago: seconds(3) });
    cache.set("k", 1).weight(u64::MAX).wait();
    assert_eq!(after(1), Verdict::TooLarge { ago: seconds(1) });
    cache.set("k", 1).wait();
    assert_eq!(after(1), Verdict::Served { remaining: None }, "what is there needs no history");
}

#[test]
fn a_newer_value_that_was_not_kept_is_told_beside_the_older_one() {
    let (cache, clock) = cache_and_clock();
    cache.set("k", 1).wait();
    clock.advance(seconds(5));
    let tainted = || {
        scope::taint();
        Some(2)
    };
    cache.get_or_compute_sync("k", tainted).refresh().wait();
    let explanation = cache.explain("k");
    assert_eq!(explanation.refused, Some((Refusal::Tainted, seconds(0))));
    assert!(explanation.to_string().contains("0 ms ago a newer value was not kept: it saw what others may not see"));
    cache.set("k", 3).wait();
    clock.advance(seconds(1));
    cache.set("k", 4).wait();
    assert_eq!(cache.explain("k").refused, None);
}

#[tokio::test]
async fn a_cache_that_may_not_be_used_says_so_first() {
    let cache = Cache::new();
    cache.set("k", 1).await;
    assert_eq!(scope::bypass(async { cache.explain("k").verdict }).await, Verdict::Bypassed);
    cache.set_enabled(false);
    assert_eq!(cache.explain("k").verdict, Verdict::Disabled);
}

#[test]
fn a_tag_of_another_cache_is_named_too() {
    let (near, far) = (Cache::new(), Cache::new());
    let load = || far.get_or_compute_sync("inner", || Some(1)).tags(["t"]).wait();
    near.get_or_compute_sync("outer", load).wait();
    far.invalidate_tags(["t"]).wait().unwrap();
    assert!(near.explain("outer").to_string().contains("tag `t` was invalidated"));
}

#[test]
fn a_handle_explains_the_call_that_it_stands_for() {
    #[ecached("double:{n}", cache = cache, tags = ["doubles"])]
    fn double(cache: &Cache, n: u64) -> u64 {
        2 * n
    }
    let cache = Cache::new();
    double(&cache, 4);
    assert!(matches!(double_cache(&cache, 4).explain().verdict, Verdict::Served { .. }));
    cache.invalidate_tags(["doubles"]).wait().unwrap();
    assert!(matches!(double_key(&cache, &4).explain().verdict, Verdict::Outdated { .. }));
}

#[test]
fn asking_changes_nothing() {
    let cache = Cache::new();
    cache.set("k", 1).tags(["t"]).wait();
    let mut request = easy_cache_core::Scope::new();
    request.run(|| cache.explain("k"));
    assert!(request.tags().is_empty());
    assert_eq!(cache.get("k").wait(), Some(1));
}
