//! Two servers with copies near, before one store that tells of changes.

use easy_cache_core::testing::Remote;
use easy_cache_core::{Cache, ManualClock, Near};
use easy_cache_tower::{ResponseCacheLayer, path_tag};

use crate::support::{Asked, Fields, Given, Site, page, request, seconds, settle};

const BOUND: std::time::Duration = seconds(10);
const MINUTE: Fields<'static> = &[("cache-control", "max-age=60"), ("vary", "accept-language")];

struct World {
    clock: ManualClock,
    remote: Remote,
}

impl World {
    fn new() -> Self {
        let clock = ManualClock::new();
        Self { remote: Remote::new(clock.clock()), clock }
    }

    /// A server that says who it is, which request of its own it answers, and in which language.
    fn server(&self, name: &'static str) -> Site {
        let cache = Cache::builder().clock(self.clock.clock()).store(self.remote.clone()).near(Near::within(BOUND));
        let cache = cache.build();
        self.remote.prove();
        Site::over(
            cache,
            self.clock.clone(),
            ResponseCacheLayer::honour_client_refresh,
            move |_, call, asked| async move { Ok(answer(name, call, &asked)) },
        )
    }

    /// What a server answers, and in how many trips.
    async fn read(&self, server: &Site, language: &str) -> (String, u64) {
        settle().await;
        self.remote.take_trips();
        let answer = server.get_with("/", &[("accept-language", language)]).await;
        (answer.text().to_owned(), self.remote.take_trips())
    }

    /// A server with the pages near that another has computed.
    async fn with_copies(&self) -> (Site, Site) {
        let (one, other) = (self.server("one"), self.server("other"));
        for language in ["de", "en"] {
            self.read(&one, language).await;
            self.read(&other, language).await;
        }
        (one, other)
    }
}

fn answer(name: &str, call: usize, asked: &Asked) -> http::Response<Given> {
    match asked.headers().get("accept-language") {
        Some(language) => page(MINUTE, format!("{name} {} {call}", language.to_str().unwrap())),
        None if asked.method() == "GET" => page(&[("cache-control", "max-age=60")], "page"),
        None => page(&[], "changed"),
    }
}

#[tokio::test]
async fn a_page_that_was_found_in_the_store_is_served_without_a_trip() {
    let world = World::new();
    let (_, other) = world.with_copies().await;
    assert_eq!(world.read(&other, "de").await, ("one de 1".to_owned(), 0));
    assert_eq!(world.read(&other, "en").await, ("one en 2".to_owned(), 0));
    world.clock.advance(seconds(5));
    let answer = other.get_with("/", &[("accept-language", "de")]).await;
    assert_eq!((answer.header("age"), answer.said().number("ttl")), (Some("5"), Some(55)));
    assert_eq!(other.calls(), 0);
}

#[tokio::test]
async fn a_page_is_kept_near_however_long_its_address() {
    let world = World::new();
    let (one, other) = (world.server("one"), world.server("other"));
    for length in [127, 128, 200, 255, 256, 400, 16_384] {
        let path = format!("/{}", "a".repeat(length - 1));
        for server in [&one, &other] {
            server.get(&path).await;
            settle().await;
        }
        world.remote.take_trips();
        assert!(other.get(&path).await.is_hit());
        assert_eq!(world.remote.take_trips(), 0, "{length} bytes");
    }
}

#[tokio::test]
async fn an_invalidation_ends_the_copies_of_all_variants_on_every_server() {
    for way in ["unsafe request", "tag", "everything"] {
        for elsewhere in [false, true] {
            let world = World::new();
            let (one, other) = world.with_copies().await;
            let who = if elsewhere { &one } else { &other };
            match way {
                "unsafe request" => drop(who.ask(request("PUT", "/", &[])).await),
                "tag" => who.cache.invalidate_tags([path_tag("", "/")]).await.unwrap(),
                _ => who.cache.invalidate_all().await.unwrap(),
            }
            for language in ["de", "en"] {
                let (text, _) = world.read(&other, language).await;
                assert!(!["one de 1", "one en 2"].contains(&&*text), "{way}, elsewhere {elsewhere}: {text}");
            }
        }
    }
}

#[tokio::test]
async fn a_request_that_wants_the_handler_is_not_served_from_a_copy() {
    let world = World::new();
    let (_, other) = world.with_copies().await;
    let fields = [("accept-language", "de"), ("cache-control", "no-cache")];
    assert_eq!(other.get_with("/", &fields).await.text(), "other de 1");
}

#[tokio::test]
async fn copies_end_with_what_they_are_of_and_with_the_bound() {
    let world = World::new();
    let (_, other) = world.with_copies().await;
    world.clock.advance(BOUND);
    assert!(world.read(&other, "de").await.1 > 0, "nobody has proved anything");
    world.clock.advance(seconds(50));
    world.remote.prove();
    assert_eq!(world.read(&other, "de").await.0, "other de 1");
}
