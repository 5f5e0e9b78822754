//! Nothing but tests lives here: the stories of `stories/`, and the executable protocol of `model/`.

/// The code of the README is compiled, and what needs no port is run.
#[cfg(doctest)]
#[doc = include_str!("../../README.md")]
struct Readme;
