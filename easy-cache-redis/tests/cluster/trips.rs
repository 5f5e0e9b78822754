//! How often a client waits, one time after the other: counted by proxies before all nodes that count together.

use std::collections::HashMap;
use std::time::Duration;

use easy_cache_core::store::{Looked, Store};
use easy_cache_servers::Proxy;
use easy_cache_servers::proxy::{Direction, Fault, Meter};

use crate::world::{KEY, World, shared, tags};

/// Longer than a busy machine takes to send all that is asked at once.
const A_WHILE: Duration = Duration::from_millis(300);

/// Once a second something else is asked, which nobody waits for: what begins while it is not answered yet is not counted.
const ATTEMPTS: usize = 10;

/// A store that reaches every node through a proxy. Answers to what is counted take a while, so that what is asked at once is seen to be.
struct Counted {
    world: World,
    meter: Meter,
    proxies: Vec<Proxy>,
}

fn counted(groups: usize) -> Counted {
    let meter = Meter::default();
    let nodes = shared().nodes();
    let proxies: Vec<Proxy> = nodes.iter().map(|node| Proxy::with_meter(node.address(), meter.clone())).collect();
    let ports: HashMap<u16, u16> =
        nodes.iter().zip(&proxies).map(|(node, proxy)| (node.port(), proxy.port())).collect();
    let urls = proxies.iter().map(Proxy::redis_url).collect();
    let world =
        World::with(urls, groups, |builder| builder.reached_at(move |_, port| ("127.0.0.1".to_owned(), ports[&port])));
    Counted { world, meter, proxies }
}

impl Counted {
    /// All nodes that are asked later are connected.
    async fn connected(groups: usize) -> Self {
        let counted = counted(groups);
        for number in 0..40 {
            drop(counted.world.look_at(format!("connect{number}").as_bytes(), &[]).await);
        }
        // Nothing else is under way.
        counted.world.is_witnessed(shared()).await;
        counted
    }

    async fn trips(&self, step: impl Future<Output = ()>) -> u64 {
        for proxy in &self.proxies {
            proxy.set(Direction::ToClient, Fault::Delay(A_WHILE));
        }
        self.meter.reset();
        step.await;
        self.proxies.iter().for_each(Proxy::mend);
        self.meter.trips()
    }
}

#[tokio::test]
async fn a_hit_takes_one_trip_however_many_tags_it_has_and_wherever_they_are() {
    // case 61
    for groups in [1, 5] {
        let counted = Counted::connected(groups).await;
        for count in [0, 1, 5, 50] {
            let names: Vec<String> = (0..count).map(|n| format!("{{tag{n}}}")).collect();
            let names: Vec<&str> = names.iter().map(String::as_str).collect();
            counted.world.invalidate(&["x"]).await;
            counted.world.store.invalidate(&[], &[KEY]).await.unwrap();
            counted.world.warm(&names).await;
            let mut trips = 0;
            while trips == 0 {
                // None: the meter had not noted yet that what came before was answered.
                trips = counted.trips(async { drop(counted.world.hit(&names).await) }).await;
            }
            assert_eq!(trips, 1, "{count} tags in {groups} groups");
        }
    }
}

#[tokio::test]
async fn a_miss_takes_two_trips_also_at_the_first_use_of_a_tag() {
    for groups in [1, 5] {
        let counted = Counted::connected(groups).await;
        for names in [&[][..], &["one"], &["one", "two", "three"]] {
            let mut trips = 0;
            for _ in 0..ATTEMPTS {
                if trips >= 2 {
                    break;
                }
                trips = counted.trips(counted.world.warm(names)).await;
                counted.world.store.invalidate(&[], &[KEY]).await.unwrap();
            }
            assert_eq!(trips, 2, "{names:?} in {groups} groups");
        }
    }
}

#[tokio::test]
async fn a_late_tag_that_others_use_costs_a_third_trip_once() {
    let counted = Counted::connected(1).await;
    for attempt in 0..ATTEMPTS {
        let (key, late) = (format!("key{attempt}"), [format!("late{attempt}")]);
        let late = late.each_ref().map(String::as_str);
        let Looked::Miss(other) = counted.world.look_at(b"other", &[]).await else { panic!("a hit") };
        counted.world.fill_at(b"other", &other, &late).await;
        let mut trips = [0; 2];
        for trips in &mut trips {
            let step = async {
                let Looked::Miss(miss) = counted.world.look_at(key.as_bytes(), &[]).await else { panic!("a hit") };
                counted.world.fill_at(key.as_bytes(), &miss, &late).await;
            };
            *trips = counted.trips(step).await;
            let Looked::Hit(hit) = counted.world.look_at(key.as_bytes(), &[]).await else { panic!("a miss") };
            assert_eq!(hit.payload, b"value");
            counted.world.store.invalidate(&[], &[key.as_bytes(), b"other"]).await.unwrap();
        }
        assert!(trips[0] <= 3 && trips[1] <= 2, "{trips:?}");
        if trips == [3, 2] {
            return;
        }
    }
    panic!("never three trips, and then two");
}

#[tokio::test]
async fn an_invalidation_takes_one_trip_whatever_it_touches() {
    for groups in [1, 5] {
        let counted = Counted::connected(groups).await;
        let names: Vec<String> = (0..1_000).map(|n| format!("tag{n}")).collect();
        let names: Vec<&str> = names.iter().map(String::as_str).collect();
        let keys: Vec<&[u8]> = vec![KEY, b"other", b"{third}"];
        let (mut told, mut flushed) = (0, 0);
        for _ in 0..ATTEMPTS {
            if told == 0 {
                told =
                    counted.trips(async { counted.world.store.invalidate(&tags(&names), &keys).await.unwrap() }).await;
            }
            if flushed == 0 {
                flushed = counted.trips(async { counted.world.store.invalidate_all().await.unwrap() }).await;
            }
        }
        assert_eq!(told, 1, "{groups} groups");
        assert_eq!(flushed, 1, "{groups} groups");
    }
}
