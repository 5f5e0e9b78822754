//! Two servers before one store: what either has stored both serve, and what either invalidates neither serves.

use easy_cache_core::testing::{Fault, Faults, MemoryPlainStore};
use easy_cache_core::{Cache, ManualClock};

use crate::support::{Asked, Fields, Given, Site, User, page, request, seconds, settle};

struct World {
    clock: ManualClock,
    store: Faults<MemoryPlainStore>,
}

impl World {
    async fn new() -> Self {
        let clock = ManualClock::new();
        let world = Self { store: Faults::new(MemoryPlainStore::new(clock.clock())), clock };
        world.process().invalidate_all().await.unwrap();
        world
    }

    fn process(&self) -> Cache {
        Cache::builder().clock(self.clock.clock()).plain_store(self.store.clone()).build()
    }

    /// A server of its own process.
    fn server(&self, handler: impl Fn(usize, &Asked) -> http::Response<Given> + Clone + Send + Sync + 'static) -> Site {
        Site::over(
            self.process(),
            self.clock.clone(),
            |layer| layer,
            move |_, call, request| {
                let response = handler(call, &request);
                async move { Ok(response) }
            },
        )
    }
}

const MINUTE: Fields<'static> = &[("cache-control", "max-age=60")];

#[tokio::test]
async fn a_server_serves_what_another_has_stored() {
    let world = World::new().await;
    let servers = ["one", "other"].map(|name| world.server(move |call, _| page(MINUTE, format!("{name} {call}"))));
    let [one, other] = &servers;
    let first = one.get("/").await;
    assert_eq!((first.text(), first.said().has("stored")), ("one 1", true));
    world.clock.advance(seconds(20));
    for server in [other, one, other] {
        let answer = server.get("/").await;
        assert_eq!((answer.text(), answer.is_hit()), ("one 1", true));
        assert_eq!((answer.header("age"), answer.said().number("ttl")), (Some("20"), Some(40)));
        assert_eq!(answer.header("content-length"), Some("5"));
    }
    assert_eq!(other.calls(), 0);
}

#[tokio::test]
async fn an_invalidation_by_either_is_one_for_both() {
    let world = World::new().await;
    let handler = |call, request: &Asked| match request.method().as_str() {
        "GET" => page(MINUTE, format!("page {call}")),
        _ => page(&[], "changed"),
    };
    let (one, other) = (world.server(handler), world.server(handler));
    one.get("/books").await;
    assert!(other.get("/books").await.is_hit());
    other.ask(request("PUT", "/books", &[])).await;
    assert!(!one.get("/books").await.is_hit(), "an unsafe request elsewhere");
    assert!(other.get("/books").await.is_hit());
    one.cache.invalidate_tags([easy_cache_tower::path_tag("", "/books")]).await.unwrap();
    one.cache.invalidate_all().await.unwrap();
    assert!(!other.get("/books").await.is_hit());
}

#[tokio::test]
async fn variants_are_shared_and_told_apart() {
    let world = World::new().await;
    let language = |request: &Asked| request.headers().get("accept-language").unwrap().to_str().unwrap().to_owned();
    let handler = move |_, request: &Asked| {
        page(&[("cache-control", "max-age=60"), ("vary", "accept-language")], language(request))
    };
    let (one, other) = (world.server(handler), world.server(handler));
    for (server, language) in [(&one, "de"), (&other, "en")] {
        assert!(!server.get_with("/", &[("accept-language", language)]).await.is_hit());
    }
    for server in [&one, &other] {
        for language in ["de", "en"] {
            let answer = server.get_with("/", &[("accept-language", language)]).await;
            assert_eq!((answer.text(), answer.is_hit()), (language, true));
        }
    }
}

#[tokio::test]
async fn a_stale_page_is_confirmed_by_another_server_with_the_validator_that_came_along() {
    let world = World::new().await;
    let handler = |_, request: &Asked| match request.headers().get("if-none-match") {
        Some(tag) => {
            assert_eq!(tag, "\"one\"");
            crate::support::respond(
                304,
                &[("etag", "\"one\""), ("cache-control", "max-age=60")],
                crate::support::nothing(),
            )
        }
        None => page(&[("etag", "\"one\""), ("cache-control", "max-age=60")], "page"),
    };
    let (one, other) = (world.server(handler), world.server(handler));
    one.get("/").await;
    world.clock.advance(seconds(61));
    let confirmed = other.get("/").await;
    assert_eq!((confirmed.text(), confirmed.said().word("fwd")), ("page", Some("stale")));
    let hit = one.get("/").await;
    assert_eq!((hit.text(), hit.is_hit(), one.calls()), ("page", true, 1));
}

#[tokio::test]
async fn with_the_store_down_every_request_is_answered_by_the_handler() {
    let world = World::new().await;
    let server = world.server(|call, _| page(MINUTE, format!("page {call}")));
    let down = world.store.inject(Fault::Fail, |_| true);
    for text in ["page 1", "page 2"] {
        assert_eq!(server.get("/").await.text(), text);
    }
    drop(down);
    settle().await;
    assert_eq!(server.get("/").await.status, 200);
}

#[tokio::test]
async fn bytes_that_are_no_response_are_a_miss_and_are_overwritten() {
    // case 73
    let world = World::new().await;
    let server = world.server(|call, _| page(MINUTE, format!("page {call}")));
    server.get("/").await;
    for key in world.store.inner().keys().into_iter().filter(|key| key.contains(":e:")) {
        use easy_cache_core::store::PlainStore;
        world.store.inner().set(&key, b"anything", None).await.unwrap();
    }
    assert_eq!(server.get("/").await.text(), "page 2");
    assert!(server.get("/").await.is_hit());
}

#[tokio::test]
async fn two_users_of_two_servers_each_have_copies_of_their_own() {
    let world = World::new().await;
    let servers = ["one", "other"].map(|name| {
        let configure = |layer| crate::door::per_user(layer).ttl(seconds(60));
        Site::over(world.process(), world.clock.clone(), configure, move |_, call, request: Asked| async move {
            let user = request.extensions().get::<User>().map_or("nobody", |user| user.0);
            Ok(page(&[], format!("{user} by {name} {call}")))
        })
    });
    let ask = |server: usize, user: Option<&'static str>| {
        let mut asked = request("GET", "/account", &[("cookie", "session=1")]);
        if let Some(user) = user {
            asked.extensions_mut().insert(User(user));
        }
        servers[server].ask(asked)
    };
    for (server, user) in [(0, "alice"), (1, "bob"), (1, "alice"), (0, "bob"), (0, "ali"), (1, "alicebob")] {
        let answer = ask(server, Some(user)).await;
        assert!(answer.text().starts_with(&format!("{user} by ")), "{user} was shown {}", answer.text());
    }
    for (server, user, made) in
        [(0, "alice", "alice by one 1"), (1, "alice", "alice by one 1"), (0, "bob", "bob by other 1")]
    {
        let answer = ask(server, Some(user)).await;
        assert_eq!((answer.text(), answer.is_hit()), (made, true));
    }
    for server in [0, 1] {
        let stranger = ask(server, None).await;
        assert!(stranger.text().starts_with("nobody") && !stranger.is_hit(), "{}", stranger.text());
    }
}
