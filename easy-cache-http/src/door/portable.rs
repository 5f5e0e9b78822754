//! What the cache holds for a URI as bytes, for a store outside the process: a response with its body, a note on variants, a note that
//! there is nothing to wait for.
//!
//! The body comes first, so that it is read without being moved. Bytes that are none of these, or make no sense, are refused.

use std::collections::{HashMap, HashSet};
use std::sync::{Arc, LazyLock};
use std::time::Duration;

use bytes::Bytes;
use easy_cache_core::{Carrier, Format, Portable, Shared, Tag};
use http::header::CONTENT_LENGTH;
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode};
use parking_lot::Mutex;
use serde::{Deserialize, Serialize};

use super::block::LastHit;
use super::mark::Mark;
use super::respond::ResponseTags;
use super::stored::{StoredResponse, Varies};
use crate::range::PartOf;
use crate::{KeptFields, Terms, Vary};

/// What leaves the process, and how.
#[derive(Debug)]
pub(crate) struct Responses;

/// Longer than that, no response is recorded.
const LONGEST: Duration = Duration::from_secs(1 << 32);

/// All but the body.
#[derive(Debug, Serialize, Deserialize)]
enum Head {
    Response(Box<ResponseHead>),
    Varies { fields: Vary, generation: u64 },
}

#[derive(Debug, Serialize, Deserialize)]
struct ResponseHead {
    status: u16,
    headers: Vec<(String, Vec<u8>)>,
    terms: Terms,
    #[serde(with = "tags")]
    tags: Vec<Tag>,
    mark: Option<Mark>,
    recorded_for: Duration,
}

impl Carrier for Responses {
    /// With the number of the layout: a change of what is written, or of what a field of it means, is another kind.
    fn kind(&self) -> &str {
        "easy-cache-http/responses/1"
    }

    fn write(&self, value: &Shared) -> Option<Vec<u8>> {
        let (head, body) = if let Some(response) = value.downcast_ref::<StoredResponse>() {
            (Head::Response(Box::new(ResponseHead::of(response))), response.body.clone())
        } else {
            let varies = value.downcast_ref::<Varies>()?;
            (Head::Varies { fields: varies.fields.clone(), generation: varies.generation() }, Bytes::new())
        };
        let head = head.encode(Format::default()).ok()?;
        // With room for what the cache writes behind it.
        let mut bytes = Vec::with_capacity(body.len() + head.len() + 256);
        bytes.extend_from_slice(&body);
        bytes.extend_from_slice(&head);
        bytes.extend(u32::try_from(head.len()).ok()?.to_le_bytes());
        Some(bytes)
    }

    fn read(&self, bytes: Vec<u8>) -> Option<Shared> {
        let (rest, len) = bytes.split_last_chunk::<4>()?;
        let begin = rest.len().checked_sub(u32::from_le_bytes(*len) as usize)?;
        let head = Head::decode(&rest[begin..], Format::default()).ok()?;
        Some(match head {
            Head::Response(head) => Arc::new(head.with_body(Bytes::from(bytes).slice(..begin))?),
            Head::Varies { fields, generation } => Arc::new(Varies::again(fields, generation, kept_in(generation))),
        })
    }
}

impl ResponseHead {
    fn of(response: &StoredResponse) -> Self {
        let headers = response.headers();
        let headers = headers.iter();
        Self {
            status: response.status.as_u16(),
            headers: headers.map(|(name, value)| (name.as_str().to_owned(), value.as_bytes().to_vec())).collect(),
            terms: response.terms.clone(),
            tags: response.tags.tags().to_vec(),
            mark: response.mark.clone(),
            recorded_for: response.recorded_for,
        }
    }

    fn with_body(self, body: Bytes) -> Option<StoredResponse> {
        let Self { status, headers, terms, tags, mark, recorded_for } = self;
        let mut fields = HeaderMap::with_capacity(headers.len());
        for (name, value) in headers {
            fields.append(HeaderName::from_bytes(name.as_bytes()).ok()?, HeaderValue::from_bytes(&value).ok()?);
        }
        let is_whole = terms.part.is_none_or(|part| part.length() == body.len() as u64);
        let says = fields.get(CONTENT_LENGTH).and_then(|length| length.to_str().ok()?.parse::<u64>().ok());
        let fits = says.is_none_or(|length| length == body.len() as u64);
        if !(is_sensible(&terms) && is_whole && fits && recorded_for <= LONGEST) {
            return None;
        }
        let status = StatusCode::from_u16(status).ok()?;
        let fields = StoredResponse::kept_fields(&fields, status, &KeptFields::default());
        let (tags, last_hit) = (ResponseTags::of(tags), LastHit::default());
        Some(StoredResponse { status, fields, body, terms, tags, mark, recorded_for, last_hit })
    }
}

/// Whether a response can have such terms.
fn is_sensible(terms: &Terms) -> bool {
    terms.freshness.is_sensible() && terms.stale.is_sensible() && terms.part.is_none_or(PartOf::is_sensible)
}

/// Which variants this process has stored under a note.
pub(crate) type Kept = Arc<Mutex<HashSet<u64>>>;

/// Notes whose variants are counted at a time; then the counting begins anew.
const NOTES: usize = 4_096;

/// A note that is read again counts on: there is a limit to the variants that a process stores.
fn kept_in(generation: u64) -> Kept {
    static KEPT: LazyLock<Mutex<HashMap<u64, Kept>>> = LazyLock::new(Mutex::default);
    let mut kept = KEPT.lock();
    if kept.len() >= NOTES && !kept.contains_key(&generation) {
        kept.clear();
    }
    Arc::clone(kept.entry(generation).or_default())
}

/// Tags in the form in which stores keep them.
pub(crate) mod tags {
    use easy_cache_core::Tag;
    use serde::de::Error;
    use serde::{Deserialize, Deserializer, Serialize, Serializer};

    pub(crate) fn serialize<S: Serializer>(tags: &[Tag], serializer: S) -> Result<S::Ok, S::Error> {
        tags.iter().map(Tag::encoded).collect::<Vec<_>>().serialize(serializer)
    }

    pub(crate) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<Tag>, D::Error> {
        let tags = Vec::<Vec<u8>>::deserialize(deserializer)?;
        let tags = tags.iter().map(|tag| Tag::decode(tag).ok_or_else(|| D::Error::custom("it is not a tag")));
        tags.collect()
    }
}
