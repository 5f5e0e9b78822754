//! What of a computation's result is stored, and how a caller gets it back from what is stored. Plans with more to say
//! about results are in `extended`.

mod extended;

use std::marker::PhantomData;
use std::sync::Arc;

use crate::value::{Portable, Shared};
use crate::{CodecError, Error, Format, Policy};

pub(crate) use extended::leaves;
pub use extended::{EndsInTime, OnlyIf, SaysLate, Stores, StoresErr, StoresNone, TagsOf, TtlOf, WeightOf};

/// The translation between what a function returns (`R`) and what is stored.
///
/// Generated code and the wrappers bring their own; implement it to cache results that are neither `Result` nor `Option`
/// nor stored as a whole.
pub trait Plan<R> {
    /// The part of the result that is stored; `None` if this result is not to be stored.
    fn erase(&self, result: &R) -> Option<Shared>;

    /// What the caller gets on a hit; `None` if the stored value is of another type, which counts as a miss.
    fn restore(&self, stored: Shared) -> Option<R>;

    /// The same for a value that may be nobody else's, having come from outside of this process: then it need not be copied. Default:
    /// [`restore`](Self::restore).
    fn take(&self, stored: Shared) -> Option<R> {
        self.restore(stored)
    }

    /// Whether this result is a failure, for which a value that was there before may stand in. Default: it is not. A `None`
    /// is an answer and no failure.
    fn is_failure(&self, result: &R) -> bool {
        let _ = result;
        false
    }

    /// What a caller gets that was kept waiting for too long; `None`, the default, if such a result cannot say so.
    fn late(&self, error: Error) -> Option<R> {
        let _ = error;
        None
    }

    /// Adds what is known only from the result: tags, ttl, weight.
    fn finish(&self, result: &R, policy: &mut Policy) {
        let _ = (result, policy);
    }

    /// Whether what is stored can leave the process. Default: it cannot.
    fn travels(&self) -> bool {
        false
    }

    /// The kind of values that leave the process by this plan: the same only where each can read what the other stores.
    fn kind(&self, format: Format) -> u64 {
        let _ = format;
        0
    }

    /// The part that is stored as bytes, for a store outside the process; `None` if it cannot leave this one.
    fn encode(&self, result: &R, format: Format) -> Option<Result<Vec<u8>, CodecError>> {
        let _ = (result, format);
        None
    }

    /// What was encoded, as [`erase`](Self::erase) would have it.
    fn decode(&self, payload: &[u8], format: Format) -> Option<Result<Shared, CodecError>> {
        let _ = (payload, format);
        None
    }

    /// What a caller gets who is the only one to see the value: what [`decode`](Self::decode) and [`take`](Self::take) come to, which is
    /// the default. `None` if they come to nothing; why, they say.
    fn answer(&self, payload: &[u8], format: Format) -> Option<R> {
        self.decode(payload, format)?.ok().and_then(|value| self.take(value))
    }
}

/// The value itself, if nobody else has it; otherwise a copy.
pub(crate) fn taken<T: Clone + Send + Sync + 'static>(stored: Shared) -> Option<T> {
    stored.downcast().ok().map(Arc::unwrap_or_clone)
}

/// Whether to look into the cache before computing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mode {
    /// A stored value is the answer; one computation serves all who wait for it.
    Lookup,
    /// Computes although a value is there, stores the new one, and returns it.
    Refresh,
}

/// A result with a part that is worth storing: the `Ok` of a `Result`, the `Some` of an `Option`.
#[diagnostic::on_unimplemented(
    message = "the loader must return a `Result` or an `Option`, not `{Self}`",
    note = "only `Ok` and `Some` are stored; for a plain value use `get_or_compute_value`"
)]
pub trait Outcome {
    /// What is stored.
    type Value: Clone + Send + Sync + 'static;
    /// The part to store, if this result has one.
    fn value(&self) -> Option<&Self::Value>;
    /// The result that a hit yields.
    fn from_value(value: Self::Value) -> Self;
    /// Whether it is a failure: an `Err`, but not a `None`.
    fn is_failure(&self) -> bool {
        false
    }
}

impl<T: Clone + Send + Sync + 'static, E> Outcome for Result<T, E> {
    type Value = T;

    fn value(&self) -> Option<&T> {
        self.as_ref().ok()
    }

    fn from_value(value: T) -> Self {
        Ok(value)
    }

    fn is_failure(&self) -> bool {
        self.is_err()
    }
}

impl<T: Clone + Send + Sync + 'static> Outcome for Option<T> {
    type Value = T;

    fn value(&self) -> Option<&T> {
        self.as_ref()
    }

    fn from_value(value: T) -> Self {
        Some(value)
    }
}

/// Where a value may be kept, as a type: decides what is asked of the value.
pub trait Place<T> {
    /// Whether values leave the process.
    const TRAVELS: bool = false;

    /// The value's weight in bytes.
    fn measure(value: &T) -> u64;

    /// The kind of the value, where it leaves the process.
    fn kind(format: Format) -> u64 {
        let _ = format;
        0
    }

    /// The value as bytes, where it may leave the process.
    fn encode(value: &T, format: Format) -> Option<Result<Vec<u8>, CodecError>> {
        let _ = (value, format);
        None
    }

    /// The value from its bytes.
    fn decode(payload: &[u8], format: Format) -> Option<Result<T, CodecError>>
    where
        T: Sized,
    {
        let _ = (payload, format);
        None
    }
}

/// Any store; the value must be [`Portable`].
#[derive(Debug, Clone, Copy)]
pub struct Anywhere;

/// This process only; nothing is asked of the value.
#[derive(Debug, Clone, Copy)]
pub struct InProcess;

impl<T: Portable> Place<T> for Anywhere {
    const TRAVELS: bool = true;

    fn measure(value: &T) -> u64 {
        value.measure()
    }

    fn kind(format: Format) -> u64 {
        T::kind(format)
    }

    fn encode(value: &T, format: Format) -> Option<Result<Vec<u8>, CodecError>> {
        Some(value.encode(format))
    }

    fn decode(payload: &[u8], format: Format) -> Option<Result<T, CodecError>> {
        Some(T::decode(payload, format))
    }
}

impl<T> Place<T> for InProcess {
    fn measure(value: &T) -> u64 {
        size_of_val(value) as u64
    }
}

/// The plan that stores the value inside a `Result` or `Option`.
#[derive(Debug)]
pub struct StoresPart<M>(PhantomData<fn() -> M>);

/// The plan that stores the result as it is.
#[derive(Debug)]
pub struct StoresWhole<M>(PhantomData<fn() -> M>);

impl<M> StoresPart<M> {
    pub(crate) const PLAN: Self = Self(PhantomData);
}

impl<M> StoresWhole<M> {
    pub(crate) const PLAN: Self = Self(PhantomData);
}

impl<R: Outcome, M: Place<R::Value>> Plan<R> for StoresPart<M> {
    fn erase(&self, result: &R) -> Option<Shared> {
        result.value().map(|value| Arc::new(value.clone()) as Shared)
    }

    fn restore(&self, stored: Shared) -> Option<R> {
        stored.downcast_ref::<R::Value>().cloned().map(R::from_value)
    }

    fn take(&self, stored: Shared) -> Option<R> {
        taken::<R::Value>(stored).map(R::from_value)
    }

    fn is_failure(&self, result: &R) -> bool {
        result.is_failure()
    }

    fn finish(&self, result: &R, policy: &mut Policy) {
        policy.measured(|| result.value().map_or(0, M::measure));
    }

    fn travels(&self) -> bool {
        M::TRAVELS
    }

    fn kind(&self, format: Format) -> u64 {
        M::kind(format)
    }

    fn encode(&self, result: &R, format: Format) -> Option<Result<Vec<u8>, CodecError>> {
        M::encode(result.value()?, format)
    }

    fn decode(&self, payload: &[u8], format: Format) -> Option<Result<Shared, CodecError>> {
        Some(M::decode(payload, format)?.map(|value| Arc::new(value) as Shared))
    }

    fn answer(&self, payload: &[u8], format: Format) -> Option<R> {
        M::decode(payload, format)?.ok().map(R::from_value)
    }
}

impl<R: Clone + Send + Sync + 'static, M: Place<R>> Plan<R> for StoresWhole<M> {
    fn erase(&self, result: &R) -> Option<Shared> {
        Some(Arc::new(result.clone()))
    }

    fn restore(&self, stored: Shared) -> Option<R> {
        stored.downcast_ref::<R>().cloned()
    }

    fn take(&self, stored: Shared) -> Option<R> {
        taken(stored)
    }

    fn finish(&self, result: &R, policy: &mut Policy) {
        policy.measured(|| M::measure(result));
    }

    fn travels(&self) -> bool {
        M::TRAVELS
    }

    fn kind(&self, format: Format) -> u64 {
        M::kind(format)
    }

    fn encode(&self, result: &R, format: Format) -> Option<Result<Vec<u8>, CodecError>> {
        M::encode(result, format)
    }

    fn decode(&self, payload: &[u8], format: Format) -> Option<Result<Shared, CodecError>> {
        Some(M::decode(payload, format)?.map(|value| Arc::new(value) as Shared))
    }

    fn answer(&self, payload: &[u8], format: Format) -> Option<R> {
        M::decode(payload, format)?.ok()
    }
}

impl<M> Clone for StoresPart<M> {
    fn clone(&self) -> Self {
        Self::PLAN
    }
}

impl<M> Clone for StoresWhole<M> {
    fn clone(&self) -> Self {
        Self::PLAN
    }
}

/// What an option of the wrappers may say about the place of the value.
pub trait Kept {
    /// The same, in this process only.
    type Local;
    /// The same, in any store.
    type Shared;
    /// Says so.
    fn local(self) -> Self::Local;
    /// Says the opposite.
    fn shared(self) -> Self::Shared;
}

impl<M> Kept for StoresPart<M> {
    type Local = StoresPart<InProcess>;
    type Shared = StoresPart<Anywhere>;

    fn local(self) -> Self::Local {
        StoresPart::PLAN
    }

    fn shared(self) -> Self::Shared {
        StoresPart::PLAN
    }
}

impl<M> Kept for StoresWhole<M> {
    type Local = StoresWhole<InProcess>;
    type Shared = StoresWhole<Anywhere>;

    fn local(self) -> Self::Local {
        StoresWhole::PLAN
    }

    fn shared(self) -> Self::Shared {
        StoresWhole::PLAN
    }
}

impl<R: Outcome, M: Place<R::Value>> Stores<R> for StoresPart<M> {
    type Value = R::Value;

    fn part<'a>(&self, result: &'a R) -> Option<&'a R::Value> {
        result.value()
    }
}

impl<R: Clone + Send + Sync + 'static, M: Place<R>> Stores<R> for StoresWhole<M> {
    type Value = R;

    fn part<'a>(&self, result: &'a R) -> Option<&'a R> {
        Some(result)
    }
}
