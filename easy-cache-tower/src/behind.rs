//! Work that goes on behind an answer: a stale response was served, and its refresh still is with the handler.

use std::fmt;
use std::future::Future;
use std::pin::{Pin, pin};
use std::sync::Arc;

use http::Response;
use http_body::Body;

use crate::ResponseBody;

/// A refresh that goes on after its client was answered. Whoever runs it polls it to its end.
pub type Refresh = Pin<Box<dyn Future<Output = ()> + Send>>;

/// How to run what goes on behind an answer.
#[derive(Clone, Default)]
pub(crate) enum Spawner {
    /// On the runtime of tokio around the request, if there is one.
    #[default]
    Ambient,
    Given(Arc<dyn Fn(Refresh) + Send + Sync>),
}

impl Spawner {
    /// Whether anything can be run here and now.
    pub(crate) fn is_ready(&self) -> bool {
        match self {
            Self::Given(_) => true,
            #[cfg(feature = "tokio")]
            Self::Ambient => tokio::runtime::Handle::try_current().is_ok(),
            #[cfg(not(feature = "tokio"))]
            Self::Ambient => false,
        }
    }

    /// Runs it. Where nothing can be run it is dropped, and the next request that finds the response stale refreshes it.
    pub(crate) fn spawn(&self, refresh: Refresh) {
        match self {
            Self::Given(spawn) => spawn(refresh),
            #[cfg(feature = "tokio")]
            Self::Ambient => {
                if let Ok(runtime) = tokio::runtime::Handle::try_current() {
                    runtime.spawn(refresh);
                }
            }
            #[cfg(not(feature = "tokio"))]
            Self::Ambient => drop(refresh),
        }
    }
}

impl fmt::Debug for Spawner {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Ambient => "Ambient",
            Self::Given(_) => "Given",
        })
    }
}

/// Walks the way of a request for nobody: to the end of its body, if that is recorded. What is not kept is not read, since
/// it may never end.
pub(crate) async fn run<F, B, E>(answer: F)
where
    F: Future<Output = Result<Response<ResponseBody<B>>, E>>,
    B: Body,
{
    let body = match answer.await {
        Ok(response) => response.into_body(),
        Err(_) => return,
    };
    let mut body = pin!(body);
    while body.is_recorded() {
        let Some(Ok(_)) = std::future::poll_fn(|cx| body.as_mut().poll_frame(cx)).await else { return };
    }
}
