//! All worlds and mutations of all models by name, for whoever wants to run one and read its trace.

use crate::explore::Exploration;
use crate::{cluster, lease, memcached, memory, near, plain, store};

/// One model: its worlds and what can be broken in it.
#[derive(Debug)]
pub struct Catalogue {
    /// The model's name.
    pub model: &'static str,
    /// Its worlds.
    pub worlds: Vec<&'static str>,
    /// Its mutations.
    pub caught: Vec<&'static str>,
    /// The changes that must go unnoticed.
    pub harmless: Vec<&'static str>,
    run: fn(world: &str, mutation: Option<&str>) -> Option<Exploration>,
}

impl Catalogue {
    /// Explores one world, with one rule broken if a mutation is named. `None` if there is no world or no mutation of that name.
    #[must_use]
    pub fn run(&self, world: &str, mutation: Option<&str>) -> Option<Exploration> {
        (self.run)(world, mutation)
    }
}

macro_rules! catalogue {
    ($($model:ident),*) => {
        /// The catalogues of all models.
        #[must_use]
        pub fn all() -> Vec<Catalogue> {
            vec![$(Catalogue {
                model: stringify!($model),
                worlds: $model::worlds::ALL.iter().map(|row| row.0).collect(),
                caught: $model::mutations::CAUGHT.iter().map(|row| row.0).collect(),
                harmless: $model::mutations::HARMLESS.iter().map(|row| row.0).collect(),
                run: |world, mutation| {
                    let (_, build) = $model::worlds::ALL.iter().find(|row| row.0 == world)?;
                    let caught = $model::mutations::CAUGHT.iter().map(|row| (row.0, row.1));
                    let mut known = caught.chain($model::mutations::HARMLESS.iter().copied());
                    let mutation = match mutation {
                        Some(name) => Some(known.find(|row| row.0 == name)?.1),
                        None => None,
                    };
                    Some(build().explore(mutation))
                },
            }),*]
        }
    };
}

catalogue!(memory, store, plain, cluster, memcached, near, lease);
