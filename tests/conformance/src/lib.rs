//! What a shared HTTP cache must show, as a list of exchanges that runs against any address: a proxy, or an application with a
//! response cache around it. Requests and responses are written and read as raw bytes, so that no library mends them on the way.
//!
//! A [`Check`] is a few requests for one URL of its own. For each it says what the origin answers, should it be asked, and what the
//! client must get. Those that wait for something to become stale wait together.
//!
//! # Example: against an application
//! The application answers every request by asking [`Origin::answer`], inside of its cache:
//! ```no_run
//! use conformance::{Capabilities, Origin, run};
//!
//! # async fn example(address: std::net::SocketAddr) {
//! let origin = Origin::default();
//! // .. the application, listening at `address`, whose one handler answers what `origin.answer(&request)` says
//! let report = run(address, &origin, Capabilities { connections: false, interim: false }).await;
//! report.assert();
//! # }
//! ```
//!
//! # Where to look
//!
//! | part | module |
//! |---|---|
//! | what a check is | `check` |
//! | the list | `checks`, one file for each section |
//! | who answers, and who listens for a proxy | `origin` |
//! | who asks, compares, and counts | `client`, `run`, `report` |
//! | who asks too much | `abuse` |
//! | bytes | `message`, `field` |

pub mod abuse;
mod check;
pub mod checks;
mod client;
mod field;
mod message;
mod origin;
mod report;
mod run;

pub use check::{Check, Expect, Kind, Needs, Step, ask, check, get};
pub use client::Client;
pub use field::Value;
pub use message::{Message, read_message};
pub use origin::{Answer, Origin};
pub use report::{Outcome, Report};
pub use run::{Capabilities, run, run_some};
