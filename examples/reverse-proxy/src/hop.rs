//! The fields that belong to one connection and are not passed on (RFC 9110 §7.6.1), and `Via` (§7.6.3).

use http::header::{CONNECTION, HeaderName, HeaderValue, TE, TRANSFER_ENCODING, UPGRADE, VIA};
use http::{HeaderMap, Version};

/// The name of this proxy in `Via`.
const NAME: &str = "easy-cache";

const KEEP_ALIVE: HeaderName = HeaderName::from_static("keep-alive");
const PROXY_CONNECTION: HeaderName = HeaderName::from_static("proxy-connection");

const OF_THE_CONNECTION: [HeaderName; 6] = [CONNECTION, KEEP_ALIVE, PROXY_CONNECTION, TE, TRANSFER_ENCODING, UPGRADE];

/// Takes off what belongs to the connection that a message came by: the fields that always do, and those that it lists.
pub(crate) fn strip(headers: &mut HeaderMap) {
    let listed: Vec<HeaderName> = headers
        .get_all(CONNECTION)
        .iter()
        .filter_map(|line| line.to_str().ok())
        .flat_map(|line| line.split(','))
        .filter_map(|name| name.trim().parse().ok())
        .collect();
    for name in listed.iter().chain(&OF_THE_CONNECTION) {
        headers.remove(name);
    }
}

/// Says that the client reads trailers, if it does.
pub(crate) fn accepts_trailers(headers: &HeaderMap) -> bool {
    let members = headers.get_all(TE).iter().filter_map(|line| line.to_str().ok()).flat_map(|line| line.split(','));
    members.map(str::trim).any(|member| member.eq_ignore_ascii_case("trailers"))
}

/// Says to the next one by which version a message came here, and through whom.
pub(crate) fn add_via(headers: &mut HeaderMap, version: Version) {
    let protocol = match version {
        Version::HTTP_10 => "1.0",
        Version::HTTP_2 => "2",
        _ => "1.1",
    };
    if let Ok(value) = HeaderValue::try_from(format!("{protocol} {NAME}")) {
        headers.append(VIA, value);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_of_the_connection_and_those_it_lists_stay_behind() {
        let mut headers = HeaderMap::new();
        for (name, value) in [
            ("connection", "close, X-Of-This-Hop"),
            ("connection", "x-second"),
            ("keep-alive", "timeout=5"),
            ("x-of-this-hop", "1"),
            ("x-second", "1"),
            ("te", "trailers;q=0.5, deflate"),
            ("accept", "text/html"),
        ] {
            headers.append(HeaderName::from_static(name), HeaderValue::from_static(value));
        }
        assert!(!accepts_trailers(&headers));
        strip(&mut headers);
        assert_eq!(headers.keys().map(HeaderName::as_str).collect::<Vec<_>>(), ["accept"]);
    }

    #[test]
    fn via_names_the_version_by_which_a_message_came_and_keeps_those_before() {
        let mut headers = HeaderMap::new();
        headers.append(VIA, HeaderValue::from_static("1.1 other"));
        add_via(&mut headers, Version::HTTP_10);
        let lines: Vec<_> = headers.get_all(VIA).iter().collect();
        assert_eq!(lines, ["1.1 other", "1.0 easy-cache"]);
    }
}
