//! What is dropped, what stays, and what was never kept.

use std::net::SocketAddr;

use easy_cache_cdn::{Cdn, Purge, Varnish};
use easy_cache_core::Tag;
use easy_cache_http::door::TagField;
use easy_cache_servers::Varnish as Server;

use crate::origin::{Site, ask, get};

const VCL: &str = include_str!("../../vcl/easy-cache.vcl");

struct Shop {
    site: Site,
    server: Server,
    varnish: Varnish,
}

impl Shop {
    async fn open() -> Self {
        let site = Site::default();
        let origin = site.start().await;
        let backend = format!("backend default {{ .host = \"{}\"; .port = \"{}\"; }}\n", origin.ip(), origin.port());
        let server = tokio::task::spawn_blocking(move || Server::start(&(backend + VCL))).await.unwrap();
        let varnish = Varnish::at(&format!("http://{}", server.address())).unwrap();
        Self { site, server, varnish }
    }

    fn address(&self) -> SocketAddr {
        self.server.address()
    }

    async fn body(&self, path: &str) -> String {
        get(self.address(), path).await.1
    }

    /// Which of these pages are not what they were once something was purged.
    async fn changed(&self, paths: &[&str], purge: &Purge) -> Vec<String> {
        let mut before = Vec::new();
        for path in paths {
            before.push(self.body(path).await);
            assert_eq!(&self.body(path).await, before.last().unwrap(), "{path} is kept");
        }
        self.varnish.purge(purge).await.unwrap();
        let mut changed = Vec::new();
        for (path, before) in paths.iter().zip(before) {
            if self.body(path).await != before {
                changed.push((*path).to_owned());
            }
        }
        changed
    }
}

fn named(tags: &[Tag]) -> Purge {
    Purge::Names(tags.iter().map(TagField::name_of).collect())
}

#[tokio::test(flavor = "multi_thread")]
async fn what_depends_on_a_tag_is_dropped_and_nothing_else() {
    let shop = Shop::open().await;
    let field = TagField::surrogate_key();
    let (row, rows, table) = (Tag::row("books", 7), Tag::unknown_rows("books"), Tag::table("books"));
    shop.site.kept("/7", &field.value(&[row.clone(), rows.clone()]));
    shop.site.kept("/77", &field.value(&[Tag::row("books", 77), rows.clone()]));
    shop.site.kept("/all", &field.value(&[Tag::new("first"), table.clone()]));
    shop.site.kept("/any", "*");
    let paths = ["/7", "/77", "/all", "/any"];
    assert_eq!(shop.changed(&paths, &named(&[row, table.clone()])).await, ["/7", "/all", "/any"]);
    assert_eq!(shop.changed(&paths, &named(&[rows, table])).await, paths, "a bulk write");
    assert_eq!(shop.changed(&paths, &named(&[Tag::new("nobody")])).await, ["/any"]);
    assert_eq!(shop.changed(&paths, &named(&[Tag::new("fir")])).await, ["/any"], "no part of a name is the name");
    assert_eq!(shop.changed(&paths, &Purge::Everything).await, paths);
}

#[tokio::test(flavor = "multi_thread")]
async fn names_with_odd_bytes_are_that_name_and_no_expression() {
    let shop = Shop::open().await;
    let odd = [
        "a.b",
        "a+b",
        "(a|b)",
        "[a-z]",
        "a\\d",
        "^a$",
        "{a}",
        "a b",
        "a,b",
        "*",
        ".*",
        "\"a\"",
        "naïve\r\nX: y",
        "%2A",
        "a&&b",
        "a~b",
        "#",
        ";",
        "`",
        "'",
    ];
    for (n, name) in odd.iter().enumerate() {
        shop.site.kept(&format!("/{n}"), &TagField::surrogate_key().value(&[Tag::new(name)]));
    }
    shop.site.kept("/bystander", &TagField::surrogate_key().value(&[Tag::new("axb"), Tag::new("a"), Tag::new("z")]));
    for (n, name) in odd.iter().enumerate() {
        let (path, other) = (format!("/{n}"), format!("/{}", (n + 1) % odd.len()));
        let changed = shop.changed(&[&path, &other, "/bystander"], &named(&[Tag::new(name)])).await;
        assert_eq!(changed, [path], "{name}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn as_many_names_as_one_call_takes_fit_into_it() {
    let shop = Shop::open().await;
    let many: Vec<Tag> = (0..250).map(|n| Tag::row("(books)", 1_000_000 + n)).collect();
    let purge = named(&many);
    let Purge::Names(names) = &purge else { unreachable!() };
    let bytes = names.join(" ").len();
    assert!((3_900..=shop.varnish.most_bytes()).contains(&bytes), "{bytes}");
    shop.site.kept("/last", &TagField::surrogate_key().value(&many[249..]));
    assert_eq!(shop.changed(&["/last"], &purge).await, ["/last"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_the_application_does_not_keep_is_not_kept_and_nobody_is_shown_its_tags() {
    let shop = Shop::open().await;
    shop.site.page("/plain", "Cache-Control: max-age=60\r\n");
    shop.site.page(
        "/refused",
        "Surrogate-Key: *\r\nCache-Control: max-age=60\r\nCache-Status: easy-cache; fwd=miss; detail=outdated\r\n",
    );
    shop.site.page(
        "/mine",
        "Surrogate-Key: a\r\nSurrogate-Control: no-store\r\nCache-Status: easy-cache; fwd=miss; stored; ttl=60\r\n",
    );
    shop.site.page("/stale", "Surrogate-Key: a\r\nCache-Status: easy-cache; hit; ttl=-5\r\n");
    for path in ["/plain", "/refused", "/mine", "/stale"] {
        assert_ne!(shop.body(path).await, shop.body(path).await, "{path}");
    }
    shop.site.kept("/kept", "a");
    for _ in 0..2 {
        let (head, _) = get(shop.address(), "/kept").await;
        assert!(!head.to_ascii_lowercase().contains("surrogate"), "{head}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_purge_that_names_nothing_is_refused() {
    let shop = Shop::open().await;
    let (head, _) = ask(shop.address(), "BAN / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n").await;
    assert!(head.starts_with("HTTP/1.1 400"), "{head}");
}
