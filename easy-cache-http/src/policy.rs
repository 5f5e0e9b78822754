//! What the application says in code about one route, beside what its handlers say in headers. The headers win: a
//! policy adds a ttl where they state none, and never makes shared what they call `private` or `no-store`.

use std::time::Duration;

use crate::key::QueryKey;
use crate::language::LanguageOrder;
use crate::parts::KeyParts;
use crate::target::Target;
use crate::view::Headers;

/// How the cache treats a route.
///
/// The default stores only what the handler's own headers allow for a stated time.
///
/// # Example: a route with a ttl
/// ```
/// use std::time::Duration;
/// use easy_cache_http::{Policy, QueryKey};
///
/// let policy = Policy::new()
///     .ttl(Duration::from_secs(60))
///     .statuses([200, 404])
///     .query(QueryKey::all().only(["page", "author"]));
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
#[must_use]
pub struct Policy {
    ttl: Option<Duration>,
    statuses: Vec<u16>,
    query: QueryKey,
    cookies: Cookies,
    request_cookies: RequestCookies,
    per_user: PerUser,
    refresh: ClientRefresh,
    guesses: bool,
    while_revalidate: Option<Duration>,
    if_error: Option<Duration>,
    validation: Duration,
    targets: Vec<String>,
    languages: LanguageOrder,
    parts: KeyParts,
    by_handler: Option<Duration>,
    parts_kept: bool,
}

/// How long a stale response that can be validated is kept: a page that nobody asks for within an hour is rather sent
/// again than kept. Evictions bound the memory that it takes.
const DEFAULT_VALIDATION: Duration = Duration::from_secs(60 * 60);

/// What happens to a response that sets cookies.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Cookies {
    Refused,
    LeftOut,
    Shared,
}

/// What the cookies of a request say about its response, where the handler is silent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum RequestCookies {
    Personal,
    Irrelevant,
}

/// What happens to a response that varies on a field that identifies a user.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum PerUser {
    Refused,
    Stored,
}

/// What happens when a client asks for a fresh answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ClientRefresh {
    PassedOver,
    Honoured,
}

/// Permanent answers of success. An error or a missing page is stored for a route's ttl only if its status is named:
/// the same default as for functions, where only `Ok` and `Some` are kept.
const DEFAULT_STATUSES: [u16; 5] = [200, 203, 204, 301, 308];

impl Default for Policy {
    fn default() -> Self {
        Self {
            ttl: None,
            statuses: DEFAULT_STATUSES.to_vec(),
            query: QueryKey::all(),
            cookies: Cookies::Refused,
            request_cookies: RequestCookies::Personal,
            per_user: PerUser::Refused,
            refresh: ClientRefresh::PassedOver,
            guesses: false,
            while_revalidate: None,
            if_error: None,
            validation: DEFAULT_VALIDATION,
            targets: Vec::new(),
            languages: LanguageOrder::Counts,
            parts: KeyParts::default(),
            by_handler: None,
            parts_kept: false,
        }
    }
}

impl Policy {
    /// Starts with the default: the handlers' headers alone decide.
    pub fn new() -> Self {
        Self::default()
    }

    /// Keeps responses that state no lifetime for this long, counted from the moment they are stored. It is for this
    /// cache alone: nothing is said to browsers or to caches on the way.
    pub fn ttl(mut self, ttl: Duration) -> Self {
        self.ttl = Some(ttl);
        self
    }

    /// Gives the ttl to responses with these statuses, in place of 200, 203, 204, 301 and 308. A lifetime stated by the
    /// handler holds for every status.
    pub fn statuses(mut self, statuses: impl IntoIterator<Item = u16>) -> Self {
        self.statuses = statuses.into_iter().collect();
        self
    }

    /// Chooses which query parameters are part of the key.
    pub fn query(mut self, query: QueryKey) -> Self {
        self.query = query;
        self
    }

    /// Makes request header fields part of the key, byte for byte: for handlers that read a field and do not name it in `Vary`
    /// (a tenant that a gateway adds). It replaces the fields said before.
    pub fn key_headers<N: Into<String>>(mut self, names: impl IntoIterator<Item = N>) -> Self {
        self.parts.set_headers(names.into_iter().map(Into::into));
        self
    }

    /// Makes cookies part of the key, by name (a theme, a currency). It replaces the cookies said before, and it says nothing
    /// about other cookies: if handlers here read no others, say [`ignore_request_cookies`](Self::ignore_request_cookies)
    /// as well.
    pub fn key_cookies<N: Into<String>>(mut self, names: impl IntoIterator<Item = N>) -> Self {
        self.parts.set_cookies(names.into_iter().map(Into::into));
        self
    }

    /// Lets requests share a variant by `Accept-Language` whose languages have equal weights in another order. Weights decide
    /// (RFC 9110 §12.5.4), but some handlers read the order as a preference.
    pub fn languages_in_any_order(mut self) -> Self {
        self.languages = LanguageOrder::DoesNotCount;
        self
    }

    /// The lifetime that the handler itself gave to one response by other means than its header fields: it goes before them,
    /// because it was said to this cache alone. It makes nothing shared that they call `private` or `no-store`.
    pub fn stated_by_handler(mut self, ttl: Duration) -> Self {
        self.by_handler = Some(ttl);
        self
    }

    /// Says that no handler here reads cookies: the route's ttl holds for requests with `Cookie` too. Without it, such a request
    /// is neither answered from what a ttl alone has kept, nor is its response kept for a ttl alone, since it may be
    /// the page of one user. A handler that states a lifetime, or `public`, decides for itself.
    pub fn ignore_request_cookies(mut self) -> Self {
        self.request_cookies = RequestCookies::Irrelevant;
        self
    }

    /// Stores a response that sets cookies, without the cookies: only the client that caused it gets them. For
    /// applications whose session layer renews a cookie on every answer. The body must not depend on the session.
    pub fn store_without_cookies(mut self) -> Self {
        self.cookies = Cookies::LeftOut;
        self
    }

    /// Stores `Set-Cookie` and sends it to **every** user. RFC 9111 §7.3 allows it; with a session cookie it hands one
    /// user's session to all others.
    pub fn share_set_cookie_between_users(mut self) -> Self {
        self.cookies = Cookies::Shared;
        self
    }

    /// Stores responses with `Vary: Cookie` or `Vary: Authorization`, one for each value of the field. Without it
    /// they are not stored, because they fill the cache with copies for one user each.
    pub fn store_variants_per_user(mut self) -> Self {
        self.per_user = PerUser::Stored;
        self
    }

    /// Gives a lifetime to responses that state none, from their `Last-Modified` (RFC 9111 §4.2.2): see
    /// [`guessed_lifetime`](crate::freshness::guessed_lifetime). Right for a proxy before servers of others; off by
    /// default, since an application can say what it means.
    pub fn guess_lifetimes(mut self) -> Self {
        self.guesses = true;
        self
    }

    /// Keeps the last part (206) of each URI that a client asked for, for clients that ask for something inside it. For
    /// proxies; an application that serves files mostly has the whole at hand.
    pub fn keep_parts(mut self) -> Self {
        self.parts_kept = true;
        self
    }

    /// Whether requests for one URI may have several keys, by what neither the URI nor `Vary` says.
    #[must_use]
    pub fn has_key_parts(&self) -> bool {
        !self.parts.is_empty()
    }

    /// Whether parts are kept: see [`keep_parts`](Self::keep_parts).
    #[must_use]
    pub fn keeps_parts(&self) -> bool {
        self.parts_kept
    }

    /// For this long past its lifetime a response is served at once, while it is refreshed behind. A response's own
    /// `stale-while-revalidate` goes before; see [`stale`](crate::stale) for the directives that forbid it.
    pub fn stale_while_revalidate(mut self, window: Duration) -> Self {
        self.while_revalidate = Some(window);
        self
    }

    /// For this long past its lifetime a response is served if the handler fails (500, 502, 503, 504, or an error). A
    /// response's own `stale-if-error` goes before; see [`stale`](crate::stale) for the directives that forbid it.
    pub fn stale_if_error(mut self, window: Duration) -> Self {
        self.if_error = Some(window);
        self
    }

    /// For this long past its lifetime a response with an `ETag` or a `Last-Modified` is kept, so that the handler may say
    /// that it is still current. Default: one hour. Zero keeps nothing just for that.
    pub fn keep_for_validation(mut self, window: Duration) -> Self {
        self.validation = window;
        self
    }

    /// Heeds these fields in place of `Cache-Control` and `Expires`, the first valid one of them (RFC 9213): for a cache
    /// that is a CDN, `["cdn-cache-control"]`; for one with a name, `["shop-cache-control", "cdn-cache-control"]`. They
    /// are not taken off the response.
    pub fn targeted_by<N: Into<String>>(mut self, fields: impl IntoIterator<Item = N>) -> Self {
        self.targets = fields.into_iter().map(|name| name.into().to_ascii_lowercase()).collect();
        self
    }

    /// Obeys clients that ask for a fresh answer (`no-cache`, `max-age`, `min-fresh`, `Pragma: no-cache`) or accept a
    /// stale one (`max-stale`). They are advice (RFC 9111 §5.2.1) and passed over by default: what is cached inside an
    /// application is invalidated by its writes, and otherwise any client could make every request reach the handler.
    pub fn honour_client_refresh(mut self) -> Self {
        self.refresh = ClientRefresh::Honoured;
        self
    }

    /// The rule for the query part of the key.
    #[must_use]
    pub fn query_key(&self) -> &QueryKey {
        &self.query
    }

    /// Appends the whole primary key of a request to `out`: what [`QueryKey::write_key`] writes, then the fields and cookies
    /// that are part of it here.
    pub fn write_key<H: Headers + ?Sized>(&self, target: &Target<'_>, request: &H, out: &mut Vec<u8>) {
        self.query.write_key(target, out);
        self.parts.write(request, out);
    }

    /// The ttl that this policy gives to a response with a status, if any.
    #[must_use]
    pub fn ttl_for(&self, status: u16) -> Option<Duration> {
        self.ttl.filter(|_| self.statuses.contains(&status))
    }

    pub(crate) fn cookies(&self) -> Cookies {
        self.cookies
    }

    pub(crate) fn request_cookies(&self) -> RequestCookies {
        self.request_cookies
    }

    pub(crate) fn per_user(&self) -> PerUser {
        self.per_user
    }

    pub(crate) fn ttl_by_handler(&self) -> Option<Duration> {
        self.by_handler
    }

    pub(crate) fn language_order(&self) -> LanguageOrder {
        self.languages
    }

    pub(crate) fn targets(&self) -> &[String] {
        &self.targets
    }

    pub(crate) fn guesses(&self) -> bool {
        self.guesses
    }

    pub(crate) fn while_revalidate(&self) -> Option<Duration> {
        self.while_revalidate
    }

    pub(crate) fn if_error(&self) -> Option<Duration> {
        self.if_error
    }

    pub(crate) fn validation_window(&self) -> Duration {
        self.validation
    }

    pub(crate) fn refresh(&self) -> ClientRefresh {
        self.refresh
    }
}
