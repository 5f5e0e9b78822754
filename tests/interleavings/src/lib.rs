//! The real engine in small worlds of readers, writers and accidents, under explorers that try their interleavings. In none of
//! them may anybody be served something outdated, and nobody may be left waiting.
//!
//! Reading order: [`worlds`] (who takes part), [`shop`] (what they do, and what is checked), [`explorer`] (loom, shuttle, or
//! simply threads, as the build was asked for). The README says how to run each.

pub mod explorer;
pub mod mistakes;
pub mod shop;
pub mod worlds;

pub use worlds::{WORLDS, World};
