//! What a binary of this example can be told on its command line, and why a start can fail.
//! Parsing the command line and ending the process are left to the binary.

use std::{error, fmt, io};

use easy_cache_cdn::PurgeError;

/// The options that every binary of this example takes.
#[derive(Clone, Debug, clap::Args)]
pub struct Options {
    /// Address to listen on; port 0 picks a free one.
    #[arg(long, value_name = "ADDRESS:PORT", default_value = "127.0.0.1:3000")]
    pub listen: String,

    /// SQLite database, for example sqlite://books.db?mode=rwc; in memory, and gone at the end, unless given. The shop on Diesel takes
    /// postgres:// and mysql:// as well.
    #[arg(long, value_name = "URL", default_value = "sqlite::memory:")]
    pub database: String,

    /// A Varnish in front of the shop that is told of every change, for example http://127.0.0.1:6081; see docs/cdn.md.
    #[arg(long, value_name = "URL")]
    pub varnish: Option<String>,

    /// Compute every answer anew, to compare.
    #[arg(long)]
    pub no_cache: bool,
}

impl Default for Options {
    /// A shop of its own for a test or an example: any free port, a database in memory.
    fn default() -> Self {
        let (listen, database) = ("127.0.0.1:0".to_owned(), "sqlite::memory:".to_owned());
        Self { listen, database, varnish: None, no_cache: false }
    }
}

/// A start that failed. Its text says what was attempted and what can be done about it.
#[derive(Debug)]
#[non_exhaustive]
pub enum StartError {
    /// The database could not be opened, or its tables could not be created.
    #[non_exhaustive]
    Database {
        /// The URL that was given.
        url: String,
        /// What the database said.
        source: Box<dyn error::Error + Send + Sync>,
    },
    /// The address could not be listened on.
    #[non_exhaustive]
    Listen {
        /// The address that was given.
        address: String,
        /// What the operating system said.
        source: io::Error,
    },
    /// The Varnish in front cannot be told of changes.
    Varnish(PurgeError),
    /// The server stopped although nobody had asked it to.
    Serve(io::Error),
}

impl StartError {
    /// The database at `url` could not be opened.
    #[must_use]
    pub fn database(url: &str, source: impl Into<Box<dyn error::Error + Send + Sync>>) -> Self {
        Self::Database { url: url.to_owned(), source: source.into() }
    }

    /// The address could not be listened on.
    #[must_use]
    pub fn listen(address: &str, source: io::Error) -> Self {
        Self::Listen { address: address.to_owned(), source }
    }
}

impl fmt::Display for StartError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Database { url, source } => write!(
                f,
                "cannot open the database `{url}`: {source}\n\
                 Of SQLite: sqlite://books.db?mode=rwc creates the file if it is missing, its folder must exist \
                 and be writable. Without --database the books are kept in memory."
            ),
            Self::Listen { address, source } => write!(
                f,
                "cannot listen on {address}: {source}\n\
                 Give an address and a port: --listen 127.0.0.1:PORT (0 picks a free one). If another program has the port, \
                 stop it or choose another one."
            ),
            Self::Varnish(source) => write!(f, "{source}\nGive its address: --varnish http://127.0.0.1:6081"),
            Self::Serve(source) => write!(f, "the server stopped: {source}"),
        }
    }
}

impl error::Error for StartError {
    fn source(&self) -> Option<&(dyn error::Error + 'static)> {
        match self {
            Self::Database { source, .. } => Some(source.as_ref()),
            Self::Listen { source, .. } | Self::Serve(source) => Some(source),
            Self::Varnish(source) => Some(source),
        }
    }
}
