//! How much memory it takes to pass on a body that is not kept, because it may not be or because it is far too large.

use std::error::Error;

use crate::machine::{forget_highest_memory, memory};
use crate::servers::Server;

/// What streams: the path, and why it is not kept.
pub(crate) const STREAMS: [(&str, &str); 2] =
    [("/stream", "too large to be kept"), ("/no-store-stream", "that may not be kept")];

/// Asks for so many bytes, and says what memory the server has before, at its highest, and afterwards.
pub(crate) fn sentence(server: &Server, (path, why): (&str, &str), bytes: u64) -> Result<String, Box<dyn Error>> {
    server.answers("/1024")?;
    forget_highest_memory(&server.family);
    let before = memory(&server.family, "VmRSS");
    let read = server.answers(&format!("{path}/{bytes}"))?;
    if read < bytes {
        // Varnish gives up where a body is larger than its whole storage.
        return Ok(format!("{}: broke off after {} of {} MiB {why}", server.name, read >> 20, bytes >> 20));
    }
    let [before, highest, after] = [before, memory(&server.family, "VmHWM"), memory(&server.family, "VmRSS")]
        .map(|bytes| bytes as f64 / 1048576.0);
    Ok(format!(
        "{}: {before:.1} MiB of memory, {highest:.1} at most and {after:.1} afterwards, while {} MiB streamed {why}",
        server.name,
        bytes >> 20
    ))
}
