//! Varnish, over HTTP: what it is to drop is named in a request. What Varnish makes of that request is in its VCL, of which
//! `docs/cdn.md` has one.

use std::fmt;
use std::time::Duration;

use bytes::Bytes;
use http::{HeaderName, HeaderValue, Method, Request, Uri};
use http_body_util::{BodyExt, Empty};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::{TokioExecutor, TokioTimer};

use crate::{Cdn, Purge, PurgeError};

/// Less than servers leave a connection open that says nothing (Varnish: 5 s).
const IDLE: Duration = Duration::from_secs(2);
/// For everything.
const EVERYTHING: HeaderValue = HeaderValue::from_static("*");

/// A Varnish, or another cache that drops responses on request: a `BAN` with `Surrogate-Key`, which names tags or is `*` for everything.
///
/// Needs a VCL that understands it. The caches of this family understand it with the method `PURGE`, where their `purge_if` allows it.
///
/// # Example: one that asks for a word
/// ```
/// use easy_cache_cdn::Varnish;
///
/// # fn main() -> Result<(), easy_cache_cdn::PurgeError> {
/// let varnish = Varnish::at("http://10.0.0.7:6081")?.field("x-purge-key", "sesame")?;
/// # Ok(()) }
/// ```
#[derive(Clone)]
#[must_use]
pub struct Varnish {
    client: Client<HttpConnector, Empty<Bytes>>,
    at: Uri,
    method: Method,
    fields: Vec<(HeaderName, HeaderValue)>,
}

impl fmt::Debug for Varnish {
    /// Without the fields, of which one is likely to be a secret.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Varnish").field("at", &self.at).field("method", &self.method).finish_non_exhaustive()
    }
}

impl Varnish {
    /// The one at this address: `http://host:port`, where a path may follow.
    ///
    /// # Errors
    /// If that is no address, or one with TLS.
    pub fn at(address: &str) -> Result<Self, PurgeError> {
        let refused =
            |why: &str| PurgeError::new(format!("failed to use `{address}` as the address of a cache: {why}"));
        let at: Uri =
            address.parse().map_err(|error: http::uri::InvalidUri| refused("it is no URI").caused_by(error))?;
        if at.scheme_str() != Some("http") || at.authority().is_none() {
            return Err(refused("it must begin with http://host"));
        }
        let mut connector = HttpConnector::new();
        connector.set_nodelay(true);
        let mut client = Client::builder(TokioExecutor::new());
        client.pool_idle_timeout(IDLE).pool_timer(TokioTimer::new());
        let method = Method::from_bytes(b"BAN").map_err(|error| refused("BAN is no method").caused_by(error))?;
        Ok(Self { client: client.build(connector), at, method, fields: Vec::new() })
    }

    /// Asks with another method than `BAN`.
    ///
    /// # Errors
    /// If there is no such method.
    pub fn method(mut self, method: &str) -> Result<Self, PurgeError> {
        let refused = || PurgeError::new(format!("failed to purge with `{method}`: it is no method"));
        self.method = Method::from_bytes(method.as_bytes()).map_err(|error| refused().caused_by(error))?;
        Ok(self)
    }

    /// Sends a header field with each request, such as the word by which the VCL knows who may purge, or `Host`.
    ///
    /// # Errors
    /// If it is no header field. The value is not part of the message.
    pub fn field(mut self, name: &str, value: &str) -> Result<Self, PurgeError> {
        let refused = || PurgeError::new(format!("failed to send the header field `{name}`"));
        let named = HeaderName::from_bytes(name.as_bytes()).map_err(|error| refused().caused_by(error))?;
        let mut value = HeaderValue::from_str(value).map_err(|error| refused().caused_by(error))?;
        value.set_sensitive(true);
        self.fields.push((named, value));
        Ok(self)
    }

    fn request(&self, purge: &Purge) -> Result<Request<Empty<Bytes>>, PurgeError> {
        let named = match purge {
            Purge::Names(names) => HeaderValue::try_from(names.join(" "))
                .map_err(|error| PurgeError::new("failed to name tags").caused_by(error))?,
            Purge::Everything => EVERYTHING,
        };
        let mut request = Request::new(Empty::new());
        *request.method_mut() = self.method.clone();
        *request.uri_mut() = self.at.clone();
        request.headers_mut().insert(HeaderName::from_static("surrogate-key"), named);
        for (name, value) in &self.fields {
            request.headers_mut().insert(name.clone(), value.clone());
        }
        Ok(request)
    }
}

impl Cdn for Varnish {
    async fn purge(&self, purge: &Purge) -> Result<(), PurgeError> {
        let (method, at) = (&self.method, &self.at);
        let failed = |what: &str| PurgeError::new(format!("failed to {method} {at}: {what}"));
        let asked = self.client.request(self.request(purge)?).await;
        let response = asked.map_err(|error| failed("no answer").caused_by(error))?;
        let status = response.status();
        // Read to its end, so that the connection can be used again. What it says does not matter.
        drop(response.into_body().collect().await);
        if status.is_success() { Ok(()) } else { Err(failed(&format!("it answered {status}"))) }
    }
}
