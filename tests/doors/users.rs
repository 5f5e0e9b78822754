//! Nothing personal crosses users: each of these tells of two.

use crate::support::{Asked, Site, page, request, seconds};

/// Greets by the field that the request carries.
fn greeting(by: &'static str, answered_with: &'static [(&'static str, &'static str)]) -> Site {
    Site::of(
        |layer| layer.ttl(seconds(60)),
        move |_, request: &Asked| {
            let name = request.headers().get(by).map_or("stranger", |name| name.to_str().unwrap());
            page(answered_with, format!("hello {name}"))
        },
    )
}

async fn hear(site: &Site, by: &str, name: &str) -> String {
    site.get_with("/", &[(by, name)]).await.text().to_owned()
}

#[crate::door::test]
async fn a_page_for_one_with_authorization_is_for_nobody_else() {
    let site = greeting("authorization", &[]);
    assert_eq!(hear(&site, "authorization", "ann").await, "hello ann");
    assert_eq!(hear(&site, "authorization", "bob").await, "hello bob");
    assert_eq!(site.get("/").await.text(), "hello stranger");
    assert_eq!(hear(&site, "authorization", "ann").await, "hello ann", "nor is the page of a stranger for her");
    assert!(site.get("/").await.is_hit());
}

#[crate::door::test]
async fn a_page_for_one_with_a_cookie_is_for_nobody_else() {
    let site = greeting("cookie", &[]);
    assert_eq!(hear(&site, "cookie", "ann").await, "hello ann");
    assert_eq!(hear(&site, "cookie", "bob").await, "hello bob");
    assert_eq!(site.get("/").await.text(), "hello stranger");
    assert_eq!(hear(&site, "cookie", "ann").await, "hello ann", "nor is the page of a stranger for her");
    assert!(site.get("/").await.is_hit());
}

#[crate::door::test]
async fn a_page_whose_handler_meant_it_for_all_is_shared_with_cookies_too() {
    let site = greeting("x-nobody", &[("cache-control", "max-age=60")]);
    site.get_with("/", &[("cookie", "ann")]).await;
    assert!(site.get_with("/", &[("cookie", "bob")]).await.is_hit());
    let site = Site::of(|layer| layer.ttl(seconds(60)).ignore_request_cookies(), |_, _: &Asked| page(&[], "the same"));
    site.get_with("/", &[("cookie", "ann")]).await;
    assert!(site.get_with("/", &[("cookie", "bob")]).await.is_hit());
}

#[crate::door::test]
async fn a_page_that_says_it_is_public_is_shared_with_authorization_too() {
    let site = greeting("x-nobody", &[("cache-control", "public, max-age=60")]);
    hear(&site, "authorization", "ann").await;
    assert!(site.get_with("/", &[("authorization", "bob")]).await.is_hit());
}

#[crate::door::test]
async fn a_private_page_for_a_cookie_is_for_nobody_else() {
    let site = greeting("cookie", &[("cache-control", "private, max-age=60")]);
    assert_eq!(hear(&site, "cookie", "ann").await, "hello ann");
    assert_eq!(hear(&site, "cookie", "bob").await, "hello bob");
}

#[crate::door::test]
async fn a_page_that_must_not_be_stored_is_for_nobody_else() {
    let site = greeting("cookie", &[("cache-control", "no-store")]);
    assert_eq!(hear(&site, "cookie", "ann").await, "hello ann");
    assert_eq!(hear(&site, "cookie", "bob").await, "hello bob");
}

#[crate::door::test]
async fn a_page_that_varies_by_user_is_kept_for_each_only_if_asked() {
    for vary in [&[("vary", "cookie")], &[("vary", "authorization")], &[("vary", "*")]] {
        let site = greeting("cookie", vary);
        assert_eq!(hear(&site, "cookie", "ann").await, "hello ann");
        assert_eq!(hear(&site, "cookie", "bob").await, "hello bob");
        assert_eq!(site.cache.len(), 0, "{vary:?}");
    }
    let site = Site::of(
        |layer| layer.ttl(seconds(60)).store_variants_per_user(),
        |call, _| page(&[("vary", "cookie")], format!("page {call}")),
    );
    assert_eq!(hear(&site, "cookie", "ann").await, "page 1");
    assert_eq!(hear(&site, "cookie", "bob").await, "page 2");
    assert_eq!(hear(&site, "cookie", "ann").await, "page 1");
}

#[crate::door::test]
async fn a_cookie_that_is_set_is_for_the_first_client_alone() {
    let handler = |call, _: &Asked| page(&[("set-cookie", "session=1")], format!("page {call}"));
    let site = Site::of(|layer| layer.ttl(seconds(60)), handler);
    site.get("/").await;
    let second = site.get("/").await;
    assert_eq!((second.text(), second.said().word("detail")), ("page 2", Some("set-cookie")));
    let site = Site::of(|layer| layer.ttl(seconds(60)).store_without_cookies(), handler);
    assert_eq!(site.get("/").await.header("set-cookie"), Some("session=1"));
    let second = site.get("/").await;
    assert_eq!((second.text(), second.header("set-cookie")), ("page 1", None));
}

#[crate::door::test]
async fn a_path_that_looks_like_a_file_decides_nothing() {
    let site = greeting("cookie", &[("cache-control", "private")]);
    site.get_with("/account/x.css", &[("cookie", "ann")]).await;
    assert_eq!(site.ask(request("GET", "/account/x.css", &[])).await.text(), "hello stranger");
}
