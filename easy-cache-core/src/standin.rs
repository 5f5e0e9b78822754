//! A stand-in for the engine, until it is merged: a map behind a lock, with the agreed interface.
#![allow(
    missing_docs,
    clippy::allow_attributes,
    clippy::unwrap_used,
    clippy::missing_panics_doc,
    clippy::missing_errors_doc,
    reason = "deleted at the merge"
)]

use std::any::Any;
use std::collections::HashMap;
use std::convert::Infallible;
use std::future::{IntoFuture, Ready, ready};
use std::marker::PhantomData;
use std::sync::{Arc, Mutex};
use std::time::Duration;

pub type Shared = Arc<dyn Any + Send + Sync>;
pub type Error = Infallible;

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tag(String);
impl Tag {
    pub fn new(name: &str) -> Self {
        Self(name.to_owned())
    }
    pub fn prefix(name: &str) -> Self {
        Self(format!("prefix={name}"))
    }
}
impl From<&str> for Tag {
    fn from(name: &str) -> Self {
        Self::new(name)
    }
}
impl From<String> for Tag {
    fn from(name: String) -> Self {
        Self(name)
    }
}
impl From<&Self> for Tag {
    fn from(tag: &Self) -> Self {
        tag.clone()
    }
}

#[derive(Clone, Default, Debug)]
pub struct Policy {
    ttl: Option<Duration>,
    tags: Vec<Tag>,
}
impl Policy {
    pub fn new() -> Self {
        Self::default()
    }
    pub fn ttl(mut self, ttl: Duration) -> Self {
        self.ttl = Some(ttl);
        self
    }
    pub fn tag(mut self, tag: impl Into<Tag>) -> Self {
        self.tags.push(tag.into());
        self
    }
    pub fn tags(mut self, tags: impl IntoIterator<Item: Into<Tag>>) -> Self {
        self.add_tags(tags);
        self
    }
    pub fn prefix(self, prefix: &str) -> Self {
        self.tag(Tag::prefix(prefix))
    }
    pub fn set_ttl(&mut self, ttl: Duration) {
        self.ttl = Some(ttl);
    }
    pub fn add_tags(&mut self, tags: impl IntoIterator<Item: Into<Tag>>) {
        self.tags.extend(tags.into_iter().map(Into::into));
    }
    pub fn into_tags(self) -> Vec<Tag> {
        self.tags
    }
}

pub trait Plan<R> {
    fn erase(&self, result: &R) -> Option<Shared>;
    fn restore(&self, stored: &Shared) -> Option<R>;
    fn finish(&self, _result: &R, _policy: &mut Policy) {}
}

#[derive(Clone, Copy, Debug)]
pub enum Mode {
    Lookup,
    Refresh,
}

#[derive(Debug)]
struct Entry {
    value: Shared,
    policy: Policy,
}

#[derive(Clone, Debug, Default)]
pub struct Cache(Arc<Mutex<HashMap<Vec<u8>, Entry>>>);
impl Cache {
    pub fn new() -> Self {
        Self::default()
    }
    pub fn hit<R>(&self, key: &[u8], plan: &impl Plan<R>) -> Option<R> {
        plan.restore(&self.0.lock().unwrap().get(key)?.value)
    }
    pub async fn compute<R, P: Plan<R>, F: Future<Output = R>>(
        &self,
        key: &[u8],
        mode: Mode,
        policy: Policy,
        plan: P,
        load: F,
    ) -> R {
        if let (Mode::Lookup, Some(found)) = (mode, self.hit(key, &plan)) {
            return found;
        }
        let result = load.await;
        self.fill(key, policy, &plan, &result);
        result
    }
    pub fn compute_sync<R, P: Plan<R>>(
        &self,
        key: &[u8],
        mode: Mode,
        policy: Policy,
        plan: P,
        load: impl FnOnce() -> R,
    ) -> R {
        if let (Mode::Lookup, Some(found)) = (mode, self.hit(key, &plan)) {
            return found;
        }
        let result = load();
        self.fill(key, policy, &plan, &result);
        result
    }
    fn fill<R>(&self, key: &[u8], mut policy: Policy, plan: &impl Plan<R>, result: &R) {
        if let Some(value) = plan.erase(result) {
            plan.finish(result, &mut policy);
            self.0.lock().unwrap().insert(key.to_vec(), Entry { value, policy });
        }
    }
    pub fn stored(&self, key: &[u8]) -> Option<Shared> {
        self.0.lock().unwrap().get(key).map(|entry| Arc::clone(&entry.value))
    }
    pub fn time_to_live(&self, key: &[u8]) -> Option<Duration> {
        self.0.lock().unwrap().get(key)?.policy.ttl
    }
    pub fn invalidate_key(&self, key: impl AsRef<[u8]>) -> Operation<'_> {
        self.0.lock().unwrap().remove(key.as_ref());
        Operation(PhantomData)
    }
    pub fn invalidate_tags(&self, tags: impl IntoIterator<Item: Into<Tag>>) -> Operation<'_> {
        let tags: Vec<Tag> = tags.into_iter().map(Into::into).collect();
        self.0.lock().unwrap().retain(|_, entry| !entry.policy.tags.iter().any(|tag| tags.contains(tag)));
        Operation(PhantomData)
    }
    pub fn invalidate_prefix(&self, prefix: &str) -> Operation<'_> {
        self.invalidate_tags([Tag::prefix(prefix)])
    }
}

#[derive(Debug)]
#[must_use]
pub struct Operation<'a>(PhantomData<&'a ()>);
impl Operation<'_> {
    pub fn wait(self) -> Result<(), Error> {
        Ok(())
    }
}
impl IntoFuture for Operation<'_> {
    type Output = Result<(), Error>;
    type IntoFuture = Ready<Self::Output>;
    fn into_future(self) -> Self::IntoFuture {
        ready(Ok(()))
    }
}

pub mod registry {
    use super::{Cache, HashMap, Mutex};
    use std::sync::LazyLock;

    static SLOTS: LazyLock<Mutex<HashMap<&'static str, &'static Slot>>> = LazyLock::new(Mutex::default);
    static DEFAULT: LazyLock<Cache> = LazyLock::new(Cache::new);

    #[derive(Debug, Default)]
    pub struct Slot(Cache);
    impl Slot {
        pub fn cache(&self) -> &Cache {
            &self.0
        }
    }
    pub fn default_cache() -> &'static Cache {
        &DEFAULT
    }
    pub fn slot(alias: &'static str) -> &'static Slot {
        SLOTS.lock().unwrap().entry(alias).or_insert_with(|| Box::leak(Box::default()))
    }
}
