//! What the proxy can be told on its command line. What it makes of that is left to `cache` and `server`.

use std::str::FromStr;
use std::time::Duration;

use http::Uri;
use http::uri::Scheme;

use crate::StoreUrl;

/// The options of the proxy.
#[derive(Debug, Clone, clap::Args)]
pub struct Options {
    /// Address to listen on; port 0 picks a free one.
    #[arg(long, value_name = "ADDRESS:PORT", default_value = "127.0.0.1:8010")]
    pub listen: String,

    /// The server to stand in front of, for example http://127.0.0.1:8000.
    #[arg(long, value_name = "URL")]
    pub origin: Origin,

    /// Where responses are kept for several proxies before the same origin: redis://HOST:PORT or memcached://HOST:PORT. In this
    /// process, if there is none.
    #[arg(long, value_name = "URL")]
    pub store: Option<StoreUrl>,

    /// The most that stored responses may take, in bytes; K, M and G are understood. One response may take a 32nd part; for a
    /// store outside, that is all that this says.
    #[arg(long, value_name = "BYTES", default_value = "256M", value_parser = parse_size)]
    pub size: u64,

    /// Whether responses that state no lifetime get one from their Last-Modified.
    #[arg(long, value_name = "on|off", default_value = "on")]
    pub heuristics: Switch,

    /// For how many seconds past its lifetime a response may stand in for an origin that fails; 0 for never.
    #[arg(long, value_name = "SECONDS", default_value = "60", value_parser = parse_seconds)]
    pub stale_if_error: Duration,
}

impl Default for Options {
    /// What the command line says by default, for a server at `127.0.0.1:8000`.
    fn default() -> Self {
        Self {
            listen: "127.0.0.1:8010".to_owned(),
            origin: Origin { authority: "127.0.0.1:8000".to_owned() },
            store: None,
            size: 256 << 20,
            heuristics: Switch::On,
            stale_if_error: Duration::from_secs(60),
        }
    }
}

/// On or off.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum Switch {
    /// It is done.
    On,
    /// It is not.
    Off,
}

/// The server behind the proxy: host and port. Plain HTTP: TLS is for whoever stands between the two.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Origin {
    authority: String,
}

impl Origin {
    /// Host and port, as they are connected to.
    #[must_use]
    pub fn authority(&self) -> &str {
        &self.authority
    }
}

impl FromStr for Origin {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let uri: Uri = text.parse().map_err(|reason| format!("`{text}` is not a URL: {reason}"))?;
        let authority = uri.authority().ok_or_else(|| format!("`{text}` names no host"))?;
        if uri.scheme() != Some(&Scheme::HTTP) {
            return Err(format!("`{text}` does not begin with http://, which is all that this proxy speaks"));
        }
        if uri.path() != "/" || uri.query().is_some() || authority.as_str().contains('@') {
            return Err(format!("`{text}` is more than http://HOST:PORT: paths are passed on as they are"));
        }
        let port = authority.port_u16().unwrap_or(80);
        Ok(Self { authority: format!("{}:{port}", authority.host()) })
    }
}

fn parse_size(text: &str) -> Result<u64, String> {
    let (digits, unit) = match text.to_ascii_uppercase().as_bytes().last() {
        Some(b'K') => (&text[..text.len() - 1], 1 << 10),
        Some(b'M') => (&text[..text.len() - 1], 1 << 20),
        Some(b'G') => (&text[..text.len() - 1], 1 << 30),
        _ => (text, 1),
    };
    let count: u64 = digits.parse().map_err(|reason| format!("`{text}` is not a size such as 256M: {reason}"))?;
    count.checked_mul(unit).ok_or_else(|| format!("`{text}` is more than can be counted"))
}

fn parse_seconds(text: &str) -> Result<Duration, String> {
    text.parse().map(Duration::from_secs).map_err(|reason| format!("`{text}` is not a number of seconds: {reason}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_origin_is_a_host_and_a_port_and_nothing_else() {
        assert_eq!("http://localhost".parse::<Origin>().unwrap().authority(), "localhost:80");
        assert_eq!("http://[::1]:8000/".parse::<Origin>().unwrap().authority(), "[::1]:8000");
        for wrong in ["localhost:8000", "https://localhost", "http://localhost/shop", "http://me@localhost", ""] {
            assert!(wrong.parse::<Origin>().is_err(), "{wrong}");
        }
    }

    #[test]
    fn sizes_have_units_and_do_not_overflow() {
        assert_eq!(parse_size("1000"), Ok(1000));
        assert_eq!(parse_size("2k"), Ok(2048));
        assert_eq!(parse_size("3G"), Ok(3 << 30));
        assert!(parse_size("M").is_err() && parse_size("99999999999G").is_err() && parse_size("-1").is_err());
    }
}
