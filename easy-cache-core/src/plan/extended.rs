//! Plans with one more word to say about results: their ttl, their tags, whether to store them. Each wraps another plan.

use std::sync::Arc;
use std::time::Duration;

use super::{Kept, Plan};
use crate::value::Shared;
use crate::{CodecError, Error, Format, Policy, Tag};

/// A plan that knows which part of a result is stored.
pub trait Stores<R>: Plan<R> {
    /// The part that is stored.
    type Value;
    /// The part to store, if this result has one.
    fn part<'a>(&self, result: &'a R) -> Option<&'a Self::Value>;
}

/// A result that can say that it was not there in time.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot say that it was too late",
    note = "a hard timeout needs a `Result` whose error is `From<easy_cache_core::Error>`, or an `Option`"
)]
pub trait SaysLate {
    /// The answer for a caller that waited for too long.
    fn late(error: Error) -> Self;
}

#[diagnostic::do_not_recommend]
impl<T, E: From<Error>> SaysLate for Result<T, E> {
    fn late(error: Error) -> Self {
        Err(error.into())
    }
}

impl<T> SaysLate for Option<T> {
    fn late(_: Error) -> Self {
        None
    }
}

/// Ends with an answer when the caller has waited for long enough.
#[derive(Debug, Clone)]
pub struct EndsInTime<S>(pub(crate) S);

/// Takes the ttl from the value.
#[derive(Debug, Clone)]
pub struct TtlOf<S, C>(pub(crate) S, pub(crate) C);

/// Takes tags from the value.
#[derive(Debug, Clone)]
pub struct TagsOf<S, C>(pub(crate) S, pub(crate) C);

/// Takes the weight from the value.
#[derive(Debug, Clone)]
pub struct WeightOf<S, C>(pub(crate) S, pub(crate) C);

/// Stores only values that pass a test.
#[derive(Debug, Clone)]
pub struct OnlyIf<S, C>(pub(crate) S, pub(crate) C);

/// Stores `None` as well, for a time of its own.
#[derive(Debug, Clone)]
pub struct StoresNone<S>(pub(crate) S, pub(crate) Duration);

/// Stores errors as well, for a time of their own.
#[derive(Debug, Clone)]
pub struct StoresErr<S>(pub(crate) S, pub(crate) Duration);

/// What is in the cache for a `None`.
struct Nothing;

/// The same as bytes: the number of no codec.
const NOTHING: &[u8] = &[0];

/// What is in the cache for an `Err`.
struct Failed<E>(E);

/// What a wrapper leaves to the plan inside, which is its first field.
macro_rules! leaves {
    ($result:ty: $($left:ident)*) => { $(leaves!(@ $result, $left);)* };
    (@ $result:ty, erase) => {
        fn erase(&self, result: &$result) -> Option<Shared> {
            self.0.erase(result)
        }
    };
    (@ $result:ty, restore) => {
        fn restore(&self, stored: Shared) -> Option<$result> {
            self.0.restore(stored)
        }

        fn take(&self, stored: Shared) -> Option<$result> {
            self.0.take(stored)
        }
    };
    (@ $result:ty, is_failure) => {
        fn is_failure(&self, result: &$result) -> bool {
            self.0.is_failure(result)
        }
    };
    (@ $result:ty, late) => {
        fn late(&self, error: Error) -> Option<$result> {
            self.0.late(error)
        }
    };
    (@ $result:ty, travels) => {
        fn travels(&self) -> bool {
            self.0.travels()
        }

        fn kind(&self, format: Format) -> u64 {
            self.0.kind(format)
        }

        fn decode(&self, payload: &[u8], format: Format) -> Option<Result<Shared, CodecError>> {
            self.0.decode(payload, format)
        }

        fn answer(&self, payload: &[u8], format: Format) -> Option<$result> {
            self.0.answer(payload, format)
        }
    };
    (@ $result:ty, encode) => {
        fn encode(&self, result: &$result, format: Format) -> Option<Result<Vec<u8>, CodecError>> {
            self.0.encode(result, format)
        }
    };
    (@ $result:ty, finish) => {
        fn finish(&self, result: &$result, policy: &mut Policy) {
            self.0.finish(result, policy);
        }
    };
}
pub(crate) use leaves;

impl<R: SaysLate, S: Plan<R>> Plan<R> for EndsInTime<S> {
    leaves!(R: erase restore is_failure finish travels encode);

    fn late(&self, error: Error) -> Option<R> {
        Some(R::late(error))
    }
}

impl<R, S: Stores<R>, C: Fn(&S::Value) -> Duration> Plan<R> for TtlOf<S, C> {
    leaves!(R: erase restore is_failure late travels encode);

    fn finish(&self, result: &R, policy: &mut Policy) {
        self.0.finish(result, policy);
        if let Some(value) = self.0.part(result) {
            policy.set_ttl((self.1)(value));
        }
    }
}

impl<R, S: Stores<R>, I: IntoIterator<Item: Into<Tag>>, C: Fn(&S::Value) -> I> Plan<R> for TagsOf<S, C> {
    leaves!(R: erase restore is_failure late travels encode);

    fn finish(&self, result: &R, policy: &mut Policy) {
        self.0.finish(result, policy);
        if let Some(value) = self.0.part(result) {
            policy.add_tags((self.1)(value));
        }
    }
}

impl<R, S: Stores<R>, C: Fn(&S::Value) -> u64> Plan<R> for WeightOf<S, C> {
    leaves!(R: erase restore is_failure late travels encode);

    /// Before the plan inside, which would measure the value as well.
    fn finish(&self, result: &R, policy: &mut Policy) {
        if let Some(value) = self.0.part(result) {
            policy.measured(|| (self.1)(value));
        }
        self.0.finish(result, policy);
    }
}

impl<R, S: Stores<R>, C: Fn(&S::Value) -> bool> Plan<R> for OnlyIf<S, C> {
    leaves!(R: restore is_failure late finish travels encode);

    fn erase(&self, result: &R) -> Option<Shared> {
        let refused = self.0.part(result).is_some_and(|value| !(self.1)(value));
        if refused { None } else { self.0.erase(result) }
    }
}

impl<T, S: Plan<Option<T>>> Plan<Option<T>> for StoresNone<S> {
    leaves!(Option<T>: is_failure late);

    fn travels(&self) -> bool {
        self.0.travels()
    }

    fn kind(&self, format: Format) -> u64 {
        self.0.kind(format)
    }

    fn encode(&self, result: &Option<T>, format: Format) -> Option<Result<Vec<u8>, CodecError>> {
        if result.is_none() { self.travels().then(|| Ok(NOTHING.to_vec())) } else { self.0.encode(result, format) }
    }

    fn decode(&self, payload: &[u8], format: Format) -> Option<Result<Shared, CodecError>> {
        if payload == NOTHING { Some(Ok(Arc::new(Nothing))) } else { self.0.decode(payload, format) }
    }

    fn answer(&self, payload: &[u8], format: Format) -> Option<Option<T>> {
        if payload == NOTHING { Some(None) } else { self.0.answer(payload, format) }
    }

    fn erase(&self, result: &Option<T>) -> Option<Shared> {
        if result.is_none() { Some(Arc::new(Nothing)) } else { self.0.erase(result) }
    }

    fn restore(&self, stored: Shared) -> Option<Option<T>> {
        if stored.is::<Nothing>() { Some(None) } else { self.0.restore(stored) }
    }

    fn take(&self, stored: Shared) -> Option<Option<T>> {
        if stored.is::<Nothing>() { Some(None) } else { self.0.take(stored) }
    }

    fn finish(&self, result: &Option<T>, policy: &mut Policy) {
        if result.is_none() { policy.set_ttl(self.1) } else { self.0.finish(result, policy) }
    }
}

impl<T, E, S> Plan<Result<T, E>> for StoresErr<S>
where
    E: Clone + Send + Sync + 'static,
    S: Plan<Result<T, E>>,
{
    leaves!(Result<T, E>: is_failure late travels);

    /// Errors stay in this process: nothing is known of how to write them.
    fn encode(&self, result: &Result<T, E>, format: Format) -> Option<Result<Vec<u8>, CodecError>> {
        result.is_ok().then(|| self.0.encode(result, format))?
    }

    fn erase(&self, result: &Result<T, E>) -> Option<Shared> {
        match result {
            Ok(_) => self.0.erase(result),
            Err(error) => Some(Arc::new(Failed(error.clone()))),
        }
    }

    fn restore(&self, stored: Shared) -> Option<Result<T, E>> {
        match stored.downcast_ref::<Failed<E>>() {
            Some(Failed(error)) => Some(Err(error.clone())),
            None => self.0.restore(stored),
        }
    }

    fn take(&self, stored: Shared) -> Option<Result<T, E>> {
        match stored.downcast_ref::<Failed<E>>() {
            Some(Failed(error)) => Some(Err(error.clone())),
            None => self.0.take(stored),
        }
    }

    fn finish(&self, result: &Result<T, E>, policy: &mut Policy) {
        match result {
            Ok(_) => self.0.finish(result, policy),
            Err(_) => policy.set_ttl(self.1),
        }
    }
}

/// The part that a wrapper stores is that of the plan inside, and so is the place.
macro_rules! forwards {
    ($($name:ident<S $(, $other:ident)?>),*) => {$(
        impl<R, S: Stores<R> $(, $other)?> Stores<R> for $name<S $(, $other)?>
        where
            Self: Plan<R>,
        {
            type Value = S::Value;

            fn part<'a>(&self, result: &'a R) -> Option<&'a S::Value> {
                self.0.part(result)
            }
        }
    )*};
}
forwards!(EndsInTime<S>, TtlOf<S, C>, TagsOf<S, C>, WeightOf<S, C>, OnlyIf<S, C>, StoresNone<S>, StoresErr<S>);

impl<S: Kept> Kept for EndsInTime<S> {
    type Local = EndsInTime<S::Local>;
    type Shared = EndsInTime<S::Shared>;

    fn local(self) -> Self::Local {
        EndsInTime(self.0.local())
    }

    fn shared(self) -> Self::Shared {
        EndsInTime(self.0.shared())
    }
}

macro_rules! stays {
    ($($name:ident<S $(, $other:ident)?>),*) => {$(
        impl<S: Kept $(, $other)?> Kept for $name<S $(, $other)?> {
            type Local = $name<S::Local $(, $other)?>;
            type Shared = $name<S::Shared $(, $other)?>;

            fn local(self) -> Self::Local {
                $name(self.0.local(), self.1)
            }

            fn shared(self) -> Self::Shared {
                $name(self.0.shared(), self.1)
            }
        }
    )*};
}
stays!(TtlOf<S, C>, TagsOf<S, C>, WeightOf<S, C>, OnlyIf<S, C>, StoresNone<S>, StoresErr<S>);
