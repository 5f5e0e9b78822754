//! What a cache tells: to subscribers, under which names, and how much of a key.

use std::time::Duration;

use easy_cache_core::events::Redaction;
use easy_cache_core::{Cache, Scope, ecached, scope};
use tracing::Level;

use crate::listener::listen;
use crate::support::{Calls, cache_and_clock, poll, seconds};

fn load(cache: &Cache, key: &str) {
    cache.get_or_compute_sync(key, || Some(1)).tags(["t"]).wait();
}

// parity 32
#[test]
fn misses_refreshes_and_hits_are_told_with_key_tags_and_reason() {
    let cache = Cache::builder().trace_hits(true).build();
    let ((), heard) = listen(Level::TRACE, || {
        load(&cache, "k");
        load(&cache, "k");
        cache.get_or_compute_sync("k", || Some(2)).refresh().wait();
        cache.invalidate_tags(["t"]).wait().unwrap();
        load(&cache, "k");
    });
    let expected = [
        "MISS key=k reason=absent",
        "load[ key=k]",
        ">",
        "<",
        "STORED key=k tags=t",
        "HIT key=k tier=memory",
        "REFRESH key=k",
        "load[ key=k]",
        ">",
        "<",
        "STORED key=k tags=",
        "INVALIDATED kind=tags tags=t",
        "HIT key=k tier=memory",
    ];
    assert_eq!(heard, expected, "the refreshed value has no tag any more");
}

#[test]
fn hits_of_functions_and_in_scopes_are_told_as_well() {
    #[ecached("square:{n}", cache = cache)]
    fn square(cache: &Cache, n: u64) -> u64 {
        n * n
    }
    let cache = Cache::builder().trace_hits(true).build();
    square(&cache, 3);
    let ((), heard) = listen(Level::TRACE, || {
        square(&cache, 3);
        Scope::new().run(|| square(&cache, 3));
        cache.get::<u64>("square:3").wait();
    });
    assert_eq!(heard, ["HIT key=square:3 tier=memory"; 3]);
}

#[test]
fn hits_are_not_told_unless_they_were_asked_for() {
    let cache = Cache::new();
    load(&cache, "k");
    let ((), heard) = listen(Level::TRACE, || load(&cache, "k"));
    assert!(heard.is_empty(), "{heard:?}");
}

#[test]
fn every_reason_for_a_miss_has_its_word() {
    let (cache, clock) = cache_and_clock();
    let missed = |key: &str| {
        let ((), heard) = listen(Level::DEBUG, || load(&cache, key));
        heard[0].clone()
    };
    assert_eq!(missed("k"), "MISS key=k reason=absent");
    cache.invalidate_tags(["t"]).wait().unwrap();
    assert_eq!(missed("k"), "MISS key=k reason=outdated");
    cache.invalidate_key("k").wait().unwrap();
    assert_eq!(missed("k"), "MISS key=k reason=removed");
    cache.set("short", 1).ttl(seconds(1)).wait();
    clock.advance(seconds(1));
    assert_eq!(missed("short"), "MISS key=short reason=expired");
    let hold = cache.hold(["t"], seconds(9)).wait();
    assert_eq!(missed("k"), "MISS key=k reason=held");
    hold.rollback().wait().unwrap();
    cache.set_enabled(false);
    assert_eq!(missed("k"), "MISS key=k reason=disabled");
    cache.set_enabled(true);
    cache.set_local("text", "one").wait();
    assert_eq!(missed("text"), "two functions use one key for values of different types key=text");
    let refused = || {
        cache.invalidate_key("late").wait().unwrap();
        Some(1)
    };
    cache.get_or_compute_sync("late", refused).wait();
    assert_eq!(missed("late"), "MISS key=late reason=refused");
}

#[test]
fn a_miss_inside_a_transaction_says_so() {
    let cache = Cache::new();
    load(&cache, "k");
    let bypassing = || {
        let mut call = Box::pin(scope::bypass(async { load(&cache, "k") }));
        poll(call.as_mut()).is_ready()
    };
    let (is_ready, heard) = listen(Level::DEBUG, bypassing);
    assert!(is_ready);
    assert_eq!(heard, ["MISS key=k reason=bypassed"]);
}

#[test]
fn an_evicted_key_is_told_apart_from_one_that_was_never_there() {
    let cache = Cache::builder().max_weight(3_000).expected_entries(16).build();
    let ((), heard) = listen(Level::DEBUG, || {
        for n in 0..100 {
            cache.set(format!("n:{n}"), n).wait();
        }
    });
    // The latest one: what was remembered of an earlier one may have made place for it.
    let evicted = heard.iter().rev().find_map(|line| line.strip_prefix("EVICTED key="));
    let evicted = evicted.expect("there is not room for all");
    let (key, reason) = evicted.split_once(' ').unwrap();
    assert_eq!(reason, "reason=room");
    let (_, heard) = listen(Level::DEBUG, || cache.get::<i32>(key).wait());
    assert_eq!(heard, [format!("MISS key={key} reason=evicted")]);
}

#[test]
fn a_value_that_replaces_another_evicts_nothing_and_one_too_large_says_so() {
    let cache = Cache::builder().max_weight(3_000).expected_entries(16).build();
    let ((), heard) = listen(Level::DEBUG, || {
        cache.set("k", 1).wait();
        cache.set("k", 2).wait();
    });
    assert_eq!(heard, ["STORED key=k tags="; 2]);
    let (_, heard) = listen(Level::DEBUG, || cache.set("large", 1).weight(1 << 30).wait());
    assert_eq!(heard[0], "EVICTED key=large reason=too_large");
}

#[test]
fn a_refused_value_names_what_was_in_the_way() {
    let cache = Cache::new();
    let refused = |load: &dyn Fn()| {
        let load = || {
            load();
            Some(1)
        };
        let (_, heard) = listen(Level::DEBUG, || cache.get_or_compute_sync("k", load).tags(["a", "t"]).wait());
        heard.into_iter().find_map(|line| line.strip_prefix("REFUSED key=k ").map(str::to_owned))
    };
    assert_eq!(refused(&|| cache.invalidate_tags(["t"]).wait().unwrap()).unwrap(), "reason=tag name=t");
    assert_eq!(refused(&|| cache.invalidate_key("k").wait().unwrap()).unwrap(), "reason=key");
    assert_eq!(refused(&|| cache.invalidate_all().wait().unwrap()).unwrap(), "reason=everything");
    assert_eq!(refused(&scope::taint).unwrap(), "reason=tainted");
    assert_eq!(refused(&|| cache.set_enabled(false)).unwrap(), "reason=unusable");
    cache.set_enabled(true);
    assert_eq!(refused(&|| {}), None);
}

#[test]
fn who_waits_is_told_and_so_is_an_expired_hold() {
    let (cache, clock) = cache_and_clock();
    load(&cache, "k");
    drop(cache.hold(["t"], Duration::from_secs(1)).wait());
    clock.advance(seconds(1));
    let ((), heard) = listen(Level::WARN, || load(&cache, "k"));
    assert_eq!(heard, ["a writer's hold passed its deadline: its tag counts as invalidated tag=t"]);

    let calls = Calls::default();
    let (gate, _started, _finish) = calls.gated::<i32>();
    let mut leader = Box::pin(cache.get_or_compute("slow", gate).into_future());
    assert!(poll(leader.as_mut()).is_pending());
    let mut follower = Box::pin(cache.get_or_compute("slow", async { Some(2) }).into_future());
    let (pending, heard) = listen(Level::DEBUG, || poll(follower.as_mut()).is_pending());
    assert!(pending);
    assert_eq!(heard, ["MISS key=slow reason=absent", "WAIT key=slow"]);
}

#[test]
fn values_that_are_not_fresh_are_told_apart_by_what_excuses_them() {
    let (cache, clock) = cache_and_clock();
    let call = |load: fn() -> Result<i32, &'static str>| {
        let call = || {
            let call = cache.get_or_compute_sync("k", load).ttl(seconds(10)).tags(["t"]).local();
            call.stale_while_revalidate(seconds(5)).fail_safe(seconds(20)).serve_outdated(seconds(3)).wait()
        };
        let (value, heard) = listen(Level::DEBUG, call);
        (value, heard.into_iter().filter(|line| !line.starts_with(['<', '>', 'l'])).collect::<Vec<_>>())
    };
    assert_eq!(call(|| Ok(1)).0, Ok(1));
    clock.advance(seconds(11));
    let (value, heard) = call(|| Err("down"));
    assert_eq!(value, Ok(1));
    let stood_in = "computing a value anew failed: the former one stands in for it key=k";
    assert_eq!(heard, ["REFRESH key=k", "STALE key=k reason=fail_safe", stood_in]);
    let (_, heard) = call(|| Err("down"));
    assert_eq!(heard, [""; 0], "for the time of its throttle it is a hit like any other");

    clock.advance(seconds(60));
    assert_eq!(call(|| Ok(2)).0, Ok(2));
    cache.invalidate_tags(["t"]).wait().unwrap();
    let mut leader = Box::pin(cache.join("k"));
    let computation = poll(leader.as_mut());
    assert!(computation.is_ready(), "somebody computes it anew");
    let (value, heard) = call(|| Ok(3));
    assert_eq!((value, heard), (Ok(2), vec!["STALE key=k reason=outdated".to_owned()]));
}

#[test]
fn what_stands_in_for_an_item_of_a_batch_is_told_as_well() {
    let (cache, clock) = cache_and_clock();
    let batch = || cache.batch([1], |id| format!("k:{id}")).ttl(seconds(1)).fail_safe(seconds(9));
    batch().get_or_compute_sync(|ids| Ok::<_, ()>(ids.into_iter().map(|id| (id, 7)))).unwrap();
    clock.advance(seconds(1));
    let failing = |_| Err::<[(i32, i32); 0], _>(());
    let (found, heard) = listen(Level::INFO, || batch().get_or_compute_sync(failing));
    assert_eq!(found.unwrap()[&1], 7);
    assert_eq!(heard, ["computing a value anew failed: the former one stands in for it key=k:1"]);
}

#[test]
fn what_a_loader_tells_is_inside_the_span_of_its_computation() {
    let cache = Cache::new();
    let says = || {
        tracing::info!(target: "easy_cache_test", "inside");
        Some(1)
    };
    let (_, heard) = listen(Level::DEBUG, || cache.get_or_compute_sync("k", says).wait());
    assert_eq!(heard[1..5], ["load[ key=k]", ">", "inside", "<"]);
}

#[test]
fn redacted_keys_and_tags_appear_nowhere() {
    for redaction in [Redaction::Hash, Redaction::FirstPart] {
        let cache = Cache::builder().redact_keys(redaction).trace_hits(true).max_weight(2_000).build();
        let name = "user:ursula";
        let (explanations, heard) = listen(Level::TRACE, || {
            let refused = || {
                cache.invalidate_tags([name]).wait().unwrap();
                Some(1)
            };
            cache.get_or_compute_sync(name, refused).tags([name]).wait();
            let refused = cache.explain(name).to_string();
            cache.get_or_compute_sync(name, || Some(1)).tags([name]).wait();
            cache.get_or_compute_sync(name, || Some(2_u64)).tags([name]).wait();
            cache.get::<i32>(name).wait();
            drop(cache.hold([name], Duration::ZERO).wait());
            cache.get::<i32>(name).wait();
            let outdated = cache.explain(name).to_string();
            cache.invalidate_key(name).wait().unwrap();
            cache.set(name, 1).weight(1 << 30).wait();
            [refused, outdated, cache.explain(name).to_string()]
        });
        assert!(heard.len() > 12, "{heard:?}");
        for line in heard.iter().chain(&explanations) {
            assert!(!line.contains("ursula"), "{line}");
        }
    }
}

#[cfg(feature = "testing")]
#[test]
fn what_a_call_finds_in_a_store_outside_is_told_once_and_by_the_same_names() {
    use std::future::Future;
    use std::pin::pin;
    use std::task::{Context, Waker};

    use easy_cache_core::testing::MemoryPlainStore;

    let (_, clock) = cache_and_clock();
    let cache = Cache::builder().trace_hits(true).plain_store(MemoryPlainStore::new(clock.clock())).build();
    let calls = |heard: Vec<String>| -> Vec<String> {
        let of_calls = ["MISS", "HIT", "REFRESH", "WAIT"];
        heard.into_iter().filter(|line| of_calls.iter().any(|word| line.starts_with(word))).collect()
    };
    let ((), heard) = listen(Level::TRACE, || {
        load(&cache, "k"); // makes the records, and is not kept
        load(&cache, "k");
        load(&cache, "k");
        cache.get_or_compute_sync("k", || Some(2)).refresh().wait();
    });
    let expected = ["MISS key=k reason=absent", "MISS key=k reason=absent", "HIT key=k tier=store", "REFRESH key=k"];
    assert_eq!(calls(heard), expected);

    let ((), heard) = listen(Level::TRACE, || {
        let mut cx = Context::from_waker(Waker::noop());
        let mut leads = pin!(cache.get_or_compute("other", std::future::pending::<Option<i32>>()).into_future());
        let mut follows = pin!(cache.get_or_compute("other", async { Some(2) }).into_future());
        assert!(leads.as_mut().poll(&mut cx).is_pending());
        assert!(follows.as_mut().poll(&mut cx).is_pending());
        leads.set(cache.get_or_compute("else", std::future::pending()).into_future());
        assert!(follows.as_mut().poll(&mut cx).is_ready());
    });
    let missed = "MISS key=other reason=absent";
    assert_eq!(calls(heard), [missed, missed, "WAIT key=other"], "who takes over looks again, and says nothing of it");
}

#[cfg(feature = "testing")]
#[test]
fn hits_tell_where_the_value_was() {
    use easy_cache_core::Near;
    use easy_cache_core::testing::Remote;

    let (_, clock) = cache_and_clock();
    let remote = Remote::new(clock.clock());
    let builder = Cache::builder().trace_hits(true).clock(clock.clock()).store(remote.clone());
    let cache = builder.near(Near::within(seconds(1))).build();
    remote.prove();
    load(&cache, "k");
    let ((), heard) = listen(Level::TRACE, || {
        load(&cache, "k");
        load(&cache, "k");
        cache.get::<i32>("k").wait();
        Scope::new().run(|| load(&cache, "k"));
    });
    assert_eq!(heard, ["HIT key=k tier=store", "HIT key=k tier=near", "HIT key=k tier=near", "HIT key=k tier=near"]);
}

#[cfg(feature = "testing")]
#[test]
fn a_store_that_tells_nothing_is_told_of_once() {
    use easy_cache_core::Near;
    use easy_cache_core::testing::Remote;

    let (_, clock) = cache_and_clock();
    let ((), heard) = listen(Level::WARN, || {
        let cache = Cache::builder().store(Remote::silent(clock.clock())).near(Near::within(seconds(1))).build();
        load(&cache, "k");
        load(&cache, "k");
        load(&cache, "k");
    });
    assert_eq!(heard.len(), 1, "{heard:?}");
    assert!(heard[0].contains("nothing is kept near"), "{heard:?}");
}
