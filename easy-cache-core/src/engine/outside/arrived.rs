//! An entry of the store on arrival: bytes become a value with what it depends on, in terms of this process, and its times by this
//! process's clock. Whether a call may be served it is judged as in memory.

use std::sync::Arc;

use super::label::Label;
use crate::backend::memory::{Fence, Heard as News, Kept, List};
use crate::clock::Moment;
use crate::engine::join::Terms;
use crate::engine::near::Arrival;
use crate::engine::{Engine, frame};
use crate::freshness::{Freshness, Standing, Times, Verdict, judge};
use crate::store::{Hit, Looked};
use crate::value::{Portable, Shared};
use crate::{CodecError, Tag};

/// What a call asks the store for, and how it reads what it gets.
#[derive(Clone, Copy)]
pub(crate) struct Errand<'a> {
    /// The key that the store knows, if it is another than the one at which calls wait for each other.
    pub(crate) key: Option<&'a [u8]>,
    /// Under which a copy is kept near: then that is none of the application's keys.
    pub(crate) copy: Option<&'a [u8]>,
    /// Those that are known before the computation.
    pub(crate) tags: &'a [Tag],
    /// The kind of values that it can read.
    pub(crate) kind: u64,
    pub(crate) terms: Terms<'a>,
    pub(crate) decode: Decode<'a>,
}

/// Makes a value of its bytes; `None` if values of this kind never leave the process.
pub(crate) type Decode<'a> = &'a dyn Fn(Vec<u8>) -> Option<Result<Shared, CodecError>>;

/// An errand for values of this type.
pub(crate) fn of_type<T, R>(engine: &Engine, tags: &[Tag], wishes: &Freshness, run: impl FnOnce(Errand<'_>) -> R) -> R
where
    T: Portable + Send + Sync + 'static,
{
    let format = engine.format();
    let decode = |payload: Vec<u8>| Some(T::decode(&payload, format).map(|value| Arc::new(value) as Shared));
    run(Errand {
        key: None,
        copy: None,
        tags,
        kind: T::kind(format),
        terms: Terms { wishes, accept: None },
        decode: &decode,
    })
}

/// What was noted before a lookup was sent: the fence of this process, and what it had heard of the store.
pub(crate) type Before<'a> = (&'a Fence, News);

/// What the entry is, if it can be read, and nothing of it was invalidated, or is held, here since the lookup was sent. A copy of it is kept
/// near, where there is such a cache and nothing is to be said of it beyond its ttl.
pub(crate) fn read(engine: &Engine, key: &[u8], errand: Errand<'_>, mut hit: Hit, before: Before<'_>) -> Option<Kept> {
    let outside = engine.outside.as_ref()?;
    let Some(label) = Label::split(&mut hit.payload) else {
        engine.events.unreadable(key, &"it was not written by this layout of the cache");
        return None;
    };
    let retry_at = outside.retry_at(key, errand.kind);
    let list = list(engine, key, &arrival(&hit, before, errand.key), &label, retry_at)?;
    match (errand.decode)(std::mem::take(&mut hit.payload))? {
        Ok(value) => {
            let kept = Kept { value, list };
            if let Some(copy) = errand.copy_key(key) {
                engine.keep_near(copy, &arrival(&hit, before, errand.key), kept.clone());
            }
            Some(kept)
        }
        Err(error) => {
            engine.events.unreadable(key, &error);
            None
        }
    }
}

/// The value of an entry of which no more has to be known, if it is simply served: nobody collects what it depends on, no copy of it is kept
/// near, and nothing speaks against it here.
pub(crate) fn plain<'h>(
    engine: &Engine,
    (key, kind): (&[u8], u64),
    wishes: &Freshness,
    hit: &'h Hit,
    fence: &Fence,
) -> Option<&'h [u8]> {
    let (outside, domain) = (engine.outside.as_ref()?, engine.store.domain());
    let tags = hit.tags.iter().map(|tag| &tag.tag);
    if engine.near.is_some() || frame::is_collecting() || !domain.stand_since(fence, tags) {
        return None;
    }
    let (value, label) = Label::behind(&hit.payload)?;
    let now = engine.store.clock().coarse();
    let times = label.times(hit.age, hit.remaining, now);
    let verdict = judged_by(engine, &times, Standing::Current, wishes, now);
    (verdict == Verdict::Fresh && outside.retry_at(key, kind).is_none()).then_some(value)
}

/// Until when it would be served to who does not ask for its value; `None`: it would not be.
pub(crate) fn fresh_until(engine: &Engine, key: &[u8], mut hit: Hit, before: Before<'_>) -> Option<Moment> {
    let label = Label::split(&mut hit.payload)?;
    let until = list(engine, key, &arrival(&hit, before, None), &label, None)?.times().fresh_until;
    (engine.store.clock().precise() < until).then_some(until)
}

impl<'a> Errand<'a> {
    /// Under which key a copy of what is found for a call is kept near; `None`: none is.
    const fn copy_key(&self, key: &'a [u8]) -> Option<&'a [u8]> {
        match self.key {
            Some(_) => self.copy,
            None => Some(key),
        }
    }
}

fn arrival<'a>(hit: &'a Hit, (fence, heard): Before<'a>, owner: Option<&[u8]>) -> Arrival<'a> {
    Arrival { hit, fence, heard, owner: owner.and_then(Tag::of_key) }
}

fn list(engine: &Engine, key: &[u8], arrival: &Arrival<'_>, label: &Label, retry_at: Option<Moment>) -> Option<List> {
    // As of the last tick, here and where it is judged: the two agree, and an entry may be served that much longer than its ttl.
    let now = engine.store.clock().coarse();
    let hit = arrival.hit;
    let times = label.times(hit.age, hit.remaining, now);
    let times = match retry_at {
        Some(until) if now < until => times.throttled(until, now),
        _ => times,
    };
    if engine.near.is_some() {
        return engine.list_near(key, arrival, times).filter(List::stands_here);
    }
    let tags = hit.tags.iter().map(|tag| &tag.tag);
    engine.store.list_arrived(arrival.fence, tags, times).ok().filter(List::is_servable)
}

/// What a call with these wishes may do with it.
pub(crate) fn judged(engine: &Engine, kept: &Kept, wishes: &Freshness) -> Verdict {
    let now = engine.store.clock().coarse();
    // What is heard of the store meanwhile keeps it from being kept, not from being served to a call that began before.
    let standing = if kept.list.stands_here() { Standing::Current } else { Standing::Barred };
    judged_by(engine, kept.list.times(), standing, wishes, now)
}

fn judged_by(engine: &Engine, times: &Times, standing: Standing, wishes: &Freshness, now: Moment) -> Verdict {
    let random = if wishes.early_refresh.is_some() { engine.random() } else { 0.0 };
    judge(times, standing, wishes, now, random)
}

/// What is stored outside under a key, however old, unless it was invalidated; nothing if the store does not answer.
pub(crate) async fn inspect<T: Portable + Send + Sync + 'static>(engine: &Engine, key: &[u8]) -> Option<Kept> {
    let domain = engine.store.domain();
    let (outside, fence, heard) = (engine.outside.as_ref()?, domain.fence(), domain.heard());
    match outside.look(key, T::kind(outside.format), &[]).await {
        Ok(Looked::Hit(hit)) => {
            of_type::<T, _>(engine, &[], &Freshness::PLAIN, |errand| read(engine, key, errand, hit, (&fence, heard)))
        }
        Ok(Looked::Miss(_)) => None,
        Err(error) => {
            tracing::warn!(%error, key = %engine.events.show(key), "the cache is not used for this call");
            None
        }
    }
}
