//! Nothing but tests lives here: the stories of `stories/`, and the executable protocol of `model/`.

/// The code of the README is compiled, and what needs no port is run.
#[cfg(doctest)]
#[doc = include_str!("../../README.md")]
struct Readme;

/// So is that of the pages for those who come from elsewhere.
#[cfg(doctest)]
mod coming_from {
    #[doc = include_str!("../../docs/from-python.md")]
    struct Python;
    #[doc = include_str!("../../docs/from-cached.md")]
    struct Cached;
    #[doc = include_str!("../../docs/from-moka.md")]
    struct Moka;
}

/// And the recipes.
#[cfg(doctest)]
#[doc = include_str!("../../docs/cookbook.md")]
struct Cookbook;

/// And the guide to adopting SeaORM.
#[cfg(doctest)]
#[doc = include_str!("../../docs/sea-orm.md")]
struct SeaOrm;

/// And the guide to what other programs write.
#[cfg(doctest)]
#[doc = include_str!("../../docs/other-programs.md")]
struct OtherPrograms;

/// And the guide for applications with Diesel.
#[cfg(doctest)]
#[doc = include_str!("../../docs/diesel.md")]
struct Diesel;

/// And what stands in front.
#[cfg(doctest)]
#[doc = include_str!("../../docs/cdn.md")]
struct InFront;
