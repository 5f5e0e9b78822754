//! Starts the shop, announces its address, and ends it cleanly. What it serves is left to the router.

use std::{
    future::{Future, IntoFuture},
    io,
    sync::Arc,
};

use bookstore::announce::{FAREWELL, announce};
use bookstore::{Options, StartError};
use tokio::{net::TcpListener, sync::Notify};

use crate::router::{AppState, router};

/// Runs the whole program: opens the database, listens, prints one line with the address, and serves until Ctrl-C or
/// SIGTERM.
///
/// # Errors
///
/// A [`StartError`] that says what to do if the database cannot be opened or the address cannot be listened on.
pub async fn run(options: &Options) -> Result<(), StartError> {
    let stop = stop_signal().map_err(StartError::Serve)?;
    let state = AppState::open(options).await?;
    let at_address = |reason| StartError::listen(&options.listen, reason);
    let listener = TcpListener::bind(&options.listen).await.map_err(at_address)?;
    let address = listener.local_addr().map_err(at_address)?;
    announce(&format!("listening on http://{address}"));
    serve_state(listener, state, stop).await
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
    serve_state(listener, AppState::open(options).await?, shutdown).await
}

/// Serves a shop that is open already until `shutdown` is ready, and closes it.
///
/// # Errors
///
/// A [`StartError`] if the server stops for another reason.
pub async fn serve_state(
    listener: TcpListener,
    state: AppState,
    shutdown: impl Future<Output = ()> + Send + 'static,
) -> Result<(), StartError> {
    let stopping = Arc::new(Notify::new());
    let told = Arc::clone(&stopping);
    let server = axum::serve(listener, router(state.clone())).with_graceful_shutdown(async move {
        shutdown.await;
        told.notify_one();
    });
    let served = tokio::select! {
        served = server.into_future() => served.map_err(StartError::Serve),
        () = farewell_is_over(&stopping) => {
            tracing::warn!("stopped with requests still open after {FAREWELL:?}");
            Ok(())
        }
    };
    state.close().await;
    served
}

async fn farewell_is_over(stopping: &Notify) {
    stopping.notified().await;
    tokio::time::sleep(FAREWELL).await;
}

/// Ready when the process is asked to end. The handlers are installed right away, not when it is first waited for.
#[cfg(unix)]
fn stop_signal() -> io::Result<impl Future<Output = ()> + Send + 'static> {
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
fn stop_signal() -> io::Result<impl Future<Output = ()> + Send + 'static> {
    Ok(async {
        if tokio::signal::ctrl_c().await.is_err() {
            std::future::pending::<()>().await;
        }
    })
}
