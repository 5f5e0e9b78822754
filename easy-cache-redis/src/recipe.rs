//! What this process knows of a key before it asks for it: the tags that its value carried, and the names of all that decides
//! about it, put together once. Whether a value may be served, only what comes back says.

use std::collections::HashSet;
use std::sync::Arc;

use easy_cache_core::Tag;
use easy_cache_core::store::{Look, Remembered, VersionedTag};

use crate::layout::Keys;
use crate::names::Names;

/// Up to so many tags it costs less to look for one among them than to begin anew.
const FEW: usize = 16;

/// How to ask for a key.
#[derive(Debug)]
pub(crate) struct Recipe {
    /// Those that the value carried when it was last met, in its order; then those that the call knew beside them.
    pub(crate) tags: Box<[Tag]>,
    carried: usize,
    /// Those that the call knew.
    known: Box<[Tag]>,
    /// The record of the key, those of the tags, and the entry.
    pub(crate) names: Arc<Names>,
}

impl Recipe {
    fn new(keys: &Keys, look: Look<'_>, carried: &[Tag]) -> Self {
        let (mut tags, mut met) = (Vec::with_capacity(carried.len() + look.tags.len()), HashSet::new());
        tags.extend(carried.iter().filter(|tag| met.insert(*tag)).cloned());
        let carried = tags.len(); // a store may say anything, also a tag twice
        tags.extend(look.tags.iter().filter(|tag| met.insert(*tag)).cloned());
        let mut names = Names::default();
        names.add(&keys.key(look.key));
        tags.iter().for_each(|tag| names.add(&keys.tag(tag)));
        names.add_entry(&keys.entry(look.key, look.kind));
        Self { tags: tags.into(), carried, known: look.tags.into(), names: Arc::new(names) }
    }

    /// The bytes that it takes, as if nobody else had its tags.
    fn size(&self) -> usize {
        let tags = self.tags.iter().chain(&self.known);
        let tags: usize = tags.map(|tag| size_of::<Tag>() + tag.encoded().len()).sum();
        size_of::<Self>() + tags + self.names.size()
    }

    /// Whether it asks for all that a call knows.
    fn covers(&self, known: &[Tag]) -> bool {
        *known == *self.known || self.tags.len() <= FEW && known.iter().all(|tag| self.tags.contains(tag))
    }

    /// Whether a value carries these tags, and is expected to.
    fn foresees(&self, tags: &[VersionedTag]) -> bool {
        self.carried == tags.len() && self.begins_with(tags)
    }

    /// Whether these are the first tags that it asks for, in its order.
    pub(crate) fn begins_with(&self, tags: &[VersionedTag]) -> bool {
        tags.len() <= self.tags.len() && tags.iter().zip(&self.tags).all(|(carried, tag)| carried.tag == *tag)
    }
}

/// The recipe for a lookup.
pub(crate) struct Known {
    pub(crate) recipe: Arc<Recipe>,
    /// It need not be noted.
    is_noted: bool,
}

/// The recipes of the latest keys.
#[derive(Debug, Default)]
pub(crate) struct Recipes(Remembered<Arc<Recipe>>);

impl Recipes {
    /// With the tags known now, and those that the last value of this kind carried.
    pub(crate) fn of(&self, keys: &Keys, look: Look<'_>) -> Known {
        let noted = self.0.get(look.key, look.kind);
        match noted {
            Some(recipe) if recipe.covers(look.tags) => Known { recipe, is_noted: true },
            noted => {
                let carried = noted.as_ref().map_or(&[][..], |recipe| &recipe.tags[..recipe.carried]);
                Known { recipe: Arc::new(Recipe::new(keys, look, carried)), is_noted: false }
            }
        }
    }

    /// Notes what a value carries that was looked up by a recipe.
    pub(crate) fn note(&self, keys: &Keys, look: Look<'_>, known: Known, tags: &[VersionedTag]) {
        if known.is_noted && known.recipe.foresees(tags) {
            return;
        }
        let recipe = if known.recipe.foresees(tags) {
            known.recipe
        } else {
            let carried: Vec<Tag> = tags.iter().map(|tag| tag.tag.clone()).collect();
            Arc::new(Recipe::new(keys, look, &carried))
        };
        self.remember(look, recipe);
    }

    fn remember(&self, look: Look<'_>, recipe: Arc<Recipe>) {
        let bytes = recipe.size();
        self.0.put(look.key, look.kind, recipe, bytes);
    }

    /// Notes what a value carries that is about to be stored.
    pub(crate) fn expect(&self, keys: &Keys, look: Look<'_>) {
        let noted = self.0.get(look.key, look.kind);
        if noted.is_none_or(|recipe| recipe.tags[..recipe.carried] != *look.tags) {
            let recipe = Arc::new(Recipe::new(keys, look, look.tags));
            self.remember(look, recipe);
        }
    }
}

#[cfg(test)]
mod tests {
    use easy_cache_core::store::Version;

    use super::*;

    #[test]
    fn a_tag_that_is_carried_twice_is_asked_for_once() {
        let (recipes, keys, known) = (Recipes::default(), Keys::new("n"), tags(&["a", "a"]));
        let look = Look::new(b"k", &known);
        for _ in 0..2 {
            recipes.expect(&keys, look);
        }
        let other = tags(&["b"]);
        let asked = recipes.of(&keys, Look::new(b"k", &other));
        recipes.note(&keys, look, recipes.of(&keys, look), &carried(&["a", "a"]));
        assert_eq!(*asked.recipe.tags, *tags(&["a", "b"]));
    }

    fn tags(names: &[&str]) -> Vec<Tag> {
        names.iter().map(Tag::new).collect()
    }

    fn carried(names: &[&str]) -> Vec<VersionedTag> {
        tags(names).into_iter().map(|tag| VersionedTag { tag, version: Version::from_bytes([1; 16]) }).collect()
    }

    /// Without its length and its line breaks.
    fn unsent(name: &[u8]) -> String {
        String::from_utf8_lossy(name).split("\r\n").nth(1).unwrap_or_default().to_owned()
    }

    fn asked(known: &Known) -> Vec<String> {
        known.recipe.names.records().map(|(name, _)| unsent(name)).collect()
    }

    #[test]
    fn what_the_last_value_carried_is_asked_for_first_and_each_tag_once() {
        let (recipes, keys, known) = (Recipes::default(), Keys::new("n"), tags(&["a", "b"]));
        let look = Look::new(b"k", &known);
        let first = recipes.of(&keys, look);
        assert_eq!(asked(&first), ["{ec1:n}:r:kk", "{ec1:n}:r:ta", "{ec1:n}:r:tb"]);
        assert_eq!(first.recipe.names.entry().map(unsent).as_deref(), Some("ec1:n:e:0:k"));
        recipes.note(&keys, look, first, &carried(&["late", "b"]));
        let second = recipes.of(&keys, look);
        assert_eq!(asked(&second), ["{ec1:n}:r:kk", "{ec1:n}:r:tlate", "{ec1:n}:r:tb", "{ec1:n}:r:ta"]);
        assert!(second.is_noted && second.recipe.begins_with(&carried(&["late", "b"])));
        recipes.note(&keys, look, second, &carried(&["b", "late"]));
        assert_eq!(
            asked(&recipes.of(&keys, look)),
            ["{ec1:n}:r:kk", "{ec1:n}:r:tb", "{ec1:n}:r:tlate", "{ec1:n}:r:ta"]
        );
    }

    #[test]
    fn a_call_that_knows_other_tags_asks_for_them_and_what_it_knew_is_forgotten_with_the_next() {
        let (recipes, keys) = (Recipes::default(), Keys::new("n"));
        for round in 0..100 {
            let known = tags(&[&format!("{round}")]);
            let look = Look::new(b"k", &known);
            let recipe = recipes.of(&keys, look);
            assert_eq!(asked(&recipe).last(), Some(&format!("{{ec1:n}}:r:t{round}")));
            assert!(recipe.recipe.tags.len() <= 2, "{:?}", recipe.recipe.tags);
            recipes.note(&keys, look, recipe, &carried(&["late"]));
        }
    }

    #[test]
    fn what_was_stored_is_known_before_it_is_met() {
        let (recipes, keys, known) = (Recipes::default(), Keys::new("n"), tags(&["a", "late"]));
        recipes.expect(&keys, Look::new(b"k", &known));
        let recipe = recipes.of(&keys, Look::new(b"k", &known[..1]));
        assert_eq!(asked(&recipe), ["{ec1:n}:r:kk", "{ec1:n}:r:ta", "{ec1:n}:r:tlate"]);
        let mut other = Look::new(b"k", &[]);
        other.kind = 1;
        assert_eq!(asked(&recipes.of(&keys, other)), ["{ec1:n}:r:kk"], "another kind under the key");
    }

    #[test]
    fn many_tags_are_covered_if_they_are_those_that_were_known_before() {
        let names: Vec<String> = (0..100).map(|n| n.to_string()).collect();
        let known: Vec<Tag> = names.iter().map(Tag::new).collect();
        let (recipes, keys, look) = (Recipes::default(), Keys::new("n"), Look::new(b"k", &known));
        recipes.expect(&keys, look);
        assert!(recipes.of(&keys, look).is_noted);
        let less = recipes.of(&keys, Look::new(b"k", &known[1..]));
        assert_eq!((less.is_noted, less.recipe.tags.len()), (false, 100));
    }
}
