//! What the layer promises, told as requests and answers: through a plain service where that is enough, through axum on a
//! real socket where the network matters.
#![cfg(test)]

mod collapse;
mod conditional;
mod crowd;
mod head;
mod invalidation;
mod limits;
mod nested;
mod network;
mod place;
mod races;
mod range;
mod readiness;
mod reuse;
mod route;
mod router;
mod stale;
mod streaming;
mod support;
mod tags;
mod users;
mod validation;
mod variants;
