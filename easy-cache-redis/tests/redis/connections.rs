//! Connections that break, servers that stop, and servers that are not what they were.

use std::time::{Duration, Instant};

use easy_cache_core::store::{Filled, Look, Looked, MissReason, Store};
use easy_cache_core::{Error, ErrorKind};
use easy_cache_redis::deadpool_redis::{Config, Runtime};
use easy_cache_redis::{RedisStore, RedisStoreBuilder};
use easy_cache_servers::proxy::{Direction, Fault};
use easy_cache_servers::{Proxy, Redis};

use crate::world::{KEY, PATIENCE, World, tags};

/// The cause of a failure in words.
pub(crate) fn cause(error: &Error) -> String {
    std::error::Error::source(error).map(ToString::to_string).unwrap_or_default()
}

/// Looks until the store answers again.
async fn recovered(world: &World) {
    let begun = Instant::now();
    while world.store.look(Look::new(b"probe", &[])).await.is_err() {
        assert!(begun.elapsed() < Duration::from_secs(60), "it never came back");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

fn impatient(url: String, timeout: Duration) -> World {
    World::with(url, |builder| builder.timeout(timeout))
}

#[tokio::test]
async fn a_cut_connection_is_replaced_and_its_fences_are_worth_nothing() {
    let proxy = Proxy::before(Redis::shared().address());
    let world = World::at(proxy.redis_url());
    let miss = world.miss(&["t"]).await;
    proxy.cut();
    drop(world.store.look(Look::new(b"other", &[])).await);
    recovered(&world).await;
    assert_eq!(world.fill(&miss, &["t"]).await, Filled::NotKept);
    world.warm(&["t"]).await;
    world.hit(&["t"]).await;
    assert_eq!(proxy.accepted(), 2);
}

#[tokio::test]
async fn callers_share_one_dial() {
    let proxy = Proxy::before(Redis::shared().address());
    let world = World::at(proxy.redis_url());
    let looks = (0..100).map(|_| {
        let store = world.store.clone();
        tokio::spawn(async move { store.look(Look::new(KEY, &[])).await.map(drop) })
    });
    for look in looks.collect::<Vec<_>>() {
        look.await.unwrap().unwrap();
    }
    assert_eq!(proxy.accepted(), 1);
}

#[tokio::test]
async fn while_a_server_is_down_callers_fail_at_once_and_few_dial() {
    let server = Redis::start();
    let proxy = Proxy::before(server.address());
    let world = World::at(proxy.redis_url());
    world.warm(&[]).await;
    server.kill();
    proxy.cut();
    let begun = Instant::now();
    for _ in 0..1_000 {
        let error = world.store.look(Look::new(KEY, &[])).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Store);
    }
    assert!(begun.elapsed() < Duration::from_secs(8), "{:?}", begun.elapsed());
    assert!(proxy.accepted() < 50, "{} dials", proxy.accepted());
    server.start_again();
    recovered(&world).await;
    assert_eq!(world.reason(&[]).await, Some(MissReason::Absent));
}

#[tokio::test]
async fn a_server_that_stops_answering_keeps_nobody_longer_than_the_timeout() {
    let (server, timeout) = (Redis::start(), Duration::from_secs(1));
    let world = impatient(server.url(), timeout);
    world.warm(&["t"]).await;
    server.pause();
    for _ in 0..4 {
        let begun = Instant::now();
        let error = world.store.look(Look::new(KEY, &[])).await.unwrap_err();
        assert!(begun.elapsed() < timeout * 3, "{:?}", begun.elapsed());
        drop(error);
    }
    let begun = Instant::now();
    assert!(world.store.invalidate(&tags(&["t"]), &[]).await.is_err());
    assert!(begun.elapsed() < timeout * 3, "{:?}", begun.elapsed());
    server.resume();
    recovered(&world).await;
    world.invalidate(&["t"]).await;
    assert_eq!(world.reason(&["t"]).await, Some(MissReason::Outdated));
}

#[tokio::test]
async fn a_half_open_connection_is_replaced_after_two_answers_that_do_not_come() {
    let proxy = Proxy::before(Redis::shared().address());
    let world = impatient(proxy.redis_url(), Duration::from_secs(1));
    world.warm(&["t"]).await;
    proxy.set(Direction::ToServer, Fault::Swallow);
    for _ in 0..2 {
        let error = world.store.look(Look::new(KEY, &[])).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::TimedOut, "{error}");
    }
    proxy.mend();
    recovered(&world).await;
    world.hit(&["t"]).await;
    assert!(proxy.accepted() >= 2, "the first connection is never used again");
}

#[tokio::test]
async fn one_slow_answer_does_not_end_a_connection() {
    let proxy = Proxy::before(Redis::shared().address());
    let world = impatient(proxy.redis_url(), Duration::from_secs(1));
    world.warm(&["t"]).await;
    for _ in 0..3 {
        proxy.set(Direction::ToClient, Fault::Hold);
        assert!(world.store.look(Look::new(KEY, &[])).await.is_err());
        proxy.mend();
        recovered(&world).await;
    }
    assert_eq!(proxy.accepted(), 1);
}

#[tokio::test]
async fn a_server_that_answers_garbage_is_left() {
    let proxy = Proxy::before(Redis::shared().address());
    let world = impatient(proxy.redis_url(), Duration::from_secs(1));
    world.warm(&["t"]).await;
    proxy.set(Direction::ToClient, Fault::Garbage);
    assert!(world.store.look(Look::new(KEY, &[])).await.is_err());
    assert!(world.store.look(Look::new(KEY, &[])).await.is_err());
    proxy.mend();
    recovered(&world).await;
    world.hit(&["t"]).await;
}

#[tokio::test]
async fn an_invalidation_whose_answer_was_lost_is_an_error_and_has_happened() {
    let proxy = Proxy::before(Redis::shared().address());
    let world = World::at(proxy.redis_url());
    world.warm(&["t"]).await;
    proxy.cut_at_next(Direction::ToClient);
    assert!(world.store.invalidate(&tags(&["t"]), &[]).await.is_err());
    recovered(&world).await;
    assert_eq!(world.reason(&["t"]).await, Some(MissReason::Outdated));
}

#[tokio::test]
async fn what_was_loaded_from_disk_after_a_crash_is_not_served() {
    // The disk has the entry, and not its invalidation.
    let server = Redis::start();
    for keeps in [false, true] {
        let world = World::with(server.url(), |builder| if keeps { builder.keep_across_restarts() } else { builder });
        world.warm(&["t"]).await;
        server.command(["SAVE"]);
        let elsewhere = world.elsewhere();
        elsewhere.invalidate(&["t"]).await;
        server.restart();
        recovered(&world).await;
        let served = world.reason(&["t"]).await.is_none();
        assert_eq!(served, keeps, "who says that old data may be used gets it");
    }
}

#[tokio::test]
async fn a_new_connection_to_the_same_server_empties_nothing() {
    let proxy = Proxy::before(Redis::shared().address());
    let world = World::at(proxy.redis_url());
    world.warm(&["t"]).await;
    for order_is_lost in [false, true] {
        if order_is_lost {
            Redis::shared().command(["DEL", &world.key("o")]);
            world.invalidate(&["another"]).await;
        }
        proxy.cut();
        recovered(&world).await;
        world.hit(&["t"]).await;
        world.elsewhere().hit(&["t"]).await;
    }
}

#[tokio::test]
async fn a_replica_is_told_as_what_it_is_and_left_when_it_is_promoted() {
    let master = Redis::start();
    let replica = Redis::options().replica_of(&master).start();
    replica.wait_until_it_follows(&master);
    let world = World::at(replica.url());
    let error = world.store.look(Look::new(KEY, &[])).await.unwrap_err();
    assert!(cause(&error).starts_with("it is a replica"), "{}", cause(&error));
    replica.command(["REPLICAOF", "NO", "ONE"]);
    recovered(&world).await;
    world.warm(&["t"]).await;
}

#[tokio::test]
async fn a_demoted_master_loses_its_connection() {
    let (one, other) = (Redis::start(), Redis::start());
    let proxy = Proxy::before(one.address());
    let world = World::at(proxy.redis_url());
    world.warm(&["t"]).await;
    one.command(["REPLICAOF", "127.0.0.1", &other.address().port().to_string()]);
    let error = world.store.invalidate(&tags(&["t"]), &[]).await.unwrap_err();
    assert!(cause(&error).contains("it is a replica"), "{}", cause(&error));
    drop(world.store.look(Look::new(KEY, &[])).await);
    assert!(proxy.accepted() > 1, "it is dialled anew, where another server may answer by now");
}

#[tokio::test]
async fn a_wrong_password_is_told_without_it() {
    let server = Redis::start();
    server.command(["CONFIG", "SET", "requirepass", "correct"]);
    let address = server.address();
    for (url, expected) in [
        (format!("redis://{address}"), "it expects a password"),
        (format!("redis://:s3cr3t@{address}"), "the password, or the user"),
    ] {
        let world = World::at(url);
        let error = world.store.look(Look::new(KEY, &[])).await.unwrap_err();
        assert!(cause(&error).contains(expected), "{}", cause(&error));
        assert!(!format!("{error} {error:?} {:?}", world.store).contains("s3cr3t"));
    }
    let world = World::at(format!("redis://:correct@{address}"));
    world.warm(&["t"]).await;
}

#[tokio::test]
async fn a_bad_url_is_told_without_its_password() {
    for url in ["", "nonsense", "http://:s3cr3t@localhost", "redis://:s3cr3t@local host:x", "redis://"] {
        match RedisStore::connect(url, "n") {
            Ok(_) => assert_eq!(url, "redis://", "{url} is no URL of a server"),
            Err(error) => assert!(!format!("{error} {error:?} {}", cause(&error)).contains("s3cr3t"), "{error:?}"),
        }
    }
    let error = RedisStore::builder("n").build().unwrap_err();
    assert!(cause(&error).starts_with("no server was named"), "{error:?}");
}

#[tokio::test]
async fn a_pool_of_the_application_keeps_its_own_connections() {
    let server = Redis::shared();
    let pool = Config::from_url(server.url()).create_pool(Some(Runtime::Tokio1)).unwrap();
    let namespace = easy_cache_servers::unique("pool");
    let world = World {
        store: RedisStore::builder(&namespace).pool(pool.clone()).timeout(PATIENCE).build().unwrap(),
        namespace,
        url: server.url(),
    };
    world.warm(&["t"]).await;
    world.hit(&["t"]).await;
    assert_eq!(pool.status().size, 0, "the one that it lent out is the store's");
    let config = RedisStore::from_config(&Config::from_url(server.url()), &world.namespace).unwrap();
    let same = World { store: config, ..world };
    same.hit(&["t"]).await;
}

#[tokio::test]
async fn a_dropped_caller_stalls_nobody() {
    let proxy = Proxy::before(Redis::shared().address());
    let world = World::at(proxy.redis_url());
    world.warm(&["t"]).await;
    proxy.set(Direction::ToClient, Fault::Hold);
    let looks: Vec<_> = (0..300)
        .map(|_| {
            let store = world.store.clone();
            tokio::spawn(async move { store.look(Look::new(KEY, &[])).await })
        })
        .collect();
    tokio::task::yield_now().await;
    looks.iter().for_each(tokio::task::JoinHandle::abort);
    proxy.mend();
    world.hit(&["t"]).await;
}

#[tokio::test]
async fn what_was_invalidated_a_moment_ago_is_said_again_to_a_server_that_may_not_have_heard_it() {
    // A replica is promoted that lacks the last second, and nothing says so: the address, and its name, are the same.
    let server = Redis::start();
    let world = World::with(server.url(), RedisStoreBuilder::keep_across_restarts);
    world.warm(&["t"]).await;
    server.command(["SAVE"]);
    for everything in [false, true] {
        if everything {
            world.store.invalidate_all().await.unwrap();
        } else {
            world.invalidate(&["t"]).await;
        }
        server.restart();
        recovered(&world).await;
        assert_eq!(world.reason(&["t"]).await, Some(MissReason::Outdated), "everything: {everything}");
    }
}

#[tokio::test]
async fn a_socket_in_the_file_system_a_user_and_a_database_are_reached_like_any_other() {
    let folder = std::env::temp_dir().join(easy_cache_servers::unique("ec-socket"));
    std::fs::create_dir_all(&folder).unwrap();
    let socket = folder.join("redis.sock");
    let server = Redis::options().setting("unixsocket", socket.display()).setting("databases", 4).start();
    server.command(["ACL", "SETUSER", "shop", "on", ">s3cr3t", "~*", "&*", "+@all"]);
    let path = format!("redis+unix://{}?user=shop&pass=s3cr3t&db=3", socket.display());
    let address = server.address();
    for protocol in ["", "resp3"] {
        let (with_path, with_port) = match protocol {
            "" => (path.clone(), format!("redis://shop:s3cr3t@{address}/3")),
            _ => (format!("{path}&protocol=resp3"), format!("redis://shop:s3cr3t@{address}/3?protocol=resp3")),
        };
        let world = World::at(with_path);
        world.warm(&["t"]).await;
        world.hit(&["t"]).await;
        world.elsewhere_at(with_port).hit(&["t"]).await;
        let elsewhere = world.elsewhere_at(server.url());
        assert_eq!(elsewhere.reason(&["t"]).await, Some(MissReason::Absent), "another database has nothing of it");
    }
    std::fs::remove_dir_all(folder).unwrap();
}

#[tokio::test]
async fn what_is_invalidated_between_lookups_is_answered_as_that() {
    let proxy = Proxy::before(Redis::shared().address());
    let world = World::at(proxy.redis_url());
    world.warm(&["t"]).await;
    for direction in [Direction::ToServer, Direction::ToClient] {
        proxy.set(direction, Fault::Hold);
        let mut waiting = Vec::new();
        for number in 0..40_u8 {
            let store = world.store.clone();
            waiting.push(tokio::spawn(async move {
                if number % 4 == 0 {
                    store.invalidate(&tags(&["another"]), &[]).await.map(|()| true)
                } else {
                    store.look(Look::new(KEY, &tags(&["t"]))).await.map(|found| matches!(found, Looked::Hit(_)))
                }
            }));
            tokio::task::yield_now().await;
        }
        proxy.mend();
        for (number, answer) in waiting.into_iter().enumerate() {
            assert!(answer.await.unwrap().unwrap(), "caller {number}");
        }
    }
    assert_eq!(proxy.accepted(), 1, "nothing was mistaken for garbage");
}
