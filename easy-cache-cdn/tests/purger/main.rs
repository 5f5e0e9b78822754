//! What a purger promises, told with a cache in front that the test makes fail, wait and hang, and a time that only it moves.
#![cfg(test)]

mod delivery;
mod front;
mod invalidations;
