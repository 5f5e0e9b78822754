//! How one actor of a model takes its turn, and in which order equal actors are told: the same in every model.
//!
//! What an actor may do is the models' business; visiting what comes of it is `explore`'s.

use crate::explore::{Model, Step};

/// A state with actors in it; `A` says how far one of them has come.
pub(crate) trait Scene<A>: Clone {
    /// All of them.
    fn actors(&mut self) -> &mut [A];

    /// To be done after every step.
    fn tidy(&mut self) {}
}

/// One actor's chance to act: it reads the state, and appends what it may do.
pub(crate) struct Turn<'a, W: Model> {
    pub(crate) world: &'a W,
    pub(crate) state: &'a W::State,
    pub(crate) index: usize,
    pub(crate) out: &'a mut Vec<Step<W::State>>,
}

impl<W: Model> Turn<'_, W> {
    /// Appends one step. The change yields the actor after the step.
    pub(crate) fn go<A>(&mut self, what: &'static str, change: impl FnOnce(&mut W::State) -> A)
    where
        W::State: Scene<A>,
    {
        self.answer(what, None, change);
    }

    /// Appends a step that gives somebody an answer.
    pub(crate) fn answer<A>(
        &mut self,
        what: &'static str,
        violation: Option<&'static str>,
        change: impl FnOnce(&mut W::State) -> A,
    ) where
        W::State: Scene<A>,
    {
        let mut state = self.state.clone();
        let actor = change(&mut state);
        state.actors()[self.index] = actor;
        state.tidy();
        self.out.push(Step { actor: self.index, what, state, violation });
    }
}

/// Puts actors that began alike into one order: which of them is which makes no difference.
pub(crate) fn sort_alike<A: Ord>(began_as: &[A], state: &mut impl Scene<A>) {
    let mut first = 0;
    for group in began_as.chunk_by(|a, b| a == b) {
        state.actors()[first..first + group.len()].sort_unstable();
        first += group.len();
    }
}
