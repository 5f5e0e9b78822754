//! What an attribute says about results: the shape, the condition for storing, what policy follows from the value.
//! How a plan is carried out is the engine's.

use super::{Error, Plan, Policy, SaysLate, Shape, Shared};
use crate::plan::leaves;
use crate::{CodecError, Format};
use std::fmt;

/// The plan of one cached function.
#[derive(Clone, Copy)]
pub struct FunctionPlan<S, K, F> {
    shape: S,
    keep: K,
    finish: F,
}

/// The result is stored as `shape` says if `keep` agrees, and `finish` completes the policy from the value.
#[inline]
pub fn plan<R, S, K, F>(shape: S, keep: K, finish: F) -> FunctionPlan<S, K, F>
where
    S: Shape<R>,
    K: Fn(&S::Value) -> bool,
    F: Fn(&S::Value, &mut Policy),
{
    FunctionPlan { shape, keep, finish }
}

/// The same for a function with a `hard_timeout`, whose result can say that it was too late.
#[derive(Debug)]
pub struct InTime<P, R>(P, fn(Error) -> R);

/// Insists that the result can say so, once: behind this the compiler asks no second time.
#[inline]
pub fn in_time<R: SaysLate, P: Plan<R>>(plan: P) -> InTime<P, R> {
    InTime(plan, R::late)
}

impl<P: Clone, R> Clone for InTime<P, R> {
    fn clone(&self) -> Self {
        Self(self.0.clone(), self.1)
    }
}

impl<R, P: Plan<R>> Plan<R> for InTime<P, R> {
    leaves!(R: erase restore is_failure finish travels encode);

    fn late(&self, error: Error) -> Option<R> {
        Some((self.1)(error))
    }
}

impl<R, S, K, F> Plan<R> for FunctionPlan<S, K, F>
where
    S: Shape<R>,
    K: Fn(&S::Value) -> bool,
    F: Fn(&S::Value, &mut Policy),
{
    fn erase(&self, result: &R) -> Option<Shared> {
        S::value(result).filter(|value| (self.keep)(value)).and_then(|_| S::share(result))
    }

    #[inline]
    fn restore(&self, stored: Shared) -> Option<R> {
        S::restore(stored)
    }

    fn take(&self, stored: Shared) -> Option<R> {
        S::take(stored)
    }

    fn is_failure(&self, result: &R) -> bool {
        S::is_failure(result)
    }

    fn finish(&self, result: &R, policy: &mut Policy) {
        if let Some(value) = S::value(result) {
            (self.finish)(value, policy);
            policy.measured(|| S::measure(value));
        }
    }

    fn travels(&self) -> bool {
        S::TRAVELS
    }

    fn kind(&self, format: Format) -> u64 {
        S::kind(format)
    }

    fn encode(&self, result: &R, format: Format) -> Option<Result<Vec<u8>, CodecError>> {
        S::encode(S::value(result)?, format)
    }

    fn decode(&self, payload: &[u8], format: Format) -> Option<Result<Shared, CodecError>> {
        S::decode(payload, format)
    }

    fn answer(&self, payload: &[u8], format: Format) -> Option<R> {
        S::answer(payload, format)
    }
}

impl<S: fmt::Debug, K, F> fmt::Debug for FunctionPlan<S, K, F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("FunctionPlan").field("shape", &self.shape).finish_non_exhaustive()
    }
}

/// The plan of a lookup: how to get a value back, and nothing else.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Reading<S>(pub(crate) S);

impl<R, S: Shape<R>> Plan<R> for Reading<S> {
    fn erase(&self, result: &R) -> Option<Shared> {
        S::share(result)
    }

    #[inline]
    fn restore(&self, stored: Shared) -> Option<R> {
        S::restore(stored)
    }
}

/// Marks the handle of a function that has tags.
#[diagnostic::on_unimplemented(
    message = "this function has no tags, so there is nothing to invalidate by them",
    note = "add `tags = [..]` to its `#[ecached(..)]`, or call `invalidate()`"
)]
pub trait Tagged {}

/// Marks the handle of a function that has a prefix.
#[diagnostic::on_unimplemented(
    message = "this function has no prefix, so there is nothing to invalidate by it",
    note = "add `prefix = \"..\"` to its `#[ecached(..)]`, or call `invalidate()`"
)]
pub trait Prefixed {}

#[diagnostic::do_not_recommend]
impl<S, K, F> Tagged for FunctionPlan<S, K, F> {}

#[diagnostic::do_not_recommend]
impl<S, K, F> Prefixed for FunctionPlan<S, K, F> {}

#[diagnostic::do_not_recommend]
impl<P: Tagged, R> Tagged for InTime<P, R> {}

#[diagnostic::do_not_recommend]
impl<P: Prefixed, R> Prefixed for InTime<P, R> {}
