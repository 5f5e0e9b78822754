//! `Vary`: which variant answers whom, how many are kept.

use crate::support::{Asked, Site, page, seconds};

fn field<'a>(request: &'a Asked, name: &str) -> &'a str {
    request.headers().get(name).map_or("none", |value| value.to_str().unwrap())
}

fn languages() -> Site {
    Site::plain(|_, request| {
        page(
            &[("cache-control", "max-age=60"), ("vary", "accept-language")],
            field(request, "accept-language").to_owned(),
        )
    })
}

#[crate::door::test]
async fn two_variants_are_kept_at_once() {
    let site = languages();
    for language in ["de", "en"] {
        site.get_with("/", &[("accept-language", language)]).await;
    }
    for language in ["de", "en"] {
        let hit = site.get_with("/", &[("accept-language", language)]).await;
        assert!(hit.is_hit());
        assert_eq!(hit.text(), language);
    }
    assert_eq!(site.get("/").await.said().word("fwd"), Some("vary-miss"), "a missing field is a variant of its own");
    assert_eq!(site.calls(), 3);
}

#[crate::door::test]
async fn fields_that_are_not_named_do_not_matter() {
    let site = languages();
    site.get_with("/", &[("accept-language", "de"), ("user-agent", "one")]).await;
    assert!(site.get_with("/", &[("user-agent", "two"), ("accept-language", "de")]).await.is_hit());
}

#[crate::door::test]
async fn a_page_that_comes_to_vary_by_more_never_answers_by_the_old_list() {
    let site = Site::of(
        |layer| layer.ttl(seconds(60)),
        |call, request| {
            let vary = if field(request, "b") == "1" { "a, b" } else { "a" };
            page(&[("vary", vary)], format!("{call} a={} b={}", field(request, "a"), field(request, "b")))
        },
    );
    assert_eq!(site.get_with("/", &[("a", "1")]).await.text(), "1 a=1 b=none");
    assert_eq!(site.get_with("/", &[("a", "2"), ("b", "1")]).await.text(), "2 a=2 b=1");
    assert_eq!(site.get_with("/", &[("a", "2"), ("b", "2")]).await.text(), "3 a=2 b=2");
    assert_eq!(site.get_with("/", &[("a", "1"), ("b", "1")]).await.text(), "4 a=1 b=1");
    assert_eq!(site.get_with("/", &[("a", "2"), ("b", "1")]).await.text(), "2 a=2 b=1", "both lists are remembered");
}

#[crate::door::test]
async fn values_of_another_field_are_never_taken_for_those_of_this_one() {
    let site = Site::of(
        |layer| layer.ttl(seconds(60)),
        |call, _| page(&[("vary", if call == 1 { "a" } else { "b" })], format!("page {call}")),
    );
    site.get_with("/", &[("a", "1"), ("b", "2")]).await;
    site.cache.invalidate_all().await.unwrap();
    site.get_with("/", &[("a", "9"), ("b", "1")]).await;
    assert_eq!(site.get_with("/", &[("a", "1"), ("b", "9")]).await.text(), "page 3");
    assert_eq!(site.get_with("/", &[("a", "9"), ("b", "1")]).await.text(), "page 2");
}

#[crate::door::test]
async fn the_variants_of_one_page_are_bounded() {
    let site = Site::of(
        |layer| layer.max_variants(3),
        |_, request| page(&[("cache-control", "max-age=60"), ("vary", "a")], field(request, "a").to_owned()),
    );
    for value in 0..30 {
        site.get_with("/", &[("a", &value.to_string())]).await;
    }
    let calls = site.calls();
    let mut kept = 0;
    for value in 0..30 {
        let only = [("a", &*value.to_string()), ("cache-control", "only-if-cached")];
        kept += usize::from(site.get_with("/", &only).await.is_hit());
    }
    assert!((1..=3).contains(&kept), "{kept}");
    assert_eq!(site.calls(), calls);
    assert!(site.get_with("/", &[("a", "29")]).await.is_hit(), "the newest are kept");
}

#[crate::door::test]
async fn variants_that_are_stored_again_and_again_count_once() {
    let fields: &[_] = &[("cache-control", "max-age=10"), ("vary", "accept-language")];
    let site = Site::of(|layer| layer.max_variants(2), move |call, _| page(fields, format!("page {call}")));
    for round in 0..5 {
        for language in ["de", "en"] {
            site.get_with("/", &[("accept-language", language)]).await;
        }
        for language in ["de", "en"] {
            assert!(site.get_with("/", &[("accept-language", language)]).await.is_hit(), "{language} in round {round}");
        }
        site.clock.advance(seconds(10));
    }
}
