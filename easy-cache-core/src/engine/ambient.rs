//! What layers above put in force for a part of the code: kept by thread, taken along by tasks, not understood by the engine.

use std::any::Any;
use std::cell::RefCell;
use std::fmt;
use std::marker::PhantomData;
use std::sync::Arc;

type Item = Arc<dyn Any + Send + Sync>;

/// Several things that are, or can be put, in force; the innermost last.
#[derive(Clone, Default)]
pub(crate) struct Ambient(Vec<Item>);

thread_local! {
    static IN_FORCE: RefCell<Vec<Item>> = const { RefCell::new(Vec::new()) };
}

impl Ambient {
    /// What is in force on this thread.
    pub(crate) fn here() -> Self {
        Self(IN_FORCE.try_with(|in_force| in_force.borrow().clone()).unwrap_or_default())
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub(crate) fn push(&mut self, item: Item) {
        self.0.push(item);
    }

    /// Those of one kind, the innermost last.
    pub(crate) fn of_kind<T: 'static>(&self) -> impl Iterator<Item = &T> {
        self.0.iter().filter_map(|item| item.downcast_ref())
    }

    /// Puts everything in force on this thread until the guard is dropped.
    pub(crate) fn enter(&self) -> Entered {
        if !self.is_empty() {
            // A thread that is ending has no place to note it.
            let _ = IN_FORCE.try_with(|in_force| in_force.borrow_mut().extend(self.0.iter().cloned()));
        }
        Entered { ambient: self.clone(), thread: PhantomData }
    }
}

/// Asks those of one kind that are in force on this thread, the innermost first, until one has an answer.
pub(crate) fn find<T: 'static, A>(ask: impl Fn(&T) -> Option<A>) -> Option<A> {
    let find = |in_force: &RefCell<Vec<Item>>| {
        in_force.borrow().iter().rev().filter_map(|item| item.downcast_ref()).find_map(ask)
    };
    IN_FORCE.try_with(find).ok().flatten()
}

/// In force until dropped. Guards of a thread may be dropped in any order.
pub(crate) struct Entered {
    ambient: Ambient,
    thread: PhantomData<*const ()>,
}

impl Drop for Entered {
    fn drop(&mut self) {
        if self.ambient.is_empty() {
            return;
        }
        // What is taken out here is still kept by `self`, so that nothing is dropped while the list is borrowed.
        let _ = IN_FORCE.try_with(|in_force| {
            let mut in_force = in_force.borrow_mut();
            for item in self.ambient.0.iter().rev() {
                if let Some(place) = in_force.iter().rposition(|other| Arc::ptr_eq(other, item)) {
                    in_force.remove(place);
                }
            }
        });
    }
}

impl fmt::Debug for Ambient {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Ambient({})", self.0.len())
    }
}
