//! The tables of worlds and mutations, each row of which is also a test that carries its name.
//!
//! What stands in a row is the business of the models; here is only what becomes of it.

/// Declares worlds: a function for each, the list `ALL`, and a test that the world holds.
macro_rules! worlds {
    ($world:ty; $($(#[$doc:meta])* $name:ident = $build:expr;)*) => {
        $($(#[$doc])* #[must_use] pub fn $name() -> $world { $build })*

        /// Every world with its name.
        pub const ALL: &[(&str, fn() -> $world)] = &[$((stringify!($name), $name),)*];

        #[cfg(test)]
        mod holds {
            $(#[test] fn $name() {
                let exploration = super::$name().explore(None);
                println!("{} states", exploration.states);
                if let Some(failure) = exploration.failure { panic!("{failure}") }
            })*
        }
    };
}

/// Declares mutations: the enum, the lists `CAUGHT` and `HARMLESS`, and a test for each that it is what it is said to be.
macro_rules! mutations {
    (
        caught { $($(#[$doc:meta])* $variant:ident, $name:ident by $catcher:path;)* }
        harmless { $($(#[$harmless_doc:meta])* $harmless:ident, $harmless_name:ident;)* }
    ) => {
        /// One rule of the protocol, broken.
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        pub enum Mutation {
            $($(#[$doc])* $variant,)*
            $($(#[$harmless_doc])* $harmless,)*
        }

        /// Every mutation that breaks the protocol, with a world that notices.
        pub const CAUGHT: &[(&str, Mutation, fn() -> super::World)] =
            &[$((stringify!($name), Mutation::$variant, $catcher),)*];

        /// Every change that no world minds.
        pub const HARMLESS: &[(&str, Mutation)] = &[$((stringify!($harmless_name), Mutation::$harmless),)*];

        #[cfg(test)]
        mod caught {
            use super::*;
            $(#[test] fn $name() {
                let exploration = $catcher().explore(Some(Mutation::$variant));
                let failure = exploration.failure.expect("a world that notices the mutation");
                println!("{failure}");
            })*
        }

        #[cfg(test)]
        mod harmless {
            use super::*;
            $(#[test] fn $harmless_name() {
                for (name, world) in super::super::worlds::ALL {
                    let failure = world().explore(Some(Mutation::$harmless)).failure;
                    if let Some(failure) = failure { panic!("{name} {failure}") }
                }
            })*
        }
    };
}
