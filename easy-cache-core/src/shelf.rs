//! Values of an integration in a store outside the process: how they leave it and come back, and a computation in parts over them.
//!
//! Without a store outside, [`Cache::join`] and its kin in `computation` do the same in this process, and need no carrier.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use crate::codec::CodecError;
use crate::computation::{Computation, Joined, Stored};
use crate::engine::join::Terms;
use crate::engine::outside::{Errand, Landed, Travel};
use crate::engine::{Found, Side};
use crate::freshness::Freshness;
use crate::value::Shared;
use crate::{Cache, Policy, Scope, Tag};

/// How the values of an integration leave the process, and come back.
///
/// Whatever bytes are read, the answer is a value or none: they may be anything.
pub trait Carrier: fmt::Debug + Send + Sync + 'static {
    /// What kind of values these are, and in which layout: the same only where each can read what the other wrote.
    fn kind(&self) -> &str;

    /// The value as bytes; `None` if it is to stay in this process.
    fn write(&self, value: &Shared) -> Option<Vec<u8>>;

    /// The value from its bytes, which it may keep.
    fn read(&self, bytes: Vec<u8>) -> Option<Shared>;
}

/// Where a value is: under a key of the cache, by which it is invalidated; and at a place of its own, if the key has several.
///
/// Who waits for a value waits at its place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Address {
    key: Box<[u8]>,
    place: Box<[u8]>,
}

impl Address {
    /// The only place of a key.
    pub fn of(key: impl AsRef<[u8]>) -> Self {
        let key: Box<[u8]> = key.as_ref().into();
        Self { place: key.clone(), key }
    }

    /// One of the places of a key.
    pub fn at(key: impl AsRef<[u8]>, place: impl AsRef<[u8]>) -> Self {
        Self { key: key.as_ref().into(), place: place.as_ref().into() }
    }
}

/// What an integration keeps in the store outside the process of a cache: see [`Cache::shelf`].
#[derive(Debug, Clone)]
pub struct Shelf {
    cache: Cache,
    carrier: &'static dyn Carrier,
}

/// What is needed to look for a value at an address, and to put one there.
#[derive(Debug, Clone)]
pub(crate) struct Berth {
    pub(crate) carrier: &'static dyn Carrier,
    pub(crate) address: Address,
    /// Where a copy is, if there are copies in this process.
    copy: Option<Box<[u8]>>,
}

impl Cache {
    /// What an integration keeps in the store outside the process; `None` without such a store.
    ///
    /// # Example: without one, values stay in the process
    /// ```
    /// use std::sync::Arc;
    /// use easy_cache_core::{Cache, Carrier, Shared};
    ///
    /// #[derive(Debug)]
    /// struct Texts;
    ///
    /// impl Carrier for Texts {
    ///     fn kind(&self) -> &str {
    ///         "example/text/1"
    ///     }
    ///     fn write(&self, value: &Shared) -> Option<Vec<u8>> {
    ///         value.downcast_ref::<String>().map(|text| text.clone().into_bytes())
    ///     }
    ///     fn read(&self, bytes: Vec<u8>) -> Option<Shared> {
    ///         String::from_utf8(bytes).ok().map(|text| Arc::new(text) as Shared)
    ///     }
    /// }
    ///
    /// assert!(Cache::new().shelf(&Texts).is_none());
    /// ```
    #[must_use]
    pub fn shelf(&self, carrier: &'static dyn Carrier) -> Option<Shelf> {
        self.engine().outside.is_some().then(|| Shelf { cache: self.clone(), carrier })
    }
}

impl Shelf {
    /// The value at an address if it may be served now: neither waits for others nor computes. Its tags go to the scope around.
    pub async fn look(&self, address: &Address) -> Option<Stored> {
        let engine = self.cache.engine();
        if !engine.is_usable() {
            return None;
        }
        let berth = self.berth(address);
        let mut travel = berth.errand(&[], None, |errand| Travel::alone(engine, &address.place, errand));
        let landed = std::future::poll_fn(|cx| {
            berth.errand(&[], None, |errand| travel.poll(engine, &address.place, errand, cx))
        });
        match landed.await {
            Landed::Found(found) => Some(Stored::new(&self.cache, found, false)),
            Landed::Compute(_) => None,
        }
    }

    /// The value at an address, or the duty to compute it, after waiting for those who had it before: as [`Cache::join`].
    ///
    /// The tags are those that are known beforehand: their records ride along.
    pub fn join<'a>(&'a self, address: &'a Address, tags: &'a [Tag]) -> ShelfJoin<'a> {
        ShelfJoin { shelf: self, berth: self.berth(address), tags, accept: None, travel: None, waited: false }
    }

    /// A computation that nobody waits for, whatever is stored or under way.
    pub async fn begin(&self, address: &Address, tags: &[Tag]) -> Computation {
        self.replace(address, tags, None).await
    }

    /// The duty to compute a value that may be served, but should be computed anew, unless somebody has it already.
    pub async fn try_lead(&self, address: &Address, tags: &[Tag]) -> Option<Computation> {
        let engine = self.cache.engine();
        let lead = engine.is_usable().then(|| engine.try_lead(Side::Async, &address.place)).flatten()?;
        Some(self.replace(address, tags, Some(lead)).await)
    }

    /// Stores a value at an address, computed without the cache's help; `false` if it was not kept.
    pub async fn put<T: Send + Sync + 'static>(&self, address: &Address, value: Arc<T>, policy: &Policy) -> bool {
        let computation = self.begin(address, policy.named_tags()).await;
        computation.fill_and_wait(value, policy, Scope::new()).await
    }

    async fn replace(&self, address: &Address, tags: &[Tag], lead: Option<crate::engine::flight::Lead>) -> Computation {
        let (engine, berth) = (self.cache.engine(), self.berth(address));
        let mut travel =
            berth.errand(tags, None, |errand| Travel::replacing(engine, Side::Async, &address.place, errand, lead));
        let landed = std::future::poll_fn(|cx| {
            berth.errand(tags, None, |errand| travel.poll(engine, &address.place, errand, cx))
        });
        match landed.await {
            Landed::Compute(duty) => Computation::afar(duty.begin(engine, &address.place).0, berth),
            Landed::Found(_) => self.cache.begin(&address.place),
        }
    }

    /// The copy of it in this process, if there is one that may be served: as a hit, for who would agree to it. Never waits.
    #[must_use]
    pub fn near(&self, address: &Address) -> Option<Stored> {
        let engine = self.cache.engine();
        let copy = engine.near.is_some().then(|| copy_key(self.carrier, address))??;
        engine.near_found(&address.place, &copy).map(|found| Stored::new(&self.cache, found, false))
    }

    fn berth(&self, address: &Address) -> Berth {
        let copy = self.cache.engine().near.is_some().then(|| copy_key(self.carrier, address)).flatten();
        Berth { carrier: self.carrier, address: address.clone(), copy }
    }
}

type Accept<'a> = Box<dyn Fn(&Stored) -> bool + Send + 'a>;

/// The future of [`Shelf::join`].
#[must_use = "futures do nothing unless polled"]
pub struct ShelfJoin<'a> {
    shelf: &'a Shelf,
    berth: Berth,
    tags: &'a [Tag],
    accept: Option<Accept<'a>>,
    travel: Option<Box<Travel>>,
    waited: bool,
}

impl<'a> ShelfJoin<'a> {
    /// Takes no value but one that the caller agrees to: as [`JoinFuture::accept`](crate::JoinFuture::accept).
    pub fn accept(mut self, accept: impl Fn(&Stored) -> bool + Send + 'a) -> Self {
        self.accept = Some(Box::new(accept));
        self
    }
}

impl Future for ShelfJoin<'_> {
    type Output = Joined;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Joined> {
        let Self { shelf, berth, tags, accept, travel, waited } = &mut *self;
        let (cache, place) = (&shelf.cache, &*berth.address.place);
        let engine = cache.engine();
        let accept = accept.as_ref().map(|accept| |found: &Found| accept(&Stored::new(cache, found.clone(), false)));
        let accept = accept.as_ref().map(|accept| accept as &dyn Fn(&Found) -> bool);
        let polled = berth.errand(tags, accept, |errand| {
            let travel = travel.get_or_insert_with(|| Box::new(Travel::new(engine, Side::Async, place, errand)));
            let polled = travel.poll(engine, place, errand, cx);
            *waited |= travel.is_following();
            polled
        });
        polled.map(|landed| match landed {
            Landed::Found(found) => Joined::Found(Stored::new(cache, found, *waited)),
            Landed::Compute(duty) => Joined::Compute(Computation::afar(duty.begin(engine, place).0, berth.clone())),
        })
    }
}

impl fmt::Debug for ShelfJoin<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ShelfJoin").field("berth", &self.berth).finish_non_exhaustive()
    }
}

/// Keys of copies are apart from those of functions, which may be the same text, and from each other. `None`: a key that is no text
/// has no tag by which its places are forgotten.
fn copy_key(carrier: &dyn Carrier, Address { key, place }: &Address) -> Option<Box<[u8]>> {
    std::str::from_utf8(key).ok()?;
    let key = if key == place { &[] } else { &**key };
    Some([carrier.kind().as_bytes(), &[0], place, key, &(key.len() as u64).to_le_bytes()].concat().into())
}

impl Berth {
    /// The same for another place of the key.
    pub(crate) fn elsewhere(&self, place: &[u8]) -> Self {
        let address = Address::at(&self.address.key, place);
        let copy = self.copy.as_ref().and_then(|_| copy_key(self.carrier, &address));
        Self { carrier: self.carrier, address, copy }
    }

    /// The kind of the value at its place. Two places may share it by chance: the place is written with the value.
    pub(crate) fn kind(&self) -> u64 {
        let step = |hash: u64, byte: &u8| (hash ^ u64::from(*byte)).wrapping_mul(0x0000_0100_0000_01b3);
        let kind = self.carrier.kind().as_bytes().iter().chain(&[0]);
        kind.chain(self.own_place().unwrap_or_default()).fold(0xcbf2_9ce4_8422_2325, step)
    }

    fn own_place(&self) -> Option<&[u8]> {
        (self.address.place != self.address.key).then_some(&*self.address.place)
    }

    /// The value with its place behind it.
    pub(crate) fn write(&self, value: &Shared) -> Option<Vec<u8>> {
        let mut payload = self.carrier.write(value)?;
        let place = &*self.address.place;
        payload.extend(place);
        payload.extend((place.len() as u32).to_le_bytes());
        Some(payload)
    }

    fn read(&self, mut payload: Vec<u8>) -> Option<Shared> {
        let (rest, len) = payload.split_last_chunk::<4>()?;
        let begin = rest.len().checked_sub(u32::from_le_bytes(*len) as usize)?;
        if rest[begin..] != *self.address.place {
            return None;
        }
        payload.truncate(begin);
        self.carrier.read(payload)
    }

    fn errand<R>(&self, tags: &[Tag], accept: Option<&dyn Fn(&Found) -> bool>, run: impl FnOnce(Errand<'_>) -> R) -> R {
        let decode = |payload| Some(self.read(payload).ok_or_else(|| CodecError::foreign(self.carrier.kind())));
        let terms = Terms { wishes: &Freshness::PLAIN, accept };
        let copy = self.copy.as_deref();
        run(Errand { key: Some(&self.address.key), copy, tags, kind: self.kind(), terms, decode: &decode })
    }
}
