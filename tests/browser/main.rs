//! The bookstore as people see it: real pages in a real browser, which has a cache of its own.
#![cfg(test)]

mod driver;
mod pages;
mod shop;
