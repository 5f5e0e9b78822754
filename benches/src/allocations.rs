//! Counts the allocations of a thread, so that "0 per hit" is a measurement, and the bytes that it holds.
//!
//! A counter of its own rather than a crate's: those at hand keep whole statistics per allocation, which would slow down
//! in the same run exactly the candidates that allocate. This is two additions to a thread's own cells.
#![expect(unsafe_code, reason = "an allocator cannot be written without; every call is handed on unchanged")]

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;

thread_local! {
    static ALLOCATIONS: Cell<u64> = const { Cell::new(0) };
    static BYTES: Cell<i64> = const { Cell::new(0) };
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

/// The bytes that the calling thread has asked for, less those that it gave back. What one thread allocates and another
/// frees is counted wrongly by both, so this is for measurements on one thread. The allocator's own rounding is not seen.
#[must_use]
pub fn bytes() -> i64 {
    BYTES.get()
}

fn count() {
    // A thread that is ending may allocate after its cells are gone. Nobody asks for its number any more.
    let _gone = ALLOCATIONS.try_with(|count| count.set(count.get() + 1));
}

/// Block sizes fit: the allocator's contract limits them to `isize::MAX`.
fn add(more: usize, fewer: usize) {
    let _gone = BYTES.try_with(|bytes| bytes.set(bytes.get() + more as i64 - fewer as i64));
}

// SAFETY: every method passes its arguments on to the system's allocator and returns its answer; the counters are plain
// cells without a destructor, so counting neither allocates nor unwinds.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        count();
        add(layout.size(), 0);
        // SAFETY: the caller keeps the contract of `alloc`.
        unsafe { System.alloc(layout) }
    }

    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        count();
        add(layout.size(), 0);
        // SAFETY: the caller keeps the contract of `alloc_zeroed`.
        unsafe { System.alloc_zeroed(layout) }
    }

    unsafe fn realloc(&self, block: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        count();
        add(size, layout.size());
        // SAFETY: the caller keeps the contract of `realloc`.
        unsafe { System.realloc(block, layout, size) }
    }

    unsafe fn dealloc(&self, block: *mut u8, layout: Layout) {
        add(0, layout.size());
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

    #[test]
    fn bytes_are_held_until_they_are_given_back() {
        let before = super::bytes();
        let mut block = black_box(Vec::<u8>::with_capacity(1_000));
        assert_eq!(super::bytes() - before, 1_000);
        block.reserve_exact(3_000);
        assert_eq!(super::bytes() - before, 3_000);
        drop(black_box(block));
        assert_eq!(super::bytes(), before);
    }
}
