//! Starts a shop, announces its address, and ends it cleanly. What it serves is left to the routes.

use std::future::Future;
use std::net::TcpListener;

use actix_web::{App, HttpServer};
use bookstore::announce::{FAREWELL, announce};
use bookstore::{Options, StartError};

use crate::provenance;
use crate::routes::{cached, routes};
use crate::shop::{Opened, Shop, open};

/// Runs the whole program: opens the database, listens, prints one line with the address, and serves until Ctrl-C or
/// SIGTERM.
///
/// # Errors
///
/// A [`StartError`] that says what to do if the database cannot be opened or the address cannot be listened on.
pub async fn run(options: &Options) -> Result<(), StartError> {
    run_shop(options, open(options)).await
}

/// The same for a shop of the caller's own. The database that the options name is the caller's business.
///
/// # Errors
///
/// A [`StartError`] that says what to do if the shop cannot be opened or the address cannot be listened on.
pub async fn run_shop<S: Shop>(
    options: &Options,
    open: impl Future<Output = Result<Opened<S>, StartError>>,
) -> Result<(), StartError> {
    let stop = stop_signal().map_err(StartError::Serve)?;
    let opened = open.await?;
    let at_address = |reason| StartError::listen(&options.listen, reason);
    let listener = TcpListener::bind(&options.listen).map_err(at_address)?;
    let address = listener.local_addr().map_err(at_address)?;
    announce(&format!("listening on http://{address}"));
    serve_shop(listener, opened, stop).await
}

/// Serves on a listener of the caller until `shutdown` is ready; the listen address of the options is not used.
///
/// # Errors
///
/// A [`StartError`] if the database cannot be opened.
pub async fn serve(
    listener: TcpListener,
    options: &Options,
    shutdown: impl Future<Output = ()> + Send + 'static,
) -> Result<(), StartError> {
    serve_shop(listener, open(options).await?, shutdown).await
}

/// The same for a shop of the caller's own.
///
/// # Errors
///
/// A [`StartError`] if the server stops although nobody has asked it to.
pub async fn serve_shop<S: Shop>(
    listener: TcpListener,
    opened: Opened<S>,
    shutdown: impl Future<Output = ()> + Send + 'static,
) -> Result<(), StartError> {
    let (shared, cached) = (opened.shop.clone(), cached(&opened));
    let app = move || {
        App::new()
            .app_data(shared.clone())
            .wrap(actix_web::middleware::from_fn(provenance::list_tags))
            .wrap(cached.clone())
            .wrap(actix_web::middleware::from_fn(provenance::tell))
            .configure(routes::<S>)
    };
    let server = HttpServer::new(app).disable_signals().shutdown_timeout(FAREWELL.as_secs());
    let server = server.listen(listener).map_err(StartError::Serve)?.run();
    let handle = server.handle();
    let stopping = tokio::spawn(async move {
        shutdown.await;
        handle.stop(true).await;
    });
    let served = server.await.map_err(StartError::Serve);
    stopping.abort();
    opened.close().await;
    served
}

/// Ready when the process is asked to end. The handlers are installed right away, not when it is first waited for.
#[cfg(unix)]
fn stop_signal() -> std::io::Result<impl Future<Output = ()> + Send + 'static> {
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
fn stop_signal() -> std::io::Result<impl Future<Output = ()> + Send + 'static> {
    Ok(async {
        if tokio::signal::ctrl_c().await.is_err() {
            std::future::pending::<()>().await;
        }
    })
}
