//! Takes down the body of a response while it is produced, and stores it when it is complete.

use std::sync::Arc;
use std::time::Duration;

use crate::Plan;
use crate::range::ByteRange;
use bytes::{Bytes, BytesMut};
use http::header::CONTENT_LENGTH;
use http::{HeaderMap, StatusCode, response};
use http_body::Frame;

use super::block::{Block, LastHit};
use super::exchange::Task;
use super::mark::Mark;
use super::respond::ResponseTags;
use super::stored::StoredResponse;
use super::variants;

/// A recording. Dropping it, because the body was dropped half-way, passes the duty to a request that waits.
#[derive(Debug)]
pub(crate) struct Recorder {
    pub(crate) task: Box<Task>,
    plan: Box<Plan>,
    status: StatusCode,
    fields: Block,
    mark: Option<Mark>,
    chunks: Vec<Bytes>,
    size: u64,
    /// The length that was announced: the body may be dropped once it is reached, without its end having been seen.
    expected: Option<u64>,
}

impl Recorder {
    pub(crate) fn new(task: Box<Task>, plan: Box<Plan>, parts: &response::Parts, expected: Option<u64>) -> Self {
        let fields = StoredResponse::kept_fields(&parts.headers, parts.status, &plan.fields);
        let chunks = Vec::new();
        let mark = parts.extensions.get().cloned();
        Self { task, plan, status: parts.status, fields, mark, chunks, size: 0, expected }
    }

    /// Takes down one frame; an error says why the recording must end here.
    pub(crate) fn take(&mut self, frame: &Frame<Bytes>) -> Result<(), &'static str> {
        let Some(data) = frame.data_ref() else { return Err("trailers") };
        self.size += data.len() as u64;
        if self.size > self.task.exchange.settings.max_body {
            return Err("too-large");
        }
        if !data.is_empty() {
            self.chunks.push(data.clone());
        }
        Ok(())
    }

    /// Whether all that was announced is there.
    pub(crate) fn is_full(&self) -> bool {
        self.expected.is_some_and(|expected| self.size >= expected)
    }

    /// Ends the recording of a response that is not to be stored: nobody waits any longer.
    pub(crate) fn abandon(self) {
        self.task.release();
    }

    /// Ends the recording of a body that failed. One of those who wait tries once more, then everybody is on their own.
    pub(crate) fn fail(self) {
        self.task.fail();
    }

    /// Takes in a body that was there as a whole, as soon as the head was. What it yields is to be kept, and to be sent.
    pub(crate) fn take_whole(&mut self, body: Bytes) -> Bytes {
        // Where tags are told, the fields are written once more.
        let is_told = self.task.exchange.settings.tag_field.is_some();
        if is_told { body } else { self.fields.beside(body) }
    }

    /// Stores a body that was there as a whole.
    pub(crate) fn keep(mut self, body: Bytes) -> Result<Arc<StoredResponse>, &'static str> {
        self.size = body.len() as u64;
        let recorded_for = self.recorded_for();
        self.store(body, recorded_for)
    }

    /// Stores what was recorded.
    pub(crate) fn finish(mut self) -> Result<Arc<StoredResponse>, &'static str> {
        let (chunks, recorded_for) = (std::mem::take(&mut self.chunks), self.recorded_for());
        self.store(joined(chunks), recorded_for)
    }

    fn recorded_for(&self) -> Duration {
        self.task.exchange.now().saturating_sub(self.task.arrived)
    }

    fn store(mut self, body: Bytes, recorded_for: Duration) -> Result<Arc<StoredResponse>, &'static str> {
        if !self.has_expected_length() {
            self.fail();
            return Err("wrong-length");
        }
        if self.plan.terms.useful_for(recorded_for).is_zero() {
            self.abandon();
            return Err("stale");
        }
        let Self { task, plan, status, mut fields, mark, .. } = self;
        let Task { exchange, computation, scope, place, .. } = *task;
        let tags = scope.tags();
        if exchange.settings.tag_field.is_some() {
            let mut told = HeaderMap::new();
            exchange.tell_tags(&tags, &mut told);
            fields.replace(&told);
        }
        let (tags, terms, last_hit) = (ResponseTags::of(tags), plan.terms, LastHit::default());
        let response = Arc::new(StoredResponse { status, fields, body, terms, tags, mark, recorded_for, last_hit });
        let key = place.as_deref().unwrap_or(&exchange.base);
        if variants::store(&exchange, key, computation, Arc::clone(&response), scope) {
            Ok(response)
        } else {
            Err("outdated")
        }
    }

    /// Whether it is as long as was said. Notes which part it is, if it is one.
    fn has_expected_length(&mut self) -> bool {
        if let Some(part) = self.plan.terms.part {
            let Some(part) = part.of_length(self.size) else { return false };
            self.plan.terms.part = Some(part.sent_for(ByteRange::of(&self.task.exchange.headers)));
        }
        self.expected.is_none_or(|expected| self.size == expected)
    }
}

/// What `Content-Length` says.
pub(crate) fn announced_length(headers: &HeaderMap) -> Option<u64> {
    headers.get(CONTENT_LENGTH)?.to_str().ok()?.parse().ok()
}

/// A single chunk is shared as it is; several are put together once, so that each hit sends one.
fn joined(chunks: Vec<Bytes>) -> Bytes {
    match <[Bytes; 1]>::try_from(chunks) {
        Ok([only]) => only,
        Err(chunks) => {
            let mut whole = BytesMut::with_capacity(chunks.iter().map(Bytes::len).sum());
            chunks.iter().for_each(|chunk| whole.extend_from_slice(chunk));
            whole.freeze()
        }
    }
}
