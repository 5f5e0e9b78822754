//! Which cryptography TLS uses: what the application has installed, or that of ring where it has installed none.

use rustls::crypto::{CryptoProvider, ring};

/// Before a connection is configured: without a provider the client panics when it dials.
pub(crate) fn prepare() {
    if CryptoProvider::get_default().is_none() {
        // Somebody else may have been faster, and that one counts.
        let _installed_meanwhile = ring::default_provider().install_default();
    }
}
