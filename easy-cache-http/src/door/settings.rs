//! What all requests of one cache share, whichever door it is. The words with which users set it are in `words`.

use std::sync::Arc;

use easy_cache_core::{Cache, Shelf};

use super::ahead::Recordings;
use super::apart::Apart;
use super::outward::TagField;
use super::portable::Responses;
use crate::Policy;

/// The largest body that is kept, unless the application says otherwise: room for any page or JSON document, and at most
/// a sixty-fourth of a default cache.
const MAX_BODY: u64 = 1 << 20;

/// Variants of one URI that are kept at once. Languages times encodings of a real site stay far below it; a client that
/// makes up values of a varying header does not get further.
const MAX_VARIANTS: usize = 64;

/// What all requests of one cache share.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Settings {
    /// Where responses are kept.
    pub cache: Cache,
    /// What the route says about its responses.
    pub policy: Policy,
    /// The name of the cache in `Cache-Status`.
    pub name: String,
    /// The largest body that is kept.
    pub max_body: u64,
    /// How many variants of one URI are kept.
    pub max_variants: usize,
    /// Whether `Cache-Status` says under which URI a response is stored.
    pub tells_key: bool,
    /// The field that names the tags of responses for caches in front of the application.
    pub tag_field: Option<TagField>,
    /// Whether the route tells users apart. What it answers to nobody it knows is then not for all either: in front, nobody is known.
    pub tells_users_apart: bool,
    /// The path at which a `POST` purges.
    pub purge_at: Option<String>,
    /// Who records, and who waits for it.
    pub recordings: Arc<Recordings>,
    /// Where nobody waits, since nothing is kept.
    pub(crate) apart: Arc<Apart>,
}

impl Settings {
    /// Where responses are kept, if that is a store outside the process.
    pub(crate) fn shelf(&self) -> Option<Shelf> {
        self.cache.shelf(&Responses)
    }

    /// Caches what the handlers' own headers allow for a stated time.
    #[must_use]
    pub fn new(cache: Cache) -> Self {
        Self {
            cache,
            policy: Policy::new(),
            name: "easy-cache".to_owned(),
            max_body: MAX_BODY,
            max_variants: MAX_VARIANTS,
            tells_key: false,
            tag_field: None,
            tells_users_apart: false,
            purge_at: None,
            recordings: Arc::default(),
            apart: Arc::default(),
        }
    }
}
