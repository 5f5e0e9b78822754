//! Which way a request goes: answered from the store, to the handler, or to wait for others. Walking it is left to the
//! door.

use std::fmt;
use std::sync::Arc;

use crate::{Bypass, Forward, MethodClass, RequestFacts, Reuse};
use bytes::Bytes;
use easy_cache_core::{Computation, Joined};
use http::Response;

use super::apart::{Known, Place};
use super::exchange::{Exchange, Task};
use super::find::{self, Held};
use super::incoming::Incoming;
use super::key;
use super::pass::{Passage, Watch};
use super::purge::{Purging, purging};
use super::respond;
use super::settings::Settings;
use super::stored::{Hit, is_served};

/// How a request goes on.
pub enum Way {
    /// It does not.
    Answer(Response<Bytes>),
    /// To the handler, whose response is not stored.
    Pass(Passage),
    /// To the handler, whose response may be stored. Others may wait for it.
    Run(Box<Task>),
    /// To the handler behind the answer, so that the next one is fresh.
    Behind(Response<Bytes>, Box<Task>),
    /// Something is dropped on request, and that is the answer.
    Purge(Purging),
    /// To wait for others who are at the same key, if there are any.
    Wait(Box<Exchange>),
}

/// Decides, with one look into the store.
pub fn way<I: Incoming>(settings: &Arc<Settings>, request: &I) -> Way {
    let mut facts = RequestFacts::of(request.method(), request.fields());
    if request.has_body() {
        facts = facts.with_body();
    }
    match facts.bypass() {
        Some(Bypass::Method) if facts.method == MethodClass::Unsafe => match purging(settings, request) {
            Some(purging) => Way::Purge(purging),
            None => Way::Pass(Passage::changing(settings, request)),
        },
        Some(bypass) => passing_by(settings, bypass),
        None if !request.is_admitted() => Way::Pass(Passage::new(settings, Forward::Bypass, Some("route"))),
        None if settings.cache.is_usable() => way_by_key(settings, request, facts),
        None => Way::Pass(Passage::new(settings, Forward::Bypass, Some("disabled"))),
    }
}

fn passing_by(settings: &Arc<Settings>, bypass: Bypass) -> Way {
    let detail = (bypass != Bypass::Method).then(|| bypass.as_str());
    Way::Pass(Passage::new(settings, Forward::from(bypass), detail))
}

fn way_by_key<I: Incoming>(settings: &Arc<Settings>, request: &I, mut facts: RequestFacts) -> Way {
    let fields = request.fields();
    let target = match key::target(request) {
        Ok(target) => target,
        Err(bypass) => return passing_by(settings, bypass),
    };
    let user = request.user();
    if user.is_some() {
        facts = facts.keyed_by_user();
    }
    let base = key::base(&settings.policy, user.as_deref(), &target, request);
    let told_key = settings.tells_key.then(|| key::told(&target));
    let tags = || std::iter::once(key::tag_of(&target)).chain(request.tags()).collect();
    if settings.cache.is_shared() {
        // The look is made where the answer can be waited for.
        let (settings, headers, forward) = (Arc::clone(settings), request.header_map(), Forward::UriMiss);
        let (tags, may_go_on_behind) = (tags(), request.may_go_on_behind());
        let (varies, place) = (None, None);
        let exchange =
            Exchange { settings, facts, headers, base, tags, forward, told_key, may_go_on_behind, varies, place };
        return Way::Wait(Box::new(exchange));
    }
    let mut place = None;
    let (forward, next) = match find::look(settings, &base, fields) {
        Held::Foreign(forward) => (forward, Next::Alone(None)),
        Held::Nothing(forward, variant) => {
            let empty = settings.apart.place(variant.as_deref().unwrap_or(&base));
            place = Some(empty);
            match at_nothing(settings, &facts, empty) {
                Ok(Waiting::Allowed) => (forward, Next::Wait(None)),
                Ok(Waiting::Useless) => (forward, Next::Alone(None)),
                Err(watch) => return Way::Pass(Passage::watched(settings, forward, watch).telling(told_key)),
            }
        }
        Held::Response(hit, variant) => {
            match Next::after(settings, &facts, hit, || variant.unwrap_or_else(|| base.clone())) {
                Ok(next) => next,
                Err(hit) => {
                    return Way::Answer(respond::stored(settings, &hit, &facts, fields, None, told_key.as_deref()));
                }
            }
        }
    };
    if let Some(hit) = find::look_for_part(settings, &base, &facts, fields) {
        return Way::Answer(respond::stored(settings, &hit, &facts, fields, None, told_key.as_deref()));
    }
    if let Some(way) = without_keeping(settings, &facts, forward, next.has_place()) {
        return way.telling(told_key);
    }
    let is_head = facts.method == MethodClass::Head;
    let (settings, headers, tags) = (Arc::clone(settings), request.header_map(), tags());
    let (may_go_on_behind, varies) = (false, None);
    let exchange =
        Exchange { settings, facts, headers, base, tags, forward, told_key, may_go_on_behind, varies, place };
    match next {
        Next::Wait(Some(place)) | Next::Alone(Some(place)) if is_head => Way::Run(Task::of_head(exchange, place)),
        _ if exchange.facts.range => Way::Run(Task::of_part(exchange)),
        next => next.way(exchange, || request.may_go_on_behind()),
    }
}

/// The way of a request that was not answered and whose response says nothing about what is, or will be, stored.
pub(crate) fn without_keeping(
    settings: &Arc<Settings>,
    facts: &RequestFacts,
    forward: Forward,
    stored: bool,
) -> Option<Way> {
    if let Some(status) = facts.status_instead_of_handler() {
        return Some(Way::Answer(respond::only_if_cached(settings, status)));
    }
    let detail = match facts {
        facts if facts.directives.no_store => Some("request-no-store"),
        RequestFacts { method: MethodClass::Head, .. } if stored => return None,
        RequestFacts { method: MethodClass::Head, .. } => None,
        RequestFacts { range: true, .. } if !settings.policy.keeps_parts() => Some("range"),
        _ => return None,
    };
    Some(Way::Pass(Passage::new(settings, forward, detail)))
}

impl fmt::Debug for Way {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Answer(_) => "Answer",
            Self::Pass(_) => "Pass",
            Self::Run(_) => "Run",
            Self::Behind(..) => "Behind",
            Self::Purge(_) => "Purge",
            Self::Wait(_) => "Wait",
        })
    }
}

impl Way {
    pub(crate) fn telling(self, key: Option<String>) -> Self {
        match self {
            Self::Pass(passage) => Self::Pass(passage.telling(key)),
            other => other,
        }
    }
}

/// A refresh is a `GET` of the whole that may go to the handler and whose response may be kept.
pub(crate) fn may_refresh(facts: &RequestFacts) -> bool {
    let wishes = &facts.directives;
    facts.method == MethodClass::Get && !facts.range && !wishes.no_store && !wishes.only_if_cached
}

/// Whether who finds nothing may wait for others.
pub(crate) enum Waiting {
    Allowed,
    Useless,
}

/// What comes where nothing was found; or what is looked at in passing, where responses were not for keeping.
pub(crate) fn at_nothing(settings: &Settings, facts: &RequestFacts, place: Place) -> Result<Waiting, Watch> {
    let now = || settings.cache.clock().elapsed();
    match settings.apart.known(place, now) {
        Known::Nothing => Ok(Waiting::Allowed),
        // Whose conditions are to be evaluated takes the way of all.
        Known::Apart if may_refresh(facts) && !facts.conditional => Err(Watch { facts: *facts, place, called: now() }),
        Known::Apart | Known::Mixed => Ok(Waiting::Useless),
    }
}

/// What a request that goes on takes with it.
enum Next {
    /// Others may wait for it, and it for others. With the place of a stale response, if there is one.
    Wait(Option<Vec<u8>>),
    /// Nobody waits.
    Alone(Option<Vec<u8>>),
    Refresh(Box<Refreshing>),
}

/// A stale response that may be served now, and the lead among those who could refresh it.
struct Refreshing {
    hit: Hit,
    place: Vec<u8>,
    computation: Computation,
}

impl Next {
    /// Whether something is stored that the handler may say something about.
    fn has_place(&self) -> bool {
        matches!(self, Self::Wait(Some(_)) | Self::Alone(Some(_)))
    }

    /// What comes after a response was found, and why; or the response, if it is served and that is all.
    fn after(
        settings: &Settings,
        facts: &RequestFacts,
        hit: Hit,
        place: impl FnOnce() -> Vec<u8>,
    ) -> Result<(Forward, Self), Hit> {
        match hit.reuse(facts, &settings.policy) {
            Reuse::Unwanted => Ok((Forward::Request, Self::Alone(Some(place())))),
            Reuse::Stale => Ok((Forward::Stale, Self::stale(&hit, place()))),
            Reuse::ServeAndRefresh { .. } if may_refresh(facts) => {
                let place = place();
                match settings.cache.try_lead(&place) {
                    Some(computation) => {
                        Ok((Forward::Stale, Self::Refresh(Box::new(Refreshing { hit, place, computation }))))
                    }
                    None => Err(hit),
                }
            }
            reuse if is_served(reuse) => Err(hit),
            _ => Ok((Forward::Request, Self::Alone(None))),
        }
    }

    /// What always has to be asked about is nobody else's: one answer cannot be given to two.
    fn stale(hit: &Hit, place: Vec<u8>) -> Self {
        if hit.response.terms.stale.always_asks() { Self::Alone(Some(place)) } else { Self::Wait(Some(place)) }
    }

    fn way(self, exchange: Exchange, may_go_on_behind: impl FnOnce() -> bool) -> Way {
        match self {
            // What a request with credentials gets is mostly for itself: others do not wait for it, nor does it for others.
            Self::Wait(None) if !exchange.facts.authorized && exchange.forward == Forward::UriMiss => {
                match exchange.cache().join_at_once(&exchange.base) {
                    Some(Joined::Compute(computation)) => {
                        let key = exchange.base.clone();
                        Way::Run(Task::new(exchange, computation, key))
                    }
                    Some(Joined::Found(_)) | None => Way::Wait(Box::new(exchange)),
                }
            }
            Self::Wait(_) if !exchange.facts.authorized => Way::Wait(Box::new(exchange)),
            Self::Wait(place) | Self::Alone(place) => {
                let task = Task::at_base(exchange);
                Way::Run(match place {
                    Some(place) => task.with_previous(place),
                    None => task,
                })
            }
            Self::Refresh(refreshing) => refreshing.way(exchange, may_go_on_behind()),
        }
    }
}

impl Refreshing {
    /// Without a way to go on behind the answer, this request waits for the refresh; all others are answered meanwhile.
    fn way(self, exchange: Exchange, may_go_on_behind: bool) -> Way {
        let Self { hit, place, computation } = self;
        let answer = may_go_on_behind.then(|| exchange.answer(&hit));
        let task = Task::new(exchange, computation, place.clone()).with_previous(place);
        match answer {
            Some(response) => Way::Behind(response, task),
            None => Way::Run(task),
        }
    }
}
