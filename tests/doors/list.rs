//! The list of what every door promises. A door's own tests take it in by its path, beside a module `door` that says which door
//! it is, and the modules `support` and `place`.

mod attack;
mod collapse;
mod conditional;
mod crowd;
mod head;
mod invalidation;
mod outward;
mod range;
mod reuse;
mod route;
mod stale;
mod streaming;
mod tags;
mod users;
mod validation;
mod variants;
