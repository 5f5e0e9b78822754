//! The tower layer, as the tests of all doors see it.

pub(crate) use easy_cache_tower::{Mark, QueryKey, ResponseCacheLayer as Door, ResponseTags, TagField, path_tag};
use easy_cache_tower::{ResponseBody, ResponseCache};
use http::Response;
pub(crate) use tokio::test;
use tower::util::BoxCloneSyncService;
use tower::{Layer, ServiceExt, service_fn};

use crate::support::{Asked, Broken, Given, Handle, User};

pub(crate) const HAS_TRAILERS: bool = true;

/// The body of an answer.
pub(crate) type Sent = ResponseBody<Given>;

#[derive(Clone)]
pub(crate) struct Service(ResponseCache<BoxCloneSyncService<Asked, Response<Given>, Broken>>);

impl Service {
    pub(crate) fn new(door: &Door, handle: Handle) -> Self {
        Self(door.layer(BoxCloneSyncService::new(service_fn(move |request| handle(request)))))
    }

    pub(crate) async fn ask(&self, request: Asked) -> Result<Response<Sent>, Broken> {
        self.0.clone().oneshot(request).await
    }
}

pub(crate) fn per_user(door: Door) -> Door {
    door.key_per_user(|head| head.extensions.get::<User>().map(|user| user.0))
}

pub(crate) fn without_previews_and_drafts(door: Door) -> Door {
    door.only_if(|head| !head.headers.contains_key("x-preview") && head.uri.path() != "/draft")
}

pub(crate) fn purged_with_the_word(door: Door) -> Door {
    door.purge_if(|request| request.headers.get("x-word").is_some_and(|word| word == "sesame"))
}

pub(crate) fn by_shop(door: Door) -> Door {
    door.tag_by(|head| head.uri.path().split('/').nth(1).map(|shop| format!("shop:{shop}")))
}
