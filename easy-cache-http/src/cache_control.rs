//! Reads `Cache-Control` of requests and responses into plain values (RFC 9111 §5.2). What they lead to is left to
//! [`store`](crate::store), [`request`](crate::request) and [`freshness`](crate::freshness).
//!
//! Choices where the RFC leaves one, always towards "do not reuse":
//! - A number of seconds that is not one (`max-age='3600'`, `3600.5`, `max-age = 3600`) counts as 0 (RFC 9111 §4.2.1).
//! - The same directive twice: equal values count once; different values count as 0 (§4.2.1 allows the first or
//!   "stale").
//! - A quoted number is read like a bare one (§5.2).
//! - A directive that forbids is honoured in any shape (`no-store=1`, `no-store max-age=60` for lack of a comma); one
//!   that permits (`public`, `must-understand`) only in the right one.
//! - Only the quoted form names fields: `private="x-user"`; `private=true` is `private` (§5.2.2.7 asks for quotes).

use std::borrow::Cow;
use std::time::Duration;

use crate::grammar;
use crate::view::Headers;

/// What `Cache-Control` of a response says (RFC 9111 §5.2.2, RFC 5861).
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct ResponseDirectives {
    /// Nothing of the response may be kept (§5.2.2.5).
    pub no_store: bool,
    /// Only a cache that knows the status code may keep it, and that one may pass over `no_store` (§5.2.2.3).
    pub must_understand: bool,
    /// The response, or the fields named, are for one user (§5.2.2.7).
    pub private: Extent,
    /// The response, or the fields named, may not be reused without asking again (§5.2.2.4).
    pub no_cache: Extent,
    /// May be stored and shared although something else would stand against it (§5.2.2.9).
    pub public: bool,
    /// Never served stale (§5.2.2.2).
    pub must_revalidate: bool,
    /// Never served stale by a shared cache (§5.2.2.8).
    pub proxy_revalidate: bool,
    /// How long the response is fresh (§5.2.2.1).
    pub max_age: Option<Duration>,
    /// How long it is fresh in a shared cache (§5.2.2.10).
    pub s_maxage: Option<Duration>,
    /// How long it may be served stale while it is refreshed (RFC 5861 §3).
    pub stale_while_revalidate: Option<Duration>,
    /// How long it may be served stale when refreshing fails (RFC 5861 §4).
    pub stale_if_error: Option<Duration>,
    /// It was a field for this kind of cache that said so, which silences `Expires` too (RFC 9213 §2.2).
    pub targeted: bool,
}

/// What `private` or `no-cache` is about.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum Extent {
    /// The directive is not there.
    #[default]
    Nothing,
    /// Only the fields named, in lower case.
    Fields(Vec<String>),
    /// The whole response.
    Everything,
}

/// What `Cache-Control` of a request asks for (RFC 9111 §5.2.1). All of it is advice: a cache may pass over it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct RequestDirectives {
    /// `Cache-Control` is there at all, which silences `Pragma` (RFC 9111 §5.4).
    pub present: bool,
    /// The answer must not be kept (§5.2.1.5).
    pub no_store: bool,
    /// No answer without asking the origin (§5.2.1.4).
    pub no_cache: bool,
    /// No answer but a stored one (§5.2.1.7).
    pub only_if_cached: bool,
    /// No answer older than this (§5.2.1.1).
    pub max_age: Option<Duration>,
    /// No answer that is stale within this time (§5.2.1.3).
    pub min_fresh: Option<Duration>,
    /// An answer that is stale by no more than this is welcome (§5.2.1.2).
    pub max_stale: Option<Duration>,
}

impl ResponseDirectives {
    /// Reads every `Cache-Control` line; what is unknown or not a directive is skipped.
    #[must_use]
    pub fn parse<H: Headers + ?Sized>(headers: &H) -> Self {
        let mut directives = Self::default();
        for directive in headers.lines_of("cache-control").flat_map(grammar::members).filter_map(Directive::parse) {
            directives.apply(&directive);
        }
        directives
    }

    fn apply(&mut self, directive: &Directive<'_>) {
        let bare = matches!(directive.argument, Argument::None);
        let mut name = [0; LONGEST];
        let Some(name) = name.get_mut(..directive.name.len()) else { return };
        name.copy_from_slice(directive.name);
        name.make_ascii_lowercase();
        match &*name {
            b"no-store" => self.no_store = true,
            b"must-understand" => self.must_understand |= bare,
            b"private" => self.private.widen(&directive.argument),
            b"no-cache" => self.no_cache.widen(&directive.argument),
            b"public" => self.public |= bare,
            b"must-revalidate" => self.must_revalidate = true,
            b"proxy-revalidate" => self.proxy_revalidate = true,
            b"max-age" => directive.seconds_into(&mut self.max_age),
            b"s-maxage" => directive.seconds_into(&mut self.s_maxage),
            b"stale-while-revalidate" => directive.seconds_into(&mut self.stale_while_revalidate),
            b"stale-if-error" => directive.seconds_into(&mut self.stale_if_error),
            _ => {}
        }
    }
}

impl RequestDirectives {
    /// Takes in one `Cache-Control` line of a request, without allocating.
    pub fn add_line(&mut self, line: &[u8]) {
        self.present = true;
        for directive in grammar::members(line).filter_map(Directive::parse) {
            if directive.is("no-store") {
                self.no_store = true;
            } else if directive.is("no-cache") {
                self.no_cache = true;
            } else if directive.is("only-if-cached") {
                self.only_if_cached = true;
            } else if directive.is("max-age") {
                directive.seconds_into(&mut self.max_age);
            } else if directive.is("min-fresh") {
                directive.min_fresh_into(&mut self.min_fresh);
            } else if directive.is("max-stale") {
                directive.max_stale_into(&mut self.max_stale);
            }
        }
    }
}

impl Extent {
    /// The fields named, none if there are none or the whole response is meant.
    #[must_use]
    pub fn fields(&self) -> &[String] {
        match self {
            Self::Fields(fields) => fields,
            Self::Nothing | Self::Everything => &[],
        }
    }

    fn widen(&mut self, argument: &Argument<'_>) {
        match (&mut *self, named_fields(argument)) {
            (Self::Everything, _) => {}
            (_, None) => *self = Self::Everything,
            (Self::Nothing, Some(fields)) => *self = Self::Fields(fields),
            (Self::Fields(known), Some(fields)) => known.extend(fields),
        }
    }
}

fn named_fields(argument: &Argument<'_>) -> Option<Vec<String>> {
    let Argument::Quoted(list) = argument else { return None };
    let fields: Option<Vec<_>> = grammar::members(list).map(crate::headers::field_name).collect();
    fields.filter(|fields| !fields.is_empty())
}

/// No directive that is known has a longer name.
const LONGEST: usize = 24;

struct Directive<'a> {
    name: &'a [u8],
    argument: Argument<'a>,
}

enum Argument<'a> {
    None,
    Token(&'a [u8]),
    Quoted(Cow<'a, [u8]>),
    Malformed,
}

impl<'a> Directive<'a> {
    /// `directive = token [ "=" ( token / quoted-string ) ]`; `None` if there is not even a name.
    fn parse(member: &'a [u8]) -> Option<Self> {
        let end = member.iter().position(|byte| !grammar::is_token_byte(*byte)).unwrap_or(member.len());
        let (name, rest) = member.split_at(end);
        (!name.is_empty()).then(|| Self { name, argument: Argument::parse(rest) })
    }

    fn is(&self, name: &str) -> bool {
        self.name.eq_ignore_ascii_case(name.as_bytes())
    }

    fn seconds(&self) -> Option<Duration> {
        match &self.argument {
            Argument::Token(digits) => grammar::delta_seconds(digits),
            Argument::Quoted(digits) => grammar::delta_seconds(digits),
            Argument::None | Argument::Malformed => None,
        }
    }

    fn seconds_into(&self, slot: &mut Option<Duration>) {
        let seconds = self.seconds().unwrap_or(Duration::ZERO);
        *slot = Some(slot.filter(|earlier| *earlier != seconds).map_or(seconds, |_| Duration::ZERO));
    }

    /// Without an argument, a response of any staleness is accepted.
    fn max_stale_into(&self, slot: &mut Option<Duration>) {
        if matches!(self.argument, Argument::None) && slot.is_none() {
            *slot = Some(Duration::MAX);
        } else {
            self.seconds_into(slot);
        }
    }

    /// For `min-fresh` the careful reading is the long one: a broken or repeated wish is not cut down to nothing.
    fn min_fresh_into(&self, slot: &mut Option<Duration>) {
        let seconds = self.seconds().unwrap_or(grammar::MAX_DELTA);
        *slot = Some(slot.map_or(seconds, |earlier| earlier.max(seconds)));
    }
}

impl<'a> Argument<'a> {
    fn parse(rest: &'a [u8]) -> Self {
        match rest {
            [] => Self::None,
            [b'=', value @ ..] if grammar::is_token(value) => Self::Token(value),
            [b'=', value @ ..] => grammar::unquote(value).map_or(Self::Malformed, Self::Quoted),
            _ => Self::Malformed,
        }
    }
}
