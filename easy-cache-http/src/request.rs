//! What a cache must know about a request, read once in one pass over its fields, and whether it may use the store
//! for it at all (RFC 9111 §4). Whether one stored response will do is left to [`stored`](crate::stored).
//!
//! Of what clients ask for, `no-store` (their answer is not kept; a stored one may still answer them) and `only-if-cached`
//! always count. The rest would let any client make every request reach the handler, and counts only if the
//! [`Policy`](crate::policy::Policy) says so. A `Cookie` keeps nobody from asking the store, since browsers send one with
//! everything; what it means for a response is left to [`store`](crate::store) and [`stored`](crate::stored).

use crate::cache_control::RequestDirectives;
use crate::grammar;
use crate::method::MethodClass;
use crate::target::Hosts;
use crate::vary::Rerouting;
use crate::view::Headers;

/// The facts of a request that the rules ask for. Small and `Copy`: keep it while the handler has the request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct RequestFacts {
    /// What its method means.
    pub method: MethodClass,
    /// What `Cache-Control` and `Pragma` ask for.
    pub directives: RequestDirectives,
    /// It carries `Authorization`.
    pub authorized: bool,
    /// It carries `Cookie`.
    pub cookies: bool,
    /// It carries `If-None-Match` or `If-Modified-Since`: see [`conditional`](crate::conditional).
    pub conditional: bool,
    /// It is a `GET` that asks for a part: see [`range`](crate::range). A stored whole can answer; what the handler answers is
    /// stored only where the [`Policy`](crate::Policy::keep_parts) says so.
    pub range: bool,
    /// Its key names its user: see [`keyed_by_user`](Self::keyed_by_user).
    pub keyed_by_user: bool,
    hindrance: Option<Bypass>,
}

/// Why a request passes by the cache: nothing is looked up and nothing is stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Bypass {
    /// A method other than `GET` and `HEAD` (RFC 9111 §4).
    Method,
    /// `If-Match` or `If-Unmodified-Since`, which are for the origin (RFC 9111 §4.3.2).
    Precondition,
    /// A body, which a handler may read and no key contains.
    Body,
    /// `Upgrade`: a stored answer would keep a WebSocket from being opened.
    Upgrade,
    /// More than one authority: see [`authority`](crate::target::authority).
    AmbiguousHost,
}

impl Bypass {
    /// The word for `Cache-Status` and for events.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Method => "method",
            Self::Precondition => "precondition",
            Self::Body => "request-body",
            Self::Upgrade => "upgrade",
            Self::AmbiguousHost => "ambiguous-host",
        }
    }
}

impl RequestFacts {
    /// Reads a request, without allocating.
    #[must_use]
    pub fn of<H: Headers + ?Sized>(method: &str, headers: &H) -> Self {
        Reading::of(method, headers).facts
    }

    fn plain(method: MethodClass, hindrance: Option<Bypass>) -> Self {
        Self {
            method,
            directives: RequestDirectives::default(),
            authorized: false,
            cookies: false,
            conditional: false,
            range: false,
            keyed_by_user: false,
            hindrance,
        }
    }

    /// Notes that the key of this request names its user, so that what is stored under it is shown to nobody else: credentials
    /// do not keep it from being stored. `private`, `no-store` and `Set-Cookie` still do.
    #[must_use]
    pub fn keyed_by_user(mut self) -> Self {
        self.keyed_by_user = true;
        self
    }

    /// Notes a body that no field announces, as HTTP/2 allows.
    #[must_use]
    pub fn with_body(mut self) -> Self {
        self.hinder(Bypass::Body);
        self
    }

    /// Why this request passes by the cache; `None` if the store may be used.
    #[must_use]
    pub fn bypass(&self) -> Option<Bypass> {
        self.hindrance
    }

    /// The status with which to answer instead of calling the handler when the store has no answer: 504 if the client
    /// asked for `only-if-cached` (RFC 9111 §5.2.1.7).
    #[must_use]
    pub fn status_instead_of_handler(&self) -> Option<u16> {
        (self.directives.only_if_cached && self.method.is_answered_from_store()).then_some(504)
    }

    fn hinder(&mut self, bypass: Bypass) {
        self.hindrance.get_or_insert(bypass);
    }
}

/// All that is asked of the fields of a request before its key is known, from one pass over them.
#[derive(Debug, Clone, Copy)]
#[cfg_attr(not(feature = "door"), expect(dead_code, reason = "what the key needs, only a door asks for"))]
pub(crate) struct Reading<'a> {
    pub(crate) facts: RequestFacts,
    pub(crate) hosts: Hosts<'a>,
    pub(crate) rerouting: Rerouting,
}

impl<'a> Reading<'a> {
    pub(crate) fn of<H: Headers + ?Sized>(method: &str, headers: &'a H) -> Self {
        let method = MethodClass::of(method);
        let hindrance = (!method.is_answered_from_store()).then_some(Bypass::Method);
        let mut facts = RequestFacts::plain(method, hindrance);
        let (mut hosts, mut rerouting, mut pragma) = (Hosts::default(), Rerouting::default(), false);
        for (name, value) in headers.lines() {
            match name {
                "host" => hosts.add(value),
                "authorization" => facts.authorized = true,
                "cookie" => facts.cookies = true,
                "cache-control" => facts.directives.add_line(value),
                "pragma" => pragma |= grammar::members(value).any(|member| member.eq_ignore_ascii_case(b"no-cache")),
                "if-none-match" | "if-modified-since" => facts.conditional = true,
                "range" => facts.range = method == MethodClass::Get, // RFC 9110 §14.2: no other method has parts
                "if-match" | "if-unmodified-since" => facts.hinder(Bypass::Precondition),
                "transfer-encoding" => facts.hinder(Bypass::Body),
                "content-length" if value != b"0" => facts.hinder(Bypass::Body),
                "upgrade" => facts.hinder(Bypass::Upgrade),
                name => rerouting.note(name),
            }
        }
        // RFC 9111 §5.4: `Pragma` counts only in the absence of `Cache-Control`.
        facts.directives.no_cache |= pragma && !facts.directives.present;
        Self { facts, hosts, rerouting }
    }
}
