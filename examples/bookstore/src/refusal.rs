//! What a client is told of a request that was refused: a status and its reason, as JSON for programs and as a page for people.
//! Turning them into a response is left to the binaries.

use std::error::Error as _;

use serde_json::json;

use crate::{Error, ErrorKind, page};

/// A status and its reason, in words for whoever asked.
#[derive(Debug)]
pub struct Refusal {
    status: u16,
    message: String,
}

impl Refusal {
    /// Refuses with a status of HTTP.
    #[must_use]
    pub fn new(status: u16, message: impl Into<String>) -> Self {
        Self { status, message: message.into() }
    }

    /// There is no such page.
    #[must_use]
    pub fn no_such_page() -> Self {
        Self::new(404, "there is no such page")
    }

    /// There is no such route for programs.
    #[must_use]
    pub fn no_such_route() -> Self {
        Self::new(404, "there is no such route")
    }

    /// The page does not answer to the method.
    #[must_use]
    pub fn page_method() -> Self {
        Self::new(405, "this page does not answer to that method")
    }

    /// The route for programs does not answer to the method.
    #[must_use]
    pub fn route_method() -> Self {
        Self::new(405, "this route does not answer to that method")
    }

    /// The number in the path is none.
    #[must_use]
    pub fn path() -> Self {
        Self::new(400, "the number in the path is not a whole number that fits in 32 bits")
    }

    /// Something went wrong of which the client is told nothing.
    #[must_use]
    pub fn out_of_order(status: u16) -> Self {
        Self::new(status, "the shop cannot answer at the moment")
    }

    /// The status to answer with.
    #[must_use]
    pub fn status(&self) -> u16 {
        self.status
    }

    /// For a program: `{"error": "..."}`.
    #[must_use]
    pub fn json(&self) -> String {
        json!({ "error": self.message }).to_string()
    }

    /// For a person, with a way back.
    #[must_use]
    pub fn page(&self, back: Option<&str>) -> String {
        let heading = match self.status {
            404 => "Not found",
            409 => "Rolled back",
            400..500 => "That does not work",
            _ => "Something went wrong",
        };
        page::problem(heading, &self.message, back)
    }
}

/// What the database said goes to the log, and nowhere else.
impl From<Error> for Refusal {
    fn from(error: Error) -> Self {
        let status = match error.kind() {
            ErrorKind::NotFound => 404,
            ErrorKind::Invalid => 422,
            ErrorKind::Conflict => 409,
            _ => 500,
        };
        if status >= 500 {
            tracing::error!("the database failed: {}", error.source().map(ToString::to_string).unwrap_or_default());
        }
        Self::new(status, error.to_string())
    }
}

/// The cause of causes: what a parser said, without the framework's introduction.
#[must_use]
pub fn innermost(error: &dyn std::error::Error) -> String {
    let mut innermost = error.to_string();
    let mut next = error.source();
    while let Some(cause) = next {
        innermost = cause.to_string();
        next = cause.source();
    }
    innermost
}
