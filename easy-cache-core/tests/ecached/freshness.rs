//! The words for what happens around the end of a ttl: each is the option of a `Policy` with the same name.

use crate::support::{Calls, block_on};
use easy_cache_core::{Cache, EarlyRefresh, Error, ManualClock, Policy, ecached, registry};
use std::pin::{Pin, pin};
use std::sync::{Arc, Mutex};
use std::task::{Context, Waker};
use std::time::Duration;

const SECOND: Duration = Duration::from_secs(1);

#[derive(Clone, Debug, PartialEq)]
enum Failure {
    Late,
    Other(u64),
}

impl From<Error> for Failure {
    fn from(_: Error) -> Self {
        Self::Late
    }
}

#[test]
fn each_word_is_the_option_of_a_policy() {
    const PAUSE: Duration = Duration::from_secs(7);
    #[ecached(
        "words",
        ttl = "1m",
        jitter = "2s",
        stale_while_revalidate = "3s",
        fail_safe = "4s",
        throttle = PAUSE,
        soft_timeout = "50ms",
        hard_timeout = 6,
        early_refresh = 0.8,
        serve_outdated = PAUSE + PAUSE
    )]
    fn all() -> Option<u64> {
        Some(1)
    }
    #[ecached("chance", early_refresh = "xfetch")]
    fn by_chance() -> u64 {
        1
    }
    #[ecached("expression", early_refresh = EarlyRefresh::xfetch(rate))]
    fn by_expression(rate: f64) -> u64 {
        rate as u64
    }
    let policy = Policy::new()
        .ttl(SECOND * 60)
        .jitter(SECOND * 2)
        .stale_while_revalidate(SECOND * 3)
        .fail_safe(SECOND * 4)
        .throttle(PAUSE)
        .soft_timeout(Duration::from_millis(50))
        .hard_timeout(SECOND * 6)
        .early_refresh(EarlyRefresh::after(0.8))
        .serve_outdated(PAUSE * 2);
    let says =
        |handle: String, policy: Policy| assert!(handle.contains(&format!("{policy:?}")), "{handle}\n{policy:?}");
    says(format!("{:?}", all_cache()), policy);
    says(format!("{:?}", by_chance_cache()), Policy::new().early_refresh(EarlyRefresh::xfetch(1.0)));
    says(format!("{:?}", by_expression_cache(2.5)), Policy::new().early_refresh(EarlyRefresh::xfetch(2.5)));
    assert_eq!((all(), by_chance(), by_expression(3.0)), (Some(1), 1, 3));
}

#[test]
fn a_failure_is_covered_by_what_was_there_before() {
    let clock = ManualClock::new();
    let cache = Cache::builder().clock(clock.clock()).build();
    let calls = Calls::default();
    #[ecached("fail-safe", ttl = 10, fail_safe = "1m", cache = cache)]
    async fn flaky(cache: &Cache, calls: &Calls) -> Result<u64, Failure> {
        match calls.count() {
            1 => Ok(1),
            n => Err(Failure::Other(n)),
        }
    }
    #[ecached("stored", ttl = 10, fail_safe = "1m", cache_err = "5s", local, cache = cache)]
    fn errors_are_stored(cache: &Cache, calls: &Calls) -> Result<u64, Failure> {
        match calls.count() {
            1 => Ok(1),
            n => Err(Failure::Other(n)),
        }
    }
    assert_eq!(block_on(flaky(&cache, &calls)), Ok(1));
    clock.advance(SECOND * 11);
    assert_eq!((block_on(flaky(&cache, &calls)), calls.number()), (Ok(1), 2));
    clock.advance(SECOND * 120);
    assert_eq!(block_on(flaky(&cache, &calls)), Err(Failure::Other(3)));
    calls.reset();
    let stored = Err(Failure::Other(3));
    for (number, answer, wait) in [(1, Ok(1), 11), (2, Ok(1), 120), (3, stored.clone(), 1), (3, stored, 1)] {
        assert_eq!((errors_are_stored(&cache, &calls), calls.number()), (answer, number));
        clock.advance(SECOND * wait);
    }
}

type Task = Pin<Box<dyn Future<Output = ()> + Send>>;

#[test]
fn a_detached_function_goes_on_behind_its_caller() {
    let clock = ManualClock::new();
    let tasks: Arc<Mutex<Vec<Task>>> = Arc::default();
    let sent = Arc::clone(&tasks);
    let spawn = move |task| sent.lock().unwrap().push(Box::pin(task) as Task);
    registry::register("behind", Cache::builder().clock(clock.clock()).spawner(spawn).build()).unwrap();
    let run_all = || tasks.lock().unwrap().drain(..).for_each(block_on);

    struct Shop(Calls);
    impl Shop {
        #[ecached("behind:{name}", ttl = 10, stale_while_revalidate = "1m", detach, tags = |text| [text.clone()], cache = "behind")]
        async fn goods(self: Arc<Self>, name: String, text: &'static str) -> String {
            std::future::ready(()).await;
            format!("{name}{text}{}", self.0.count())
        }
    }
    let shop = Arc::new(Shop(Calls::default()));
    let call = || shop.clone().goods("a".to_owned(), "-");
    {
        let mut first = pin!(call());
        let mut cx = Context::from_waker(Waker::noop());
        assert!(first.as_mut().poll(&mut cx).is_pending());
    }
    run_all();
    assert_eq!((block_on(call()), shop.0.number()), ("a-1".into(), 1), "its caller is gone, its value is there");
    clock.advance(SECOND * 11);
    assert_eq!((block_on(call()), shop.0.number()), ("a-1".into(), 1));
    run_all();
    assert_eq!((block_on(call()), shop.0.number()), ("a-2".into(), 2));
}

#[test]
fn a_detached_sync_function_runs_on_a_thread_of_its_own() {
    #[ecached("thread", detach)]
    fn thread(name: String) -> Option<String> {
        Some(format!("{name} {:?}", std::thread::current().id()))
    }
    let answer = thread("x".to_owned());
    assert!(answer.is_some() && answer != Some(format!("x {:?}", std::thread::current().id())));
    assert_eq!(thread("y".to_owned()), answer);
    assert_ne!(thread_cache("x".to_owned()).refresh(), answer);
}

#[test]
fn who_waits_for_too_long_is_told_so() {
    let clock = ManualClock::new();
    let cache = Cache::builder().clock(clock.clock()).build();
    #[ecached("late", hard_timeout = "2s", tags = ["late"], cache = cache)]
    async fn late(cache: &Cache) -> Result<u64, Failure> {
        std::future::pending().await
    }
    let mut call = pin!(late(&cache));
    let mut cx = Context::from_waker(Waker::noop());
    assert!(call.as_mut().poll(&mut cx).is_pending());
    clock.advance(SECOND);
    assert!(call.as_mut().poll(&mut cx).is_pending());
    clock.advance(SECOND + Duration::from_millis(1));
    assert_eq!(call.as_mut().poll(&mut cx), std::task::Poll::Ready(Err(Failure::Late)));
    late_cache(&cache).invalidate_tags().wait().unwrap();
}

// parity 15, 26
#[test]
fn a_named_cache_brings_defaults_and_the_function_has_the_last_word() {
    let clock = ManualClock::new();
    let defaults = Policy::new().ttl(SECOND * 60).tag("preset");
    registry::register("preset", Cache::builder().clock(clock.clock()).defaults(defaults).build()).unwrap();
    #[ecached("preset:all", cache = "preset")]
    fn preset() -> u64 {
        1
    }
    #[ecached("preset:own", ttl = 5, cache = "preset")]
    fn own() -> u64 {
        2
    }
    assert_eq!((preset(), own()), (1, 2));
    assert_eq!((preset_key().ttl(), own_key().ttl()), (Some(SECOND * 60), Some(SECOND * 5)));
    registry::cache("preset").invalidate_tags(["preset"]).wait().unwrap();
    assert_eq!((preset_key().peek(), own_key().peek()), (None, None));
}
