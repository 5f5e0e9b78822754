//! What a request costs in the process of the handler, without a kernel: instructions, counted by valgrind, and allocations.
//! Both are the same on a busy machine and a quiet one.
//!
//! Two ways lead to the site: a call of the router, which shows what the layer adds, and a connection of `axum::serve` over a
//! pipe in memory, which shows how much that is of all that a server does for a request.

use std::error::Error;
use std::future::{pending, poll_fn};
use std::net::SocketAddr;
use std::process::Command;
use std::task::{Context, Poll};

use axum::Router;
use axum::body::Body;
use axum::http::Request;
use easy_cache_benches::options::Options;
use easy_cache_benches::report::{Cell, Table, column};
use easy_cache_benches::{allocations, instructions};
use easy_cache_core::Cache;
use easy_cache_tower::ResponseCacheLayer;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _, DuplexStream};
use tower_service::Service;

use crate::{books, site};

/// What is asked for, whether each time of another URL, and how its answer ends.
const CASES: [(&str, &str, bool, &str); 4] = [
    ("hit", "/1024", false, "xxxxxxxx"),
    ("no-store", "/no-store", false, "xxxxxxxx"),
    ("miss", "/1024", true, "xxxxxxxx"),
    ("miss of 20 rows", "/books", true, books::END),
];

/// A router without and with the layer, and with a layer that passes everything on: what axum asks for any.
const SITES: [&str; 3] = ["axum", "axum, a layer that does nothing", "axum, ResponseCacheLayer"];

/// How the requests come.
const WAYS: [&str; 2] = ["call", "connection"];

/// Asks so often before anything counts: by then the caches are full.
const WARM: usize = 3_000;
const FEW: usize = 200;
const MANY: usize = 1_200;

/// What the first argument of a process is that asks instead of measuring.
pub(crate) const ASK: &str = "--ask";

/// Adds a row for each case and site.
pub(crate) fn count(options: &Options) -> Result<(), Box<dyn Error>> {
    let columns = vec![
        column("instructions", "instructions_per_request", 0),
        column("x first", "instructions_times_first", 2),
        column("allocations", "allocations_per_request", 1),
    ];
    let mut table = Table::new("http", columns);
    for (way, case) in WAYS.iter().flat_map(|way| CASES.iter().map(move |case| (way, case.0))) {
        let mut first = None;
        for site in SITES {
            let counted = instructions_of(site, case, way)?;
            let first = *first.get_or_insert(counted);
            let numbers = [counted, counted / first, allocations_of(site, case, way)?];
            table.add(format!("{way}, {case}: {site}"), numbers.map(Cell::from));
        }
    }
    Ok(table.publish(options)?)
}

/// The difference between many requests and few is what requests cost.
fn instructions_of(site: &str, case: &str, way: &str) -> Result<f64, Box<dyn Error>> {
    let all = |requests: usize| instructions::of_program(&[ASK, site, case, way, &requests.to_string()]);
    Ok((all(MANY)? - all(FEW)?) / (MANY - FEW) as f64)
}

fn allocations_of(site: &str, case: &str, way: &str) -> Result<f64, Box<dyn Error>> {
    let output = Command::new(std::env::current_exe()?).args([ASK, site, case, way, &MANY.to_string()]).output()?;
    Ok(String::from_utf8(output.stdout)?.trim().parse()?)
}

/// Asks as the arguments say, and prints the allocations of each request.
pub(crate) fn ask(arguments: &[String]) -> Result<(), Box<dyn Error>> {
    let [site, case, way, requests] = arguments else { return Err("site, case, way and number are missing".into()) };
    let (_, path, is_new, end) = CASES.into_iter().find(|(name, ..)| name == case).ok_or("there is no such case")?;
    let requests = requests.parse()?;
    let path = |n: usize| if is_new { format!("{path}?{n}") } else { path.to_owned() };
    // Small, so that it is full at the first request that counts.
    let cache = Cache::builder().max_weight(1 << 20).build();
    let router = site::site()?;
    let router = match SITES.iter().position(|name| name == site) {
        Some(0) => router,
        Some(1) => router.layer(tower_layer::layer_fn(Nothing)),
        _ => router.layer(ResponseCacheLayer::new(cache)),
    };
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let counted = runtime.block_on(async {
        if way == WAYS[0] { calls(router, path, requests).await } else { connection(router, path, end, requests).await }
    })?;
    println!("{}", counted as f64 / requests as f64);
    Ok(())
}

async fn calls(mut router: Router, path: impl Fn(usize) -> String, requests: usize) -> Result<u64, Box<dyn Error>> {
    let mut before = 0;
    for n in 0..WARM + requests {
        if n == WARM {
            before = allocations::so_far();
        }
        let request =
            Request::get(path(n)).header("host", "shop.example").header("accept", "*/*").body(Body::empty())?;
        poll_fn(|cx| <Router as Service<Request<Body>>>::poll_ready(&mut router, cx)).await?;
        let mut body = router.call(request).await?.into_body();
        while poll_fn(|cx| http_body::Body::poll_frame(std::pin::Pin::new(&mut body), cx)).await.is_some() {}
    }
    Ok(allocations::so_far() - before)
}

async fn connection(
    router: Router,
    path: impl Fn(usize) -> String,
    end: &str,
    requests: usize,
) -> Result<u64, Box<dyn Error>> {
    let (mut client, server) = tokio::io::duplex(1 << 16);
    tokio::spawn(async move { axum::serve(Once(Some(server)), router).await });
    let (mut buffer, mut before) = (vec![0; 1 << 14], 0);
    for n in 0..WARM + requests {
        if n == WARM {
            before = allocations::so_far();
        }
        let request = format!("GET {} HTTP/1.1\r\nHost: shop.example\r\nAccept: */*\r\n\r\n", path(n));
        client.write_all(request.as_bytes()).await?;
        let mut read = client.read(&mut buffer).await?;
        while !is_whole(&buffer[..read], end) {
            read += client.read(&mut buffer[read..]).await?;
        }
    }
    Ok(allocations::so_far() - before)
}

/// Whether all is there of an answer of a kilobyte or more.
fn is_whole(read: &[u8], end: &str) -> bool {
    read.len() > 1 << 10 && read.ends_with(end.as_bytes())
}

/// A service behind a layer that does nothing.
#[derive(Clone)]
struct Nothing<S>(S);

impl<S: Service<R>, R> Service<R> for Nothing<S> {
    type Response = S::Response;
    type Error = S::Error;
    type Future = S::Future;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.0.poll_ready(cx)
    }

    fn call(&mut self, request: R) -> S::Future {
        self.0.call(request)
    }
}

/// A listener to whom one connection comes.
struct Once(Option<DuplexStream>);

impl axum::serve::Listener for Once {
    type Io = DuplexStream;
    type Addr = SocketAddr;

    async fn accept(&mut self) -> (DuplexStream, SocketAddr) {
        match self.0.take() {
            Some(connection) => (connection, SocketAddr::from(([127, 0, 0, 1], 1))),
            None => pending().await,
        }
    }

    fn local_addr(&self) -> std::io::Result<SocketAddr> {
        Ok(SocketAddr::from(([127, 0, 0, 1], 0)))
    }
}
