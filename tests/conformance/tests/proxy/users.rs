//! What one client can do to what another gets: nothing.

use std::net::SocketAddr;

use crate::support::{answering, proxy_before, raw, response};

/// An origin that says `max-age=60` and shows, in its page, the fields of the request that it was told to.
async fn showing(names: &'static [&'static str], fields: &'static str) -> SocketAddr {
    let origin = answering(move |request| {
        let shown: Vec<_> = names.iter().map(|name| request.field(name).unwrap_or_default()).collect();
        response(&format!("Cache-Control: max-age=60\r\n{fields}"), &shown.join("|"))
    });
    proxy_before(origin.await, |_| {}).await
}

async fn get(proxy: SocketAddr, target: &str, fields: &str) -> String {
    raw(proxy, &format!("GET {target} HTTP/1.1\r\n{fields}\r\n")).await.text()
}

#[tokio::test]
async fn two_users_with_authorization_get_their_own() {
    let proxy = showing(&["authorization"], "").await;
    assert_eq!(get(proxy, "/", "host: a\r\nauthorization: Basic one\r\n").await, "Basic one");
    assert_eq!(get(proxy, "/", "host: a\r\nauthorization: Basic two\r\n").await, "Basic two");
    assert_eq!(get(proxy, "/", "host: a\r\n").await, "");
}

#[tokio::test]
async fn a_field_that_is_hidden_from_the_origin_chooses_no_variant() {
    let proxy = showing(&["x-theme"], "Vary: X-Theme\r\n").await;
    let attack = "host: a\r\nx-theme: dark\r\nconnection: x-theme\r\n";
    assert_eq!(get(proxy, "/", attack).await, "", "the origin did not see it");
    assert_eq!(get(proxy, "/", "host: a\r\nx-theme: dark\r\n").await, "dark");
    assert_eq!(get(proxy, "/", "host: a\r\n").await, "");
}

#[tokio::test]
async fn fields_that_change_links_are_part_of_the_key() {
    let proxy = showing(&["x-forwarded-host", "x-original-url"], "").await;
    for attack in ["x-forwarded-host: evil.example\r\n", "x-original-url: /admin\r\n", "X-Rewrite-URL: /admin\r\n"] {
        get(proxy, "/", &format!("host: a\r\n{attack}")).await;
        assert_eq!(get(proxy, "/", "host: a\r\n").await, "|", "{attack}");
    }
}

#[tokio::test]
async fn hosts_are_apart_however_they_are_named() {
    let proxy = showing(&["host"], "").await;
    assert_eq!(get(proxy, "/", "host: one.example\r\n").await, "one.example");
    assert_eq!(get(proxy, "/", "host: two.example\r\n").await, "two.example");
    assert_eq!(get(proxy, "http://two.example/", "host: one.example\r\n").await, "two.example");
    assert_eq!(get(proxy, "http://one.example/", "host: two.example\r\n").await, "one.example");
}

#[tokio::test]
async fn what_a_request_asks_to_be_done_in_another_method_is_not_shown_to_others() {
    let proxy = showing(&["x-http-method-override"], "").await;
    assert_eq!(get(proxy, "/", "host: a\r\nx-http-method-override: DELETE\r\n").await, "DELETE");
    assert_eq!(get(proxy, "/", "host: a\r\n").await, "");
}

#[tokio::test]
async fn a_body_of_a_get_is_in_no_key_and_so_not_in_what_others_get() {
    let origin = answering(|request| response("Cache-Control: max-age=60\r\n", &format!("[{}]", request.text())));
    let proxy = proxy_before(origin.await, |_| {}).await;
    assert_eq!(get(proxy, "/", "host: a\r\ncontent-length: 4\r\n\r\nevil").await, "[evil]");
    assert_eq!(get(proxy, "/", "host: a\r\n").await, "[]");
}

#[tokio::test]
async fn private_pages_stay_private_however_their_path_ends() {
    let origin = answering(|request| {
        response("Cache-Control: private, max-age=60\r\n", &request.field("cookie").unwrap_or_default())
    });
    let proxy = proxy_before(origin.await, |_| {}).await;
    for path in ["/account", "/account/x.css", "/account%2fx.js", "/account;x.png"] {
        assert_eq!(get(proxy, path, "host: a\r\ncookie: user=one\r\n").await, "user=one", "{path}");
        assert_eq!(get(proxy, path, "host: a\r\n").await, "", "{path}");
    }
}

#[tokio::test]
async fn what_is_stored_compressed_is_not_sent_to_who_cannot_read_it() {
    let origin = answering(|request| {
        let reads_gzip = request.field("accept-encoding").is_some_and(|list| list.contains("gzip"));
        let (field, body) = if reads_gzip { ("Content-Encoding: gzip\r\n", "packed") } else { ("", "plain") };
        response(&format!("Cache-Control: max-age=60\r\nVary: Accept-Encoding\r\n{field}"), body)
    });
    let proxy = proxy_before(origin.await, |_| {}).await;
    for _ in 0..2 {
        assert_eq!(get(proxy, "/", "host: a\r\naccept-encoding: gzip, br\r\n").await, "packed");
        assert_eq!(get(proxy, "/", "host: a\r\n").await, "plain");
    }
}
