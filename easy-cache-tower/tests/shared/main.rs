//! What is promised of responses in memory, promised of responses in a store outside the process: the same tests, over a store.

#![cfg(test)]

#[path = "../layer/collapse.rs"]
mod collapse;
#[path = "../layer/conditional.rs"]
mod conditional;
#[path = "../layer/crowd.rs"]
mod crowd;
#[path = "../layer/head.rs"]
mod head;
#[path = "../layer/invalidation.rs"]
mod invalidation;
#[path = "../layer/nested.rs"]
mod nested;
#[path = "../layer/network.rs"]
mod network;
mod place;
#[path = "../layer/races.rs"]
mod races;
#[path = "../layer/range.rs"]
mod range;
#[path = "../layer/readiness.rs"]
mod readiness;
#[path = "../layer/reuse.rs"]
mod reuse;
#[path = "../layer/route.rs"]
mod route;
#[path = "../layer/router.rs"]
mod router;
#[path = "../layer/stale.rs"]
mod stale;
#[path = "../layer/streaming.rs"]
mod streaming;
#[path = "../layer/support.rs"]
mod support;
#[path = "../layer/tags.rs"]
mod tags;
mod two;
#[path = "../layer/users.rs"]
mod users;
#[path = "../layer/validation.rs"]
mod validation;
#[path = "../layer/variants.rs"]
mod variants;
