//! Results that can say that they did not come in time: what a `hard_timeout` asks for.

use super::{Plan, Policy, Prefixed, Shared, Tagged};
use crate::Error;

/// A result that a caller can be given who was kept waiting for too long: an `Err` made of this crate's error, or a `None`.
///
/// Asked of functions with a `hard_timeout`.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot say that it comes too late",
    label = "is no `Option`, and no `Result` whose error can be made from `easy_cache_core::Error`",
    note = "implement `From<easy_cache_core::Error>` for its error, or leave `hard_timeout` out"
)]
pub trait CanBeLate: Sized {
    /// The result of who waited in vain.
    fn late(error: Error) -> Self;
}

impl<T, E: From<Error>> CanBeLate for Result<T, E> {
    fn late(error: Error) -> Self {
        Err(error.into())
    }
}

impl<T> CanBeLate for Option<T> {
    fn late(_error: Error) -> Self {
        None
    }
}

/// A plan whose results can be late.
#[derive(Clone, Copy, Debug)]
pub struct Impatient<P>(P);

/// The same plan for a function with a `hard_timeout`.
pub fn impatient<R: CanBeLate, P: Plan<R>>(plan: P) -> Impatient<P> {
    Impatient(plan)
}

impl<R: CanBeLate, P: Plan<R>> Plan<R> for Impatient<P> {
    fn erase(&self, result: &R) -> Option<Shared> {
        self.0.erase(result)
    }

    fn restore(&self, stored: Shared) -> Option<R> {
        self.0.restore(stored)
    }

    fn is_failure(&self, result: &R) -> bool {
        self.0.is_failure(result)
    }

    fn late(&self, error: Error) -> Option<R> {
        Some(R::late(error))
    }

    fn finish(&self, result: &R, policy: &mut Policy) {
        self.0.finish(result, policy);
    }
}

#[diagnostic::do_not_recommend]
impl<P: Tagged> Tagged for Impatient<P> {}

#[diagnostic::do_not_recommend]
impl<P: Prefixed> Prefixed for Impatient<P> {}
