//! What an open transaction has written, savepoint by savepoint, and whether it is certain that it is still open. Talking
//! to the database and to the cache is left to `tx`.
//!
//! The driver counts savepoints on the connection: whichever handle ends, it is the innermost savepoint that is released or
//! rolled back, and the last one to end commits. So there is one stack for each connection, shared by its handles.

use std::sync::Arc;

use easy_cache_sql::hook::Pending;
use parking_lot::Mutex;

/// The stack of one connection.
#[derive(Clone, Debug, Default)]
pub(crate) struct Frames {
    stack: Arc<Mutex<Vec<Frame>>>,
}

/// The transaction itself, or one savepoint of it.
#[derive(Debug, Default)]
struct Frame {
    written: Pending,
    /// Whether something happened in it that may have ended the transaction behind the driver's back.
    doubtful: bool,
}

impl Frames {
    /// Adds a frame: the transaction, or a savepoint, has begun. To be called **after** that: what others write meanwhile
    /// then counts for the frame around, which is safe.
    pub(crate) fn open(&self) -> Open {
        self.stack.lock().push(Frame::default());
        Open { frames: self.clone(), is_open: true }
    }

    /// Adds to the innermost frame. To be called **before** the write is sent: if its future is dropped, it may happen.
    pub(crate) fn write(&self, pending: Pending) {
        if let Some(frame) = self.stack.lock().last_mut() {
            frame.written.merge(pending);
        }
    }

    /// Says that the transaction may be over, and what is written from now on committed at once.
    ///
    /// An error does that: SQLite and MySQL answer some of them by rolling everything back. The end of a savepoint, if it
    /// succeeds, proves that the transaction lived until then.
    pub(crate) fn doubt(&self) {
        if let Some(frame) = self.stack.lock().last_mut() {
            frame.doubtful = true;
        }
    }

    /// The same, and no savepoint proves anything any more.
    pub(crate) fn doubt_everything(&self) {
        self.stack.lock().iter_mut().for_each(|frame| frame.doubtful = true);
    }

    pub(crate) fn is_doubtful(&self) -> bool {
        self.stack.lock().iter().any(|frame| frame.doubtful)
    }

    /// Everything that was written in any frame.
    pub(crate) fn all(&self) -> Pending {
        let mut all = Pending::default();
        self.stack.lock().iter().for_each(|frame| all.merge(frame.written.clone()));
        all
    }

    fn pop(&self) -> (Frame, bool) {
        let mut stack = self.stack.lock();
        let frame = stack.pop().unwrap_or_default();
        (frame, stack.is_empty())
    }
}

/// A handle's share in the stack. Dropping it takes the innermost frame away: the driver rolls it back.
#[derive(Debug)]
pub(crate) struct Open {
    frames: Frames,
    is_open: bool,
}

/// What a handle is about to make permanent.
#[derive(Debug)]
pub(crate) struct Ending {
    /// What may become visible to others.
    pub(crate) visible: Pending,
    /// Whether the database says no only if nothing of it happened.
    pub(crate) is_certain: bool,
}

impl Open {
    pub(crate) fn frames(&self) -> &Frames {
        &self.frames
    }

    /// Before a COMMIT, or before the release of a savepoint, whose writes are then the frame's around it.
    pub(crate) fn commit(mut self) -> Ending {
        self.is_open = false;
        let is_certain = !self.frames.is_doubtful();
        let everything = self.frames.all();
        let (frame, is_last) = self.frames.pop();
        self.frames.write(frame.written);
        let visible = if is_last || !is_certain { everything } else { Pending::default() };
        Ending { visible, is_certain }
    }

    /// Before a rollback, of the transaction or to a savepoint.
    pub(crate) fn roll_back(mut self) -> RollingBack {
        self.is_open = false;
        let (frame, _) = self.frames.pop();
        RollingBack { frames: self.frames.clone(), written: Some(frame.written) }
    }
}

impl Drop for Open {
    fn drop(&mut self) {
        if self.is_open {
            self.frames.pop();
        }
    }
}

/// A rollback under way. Unless it succeeds, what it was to undo counts as written, and the transaction as doubtful.
#[derive(Debug)]
pub(crate) struct RollingBack {
    frames: Frames,
    written: Option<Pending>,
}

impl RollingBack {
    pub(crate) fn succeeded(mut self) {
        self.written = None;
    }
}

impl Drop for RollingBack {
    fn drop(&mut self) {
        if let Some(written) = self.written.take() {
            self.frames.write(written);
            self.frames.doubt();
        }
    }
}

#[cfg(test)]
mod tests {
    use easy_cache_core::Tag;

    use super::*;

    fn pending<const N: usize>(tables: [&str; N]) -> Pending {
        Pending::of(tables.into_iter().map(Tag::table))
    }

    fn begin() -> (Frames, Open) {
        let frames = Frames::default();
        let open = frames.open();
        (frames, open)
    }

    #[test]
    fn nothing_becomes_visible_before_the_last_handle_ends() {
        let (frames, tx) = begin();
        frames.write(pending(["a"]));
        let savepoint = frames.open();
        frames.write(pending(["b"]));
        assert!(savepoint.commit().visible.is_empty());
        assert_eq!(tx.commit().visible, pending(["a", "b"]));
    }

    #[test]
    fn what_a_savepoint_rolled_back_is_forgotten() {
        let (frames, tx) = begin();
        let savepoint = frames.open();
        frames.write(pending(["b"]));
        savepoint.roll_back().succeeded();
        assert!(tx.commit().visible.is_empty());
    }

    #[test]
    fn handles_that_end_in_the_wrong_order_end_the_innermost_savepoint() {
        let (frames, tx) = begin();
        let first = frames.open();
        frames.write(pending(["first"]));
        let second = frames.open();
        frames.write(pending(["second"]));
        first.roll_back().succeeded();
        assert!(second.commit().visible.is_empty());
        assert_eq!(tx.commit().visible, pending(["first"]), "the driver rolled back to the second savepoint");

        let (frames, tx) = begin();
        let savepoint = frames.open();
        frames.write(pending(["a"]));
        assert!(tx.commit().visible.is_empty(), "that released the savepoint");
        assert_eq!(savepoint.commit().visible, pending(["a"]), "and this was the COMMIT");
    }

    #[test]
    fn a_savepoint_that_cannot_be_rolled_back_counts_as_written() {
        let (frames, tx) = begin();
        let savepoint = frames.open();
        frames.write(pending(["b"]));
        drop(savepoint.roll_back());
        assert!(frames.is_doubtful());
        let ending = tx.commit();
        assert_eq!(ending.visible, pending(["b"]));
        assert!(!ending.is_certain);
    }

    #[test]
    fn an_error_in_a_savepoint_is_no_matter_once_the_savepoint_has_ended() {
        let (frames, tx) = begin();
        let savepoint = frames.open();
        frames.doubt();
        assert!(frames.is_doubtful());
        savepoint.roll_back().succeeded();
        assert!(!frames.is_doubtful());
        assert!(tx.commit().is_certain);
    }

    #[test]
    fn in_doubt_each_end_may_be_the_commit_of_everything() {
        let (frames, tx) = begin();
        frames.write(pending(["a"]));
        let savepoint = frames.open();
        frames.write(pending(["b"]));
        frames.doubt_everything();
        assert_eq!(savepoint.commit().visible, pending(["a", "b"]));
        assert!(frames.is_doubtful());
        drop(tx);
    }
}
