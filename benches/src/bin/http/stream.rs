//! How much memory it takes to pass on a body that is far too large to be kept.

use std::error::Error;

use crate::machine::memory;
use crate::servers::Server;

/// Asks for so many bytes, and says by how much the memory of the server has grown at its highest.
pub(crate) fn sentence(server: &Server, bytes: u64) -> Result<String, Box<dyn Error>> {
    server.answers("/1024")?;
    let before = memory(&server.family, "VmRSS");
    let read = server.answers(&format!("/stream/{bytes}"))?;
    if read < bytes {
        // Varnish gives up where a body is larger than its whole storage.
        return Ok(format!("{}: broke off after {} of {} MiB", server.name, read >> 20, bytes >> 20));
    }
    let grown = memory(&server.family, "VmHWM").saturating_sub(before);
    Ok(format!("{}: {} MiB of memory more, at most, while {} MiB streamed", server.name, grown >> 20, bytes >> 20))
}
