//! May a shared cache keep this response (RFC 9111 §3)? The rules are one table, and each has a name that
//! `Cache-Status` and events show. What a stored response is then good for is left to [`stored`](crate::stored).
//!
//! A response that has to be validated before each use (`no-cache`, no lifetime left) is stored if it can be: if it has
//! a validator. One that states nothing at all is not, although the RFC would allow it: its handler did not think of caches.

use std::time::{Duration, SystemTime};

use crate::age::{self, Arrival};
use crate::cache_control::{Extent, ResponseDirectives};
use crate::conditional::Validators;
use crate::date;
use crate::freshness::{self, Expires, Freshness};
use crate::headers::KeptFields;
use crate::method::MethodClass;
use crate::policy::{Cookies, PerUser, Policy, RequestCookies};
use crate::range::PartOf;
use crate::request::RequestFacts;
use crate::stale::StaleUse;
use crate::stored::Terms;
use crate::vary::Vary;
use crate::view::{Headers, Lines};

/// Why a response is not stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Refusal {
    /// The request was not a `GET` (§3).
    Method,
    /// The request passed by the cache for another reason: see [`RequestFacts::bypass`].
    Bypassed,
    /// The request asked for a part (§3.3), and what came is not one that is kept.
    Range,
    /// The client asked for no copy (§5.2.1.5).
    RequestNoStore,
    /// Not final, a part (206, §3.3) that is not kept, or an update (304, §4.3.4).
    Status,
    /// `must-understand` and a status that this cache has no rules for (§5.2.2.3).
    NotUnderstood,
    /// `no-store` (§5.2.2.5).
    NoStore,
    /// `private` (§5.2.2.7).
    Private,
    /// `no-cache`, and nothing to validate it with (§5.2.2.4).
    NoCache,
    /// A request with `Authorization`, and no `public`, `s-maxage` or `must-revalidate` (§3.5).
    Authorization,
    /// A request with `Cookie`, and nothing but the route's ttl says that the response is for others too.
    Cookie,
    /// It sets a cookie (§7.3), and the policy does not say what should become of that.
    SetCookie,
    /// `Vary: *` (§4.1).
    VaryUnknown,
    /// `Vary` names `Cookie` or `Authorization`, and the policy does not ask for variants per user.
    VaryCredentials,
    /// It states no lifetime, and the policy gives it none (§3).
    NoLifetime,
    /// Its lifetime is over on arrival (§4.2), and there is nothing to validate it with.
    Stale,
}

/// What becomes of a response.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Decision {
    /// It is stored under these terms, with these fields.
    Store(Box<Plan>),
    /// It is not.
    Refuse(Refusal),
}

/// How a response is stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Plan {
    /// Kept with it, for every hit.
    pub terms: Terms,
    /// Says which of its fields are kept.
    pub fields: KeptFields,
    /// The `Date` to keep with it if it has none: without one, each hit would claim to have been made just now
    /// (RFC 9110 §6.6.1).
    pub date_to_add: Option<SystemTime>,
}

/// Decides whether and how a response is stored.
#[must_use]
pub fn decide<H: Headers + ?Sized>(
    request: &RequestFacts,
    status: u16,
    response: &H,
    arrival: Arrival,
    policy: &Policy,
) -> Decision {
    let glance = Glance::at(request, status, response, policy);
    if let Some((refusal, _)) = AT_A_GLANCE.iter().find(|(_, applies)| applies(&glance)) {
        return Decision::Refuse(*refusal);
    }
    let response = &Lines::of(response);
    let exchange = Exchange::read(glance, response, arrival, policy);
    match RULES.iter().find(|(_, applies)| applies(&exchange)) {
        Some((refusal, _)) => Decision::Refuse(*refusal),
        None => exchange.freshness.map_or(Decision::Refuse(Refusal::NoLifetime), |freshness| {
            Decision::Store(Box::new(exchange.plan(freshness, response, arrival.at)))
        }),
    }
}

/// When a refusal applies that is seen at a glance.
type EarlyRule = fn(&Glance<'_>) -> bool;

/// When another one applies.
type Rule = fn(&Exchange<'_>) -> bool;

/// The rules that need little of the response, in the order in which their names are given as the reason; each alone is
/// enough. They come first, so that what is not for keeping is not read to its end.
const AT_A_GLANCE: [(Refusal, EarlyRule); 8] = [
    (Refusal::Method, |x| x.request.method != MethodClass::Get),
    (Refusal::Bypassed, |x| x.request.bypass().is_some()),
    (Refusal::Range, |x| x.request.range && x.part.is_none()),
    (Refusal::RequestNoStore, |x| x.request.directives.no_store),
    (Refusal::Status, |x| !(200..600).contains(&x.status) || x.status == 304 || x.status == 206 && x.part.is_none()),
    (Refusal::NotUnderstood, |x| x.directives.must_understand && !is_understood(x.status)),
    (Refusal::NoStore, |x| x.directives.no_store && !x.directives.must_understand),
    (Refusal::Private, |x| x.directives.private == Extent::Everything),
];

/// The others, likewise in order.
const RULES: [(Refusal, Rule); 8] = [
    (Refusal::NoCache, |x| x.directives.no_cache == Extent::Everything && !x.can_be_validated()),
    (Refusal::Authorization, |x| x.request.authorized && !x.open_to_authorized()),
    (Refusal::Cookie, |x| x.request.cookies && !x.open_to_cookies()),
    (Refusal::SetCookie, |x| x.cookies && x.policy.cookies() == Cookies::Refused),
    (Refusal::VaryUnknown, |x| x.vary == Vary::Unknown),
    (Refusal::VaryCredentials, |x| x.vary.names_credentials() && !x.may_vary_by_credentials()),
    (Refusal::NoLifetime, |x| x.freshness.is_none()),
    (Refusal::Stale, |x| x.is_useless()),
];

/// What is seen of a request and its response before the response is read.
struct Glance<'a> {
    request: &'a RequestFacts,
    status: u16,
    directives: ResponseDirectives,
    /// A part that may be kept as one.
    part: Option<PartOf>,
}

impl<'a> Glance<'a> {
    fn at<H: Headers + ?Sized>(request: &'a RequestFacts, status: u16, response: &H, policy: &Policy) -> Self {
        let directives = ResponseDirectives::for_target(response, policy.targets());
        let may_be_part = request.range && status == 206 && policy.keeps_parts();
        Self { request, status, directives, part: may_be_part.then(|| part_of(response)).flatten() }
    }
}

/// A request and its response, read.
struct Exchange<'a> {
    request: &'a RequestFacts,
    status: u16,
    policy: &'a Policy,
    directives: ResponseDirectives,
    vary: Vary,
    fields: KeptFields,
    /// It sets a cookie that it does not keep to itself by name (`private="set-cookie"`).
    cookies: bool,
    freshness: Option<Freshness>,
    stale: StaleUse,
    validators: Validators,
    /// A part that may be kept as one.
    part: Option<PartOf>,
    /// The handler itself says for how long it may be kept, or that it is for everybody.
    meant_for_others: bool,
}

impl<'a> Exchange<'a> {
    fn read<H: Headers + ?Sized>(glance: Glance<'a>, response: &H, arrival: Arrival, policy: &'a Policy) -> Self {
        let Glance { request, status, directives, part } = glance;
        let fields = KeptFields::of(response, &directives);
        let sets = |name| response.has(name) && fields.keeps(name);
        let validators = Validators::parse(response);
        let times = Times::of(response, &directives, arrival);
        let vary = Vary::parse(response);
        let freshness = times.freshness(status, &directives, policy, &validators);
        let was_fresh = freshness.is_some_and(|freshness| freshness.is_fresh(Duration::ZERO));
        let stale = StaleUse::of(&directives, was_fresh.then_some(policy));
        let stale = match part {
            Some(_) => stale.without_windows(),
            None if validators.is_empty() => stale,
            None => stale.kept_for_validation(policy.validation_window()),
        };
        Self {
            request,
            status,
            policy,
            cookies: sets("set-cookie") || sets("set-cookie2"),
            vary,
            freshness,
            stale,
            meant_for_others: directives.public || times.stated.is_some() || policy.ttl_by_handler().is_some(),
            validators,
            part,
            directives,
            fields,
        }
    }

    /// One copy for each user is what the policy asks for, by variants or by the key itself.
    fn may_vary_by_credentials(&self) -> bool {
        self.policy.per_user() == PerUser::Stored || self.request.keyed_by_user
    }

    /// RFC 9111 §3.5.
    fn open_to_authorized(&self) -> bool {
        self.request.keyed_by_user
            || self.directives.public
            || self.directives.s_maxage.is_some()
            || self.directives.must_revalidate
    }

    /// A cookie does not keep a response from being shared (RFC 9111 names none), if its handler meant it to be. A ttl in code
    /// says less: the handler may read a session and not know that it is cached at all.
    fn open_to_cookies(&self) -> bool {
        let in_the_key = self.vary.names("cookie") && self.policy.per_user() == PerUser::Stored;
        self.request.keyed_by_user
            || self.meant_for_others
            || in_the_key
            || self.policy.request_cookies() == RequestCookies::Irrelevant
    }

    fn can_be_validated(&self) -> bool {
        !self.validators.is_empty() && self.part.is_none()
    }

    /// Neither fresh, nor good for anything stale.
    fn is_useless(&self) -> bool {
        self.freshness.is_none_or(|freshness| self.stale.useful_for(freshness, Duration::ZERO).is_zero())
    }

    fn plan<H: Headers + ?Sized>(self, freshness: Freshness, response: &H, arrived: SystemTime) -> Plan {
        let (open_to_authorized, open_to_cookies) = (self.open_to_authorized(), self.open_to_cookies());
        let terms = Terms {
            freshness,
            stale: self.stale,
            validators: self.validators,
            status: self.status,
            part: self.part,
            open_to_authorized,
            open_to_cookies,
            vary: self.vary,
        };
        let shared = self.policy.cookies() == Cookies::Shared;
        let fields = if shared { self.fields } else { self.fields.without_cookies() };
        let date_to_add = (!response.has("date")).then_some(arrived);
        Plan { terms, fields, date_to_add }
    }
}

/// The part that a 206 is. Parts have no variants.
fn part_of<H: Headers + ?Sized>(response: &H) -> Option<PartOf> {
    PartOf::of(response).filter(|_| Vary::parse(response).fields().is_empty())
}

/// What a response says about time.
struct Times {
    stated: Option<Duration>,
    date: Option<SystemTime>,
    arrived: SystemTime,
    initial_age: Duration,
}

impl Times {
    fn of<H: Headers + ?Sized>(response: &H, directives: &ResponseDirectives, arrival: Arrival) -> Self {
        let date = response.single("date").and_then(date::parse);
        let expires = if directives.targeted { Expires::Missing } else { Expires::parse(response) };
        Self {
            stated: freshness::stated_lifetime(directives, expires, date, arrival.at),
            date,
            arrived: arrival.at,
            initial_age: age::initial(age::received(response), date, arrival),
        }
    }

    /// What the response states wins over what the route gives (RFC 9111 §4.2.1; the route is the application's own
    /// rule), and that over a guess. A `no-cache` needs no lifetime.
    fn freshness(
        &self,
        status: u16,
        directives: &ResponseDirectives,
        policy: &Policy,
        validators: &Validators,
    ) -> Option<Freshness> {
        let stated = self.stated.map(|lifetime| Freshness::stated(lifetime, self.initial_age));
        let given = || policy.ttl_for(status).map(|ttl| Freshness::from_storing(ttl, self.initial_age));
        let guess = || freshness::guessed_lifetime(directives, status, validators.modified(), self.date, self.arrived);
        let guessed =
            || guess().filter(|_| policy.guesses()).map(|lifetime| Freshness::stated(lifetime, self.initial_age));
        let by_handler = policy.ttl_by_handler().map(|ttl| Freshness::from_storing(ttl, self.initial_age));
        let asked_each_time = directives.no_cache == Extent::Everything;
        let none = || asked_each_time.then(|| Freshness::stated(Duration::ZERO, self.initial_age));
        by_handler.or(stated).or_else(given).or_else(guessed).or_else(none)
    }
}

/// The final statuses of RFC 9110 whose rules for caches are followed here. 206 is known in part only, and 304 is no
/// response to keep (RFC 9111 §3).
fn is_understood(status: u16) -> bool {
    matches!(status, 200..=205 | 300..=303 | 305 | 307 | 308 | 400..=417 | 421 | 422 | 426 | 500..=505)
}

impl Refusal {
    /// Says whether another request could have had the same response stored: the reason is in how this one asked.
    #[must_use]
    pub fn is_about_the_request(self) -> bool {
        matches!(
            self,
            Self::Method | Self::Bypassed | Self::Range | Self::RequestNoStore | Self::Authorization | Self::Cookie
        )
    }

    /// The word for `Cache-Status` and for events.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Method => "method",
            Self::Bypassed => "bypassed",
            Self::Range => "range",
            Self::RequestNoStore => "request-no-store",
            Self::Status => "status",
            Self::NotUnderstood => "not-understood",
            Self::NoStore => "no-store",
            Self::Private => "private",
            Self::NoCache => "no-cache",
            Self::Authorization => "authorization",
            Self::Cookie => "cookie",
            Self::SetCookie => "set-cookie",
            Self::VaryUnknown => "vary-unknown",
            Self::VaryCredentials => "vary-credentials",
            Self::NoLifetime => "no-lifetime",
            Self::Stale => "stale",
        }
    }
}
