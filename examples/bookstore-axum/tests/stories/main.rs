//! The shop as its users meet it: its API, its pages, and the process.
#![cfg(test)]

mod api;
mod cache;
mod pages;
#[cfg(unix)]
mod process;
mod shop;
