//! Which URIs the answer to an unsafe request makes invalid (RFC 9111 §4.4). Dropping what is stored for them is left
//! to the caller.

use crate::method::MethodClass;
use crate::target::Target;
use crate::view::Headers;

/// Calls `drop_target` for each URI whose stored responses, all variants, must go: after a success or a redirect the
/// target itself, and what `Location` and `Content-Location` name on the same origin. Other origins are never
/// touched: their owner decides.
pub fn for_each_invalidated<H: Headers + ?Sized>(
    method: MethodClass,
    status: u16,
    target: &Target<'_>,
    response: &H,
    mut drop_target: impl FnMut(&Target<'_>),
) {
    if method != MethodClass::Unsafe || !(200..400).contains(&status) {
        return;
    }
    drop_target(target);
    let named = response.lines_of("location").chain(response.lines_of("content-location"));
    for reference in named.filter_map(|value| std::str::from_utf8(value).ok()) {
        if let Some(other) = target.resolve(reference).filter(|other| other.same_origin(target) && other != target) {
            drop_target(&other);
        }
    }
}
