//! `#[ecached]`: this project's cached functions, with tags, a ttl, one load per key, and invalidations that are not lost.
//!
//! Nothing is chosen but what the comparison demands: the default cache, a template for the key, two tags, a ttl. The
//! functions share that cache, so their keys differ by one word, of the same length.

use std::convert::Infallible;
use std::hint::black_box;

use crate::candidate::{Answer, Candidate, Loads, ready, without_allocations};
use crate::workload::{self, Request};
use easy_cache_core::{Scope, ecached};

static SYNC: Loads = Loads::new();
static FALLIBLE: Loads = Loads::new();
static NUMBERS: Loads = Loads::new();
static SCOPED: Loads = Loads::new();
static ASYNC: Loads = Loads::new();
static ASYNC_FALLIBLE: Loads = Loads::new();

/// Sync and async, each also with a result that can be an error; and sync as in a web application.
pub(crate) fn candidates() -> Vec<Box<dyn Candidate>> {
    vec![
        without_allocations("#[ecached] sync", &SYNC, orders),
        without_allocations("#[ecached] sync, Result", &FALLIBLE, |user, month| match orders_or_error(user, month) {
            Ok(answer) => answer,
        }),
        without_allocations("#[ecached] async", &ASYNC, |user, month| ready(orders_async(user, month))),
        without_allocations("#[ecached] async, Result", &ASYNC_FALLIBLE, |user, month| {
            match ready(orders_async_or_error(user, month)) {
                Ok(answer) => answer,
            }
        }),
        Box::new(Numbers),
        Box::new(InScopes),
    ]
}

#[ecached("user:{user}:orders:{month}", tags = ["orders", "user:{user}"], ttl = "1h")]
fn orders(user: u64, month: &str) -> Answer {
    SYNC.load(user, month)
}

#[ecached("user:{user}:bought:{month}", tags = ["orders", "user:{user}"], ttl = "1h")]
fn orders_or_error(user: u64, month: &str) -> Result<Answer, Infallible> {
    Ok(FALLIBLE.load(user, month))
}

#[ecached("user:{user}:basket:{month}", tags = ["orders", "user:{user}"], ttl = "1h")]
async fn orders_async(user: u64, month: &str) -> Answer {
    ASYNC.load(user, month)
}

#[ecached("user:{user}:pickup:{month}", tags = ["orders", "user:{user}"], ttl = "1h")]
async fn orders_async_or_error(user: u64, month: &str) -> Result<Answer, Infallible> {
    Ok(ASYNC_FALLIBLE.load(user, month))
}

/// A value that is copied out, not shared.
struct Numbers;

impl Candidate for Numbers {
    fn name(&self) -> &'static str {
        "#[ecached] sync, u64"
    }

    /// For the comparison with the answers of others, which is not measured.
    fn call(&self, user: u64, month: &str) -> Answer {
        workload::answer(orders_count(user, month), month)
    }

    fn loads(&self) -> u64 {
        NUMBERS.count()
    }

    fn batch(&self, requests: &[Request]) {
        for request in requests {
            black_box(orders_count(black_box(request.user), black_box(&request.month)));
        }
    }

    fn may_allocate(&self) -> bool {
        false
    }
}

#[ecached("user:{user}:number:{month}", tags = ["orders", "user:{user}"], ttl = "1h")]
fn orders_count(user: u64, month: &str) -> u64 {
    NUMBERS.load(user, month);
    user
}

/// Ten calls in each scope, which collects their tags, as for a response that is built from ten values and cached too.
/// The cost of the scope is part of theirs.
struct InScopes;

impl Candidate for InScopes {
    fn name(&self) -> &'static str {
        "#[ecached] sync, ten in a scope"
    }

    fn call(&self, user: u64, month: &str) -> Answer {
        Scope::new().run(|| orders_in_scope(user, month))
    }

    fn loads(&self) -> u64 {
        SCOPED.count()
    }

    fn batch(&self, requests: &[Request]) {
        for ten in requests.chunks(10) {
            Scope::new().run(|| {
                for request in ten {
                    black_box(orders_in_scope(black_box(request.user), black_box(&request.month)));
                }
            });
        }
    }
}

#[ecached("user:{user}:within:{month}", tags = ["orders", "user:{user}"], ttl = "1h")]
fn orders_in_scope(user: u64, month: &str) -> Answer {
    SCOPED.load(user, month)
}
