//! How many commands a call sends, to all nodes together.

use easy_cache_core::store::Store;

use crate::proxied::Proxied;
use crate::world::{KEY, World, tags};

/// Several times, since once a second something is sent beside it (the number of groups is compared).
const ATTEMPTS: usize = 5;

impl Proxied {
    /// All commands, and how many of them are of this name, where they are the fewest.
    async fn fewest(&self, name: &str, step: impl AsyncFn(&World)) -> (usize, usize) {
        let mut counts = Vec::new();
        for _ in 0..ATTEMPTS {
            self.meter.reset();
            step(&self.world).await;
            let commands = self.meter.commands();
            counts.push((commands.len(), commands.iter().filter(|command| *command == name).count()));
        }
        counts.into_iter().min().unwrap()
    }
}

#[tokio::test]
async fn a_hit_asks_for_the_entry_for_its_end_and_once_in_each_group_for_records() {
    for groups in [1, 5] {
        let proxied = Proxied::new(groups);
        for count in [0, 1, 5, 50] {
            let names: Vec<String> = (0..count).map(|n| format!("tag{n}")).collect();
            let names: Vec<&str> = names.iter().map(String::as_str).collect();
            proxied.world.store.invalidate(&[], &[KEY]).await.unwrap();
            proxied.world.warm(&names).await;
            let (all, ends) = proxied.fewest("PTTL", async |world| drop(world.hit(&names).await)).await;
            assert_eq!(ends, 1, "{count} tags in {groups} groups");
            let most = groups.min(count + 1);
            assert!((3..=2 + most).contains(&all), "{all} commands for {count} tags in {groups} groups");
        }
    }
}

#[tokio::test]
async fn a_fill_sends_the_entry_once_and_one_script_to_each_group() {
    for groups in [1, 5] {
        let proxied = Proxied::new(groups);
        for names in [&[][..], &["one"], &["one", "two", "three"]] {
            let refill = async |world: &World| {
                world.store.invalidate(&[], &[KEY]).await.unwrap();
                let miss = world.miss(names).await;
                proxied.meter.reset();
                world.fill(&miss, names).await;
            };
            let (all, entries) = proxied.fewest("SET", refill).await;
            let most = groups.min(names.len() + 1);
            assert_eq!(entries, 1, "{names:?} in {groups} groups");
            assert!((2..=1 + most).contains(&all), "{all} commands for {names:?} in {groups} groups");
        }
    }
}

#[tokio::test]
async fn an_invalidation_is_scripts_of_many_names_each() {
    for groups in [1, 5] {
        let proxied = Proxied::new(groups);
        let names: Vec<String> = (0..1_000).map(|n| format!("tag{n}")).collect();
        let names: Vec<&str> = names.iter().map(String::as_str).collect();
        let told = async |world: &World| world.store.invalidate(&tags(&names), &[KEY]).await.unwrap();
        let (all, scripts) = proxied.fewest("EVALSHA", told).await;
        assert_eq!(all, scripts, "{groups} groups");
        assert!(scripts <= groups + 5, "{scripts} scripts in {groups} groups");
    }
}
