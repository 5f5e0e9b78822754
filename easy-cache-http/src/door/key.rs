//! The names of what is stored: the key of a URI, the key of one of its variants, and the tag that drops them together.
//! How a URI and header fields become bytes is decided in `easy-cache-http`.

use std::borrow::Cow;
use std::cell::Cell;

use easy_cache_core::Tag;

use super::incoming::{Address, Incoming};
use crate::key::push_part;
use crate::target::{Hosts, normal_path};
use crate::vary::Rerouting;
use crate::{Bypass, Headers, Policy, Target, Vary};

/// The tag of all responses for one path of one host: every variant, every query, every scheme, and every spelling that means
/// the same path (`/caf%c3%A9`).
///
/// A response cache gives it to whatever it stores, and invalidates it when an unsafe request (`POST`, `PUT`, `DELETE`) for that
/// path succeeds. Invalidate it by hand when something changed behind the application's back.
///
/// # Example: drop a page by its address
/// ```
/// # let cache = easy_cache_core::Cache::new();
/// cache.invalidate_tags([easy_cache_http::door::path_tag("shop.example", "/books")]).wait()?; // or `.await?`
/// # Ok::<(), easy_cache_core::Error>(())
/// ```
#[must_use]
pub fn path_tag(authority: &str, path: &str) -> Tag {
    thread_local! {
        static NAME: Cell<String> = const { Cell::new(String::new()) };
    }
    let path = if path.is_empty() { Cow::Borrowed("/") } else { normal_path(path) };
    // A thread that is ending has no such memory any more.
    let mut name = NAME.try_with(Cell::take).unwrap_or_default();
    name.clear();
    name.push_str(RESPONSE);
    name.push_str(authority);
    name[RESPONSE.len()..].make_ascii_lowercase();
    name.push_str(&path);
    let tag = Tag::new(&name);
    let _ = NAME.try_with(|spare| spare.set(name));
    tag
}

/// How the tags of paths begin.
const RESPONSE: &str = "response:";

/// The same for a target, without the port that its scheme implies.
pub(crate) fn tag_of(target: &Target<'_>) -> Tag {
    path_tag(target.origin_authority(), &target.path)
}

/// What a request is about. A request line that names no scheme (HTTP/1) counts as `http`.
pub(crate) fn target<'a>(address: Address<'a>, hosts: Hosts<'a>) -> Result<Target<'a>, Bypass> {
    let Address { scheme, authority: named, path, query } = address;
    let authority = hosts.authority(named)?;
    Ok(Target { scheme: scheme.unwrap_or("http"), authority, path: Cow::Borrowed(path), query })
}

/// How many caches of this kind a request has come through. What one of them keeps is not for those further out: between the
/// two there may be whatever decides who gets it. A door carries it in the extensions of its requests.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Depth(u8);

impl Depth {
    /// What those further in are told of a request that came through one more.
    #[must_use]
    pub fn deeper(self) -> Self {
        Self(self.0.saturating_add(1).min(PART - 1))
    }
}

/// The key of a URI: of its response, if that has no `Vary`, or of the note on how its variants differ. If the URI was
/// rewritten on the way here, what it was rewritten to is part of it: who knows what decided that.
pub(crate) fn base<I: Incoming>(
    policy: &Policy,
    user: Option<&[u8]>,
    target: &Target<'_>,
    rerouting: Rerouting,
    request: &I,
) -> Vec<u8> {
    let mut key = room();
    key.push(request.depth().0);
    policy.write_key(target, request.fields(), &mut key);
    key.push(u8::from(user.is_some()));
    if let Some(user) = user {
        push_part(user, &mut key);
    }
    rerouting.write(request.fields(), &mut key);
    let rewritten = request.shown();
    let is_rewritten = rewritten.path != target.path || rewritten.query != target.query;
    key.push(u8::from(is_rewritten));
    if is_rewritten {
        push_part(rewritten.path.as_bytes(), &mut key);
        push_part(rewritten.query.unwrap_or_default().as_bytes(), &mut key);
    }
    key
}

thread_local! {
    /// The memory of a key that is no longer needed: a hit needs none of its own.
    static SPARE: Cell<Vec<u8>> = const { Cell::new(Vec::new()) };
}

/// Longer keys are rare, and their memory is given back.
const LONGEST_SPARE: usize = 1024;

fn room() -> Vec<u8> {
    let mut spare = SPARE.take();
    spare.clear();
    spare.reserve(128);
    spare
}

/// For a key that was looked up, and whose request is answered.
pub(crate) fn give_back(key: Vec<u8>) {
    if key.capacity() <= LONGEST_SPARE {
        let _ended = SPARE.try_with(|place| place.set(key)); // the thread itself may be ending
    }
}

/// No key of a response begins like this: the first byte of those is the number of layers further out.
const PART: u8 = u8::MAX;

/// Where the last part of a URI is kept that somebody asked for.
pub(crate) fn part(base: &[u8]) -> Vec<u8> {
    [&[PART], base].concat()
}

/// What `Cache-Status` tells of the key, where that is asked for: the URI, without what may name a user.
pub(crate) fn told(target: &Target<'_>) -> String {
    let query = target.query.map(|query| format!("?{query}")).unwrap_or_default();
    format!("{}://{}{}{query}", target.scheme, target.authority, target.path)
}

/// The key of a variant. The generation keeps responses apart that were stored under another list of fields: the values
/// alone do not say which fields they belong to.
pub(crate) fn variant<H: Headers + ?Sized>(
    base: &[u8],
    generation: u64,
    vary: &Vary,
    policy: &Policy,
    headers: &H,
) -> Vec<u8> {
    let mut key = Vec::with_capacity(base.len() + 64);
    key.extend_from_slice(base);
    key.extend_from_slice(&generation.to_le_bytes());
    vary.write_key(headers, policy, &mut key);
    key
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_tag_of_a_path_ignores_scheme_query_and_the_implied_port() {
        let target = Target::new("https", "Shop.example:443", "/books", Some("page=2"));
        assert_eq!(tag_of(&target), path_tag("shop.example", "/books"));
        assert_eq!(tag_of(&Target::new("http", "shop.example:80", "", None)), path_tag("shop.example", "/"));
        assert_ne!(path_tag("shop.example", "/books"), path_tag("shop.example", "/books/"));
    }

    #[test]
    fn variants_of_two_generations_never_share_a_key() {
        let one = |name: &str| Vary::Fields(vec![name.to_owned()]);
        let headers = &[("a", "1"), ("b", "1")][..];
        assert_eq!(
            variant(b"k", 1, &one("a"), &Policy::new(), headers),
            variant(b"k", 1, &one("b"), &Policy::new(), headers)
        );
        assert_ne!(
            variant(b"k", 1, &one("a"), &Policy::new(), headers),
            variant(b"k", 2, &one("b"), &Policy::new(), headers)
        );
    }
}
