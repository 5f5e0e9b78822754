//! Takes in connections and ends them cleanly. What is done with a request is decided in `entrance` and by the cache.

use std::convert::Infallible;
use std::future::{Future, poll_fn};
use std::io::{self, Write as _};
use std::pin::pin;
use std::time::Duration;

use bytes::Bytes;
use easy_cache_tower::{ResponseBody, ResponseCache};
use http::{Request, Response, Version};
use http_body_util::{Either, Full};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tower_layer::Layer;
use tower_service::Service;

use crate::entrance;
use crate::forward::Forward;
use crate::pool::Pool;
use crate::wire::{Gap, Wire};
use crate::{Options, cache};

/// How long a client may take to send the head of a request, and how long a connection may be idle between two.
const HEAD: Duration = Duration::from_secs(30);

/// How long requests under way may take once the proxy was told to stop.
const FAREWELL: Duration = Duration::from_secs(3);

/// After a refused connection (no more file descriptors) it is better to wait for some to be closed than to ask again.
const BREATH: Duration = Duration::from_millis(50);

type Cached = ResponseCache<Forward>;
type Outward = Either<ResponseBody<Incoming>, Full<Bytes>>;

/// Runs the whole program: listens, prints one line with the address, and serves until Ctrl-C or SIGTERM.
///
/// # Errors
/// If the address cannot be listened on, or signals not be waited for.
pub async fn run(options: &Options) -> io::Result<()> {
    let stop = stop_signal()?;
    let listener = TcpListener::bind(&options.listen)
        .await
        .map_err(|reason| io::Error::new(reason.kind(), format!("cannot listen on {}: {reason}", options.listen)))?;
    let mut stdout = io::stdout().lock();
    // The line is for whoever started the proxy; nobody reading it is no reason not to serve.
    let _ = writeln!(stdout, "listening on http://{}", listener.local_addr()?).and_then(|()| stdout.flush());
    drop(stdout);
    serve(listener, options, stop).await
}

/// Serves on a listener of the caller until `shutdown` is ready; the listen address of the options is not used.
///
/// # Errors
/// If the store that the options name is none.
pub async fn serve(listener: TcpListener, options: &Options, shutdown: impl Future<Output = ()>) -> io::Result<()> {
    let service =
        cache::layer(options).map_err(io::Error::other)?.layer(Forward::new(Pool::new(options.origin.clone())));
    let (stopping, mut shutdown) = (watch::Sender::new(()), pin!(shutdown));
    loop {
        tokio::select! {
            () = &mut shutdown => break,
            accepted = listener.accept() => match accepted {
                Ok((stream, _)) => {
                    tokio::spawn(attend(stream, service.clone(), stopping.subscribe()));
                },
                Err(reason) => {
                    tracing::warn!(%reason, "failed to take in a connection");
                    tokio::time::sleep(BREATH).await;
                }
            },
        }
    }
    drop(listener);
    stopping.send_replace(());
    if tokio::time::timeout(FAREWELL, stopping.closed()).await.is_err() {
        tracing::warn!("stopped with requests still open after {FAREWELL:?}");
    }
    Ok(())
}

/// Serves one connection, to the end of the request under way once the proxy is stopping.
async fn attend(stream: TcpStream, service: Cached, mut stopping: watch::Receiver<()>) {
    let _ = stream.set_nodelay(true); // without it, an answer may wait for an acknowledgement
    let gap = Gap::default();
    let wire = Wire::new(TokioIo::new(stream), gap.clone());
    let answering = service_fn(move |request| answer(service.clone(), gap.clone(), request));
    let connection =
        http1::Builder::new().timer(TokioTimer::new()).header_read_timeout(HEAD).serve_connection(wire, answering);
    let mut connection = pin!(connection.with_upgrades());
    let ended = tokio::select! {
        ended = &mut connection => ended,
        _ = stopping.changed() => {
            connection.as_mut().graceful_shutdown();
            connection.await
        }
    };
    if let Err(reason) = ended {
        tracing::debug!(%reason, "a connection of a client ended");
    }
}

/// One request and its answer, with interim responses on the way.
async fn answer(service: Cached, gap: Gap, request: Request<Incoming>) -> Result<Response<Outward>, Infallible> {
    let mut working = pin!(pass_on(service, &gap, request));
    let response = poll_fn(|cx| {
        gap.wait(cx.waker());
        let polled = working.as_mut().poll(cx);
        if polled.is_ready() {
            gap.close();
        }
        polled
    })
    .await;
    Ok(response)
}

async fn pass_on(mut service: Cached, gap: &Gap, mut request: Request<Incoming>) -> Response<Outward> {
    if let Err(status) = entrance::admit(&mut request) {
        return entrance::answer(status).map(|body| Either::Right(Full::new(body)));
    }
    if request.version() == Version::HTTP_11 {
        request.extensions_mut().insert(gap.open());
    }
    let answered = match poll_fn(|cx| service.poll_ready(cx)).await {
        Ok(()) => service.call(request).await,
        Err(failure) => Err(failure),
    };
    match answered {
        Ok(response) => response.map(Either::Left),
        Err(failure) => {
            tracing::warn!(%failure, "there is no answer");
            entrance::answer(failure.status()).map(|body| Either::Right(Full::new(body)))
        }
    }
}

/// Ready when the process is asked to end. The handlers are installed right away, not when it is first waited for.
#[cfg(unix)]
fn stop_signal() -> io::Result<impl Future<Output = ()>> {
    use tokio::signal::unix::{SignalKind, signal};

    let mut interrupt = signal(SignalKind::interrupt())?;
    let mut terminate = signal(SignalKind::terminate())?;
    Ok(async move {
        tokio::select! {
            _ = interrupt.recv() => {}
            _ = terminate.recv() => {}
        }
    })
}

/// Ready when the process is asked to end.
#[cfg(not(unix))]
fn stop_signal() -> io::Result<impl Future<Output = ()>> {
    Ok(async {
        if tokio::signal::ctrl_c().await.is_err() {
            std::future::pending::<()>().await;
        }
    })
}
