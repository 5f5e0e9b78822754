//! Walks through every state that a model can reach, nearest first, and explains the first violation by the shortest way to it.
//!
//! Knows nothing about caches: what a state is, and what its actors may do next, is the business of the models.

use std::fmt;
use std::hash::Hash;

use ahash::RandomState;

/// A world of actors that take turns, one atomic step at a time, in every possible order.
pub(crate) trait Model {
    /// Everything there is at one moment: what is shared, and how far each actor has come.
    type State: Clone + Eq + Hash;

    /// The state before anybody has done anything.
    fn start(&self) -> Self::State;

    /// Appends every step that any actor can take now. An actor that has to wait contributes none.
    fn steps(&self, state: &Self::State, out: &mut Vec<Step<Self::State>>);

    /// One representative of all states that differ only in which of several identical actors is which.
    fn canonical(&self, state: Self::State) -> Self::State;

    /// What is wrong with a state from which no step leads on, if anything is.
    fn verdict_at_rest(&self, state: &Self::State) -> Option<&'static str>;

    /// The actor's name in a trace.
    fn actor(&self, index: usize) -> String;

    /// The shared part of a state, in one line of a trace.
    fn show(&self, state: &Self::State) -> String;
}

/// One atomic step of one actor.
#[derive(Debug)]
pub(crate) struct Step<S> {
    /// Whose step it is.
    pub(crate) actor: usize,
    /// What it does, as a verb phrase.
    pub(crate) what: &'static str,
    /// The state after it.
    pub(crate) state: S,
    /// The property that it violates.
    pub(crate) violation: Option<&'static str>,
}

/// What became of an exploration.
#[derive(Debug)]
pub struct Exploration {
    /// How many different states were reached.
    pub states: usize,
    /// The first violation; the exploration ends there.
    pub failure: Option<Failure>,
}

/// A violated property with the shortest sequence of steps that leads to it.
#[derive(Debug)]
pub struct Failure {
    /// The name of the property.
    pub property: &'static str,
    /// One line for each step.
    pub trace: Vec<String>,
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "violates: {}", self.property)?;
        self.trace.iter().enumerate().try_for_each(|(number, line)| writeln!(f, "{:3}. {line}", number + 1))
    }
}

/// Visits every reachable state, in order of distance from the start, up to the first violation.
pub(crate) fn explore<M: Model>(model: &M) -> Exploration {
    let mut visited = Visited::new();
    visited.insert(model.canonical(model.start()), 0);
    let mut steps = Vec::new();
    let mut next = 0;
    while next < visited.states.len() {
        model.steps(&visited.states[next], &mut steps);
        let at_rest = if steps.is_empty() { model.verdict_at_rest(&visited.states[next]) } else { None };
        let violated = steps.iter().find_map(|step| step.violation);
        if let Some(property) = at_rest.or(violated) {
            let trace = trace(model, &visited, next, violated.is_some());
            return Exploration { states: visited.states.len(), failure: Some(Failure { property, trace }) };
        }
        for step in steps.drain(..) {
            visited.insert(model.canonical(step.state), next);
        }
        next += 1;
    }
    Exploration { states: visited.states.len(), failure: None }
}

/// Replays the way to a state with the actors' own identities, which the canonical states on that way do not keep.
fn trace<M: Model>(model: &M, visited: &Visited<M::State>, end: usize, and_violation: bool) -> Vec<String> {
    let mut way = vec![end];
    while let Some(&earliest) = way.last().filter(|&&index| index != 0) {
        way.push(visited.parents[earliest] as usize);
    }
    let mut state = model.start();
    let mut lines = Vec::new();
    let mut take = |state: &mut M::State, wanted: &dyn Fn(&Step<M::State>) -> bool| {
        let mut steps = Vec::new();
        model.steps(state, &mut steps);
        if let Some(step) = steps.into_iter().find(|step| wanted(step)) {
            let who = model.actor(step.actor);
            lines.push(format!("{who:<18} {:<52} {}", step.what, model.show(&step.state)));
            *state = step.state;
        }
    };
    for &index in way.iter().rev().skip(1) {
        take(&mut state, &|step| model.canonical(step.state.clone()) == visited.states[index]);
    }
    if and_violation {
        take(&mut state, &|step| step.violation.is_some());
    }
    lines
}

/// The states found so far in order of discovery, each with the state it was found from, and an index over them.
///
/// The index keeps positions, not copies: a state is stored once, and equality is decided by the state itself, so that
/// no two states can be mistaken for each other.
struct Visited<S> {
    states: Vec<S>,
    parents: Vec<u32>,
    index: Vec<u32>,
    hasher: RandomState,
}

const VACANT: u32 = u32::MAX;

impl<S: Eq + Hash> Visited<S> {
    fn new() -> Self {
        Self { states: Vec::new(), parents: Vec::new(), index: vec![VACANT; 1 << 10], hasher: RandomState::new() }
    }

    fn insert(&mut self, state: S, parent: usize) {
        let slot = self.slot(&state);
        if self.index[slot] != VACANT {
            return;
        }
        self.index[slot] = self.states.len() as u32;
        self.states.push(state);
        self.parents.push(parent as u32);
        if self.states.len() * 2 > self.index.len() {
            self.grow();
        }
    }

    /// Where the state is in the index, or where it belongs.
    fn slot(&self, state: &S) -> usize {
        let mask = self.index.len() - 1;
        let mut slot = self.hasher.hash_one(state) as usize & mask;
        while self.index[slot] != VACANT && self.states[self.index[slot] as usize] != *state {
            slot = (slot + 1) & mask;
        }
        slot
    }

    fn grow(&mut self) {
        self.index = vec![VACANT; self.index.len() * 2];
        for position in 0..self.states.len() {
            let slot = self.slot(&self.states[position]);
            self.index[slot] = position as u32;
        }
    }
}
