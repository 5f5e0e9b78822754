//! Which cryptography TLS uses: what the application has installed, or that of ring where it has installed none.

use deadpool_redis::redis::{ConnectionAddr, ConnectionInfo};
use rustls::crypto::{CryptoProvider, ring};

/// Before connections like these are configured: without a provider the client panics when it dials. Where none speaks TLS, the choice
/// stays with the application.
pub(crate) fn prepare<'a>(connections: impl IntoIterator<Item = &'a ConnectionInfo>) {
    let speaks_tls = |info: &ConnectionInfo| matches!(info.addr(), ConnectionAddr::TcpTls { .. });
    if connections.into_iter().any(speaks_tls) && CryptoProvider::get_default().is_none() {
        // Somebody else may have been faster, and that one counts.
        let _installed_meanwhile = ring::default_provider().install_default();
    }
}
