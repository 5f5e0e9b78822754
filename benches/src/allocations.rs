//! Counts the allocations of a thread, so that "0 per hit" is a measurement.
//!
//! A counter of its own rather than a crate's: those at hand keep whole statistics per allocation, which would slow down
//! in the same run exactly the candidates that allocate. This is one addition to a thread's own cell.
#![expect(unsafe_code, reason = "an allocator cannot be written without; every call is handed on unchanged")]

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;

thread_local! {
    static ALLOCATIONS: Cell<u64> = const { Cell::new(0) };
}

/// The system's allocator, and a count of the calls that ask it for memory.
#[derive(Debug)]
struct Counting;

#[global_allocator]
static ALLOCATOR: Counting = Counting;

/// How often the calling thread has asked for memory since it started. Growing a block counts, giving back does not.
#[must_use]
pub fn so_far() -> u64 {
    ALLOCATIONS.get()
}

fn count() {
    // A thread that is ending may allocate after its cells are gone. Nobody asks for its number any more.
    let _gone = ALLOCATIONS.try_with(|count| count.set(count.get() + 1));
}

// SAFETY: every method passes its arguments on to the system's allocator and returns its answer; the counter is a plain
// cell without a destructor, so counting neither allocates nor unwinds.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        count();
        // SAFETY: the caller keeps the contract of `alloc`.
        unsafe { System.alloc(layout) }
    }

    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        count();
        // SAFETY: the caller keeps the contract of `alloc_zeroed`.
        unsafe { System.alloc_zeroed(layout) }
    }

    unsafe fn realloc(&self, block: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        count();
        // SAFETY: the caller keeps the contract of `realloc`.
        unsafe { System.realloc(block, layout, size) }
    }

    unsafe fn dealloc(&self, block: *mut u8, layout: Layout) {
        // SAFETY: the caller keeps the contract of `dealloc`.
        unsafe { System.dealloc(block, layout) }
    }
}

#[cfg(test)]
mod tests {
    use std::hint::black_box;

    #[test]
    fn one_box_is_one_allocation_and_its_end_is_none() {
        let before = super::so_far();
        drop(black_box(Box::new(black_box(7_u64))));
        assert_eq!(super::so_far() - before, 1);
    }
}
