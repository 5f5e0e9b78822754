//! Which way a request goes: answered from the store, to the handler, or to wait for others. Walking it is left to the
//! door.

use std::fmt;
use std::sync::Arc;

use crate::request::Reading;
use crate::view::Copied;
use crate::{Bypass, Forward, MethodClass, RequestFacts, Reuse, Target};
use bytes::Bytes;
use easy_cache_core::{Computation, Joined};
use http::Response;

use super::apart::{Known, Place};
use super::exchange::{Exchange, Task};
use super::find::{self, Held, Variant};
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
    let mut reading = Reading::of(request.method(), request.fields());
    if request.has_body() {
        reading.facts = reading.facts.with_body();
    }
    match reading.facts.bypass() {
        Some(Bypass::Method) if reading.facts.method == MethodClass::Unsafe => match purging(settings, request) {
            Some(purging) => Way::Purge(purging),
            None => Way::Pass(Passage::changing(settings, request)),
        },
        Some(bypass) => passing_by(settings, bypass),
        None if !request.is_admitted() => Way::Pass(Passage::new(settings, Forward::Bypass, Some("route"))),
        None if settings.cache.is_usable() => way_by_key(settings, request, reading),
        None => Way::Pass(Passage::new(settings, Forward::Bypass, Some("disabled"))),
    }
}

fn passing_by(settings: &Arc<Settings>, bypass: Bypass) -> Way {
    let detail = (bypass != Bypass::Method).then(|| bypass.as_str());
    Way::Pass(Passage::new(settings, Forward::from(bypass), detail))
}

fn way_by_key<I: Incoming>(settings: &Arc<Settings>, request: &I, reading: Reading<'_>) -> Way {
    let Reading { mut facts, hosts, rerouting } = reading;
    let target = match key::target(request.address(), hosts) {
        Ok(target) => target,
        Err(bypass) => return passing_by(settings, bypass),
    };
    let user = request.user();
    if user.is_some() {
        facts = facts.keyed_by_user();
    }
    let base = key::base(&settings.policy, user.as_deref(), &target, rerouting, request);
    let told_key = settings.tells_key.then(|| key::told(&target));
    let looking = Looking { settings, request, facts, target, told_key };
    if settings.cache.is_shared() {
        // The look is made where the answer can be waited for.
        let mut exchange = looking.exchange(base, Forward::UriMiss, None);
        exchange.may_go_on_behind = request.may_go_on_behind();
        return Way::Wait(Box::new(exchange));
    }
    looking.way(base)
}

/// A request that may be answered from the store.
struct Looking<'a, I: Incoming> {
    settings: &'a Arc<Settings>,
    request: &'a I,
    facts: RequestFacts,
    target: Target<'a>,
    told_key: Option<String>,
}

impl<I: Incoming> Looking<'_, I> {
    fn way(self, base: Vec<u8>) -> Way {
        let Self { settings, request, facts, .. } = self;
        let mut place = None;
        let (forward, next) = match find::look(settings, &base, request.fields()) {
            Held::Foreign(forward) => (forward, Next::Alone(None)),
            Held::Nothing(forward, variant) => {
                let empty = settings.apart.place(variant.as_ref().map_or(&base, |variant| &variant.place));
                place = Some(empty);
                match at_nothing(settings, &facts, empty) {
                    Ok(Waiting::Allowed) => (forward, Next::Lead(variant)),
                    Ok(Waiting::Useless) => (forward, Next::Alone(None)),
                    Err(watch) => return self.pass_watched(forward, watch, base),
                }
            }
            Held::Response(hit, variant) => {
                match Next::after(settings, &facts, hit, || variant.unwrap_or_else(|| base.clone())) {
                    Ok(next) => next,
                    Err(hit) => return self.answer(&hit, base),
                }
            }
        };
        if let Some(hit) = find::look_for_part(settings, &base, &facts, request.fields()) {
            return self.answer(&hit, base);
        }
        if let Some(way) = without_keeping(settings, &facts, forward, next.has_place()) {
            return way.telling(self.told_key);
        }
        let exchange = self.exchange(base, forward, place);
        match next {
            Next::Wait(Some(place)) | Next::Alone(Some(place)) if facts.method == MethodClass::Head => {
                Way::Run(Task::of_head(exchange, place))
            }
            _ if facts.range => Way::Run(Task::of_part(exchange)),
            next => next.way(exchange, || request.may_go_on_behind()),
        }
    }

    fn answer(self, hit: &Hit, base: Vec<u8>) -> Way {
        let (facts, fields, told_key) = (&self.facts, self.request.fields(), self.told_key.as_deref());
        let response = respond::stored(self.settings, hit, facts, fields, None, told_key);
        key::give_back(base);
        Way::Answer(response)
    }

    fn pass_watched(self, forward: Forward, watch: Watch, base: Vec<u8>) -> Way {
        key::give_back(base);
        Way::Pass(Passage::watched(self.settings, forward, watch).telling(self.told_key))
    }

    /// What is remembered of it when it goes on.
    fn exchange(self, base: Vec<u8>, forward: Forward, place: Option<Place>) -> Exchange {
        let Self { settings, request, facts, target, told_key } = self;
        let (tag, tags) = (key::tag_of(&target), request.tags());
        let (settings, headers) = (Arc::clone(settings), Copied::of(request.fields()));
        let (may_go_on_behind, varies) = (false, None);
        Exchange { settings, facts, headers, base, tag, tags, forward, told_key, may_go_on_behind, varies, place }
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
    let now = || settings.cache.clock().ticked();
    match settings.apart.known(place, now) {
        Known::Nothing => Ok(Waiting::Allowed),
        // Whose conditions are to be evaluated takes the way of all.
        Known::Apart if may_refresh(facts) && !facts.conditional => Err(Watch { facts: *facts, place, called: now() }),
        Known::Apart | Known::Mixed => Ok(Waiting::Useless),
    }
}

/// What a request that goes on takes with it.
enum Next {
    /// Nothing is stored: to the handler, unless others are there already. With the variant that is missing, if there are variants.
    Lead(Option<Variant>),
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
            Self::Lead(_) | Self::Wait(None) if exchange.facts.authorized => Way::Run(Task::at_base(exchange)),
            Self::Wait(Some(place)) if exchange.facts.authorized => {
                Way::Run(Task::at_base(exchange).with_previous(place))
            }
            Self::Lead(variant) => lead(exchange, variant),
            Self::Wait(_) => Way::Wait(Box::new(exchange)),
            Self::Alone(place) => {
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

/// Who finds nobody else at its key need not wait.
fn lead(exchange: Exchange, variant: Option<Variant>) -> Way {
    let place = variant.as_ref().map_or(&exchange.base, |variant| &variant.place);
    match exchange.cache().join_at_once(place) {
        Some(Joined::Compute(computation)) => match variant {
            None => Way::Run(Task::new(exchange, computation, None)),
            Some(variant) if variant.varies.is_in_place(exchange.cache(), &exchange.base) => {
                Way::Run(Task::new(exchange, computation, Some(variant.place)))
            }
            Some(_) => {
                computation.scatter();
                Way::Wait(Box::new(exchange))
            }
        },
        Some(Joined::Found(_)) | None => Way::Wait(Box::new(exchange)),
    }
}

impl Refreshing {
    /// Without a way to go on behind the answer, this request waits for the refresh; all others are answered meanwhile.
    fn way(self, exchange: Exchange, may_go_on_behind: bool) -> Way {
        let Self { hit, place, computation } = self;
        let answer = may_go_on_behind.then(|| exchange.answer(&hit));
        let task = Task::new(exchange, computation, Some(place.clone())).with_previous(place);
        match answer {
            Some(response) => Way::Behind(response, task),
            None => Way::Run(task),
        }
    }
}
