//! What a call does not say, its cache says.

use easy_cache_core::{Cache, ManualClock, Policy};

use crate::support::{Calls, seconds};

#[tokio::test]
async fn a_cache_says_what_its_calls_leave_open() {
    let clock = ManualClock::new();
    let defaults = Policy::new().ttl(seconds(60)).tags(["sessions"]);
    let (cache, calls) = (Cache::builder().clock(clock.clock()).defaults(defaults).build(), Calls::default());
    cache.get_or_compute("said", calls.load(1)).ttl(seconds(10)).tags(["mine"]).await;
    cache.get_or_compute("open", calls.load(1)).await;
    cache.set("set", 1).wait();
    assert_eq!(cache.time_to_live("said").wait(), Some(seconds(10)));
    assert_eq!(cache.time_to_live("open").wait(), Some(seconds(60)));
    assert_eq!(cache.time_to_live("set").wait(), Some(seconds(60)));
    cache.invalidate_tags(["sessions"]).await.unwrap();
    for key in ["said", "open", "set"] {
        assert!(!cache.contains(key).await, "{key} carries the tag of its cache");
    }
}
