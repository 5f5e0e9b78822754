//! The effects of texts seen before, bounded. Nothing is ever outdated here: a text always has the same effect.

use std::{fmt, sync::Arc};

use ahash::RandomState;
use quick_cache::{Weighter, sync::Cache};

use crate::Effect;

/// A text of up to this many bytes counts as one; longer ones count for as many as they fill.
const BYTES_OF_ONE: usize = 2048;

/// A bounded map from text to effect.
pub(crate) struct Memo {
    texts: Cache<Box<str>, Arc<Effect>, ByLength, RandomState>,
}

#[derive(Clone)]
struct ByLength;

impl Weighter<Box<str>, Arc<Effect>> for ByLength {
    fn weight(&self, text: &Box<str>, _: &Arc<Effect>) -> u64 {
        1 + (text.len() / BYTES_OF_ONE) as u64
    }
}

impl Memo {
    pub(crate) fn new(texts: usize) -> Self {
        let lifecycle = quick_cache::sync::DefaultLifecycle::default();
        Self { texts: Cache::with(texts, texts as u64, ByLength, RandomState::new(), lifecycle) }
    }

    /// The effect of `sql`, analyzed if it is new. Two threads that meet a new text at once may both analyze it: that
    /// is cheaper than making one of them wait.
    pub(crate) fn get_or_insert_with(&self, sql: &str, analyze: impl FnOnce() -> Effect) -> Arc<Effect> {
        if let Some(effect) = self.texts.get(sql) {
            return effect;
        }
        let effect = Arc::new(analyze());
        self.texts.insert(sql.into(), Arc::clone(&effect));
        effect
    }

    #[cfg(test)]
    pub(crate) fn len(&self) -> usize {
        self.texts.len()
    }
}

impl fmt::Debug for Memo {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Memo").field("texts", &self.texts.len()).finish()
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use crate::{Analyzer, Dialect};

    #[test]
    fn a_text_is_analyzed_once() {
        let analyzer = Analyzer::builder(Dialect::Sqlite).build();
        let first = analyzer.effect("SELECT 1");
        assert!(Arc::ptr_eq(&first, &analyzer.effect("SELECT 1")));
    }

    #[test]
    fn the_number_of_remembered_texts_is_bounded() {
        let analyzer = Analyzer::builder(Dialect::Sqlite).remembered_texts(64).build();
        for number in 0..500 {
            analyzer.effect(&format!("SELECT {number}"));
        }
        assert!((1..=64).contains(&analyzer.remembered()), "{}", analyzer.remembered());
    }

    #[test]
    fn long_texts_count_for_several() {
        let analyzer = Analyzer::builder(Dialect::Sqlite).remembered_texts(64).build();
        for number in 0..100 {
            analyzer.effect(&format!("SELECT {number} -- {}", "x".repeat(16 * 1024)));
        }
        assert!(analyzer.remembered() <= 8, "{}", analyzer.remembered());
    }
}
