//! The primary key (RFC 9111 §2).

use easy_cache_http::{Policy, QueryKey, Target, key};
use proptest::prelude::*;

fn key_of(rule: &QueryKey, scheme: &str, authority: &str, path: &str, query: Option<&str>) -> Vec<u8> {
    let mut out = Vec::new();
    rule.write_key(&Target::new(scheme, authority, path, query), &mut out);
    out
}

fn query_key(rule: &QueryKey, query: &str) -> Vec<u8> {
    key_of(rule, "https", "shop.example", "/books", Some(query))
}

fn plain(path: &str, query: Option<&str>) -> Vec<u8> {
    key_of(&QueryKey::all(), "https", "shop.example", path, query)
}

#[test]
fn every_part_of_the_uri_counts() {
    let all = [
        key_of(&QueryKey::all(), "http", "a", "/b", Some("c")),
        key_of(&QueryKey::all(), "https", "a", "/b", Some("c")),
        key_of(&QueryKey::all(), "http", "b", "/b", Some("c")),
        key_of(&QueryKey::all(), "http", "a:81", "/b", Some("c")),
        key_of(&QueryKey::all(), "http", "a", "/B", Some("c")),
        key_of(&QueryKey::all(), "http", "a", "/b", Some("C")),
        key_of(&QueryKey::all(), "http", "a", "/b", None),
        key_of(&QueryKey::all(), "http", "a", "/b", Some("")),
    ];
    for (position, key) in all.iter().enumerate() {
        assert!(!all[position + 1..].contains(key), "{position}");
    }
}

#[test]
fn what_is_written_after_the_key_is_never_taken_for_a_query() {
    let (none, one) = (plain("/books", None), plain("/books", Some("q")));
    assert!(!one.starts_with(&none) && !none.starts_with(&one));
}

#[test]
fn the_same_query_has_the_same_key_and_another_has_another() {
    assert_eq!(plain("/a", Some("x=1")), plain("/a", Some("x=1")));
    assert_ne!(plain("/a", Some("x=1")), plain("/a", Some("x=2")));
    assert_ne!(plain("/a", Some("x=1&y=2")), plain("/a", Some("y=2&x=1")));
}

#[test]
fn case_and_implied_port_of_the_host_do_not_count_and_an_empty_path_is_the_root() {
    let expected = key_of(&QueryKey::all(), "https", "shop.example", "/", None);
    assert_eq!(key_of(&QueryKey::all(), "HTTPS", "Shop.Example:443", "", None), expected);
    assert_ne!(key_of(&QueryKey::all(), "https", "shop.example:80", "/", None), expected);
}

#[test]
fn how_a_path_ends_decides_nothing() {
    assert_ne!(plain("/account/x.css", None), plain("/account", None));
    assert_ne!(plain("/account%2Fx.css", None), plain("/account/x.css", None));
}

#[test]
fn bytes_do_not_move_from_one_part_to_the_next() {
    let cases = [
        ("a", "/b", None),
        ("a/b", "", None),
        ("a", "/b?c", None),
        ("a", "/b", Some("c")),
        ("a", "/b\0\0\0\0c", None),
        ("a\0\0\0\0/b", "c", None),
    ];
    let keys: Vec<_> = cases.map(|(host, path, query)| key_of(&QueryKey::all(), "http", host, path, query)).to_vec();
    for (position, key) in keys.iter().enumerate() {
        assert!(!keys[position + 1..].contains(key), "{:?}", cases[position]);
    }
}

#[test]
fn parts_of_the_application_are_told_apart() {
    let with = |parts: &[&str]| {
        let mut out = plain("/a", None);
        parts.iter().for_each(|part| key::push_part(part.as_bytes(), &mut out));
        out
    };
    assert_ne!(with(&["ab", "c"]), with(&["a", "bc"]));
    assert_ne!(with(&["a"]), with(&["a", ""]));
}

#[test]
fn only_chosen_parameters_count() {
    let rule = QueryKey::all().only(["page", "author"]);
    assert_eq!(query_key(&rule, "page=2&utm=x"), query_key(&rule, "utm=y&page=2"));
    assert_ne!(query_key(&rule, "page=2"), query_key(&rule, "page=3"));
    assert_ne!(query_key(&rule, "page=2"), query_key(&rule, "page"));
    assert_eq!(query_key(&rule, "utm=x"), key_of(&rule, "https", "shop.example", "/books", None));
}

#[test]
fn dropped_parameters_do_not_count() {
    let rule = QueryKey::all().without(["utm source"]);
    assert_eq!(query_key(&rule, "a=1&utm+source=x&utm%20source=y"), query_key(&rule, "a=1"));
    assert_ne!(query_key(&rule, "a=1&utm"), query_key(&rule, "a=1"));
}

#[test]
fn another_spelling_cannot_slip_a_parameter_past_the_key() {
    let only = QueryKey::all().only(["page"]);
    for hidden in ["%70age=2", "p%61ge=2", "x;page=2", "x=1;page=2"] {
        assert_ne!(query_key(&only, hidden), query_key(&only, ""), "{hidden}");
    }
    let without = QueryKey::all().without(["utm"]);
    assert_ne!(query_key(&without, "utm=1;page=2"), query_key(&without, ""));
}

#[test]
fn equal_names_keep_their_order_however_they_are_spelled() {
    let rule = QueryKey::all().in_any_order();
    assert_eq!(query_key(&rule, "b=1&a=2&c=3"), query_key(&rule, "c=3&b=1&a=2"));
    assert_ne!(query_key(&rule, "a=1&a=2"), query_key(&rule, "a=2&a=1"));
    assert_ne!(query_key(&rule, "a=1&%61=2"), query_key(&rule, "%61=2&a=1"));
}

#[test]
fn writing_a_key_leaves_alone_what_was_in_the_buffer() {
    let mut out = b"FRONT".to_vec();
    QueryKey::all().in_any_order().write_key(&Target::new("http", "A", "/B", Some("c&b")), &mut out);
    assert!(out.starts_with(b"FRONT"));
    assert_eq!(out[5..], key_of(&QueryKey::all().in_any_order(), "http", "a", "/B", Some("b&c")));
}

proptest! {
    #[test]
    fn different_uris_have_different_keys(left in any::<[String; 3]>(), right in any::<[String; 3]>()) {
        let key = |[host, path, query]: &[String; 3]| key_of(&QueryKey::all(), "http", host, path, Some(query));
        let same = |[host, path, query]: &[String; 3]| {
            let host = Target::new("http", host, "", None).origin_authority().to_ascii_lowercase();
            (host, if path.is_empty() { "/".to_owned() } else { path.clone() }, query.clone())
        };
        prop_assert_eq!(key(&left) == key(&right), same(&left) == same(&right));
    }

    #[test]
    fn no_query_makes_any_rule_panic_or_depend_on_order(query in "[a-c%6;+=&]{0,24}") {
        for rule in [QueryKey::all().only(["a", "b c"]), QueryKey::all().without(["a"]), QueryKey::all()] {
            let rule = rule.in_any_order();
            let mut names: Vec<_> = query.split('&').map(|part| part.split('=').next().unwrap()).collect();
            names.sort_unstable();
            names.dedup();
            let distinct = names.len() == query.split('&').count() && !query.contains('%');
            let reversed: Vec<_> = query.split('&').rev().collect();
            if distinct {
                prop_assert_eq!(query_key(&rule, &query), query_key(&rule, &reversed.join("&")));
            }
        }
    }
}

fn key_with(policy: &Policy, request: crate::support::Fields<'_>) -> Vec<u8> {
    let mut out = Vec::new();
    policy.write_key(&Target::new("https", "shop.example", "/", None), request, &mut out);
    out
}

#[test]
fn named_header_fields_are_part_of_the_key_and_others_are_not() {
    let policy = Policy::new().key_headers(["X-Tenant", "x-plan"]);
    let key = |request| key_with(&policy, request);
    assert_ne!(key(&[("x-tenant", "a")]), key(&[("x-tenant", "b")]));
    assert_ne!(key(&[("x-tenant", "a")]), key(&[]));
    assert_ne!(key(&[("x-tenant", "")]), key(&[]));
    assert_ne!(key(&[("x-tenant", "a")]), key(&[("x-plan", "a")]));
    assert_ne!(key(&[("x-tenant", "a"), ("x-tenant", "b")]), key(&[("x-tenant", "ab")]));
    assert_ne!(key(&[("x-tenant", "a"), ("x-tenant", "b")]), key(&[("x-tenant", "b"), ("x-tenant", "a")]));
    assert_eq!(key(&[("x-tenant", "a"), ("accept", "x")]), key(&[("x-tenant", "a")]));
}

#[test]
fn named_cookies_are_part_of_the_key_and_others_are_not() {
    let policy = Policy::new().key_cookies(["theme"]);
    let key = |value| key_with(&policy, &[("cookie", value)]);
    assert_eq!(key("theme=dark; session=1"), key("session=2;theme=dark"));
    assert_eq!(key("session=1"), key_with(&policy, &[]));
    assert_eq!(key_with(&policy, &[("cookie", "a=b"), ("cookie", "theme=dark")]), key("theme=dark"));
    for other in ["theme=light", "theme=", "Theme=dark", "a=theme=dark", "theme=dark; theme=light", "theme", ""] {
        assert_ne!(key(other), key("theme=dark"), "{other}");
    }
    assert_ne!(key("theme=dark; theme=light"), key("theme=light; theme=dark"), "who knows which is read");
}

#[test]
fn without_parts_the_key_is_that_of_the_uri() {
    let fields = [("cookie", "theme=dark"), ("x-tenant", "a")];
    let mut uri = Vec::new();
    QueryKey::all().write_key(&Target::new("https", "shop.example", "/", None), &mut uri);
    assert_eq!(key_with(&Policy::new(), &fields), uri);
}
