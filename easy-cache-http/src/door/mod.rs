//! What every door shares: the way of a request through a response cache, from its head to the answer, in the types of
//! `http` 1. A door is an integration of one framework: it brings its own requests ([`Incoming`]), runs the handler,
//! sends bodies, and leaves every decision to this module.
//!
//! Behind the feature `door`; not needed to read or apply the rules. It changes with the doors of this workspace.
//!
//! # The way of a request
//!
//! 1. [`way`] says where it goes, with one look into the store: a [`Way`].
//! 2. To be answered: the answer is there. To pass by: the door calls the handler and lets the [`Passage`] finish its
//!    response. To wait: the door polls [`arrive`].
//! 3. To the handler: the door runs it inside the scope of its [`Task`], and gives the response to [`Task::respond`].
//! 4. A purge is answered when it is done: the door polls it.
//! 5. What comes back says what body is sent: an [`Outgoing`]. A [`Stream`] is recorded while it is read.

mod incoming;
mod mark;
mod settings;
mod words;

mod way;

mod apart;
mod key;
mod pass;

mod afar;
mod block;
mod common;
mod exchange;
mod find;
mod portable;
mod stored;

mod previous;
mod settle;
mod variants;

mod ahead;
mod readers;
mod record;
mod stream;

mod outward;
mod purge;
mod respond;

pub use ahead::{Recordings, RunAhead, Watched};
pub use exchange::{Exchange, Task};
pub use find::{Arrival, Arriving, arrive};
pub use incoming::{Address, FieldsMut, Incoming};
pub use key::{Depth, path_tag};
pub use mark::Mark;
pub use outward::TagField;
pub use pass::{Dropping, Passage};
pub use purge::Purging;
pub use readers::Readers;
pub use respond::ResponseTags;
pub use settings::Settings;
pub use settle::Outgoing;
pub use stored::Hit;
pub use stream::{Stream, into_bytes};
pub use way::{Way, way};
