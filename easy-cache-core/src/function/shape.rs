//! What of a function's result is stored, and how a caller gets it back: the whole, what is in `Ok` or `Some`,
//! each also behind an `Arc`. Which results are worth storing beyond that is the plan's question (`plan.rs`).

use super::{Portable, Shared};
use crate::plan::taken;
use crate::{CodecError, Format};
use std::marker::PhantomData;
use std::sync::Arc;

/// A value that one cache can hand out many times: it can be copied out, moved between threads, and borrows nothing.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be kept in a cache",
    label = "must be `Clone + Send + Sync + 'static`",
    note = "a cached value is handed out many times and to any thread: derive `Clone`, or return it as `Arc<..>`"
)]
pub trait Storable: Clone + Send + Sync + 'static {}

#[diagnostic::do_not_recommend]
impl<T: Clone + Send + Sync + 'static> Storable for T {}

/// What a shape finds in `R`. It bounds nothing, so that a value that cannot be stored is complained of once, by [`Shape`].
pub trait Holds<R> {
    /// What is in the cache.
    type Value;
}

/// The way between a result `R` and the value in the cache.
pub trait Shape<R>: Holds<R> + Copy {
    /// The part of the result that is stored; none for an `Err` or a `None`.
    fn value(result: &R) -> Option<&Self::Value>;

    /// The same, ready to be stored.
    fn share(result: &R) -> Option<Shared>;

    /// The result again; none if the stored value is of another type.
    fn restore(stored: Shared) -> Option<R>;

    /// The same, without a copy if the value is nobody else's.
    fn take(stored: Shared) -> Option<R> {
        Self::restore(stored)
    }

    /// The value as it is stored.
    fn keep(value: Self::Value) -> Shared;

    /// The result that it is, if it is nobody else's.
    fn give(value: Self::Value) -> R;

    /// Whether values leave the process.
    const TRAVELS: bool = false;

    /// The kind of the value, where it may leave the process.
    fn kind(format: Format) -> u64 {
        let _ = format;
        0
    }

    /// The value as bytes, where it may leave the process.
    fn encode(value: &Self::Value, format: Format) -> Option<Result<Vec<u8>, CodecError>> {
        let _ = (value, format);
        None
    }

    /// What is stored, from those bytes.
    fn decode(payload: &[u8], format: Format) -> Option<Result<Shared, CodecError>> {
        let _ = (payload, format);
        None
    }

    /// The result, from those bytes, if they are a value.
    fn answer(payload: &[u8], format: Format) -> Option<R> {
        let _ = (payload, format);
        None
    }

    /// Whether the result is a failure, for which a former value may stand in: an `Err` is one, a `None` is not.
    fn is_failure(result: &R) -> bool {
        let _ = result;
        false
    }

    /// What the value weighs in a bounded cache, in bytes. Unless it is known how to write it, what it owns is not seen.
    fn measure(value: &Self::Value) -> u64 {
        size_of_val(value) as u64
    }
}

/// The result is the value.
#[derive(Clone, Copy, Debug)]
pub struct Whole;

/// The result points to the value: a hit is one reference count.
#[derive(Clone, Copy, Debug)]
pub struct Pointed;

/// The value is in `Ok`.
#[derive(Clone, Copy, Debug)]
pub struct InOk<S>(S);

/// The value is in `Some`.
#[derive(Clone, Copy, Debug)]
pub struct InSome<S>(S);

/// The result is the value, errors as well.
#[derive(Clone, Copy, Debug)]
pub struct WithErr;

/// The same, but for a `None` inside `Ok`: errors are stored, and what was not found is not.
#[derive(Clone, Copy, Debug)]
pub struct NotNone;

impl<T> Holds<T> for Whole {
    type Value = T;
}

impl<T: Storable> Shape<T> for Whole {
    fn value(result: &T) -> Option<&T> {
        Some(result)
    }

    fn share(result: &T) -> Option<Shared> {
        Some(Arc::new(result.clone()))
    }

    fn give(value: T) -> T {
        value
    }

    fn keep(value: T) -> Shared {
        Arc::new(value)
    }

    #[inline]
    fn restore(stored: Shared) -> Option<T> {
        stored.downcast_ref::<T>().cloned()
    }

    fn take(stored: Shared) -> Option<T> {
        taken(stored)
    }
}

impl<T, E> Holds<Result<T, E>> for WithErr {
    type Value = Result<T, E>;
}

impl<T, E> Shape<Result<T, E>> for WithErr
where
    Result<T, E>: Storable,
{
    fn value(result: &Result<T, E>) -> Option<&Result<T, E>> {
        Some(result)
    }

    fn share(result: &Result<T, E>) -> Option<Shared> {
        Whole::share(result)
    }

    fn give(value: Result<T, E>) -> Result<T, E> {
        value
    }

    fn keep(value: Result<T, E>) -> Shared {
        Arc::new(value)
    }

    #[inline]
    fn restore(stored: Shared) -> Option<Result<T, E>> {
        Whole::restore(stored)
    }

    fn take(stored: Shared) -> Option<Result<T, E>> {
        Whole::take(stored)
    }

    fn is_failure(result: &Result<T, E>) -> bool {
        result.is_err()
    }
}

impl<T, E> Holds<Result<Option<T>, E>> for NotNone {
    type Value = Result<Option<T>, E>;
}

impl<T, E> Shape<Result<Option<T>, E>> for NotNone
where
    Result<Option<T>, E>: Storable,
{
    fn value(result: &Result<Option<T>, E>) -> Option<&Result<Option<T>, E>> {
        Some(result).filter(|result| !matches!(result, Ok(None)))
    }

    fn share(result: &Result<Option<T>, E>) -> Option<Shared> {
        Whole::share(result)
    }

    fn give(value: Result<Option<T>, E>) -> Result<Option<T>, E> {
        value
    }

    fn keep(value: Result<Option<T>, E>) -> Shared {
        Arc::new(value)
    }

    #[inline]
    fn restore(stored: Shared) -> Option<Result<Option<T>, E>> {
        Whole::restore(stored)
    }

    fn take(stored: Shared) -> Option<Result<Option<T>, E>> {
        Whole::take(stored)
    }

    fn is_failure(result: &Result<Option<T>, E>) -> bool {
        result.is_err()
    }
}

impl<T> Holds<Arc<T>> for Pointed {
    type Value = T;
}

impl<T: Send + Sync + 'static> Shape<Arc<T>> for Pointed {
    fn value(result: &Arc<T>) -> Option<&T> {
        Some(result)
    }

    fn share(result: &Arc<T>) -> Option<Shared> {
        Some(Arc::<T>::clone(result))
    }

    fn give(value: T) -> Arc<T> {
        Arc::new(value)
    }

    fn keep(value: T) -> Shared {
        Arc::new(value)
    }

    #[inline]
    fn restore(stored: Shared) -> Option<Arc<T>> {
        stored.downcast().ok()
    }
}

impl<T, E, S: Holds<T>> Holds<Result<T, E>> for InOk<S> {
    type Value = S::Value;
}

impl<T, E, S: Shape<T>> Shape<Result<T, E>> for InOk<S> {
    fn value(result: &Result<T, E>) -> Option<&S::Value> {
        result.as_ref().ok().and_then(S::value)
    }

    fn share(result: &Result<T, E>) -> Option<Shared> {
        result.as_ref().ok().and_then(S::share)
    }

    fn keep(value: S::Value) -> Shared {
        S::keep(value)
    }

    fn give(value: S::Value) -> Result<T, E> {
        Ok(S::give(value))
    }

    #[inline]
    fn restore(stored: Shared) -> Option<Result<T, E>> {
        S::restore(stored).map(Ok)
    }

    fn take(stored: Shared) -> Option<Result<T, E>> {
        S::take(stored).map(Ok)
    }

    fn is_failure(result: &Result<T, E>) -> bool {
        result.as_ref().map_or(true, S::is_failure)
    }
}

impl<T, S: Holds<T>> Holds<Option<T>> for InSome<S> {
    type Value = S::Value;
}

impl<T, S: Shape<T>> Shape<Option<T>> for InSome<S> {
    fn value(result: &Option<T>) -> Option<&S::Value> {
        result.as_ref().and_then(S::value)
    }

    fn share(result: &Option<T>) -> Option<Shared> {
        result.as_ref().and_then(S::share)
    }

    fn keep(value: S::Value) -> Shared {
        S::keep(value)
    }

    fn give(value: S::Value) -> Option<T> {
        Some(S::give(value))
    }

    #[inline]
    fn restore(stored: Shared) -> Option<Option<T>> {
        S::restore(stored).map(Some)
    }

    fn take(stored: Shared) -> Option<Option<T>> {
        S::take(stored).map(Some)
    }

    fn is_failure(result: &Option<T>) -> bool {
        result.as_ref().is_some_and(S::is_failure)
    }
}

/// Asks the compiler for the shape of `R`. Expanded code calls `(&&&&Probe::<R, ..>::new()).shape()`: each level that
/// does not apply costs one reference, so the most special one wins. Nothing here bounds the types inside, so that a
/// missing `Clone` is reported as such and not as a missing method.
#[derive(Debug)]
pub struct Probe<R, const NONE: bool, const ERR: bool>(PhantomData<fn() -> R>);

impl<R, const NONE: bool, const ERR: bool> Probe<R, NONE, ERR> {
    /// `NONE` and `ERR` say that `None` and `Err` are values like any other.
    #[must_use]
    #[expect(clippy::new_without_default, reason = "written by the attribute alone, which knows the type")]
    pub const fn new() -> Self {
        Self(PhantomData)
    }
}

macro_rules! levels {
    ($($(#[$doc:meta])* $level:ident { $([$($generic:tt)*] $probe:ty => $shape:ty = $value:expr;)* })*) => {$(
        $(#[$doc])*
        pub trait $level {
            /// What is chosen if this level applies.
            type Shape;
            /// Says so.
            fn shape(&self) -> Self::Shape;
        }
        $(impl<$($generic)*> $level for $probe {
            type Shape = $shape;
            #[inline]
            fn shape(&self) -> $shape {
                $value
            }
        })*
    )*};
}

levels! {
    /// Three layers deep.
    ShapeOfThree {
        [T, E] &&&Probe<Result<Option<Arc<T>>, E>, false, false> => InOk<InSome<Pointed>> = InOk(InSome(Pointed));
    }
    /// Two layers deep.
    ShapeOfTwo {
        [T, E] &&Probe<Result<Option<T>, E>, false, false> => InOk<InSome<Whole>> = InOk(InSome(Whole));
        [T, E] &&Probe<Result<Option<T>, E>, false, true> => NotNone = NotNone;
        [T, E, const NONE: bool] &&Probe<Result<Arc<T>, E>, NONE, false> => InOk<Pointed> = InOk(Pointed);
        [T, const ERR: bool] &&Probe<Option<Arc<T>>, false, ERR> => InSome<Pointed> = InSome(Pointed);
    }
    /// One layer.
    ShapeOfOne {
        [T, E, const NONE: bool] &Probe<Result<T, E>, NONE, false> => InOk<Whole> = InOk(Whole);
        [T, E, const NONE: bool] &Probe<Result<T, E>, NONE, true> => WithErr = WithErr;
        [T, const ERR: bool] &Probe<Option<T>, false, ERR> => InSome<Whole> = InSome(Whole);
        [T, const NONE: bool, const ERR: bool] &Probe<Arc<T>, NONE, ERR> => Pointed = Pointed;
    }
    /// Everything else.
    ShapeOfAny {
        [R, const NONE: bool, const ERR: bool] Probe<R, NONE, ERR> => Whole = Whole;
    }
}

/// Insists that what `shape` stores can be stored. Behind the opaque result the compiler asks no second time, and where
/// it asks in several places for one function, the messages are the same and only one is shown.
#[inline]
pub fn storable<R, S: Shape<R>>(shape: S) -> impl Shape<R, Value = S::Value> {
    shape
}

/// Insists that it can also leave the process. What can be written can be measured as well. The result is opaque for the
/// same reason.
#[inline]
pub fn portable<R, S: Shape<R> + Holds<R, Value: Portable>>(shape: S) -> impl Shape<R, Value = S::Value> {
    Written(shape)
}

/// A shape whose values weigh what they take when they are written.
#[derive(Clone, Copy, Debug)]
struct Written<S>(S);

impl<R, S: Holds<R>> Holds<R> for Written<S> {
    type Value = S::Value;
}

impl<R, S: Shape<R> + Holds<R, Value: Portable>> Shape<R> for Written<S> {
    fn value(result: &R) -> Option<&S::Value> {
        S::value(result)
    }

    fn share(result: &R) -> Option<Shared> {
        S::share(result)
    }

    fn keep(value: S::Value) -> Shared {
        S::keep(value)
    }

    fn give(value: S::Value) -> R {
        S::give(value)
    }

    #[inline]
    fn restore(stored: Shared) -> Option<R> {
        S::restore(stored)
    }

    fn take(stored: Shared) -> Option<R> {
        S::take(stored)
    }

    fn is_failure(result: &R) -> bool {
        S::is_failure(result)
    }

    fn measure(value: &S::Value) -> u64 {
        value.measure()
    }

    const TRAVELS: bool = true;

    fn kind(format: Format) -> u64 {
        S::Value::kind(format)
    }

    fn encode(value: &S::Value, format: Format) -> Option<Result<Vec<u8>, CodecError>> {
        Some(value.encode(format))
    }

    fn decode(payload: &[u8], format: Format) -> Option<Result<Shared, CodecError>> {
        Some(S::Value::decode(payload, format).map(S::keep))
    }

    fn answer(payload: &[u8], format: Format) -> Option<R> {
        S::Value::decode(payload, format).ok().map(S::give)
    }
}
