//! `Cache-Status`, read back by an independent parser (RFC 9211).

use easy_cache_http::{Bypass, CacheStatus, Forward, Refusal};
use proptest::prelude::*;
use sfv::{BareItem, Item, List, ListEntry, Parser};

fn read(value: &str) -> Item {
    let parsed: Result<List, _> = Parser::new(value).parse();
    match parsed.as_deref() {
        Ok([ListEntry::Item(item)]) => item.clone(),
        other => panic!("not one item: {other:?} in {value}"),
    }
}

fn parameter<'a>(item: &'a Item, name: &str) -> Option<&'a BareItem> {
    item.params.iter().find(|(key, _)| key.as_str() == name).map(|(_, value)| value)
}

fn token(item: &Item, name: &str) -> Option<String> {
    parameter(item, name).and_then(|value| value.as_token()).map(|token| token.as_str().to_owned())
}

#[test]
fn a_hit_says_so_with_its_ttl_and_nothing_about_forwarding() {
    let item = read(&CacheStatus::hit("easy-cache").ttl(-12).to_string());
    assert_eq!(item.bare_item.as_string().unwrap().as_str(), "easy-cache");
    assert_eq!(parameter(&item, "hit"), Some(&BareItem::Boolean(true)));
    assert_eq!(parameter(&item, "ttl"), Some(&BareItem::Integer((-12).into())));
    for absent in ["fwd", "fwd-status", "stored", "collapsed", "key", "detail"] {
        assert_eq!(parameter(&item, absent), None, "{absent}");
    }
}

#[test]
fn a_forwarded_request_says_why_and_what_came_of_it() {
    let status = CacheStatus::forwarded("easy-cache", Forward::UriMiss).status(200).stored().collapsed().ttl(60);
    let item = read(&status.key("GET /a").detail(Refusal::NoStore.as_str()).to_string());
    assert_eq!(token(&item, "fwd").unwrap(), "uri-miss");
    assert_eq!(parameter(&item, "fwd-status"), Some(&BareItem::Integer(200.into())));
    assert_eq!(parameter(&item, "stored"), Some(&BareItem::Boolean(true)));
    assert_eq!(parameter(&item, "collapsed"), Some(&BareItem::Boolean(true)));
    assert_eq!(parameter(&item, "key").unwrap().as_string().unwrap().as_str(), "GET /a");
    assert_eq!(token(&item, "detail").unwrap(), "no-store");
    assert_eq!(parameter(&item, "hit"), None);
}

#[test]
fn every_reason_is_a_token_of_its_own() {
    let all = [
        (Forward::Bypass, "bypass"),
        (Forward::Method, "method"),
        (Forward::UriMiss, "uri-miss"),
        (Forward::VaryMiss, "vary-miss"),
        (Forward::Miss, "miss"),
        (Forward::Request, "request"),
        (Forward::Stale, "stale"),
        (Forward::Partial, "partial"),
    ];
    for (forward, word) in all {
        assert_eq!(token(&read(&CacheStatus::forwarded("c", forward).to_string()), "fwd").unwrap(), word);
    }
}

#[test]
fn a_request_that_passes_by_says_whether_its_method_did_it() {
    assert_eq!(Forward::from(Bypass::Method), Forward::Method);
    assert_eq!(Forward::from(Bypass::Body), Forward::Bypass);
}

#[test]
fn an_answer_of_the_cache_itself_is_neither_a_hit_nor_forwarded() {
    let item = read(&CacheStatus::generated("c").detail("only-if-cached").to_string());
    assert!(parameter(&item, "hit").is_none() && parameter(&item, "fwd").is_none());
    assert_eq!(token(&item, "detail").unwrap(), "only-if-cached");
}

#[test]
fn the_key_is_told_only_when_asked() {
    assert!(!CacheStatus::hit("c").to_string().contains("key"));
}

#[test]
fn a_further_line_joins_the_list_of_the_caches_before() {
    let own = CacheStatus::hit("easy-cache").ttl(3).to_string();
    let list: List = Parser::new(&format!("OriginCache; hit; ttl=1100, {own}")).parse().unwrap();
    assert_eq!(list.len(), 2);
}

proptest! {
    #[test]
    fn any_name_key_and_detail_parse_back(cache in ".*", key in ".*", detail in ".*", ttl in any::<i64>()) {
        let item = read(&CacheStatus::hit(&cache).key(&key).detail(&detail).ttl(ttl).to_string());
        prop_assert!(parameter(&item, "key").unwrap().as_string().is_some());
        prop_assert!(parameter(&item, "detail").is_some() && parameter(&item, "ttl").is_some());
    }

    #[test]
    fn printable_keys_parse_back_unchanged(key in "[ -~]*") {
        let item = read(&CacheStatus::hit("c").key(&key).to_string());
        prop_assert_eq!(parameter(&item, "key").unwrap().as_string().unwrap().as_str(), key.as_str());
    }
}
