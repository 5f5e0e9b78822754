//! Nothing but a test: `main.rs`.
