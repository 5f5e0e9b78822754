//! Many keys at once: one look for each, one load for all that nobody else computes.

use std::collections::HashMap;
use std::fmt;
use std::future::Future;
use std::hash::Hash;
use std::pin::Pin;
use std::sync::Arc;
use std::task::Poll;
use std::time::Duration;

use crate::engine::Side;
use crate::engine::fallback::{Fallback, instead_of_failing};
use crate::engine::frame::{self, Frame, Open};
use crate::engine::join::{Arrival, Join, Terms};
use crate::engine::outside::{Keeping, Landed, Travel, arrived};
use crate::engine::ticket::Ticket;
use crate::plan::{Anywhere, StoresWhole};
use crate::spawn::block_on;
use crate::value::{Portable, Shared};
use crate::{Cache, Policy, Tag};

impl Cache {
    /// Prepares one lookup for each of these, and one load for all that are missing. `key` makes the key of each.
    ///
    /// # Example: authors by their number
    /// ```
    /// use easy_cache_core::{Cache, Tag};
    ///
    /// # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), std::io::Error> {
    /// # let cache = Cache::new();
    /// let load = async |missing: Vec<u64>| {
    ///     // one query for all of them
    ///     Ok::<_, std::io::Error>(missing.into_iter().map(|id| (id, format!("author {id}"))))
    /// };
    /// let authors = cache
    ///     .batch([7, 8, 9], |id| format!("author:{id}"))
    ///     .tags_of(|id, _| [Tag::row("authors", *id)])
    ///     .get_or_compute(load)
    ///     .await?;
    /// assert_eq!(authors[&8], "author 8");
    /// # Ok(()) }
    /// ```
    pub fn batch<K: Clone + Eq + Hash, V>(
        &self,
        ids: impl IntoIterator<Item = K>,
        key: impl Fn(&K) -> String,
    ) -> Batch<'_, K, V> {
        let mut asked = HashMap::new();
        for id in ids {
            asked.entry(id).or_insert_with_key(&key);
        }
        Batch { cache: self, asked, policy: Policy::new(), tags_of: None }
    }
}

/// What gives each value its own tags.
type TagsOf<'a, K, V> = Box<dyn Fn(&K, &V) -> Vec<Tag> + Send + Sync + 'a>;

/// A prepared [`Cache::batch`]: add options, then compute.
#[must_use = "nothing happens before it is computed"]
pub struct Batch<'a, K, V> {
    cache: &'a Cache,
    asked: HashMap<K, String>,
    policy: Policy,
    tags_of: Option<TagsOf<'a, K, V>>,
}

impl<'a, K, V> Batch<'a, K, V> {
    /// How long the values are fresh. Default: until they are invalidated or evicted.
    pub fn ttl(mut self, ttl: Duration) -> Self {
        self.policy.set_ttl(ttl);
        self
    }

    /// Adds tags to all values.
    pub fn tags(mut self, tags: impl IntoIterator<Item: Into<Tag>>) -> Self {
        self.policy.add_tags(tags);
        self
    }

    /// Gives each value tags of its own.
    pub fn tags_of<I>(mut self, tags: impl Fn(&K, &V) -> I + Send + Sync + 'a) -> Self
    where
        I: IntoIterator<Item: Into<Tag>>,
    {
        self.tags_of = Some(Box::new(move |id, value| tags(id, value).into_iter().map(Into::into).collect()));
        self
    }

    crate::freshness::options!(freshness_mut);

    fn freshness_mut(&mut self) -> &mut crate::Freshness {
        self.policy.freshness_mut()
    }
}

impl<K, V> Batch<'_, K, V>
where
    K: Clone + Eq + Hash,
    V: Clone + Portable + Send + Sync + 'static,
{
    /// The values of all, as far as there are any: those that are stored, and those that the load yields for the others.
    ///
    /// What somebody else computes already is waited for, after this load has ended: two batches never wait for each other.
    /// If that comes to nothing, the load runs once more, for those alone. What the load says nothing about is not there.
    ///
    /// # Errors
    /// The load's own, unchanged.
    ///
    /// # Example: what is there is not loaded
    /// ```
    /// use easy_cache_core::Cache;
    ///
    /// # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), std::io::Error> {
    /// let cache = Cache::new();
    /// cache.set("n:1", 10).await;
    /// let load = async |missing: Vec<u64>| {
    ///     assert_eq!(missing, [2]);
    ///     Ok::<_, std::io::Error>([(2, 20)])
    /// };
    /// let all = cache.batch([1, 2], |n| format!("n:{n}")).get_or_compute(load).await?;
    /// assert_eq!((all[&1], all[&2]), (10, 20));
    /// # Ok(()) }
    /// ```
    pub async fn get_or_compute<L, F, I, E>(self, load: L) -> Result<HashMap<K, V>, E>
    where
        L: FnMut(Vec<K>) -> F,
        F: Future<Output = Result<I, E>>,
        I: IntoIterator<Item = (K, V)>,
    {
        self.run(Side::Async, load).await
    }

    /// The same for callers without a runtime.
    ///
    /// # Errors
    /// The load's own, unchanged.
    ///
    /// # Example
    /// ```
    /// # fn main() -> Result<(), std::num::ParseIntError> {
    /// let cache = easy_cache_core::Cache::new();
    /// let load = |missing: Vec<&'static str>| missing.into_iter().map(|text| Ok((text, text.parse::<u64>()?))).collect::<Result<Vec<_>, _>>();
    /// let numbers = cache.batch(["1", "2"], |text| format!("n:{text}")).get_or_compute_sync(load)?;
    /// assert_eq!(numbers["2"], 2);
    /// # Ok(()) }
    /// ```
    pub fn get_or_compute_sync<L, I, E>(self, mut load: L) -> Result<HashMap<K, V>, E>
    where
        L: FnMut(Vec<K>) -> Result<I, E>,
        I: IntoIterator<Item = (K, V)>,
    {
        block_on(self.run(Side::Sync, |missing| std::future::ready(load(missing))))
    }

    async fn run<L, F, I, E>(mut self, side: Side, mut load: L) -> Result<HashMap<K, V>, E>
    where
        L: FnMut(Vec<K>) -> F,
        F: Future<Output = Result<I, E>>,
        I: IntoIterator<Item = (K, V)>,
    {
        self.cache.engine().complete(&mut self.policy);
        let mut found = HashMap::new();
        let mut waiting = std::mem::take(&mut self.asked);
        while !waiting.is_empty() {
            let led = self.arrive(side, &mut waiting, &mut found).await;
            if !led.is_empty() {
                self.compute(led, &mut load, &mut found).await?;
            }
        }
        Ok(found)
    }

    /// Goes on until there is something to compute, or everything is there. What has to be computed is computed before anything
    /// is waited for: nobody is kept waiting by a batch that waits for others itself.
    async fn arrive(
        &self,
        side: Side,
        waiting: &mut HashMap<K, String>,
        found: &mut HashMap<K, V>,
    ) -> Vec<(K, Ticket, Option<Fallback>)> {
        let engine = self.cache.engine();
        if engine.outside.is_some() && engine.is_usable() {
            return self.arrive_outside(side, waiting, found).await;
        }
        let mut joins: Vec<_> = waiting.drain().map(|(id, key)| (id, key, Join::new(side))).collect();
        let mut led = Vec::new();
        std::future::poll_fn(|cx| {
            let terms = Terms { wishes: self.policy.wishes(), accept: None };
            for (id, key, mut join) in std::mem::take(&mut joins) {
                match join.poll(engine, key.as_bytes(), terms, cx) {
                    Poll::Pending => joins.push((id, key, join)),
                    Poll::Ready(Arrival::Compute(ticket, fallback)) => led.push((id, ticket, fallback)),
                    Poll::Ready(Arrival::Found(arrived)) => match arrived.value.downcast_ref::<V>() {
                        Some(value) => drop(found.insert(id, value.clone())),
                        None => {
                            engine.events.types_differ(key.as_bytes());
                            led.push((id, Ticket::alone(engine, key.as_bytes()), None));
                        }
                    },
                }
            }
            if led.is_empty() && !joins.is_empty() { Poll::Pending } else { Poll::Ready(()) }
        })
        .await;
        // The flights are joined again later: a follower that does not listen must not be the one that is to take over.
        waiting.extend(joins.into_iter().map(|(id, key, _)| (id, key)));
        led
    }

    /// The same with a store outside the process: all are looked up before anything is computed.
    async fn arrive_outside(
        &self,
        side: Side,
        waiting: &mut HashMap<K, String>,
        values: &mut HashMap<K, V>,
    ) -> Vec<(K, Ticket, Option<Fallback>)> {
        let (engine, tags) = (self.cache.engine(), self.policy.named_tags());
        let wishes = self.policy.wishes();
        let travel = |(id, key): (K, String)| {
            let travel = arrived::of_type::<V, _>(engine, tags, wishes, |errand| {
                Travel::new(engine, side, key.as_bytes(), errand)
            });
            (id, key, travel)
        };
        waiting.retain(|id, key| {
            let near = engine.near_hit(key.as_bytes(), |value| value.downcast_ref::<V>().cloned());
            near.map(|value| values.insert(id.clone(), value)).is_none()
        });
        let mut travels: Vec<_> = waiting.drain().map(travel).collect();
        let mut led = Vec::new();
        std::future::poll_fn(|cx| {
            for (id, key, mut travel) in std::mem::take(&mut travels) {
                let landed = arrived::of_type::<V, _>(engine, tags, wishes, |errand| {
                    travel.poll(engine, key.as_bytes(), errand, cx)
                });
                match landed {
                    Poll::Pending => travels.push((id, key, travel)),
                    Poll::Ready(Landed::Compute(duty)) => {
                        let (ticket, fallback) = duty.begin(engine, key.as_bytes());
                        led.push((id, ticket, fallback));
                    }
                    Poll::Ready(Landed::Found(found)) => match found.value.downcast_ref::<V>() {
                        Some(value) => drop(values.insert(id, value.clone())),
                        None => {
                            engine.events.types_differ(key.as_bytes());
                            led.push((id, Ticket::alone(engine, key.as_bytes()), None));
                        }
                    },
                }
            }
            let looking = travels.iter().any(|(.., travel)| travel.is_looking());
            if looking || (led.is_empty() && !travels.is_empty()) { Poll::Pending } else { Poll::Ready(()) }
        })
        .await;
        waiting.extend(travels.into_iter().map(|(id, key, _)| (id, key)));
        led
    }

    async fn compute<L, F, I, E>(
        &self,
        led: Vec<(K, Ticket, Option<Fallback>)>,
        load: &mut L,
        found: &mut HashMap<K, V>,
    ) -> Result<(), E>
    where
        L: FnMut(Vec<K>) -> F,
        F: Future<Output = Result<I, E>>,
        I: IntoIterator<Item = (K, V)>,
    {
        let ids = led.iter().map(|(id, ..)| id.clone()).collect();
        let engine = self.cache.engine();
        let keys = led.iter().map(|(_, ticket, _)| ticket.key());
        let mut frame = Open::new(Frame::computing(engine.id, keys, engine.events.load_many(led.len())));
        let mut running = Box::pin(frame.run(|| load(ids)));
        let result = std::future::poll_fn(|cx| frame.run(|| running.as_mut().poll(cx))).await;
        // What the load yields may be computed only now, item by item.
        let result = frame.run(|| result.map(|values| values.into_iter().collect::<HashMap<K, V>>()));
        let frame = frame.finish();
        match result {
            Ok(mut values) => {
                let mut sent = Vec::new();
                for (id, ticket, _) in led {
                    match values.remove_entry(&id) {
                        Some((id, value)) => {
                            sent.extend(self.fill(ticket, &id, &value, frame.copy()));
                            found.insert(id, value);
                        }
                        None => ticket.decline(&self.policy, frame.copy()),
                    }
                }
                all_kept(sent).await;
                Ok(())
            }
            Err(error) => {
                let stood_in = self.failed(led, &frame, found);
                frame::absorb(frame);
                stood_in.ok_or(error)
            }
        }
    }

    fn fill(&self, ticket: Ticket, id: &K, value: &V, frame: Frame) -> Option<Keeping> {
        let mut policy = self.policy.clone();
        if let Some(tags_of) = &self.tags_of {
            policy.add_tags(tags_of(id, value));
        }
        policy.measured(|| value.measure());
        ticket.store_as(&StoresWhole::<Anywhere>::PLAN, value, Arc::new(value.clone()), &policy, frame)
    }

    /// Nothing, if there is a key for which nothing stands in.
    fn failed(&self, led: Vec<(K, Ticket, Option<Fallback>)>, frame: &Frame, found: &mut HashMap<K, V>) -> Option<()> {
        let mut complete = true;
        for (id, ticket, fallback) in led {
            let restore = |value: &Shared| value.downcast_ref::<V>().cloned();
            let stand_in =
                fallback.and_then(|fallback| instead_of_failing(&ticket, &fallback, self.policy.wishes(), restore));
            match stand_in {
                Some((value, stand_in)) => {
                    found.insert(id, value);
                    ticket.stand_in(stand_in);
                }
                None => {
                    complete = false;
                    ticket.decline(&self.policy, frame.copy());
                }
            }
        }
        complete.then_some(())
    }
}

/// Waits until all of them have been answered by the store, side by side.
async fn all_kept(mut sent: Vec<Keeping>) {
    std::future::poll_fn(|cx| {
        sent.retain_mut(|keeping| Pin::new(keeping).poll(cx).is_pending());
        if sent.is_empty() { Poll::Ready(()) } else { Poll::Pending }
    })
    .await;
}

impl<K, V> fmt::Debug for Batch<'_, K, V> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Batch").field("keys", &self.asked.len()).field("policy", &self.policy).finish_non_exhaustive()
    }
}
