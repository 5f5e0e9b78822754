//! The command line: what may be said, and what it means to people. What is done about it is left to `command`.

use std::time::Duration;

use clap::{Args, Parser, Subcommand};

const ENDS: &str = "\
Exit codes:
  0  done; `get` and `tags` found an entry; `explain` found one that is served
  1  the store could not be asked, or refused
  2  the command line makes no sense
  3  nothing is stored under this key
  4  something is stored, and would not be served
  5  not done: a question was not answered with yes

Environment: EASY_CACHE_URL and EASY_CACHE_NAMESPACE stand for --url and --namespace. A password belongs there rather than on a
command line, which others can see.";

/// Looks into a shared store of easy-cache, says why something is not served, and drops what should not be.
#[derive(Debug, Parser)]
#[command(name = "easy-cache", version, about, after_help = ENDS)]
pub(crate) struct Arguments {
    #[command(flatten)]
    pub(crate) common: Common,
    #[command(subcommand)]
    pub(crate) command: Command,
}

/// What all commands take.
#[derive(Debug, Args)]
pub(crate) struct Common {
    /// The store: redis://HOST:PORT/DB, rediss://… (TLS), redis+unix:///PATH, redis-sentinel://HOST:PORT[,HOST:PORT…]/MASTER/DB,
    /// redis+cluster://HOST:PORT[,HOST:PORT…], rediss-sentinel://…, rediss+cluster://…, memcached://HOST:PORT[,HOST:PORT…]
    #[arg(long, short, global = true, value_name = "URL")]
    pub(crate) url: Option<String>,

    /// The namespace that the application gave to its store
    #[arg(long, short, global = true, value_name = "NAME")]
    pub(crate) namespace: Option<String>,

    /// On a cluster: the number of groups that the application gives to its store. Only needed where nobody uses the namespace: otherwise
    /// the cluster knows it
    #[arg(long, global = true, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=16_384))]
    pub(crate) groups: Option<u16>,

    /// Answer in JSON; `watch` in one object a line
    #[arg(long, global = true)]
    pub(crate) json: bool,

    /// How long the store may take for one step, such as 500ms or 5s
    #[arg(long, global = true, value_name = "TIME", default_value = "5s", value_parser = duration)]
    pub(crate) timeout: Duration,
}

/// What is to be done.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Show what is stored under a key
    Get {
        #[command(flatten)]
        of: Of,
        /// Write the bytes of the value, and nothing else (of the first kind, if there are several)
        #[arg(long, conflicts_with = "json")]
        raw: bool,
    },
    /// Say whether a key would be served, and if not, why
    Explain {
        #[command(flatten)]
        of: Of,
    },
    /// List the tags of a key, each with its record
    Tags {
        #[command(flatten)]
        of: Of,
    },
    /// Drop what is stored under keys, tags, prefixes, tables, rows; for all processes
    Invalidate {
        #[command(flatten)]
        names: Names,
        /// Say what would be invalidated, and do not
        #[arg(long)]
        dry_run: bool,
    },
    /// Drop everything in a namespace
    Flush {
        /// The namespace
        namespace: String,
        /// Say what would be dropped, and drop nothing
        #[arg(long)]
        dry_run: bool,
        /// Ask no question
        #[arg(long, short)]
        yes: bool,
    },
    /// Count what is stored, and ask the server how it is
    Stats,
    /// Follow what changes, as a near cache does, until Ctrl-C
    Watch {
        /// Stop after so many seconds
        #[arg(long, value_name = "N")]
        seconds: Option<u64>,
        /// Stop after so many changes
        #[arg(long, value_name = "N")]
        count: Option<u64>,
    },
    /// Measure hits, misses with fills, and invalidations, in the namespace `easy-cache-bench`
    Bench(Load),
}

/// An entry.
#[derive(Debug, Args)]
pub(crate) struct Of {
    /// The key, as the application says it
    pub(crate) key: String,
    /// The kind of value, in hexadecimal digits, as `get` shows it: spares the search through all names
    #[arg(long, value_name = "HEX", value_parser = kind)]
    pub(crate) kind: Option<u64>,
}

/// What is to be invalidated.
#[derive(Debug, Args)]
#[group(required = true, multiple = true)]
pub(crate) struct Names {
    /// A tag that the application names
    #[arg(long = "tag", value_name = "NAME")]
    pub(crate) tags: Vec<String>,
    /// A key, whatever kinds of values are stored under it
    #[arg(long = "key", value_name = "KEY")]
    pub(crate) keys: Vec<String>,
    /// A prefix that keys were built with
    #[arg(long = "prefix", value_name = "PREFIX")]
    pub(crate) prefixes: Vec<String>,
    /// All that was read from a database table
    #[arg(long = "table", value_name = "TABLE")]
    pub(crate) tables: Vec<String>,
    /// All that was read from one row, and what was read from its table as a whole
    #[arg(long = "row", value_name = "TABLE:KEY")]
    pub(crate) rows: Vec<String>,
}

/// What is measured.
#[derive(Debug, Args)]
pub(crate) struct Load {
    /// Callers at a time
    #[arg(long, value_name = "N", default_value_t = 16, value_parser = clap::value_parser!(u32).range(1..=10_000))]
    pub(crate) concurrency: u32,
    /// Bytes of a value
    #[arg(long, value_name = "N", default_value_t = 256, value_parser = clap::value_parser!(u32).range(0..=16_777_216))]
    pub(crate) bytes: u32,
    /// Tags of an entry
    #[arg(long, value_name = "N", default_value_t = 2, value_parser = clap::value_parser!(u32).range(0..=1_000))]
    pub(crate) tags: u32,
    /// Seconds for each of the three
    #[arg(long, value_name = "N", default_value_t = 3, value_parser = clap::value_parser!(u64).range(1..=3_600))]
    pub(crate) seconds: u64,
}

fn kind(text: &str) -> Result<u64, String> {
    u64::from_str_radix(text.trim_start_matches("0x"), 16).map_err(|_| "up to sixteen hexadecimal digits".to_owned())
}

fn duration(text: &str) -> Result<Duration, String> {
    let wrong = || "a number with `ms` or `s`, such as 500ms or 5s".to_owned();
    let (number, unit) = match text.strip_suffix("ms") {
        Some(number) => (number, 1),
        None => (text.strip_suffix('s').ok_or_else(wrong)?, 1000),
    };
    let number: u64 = number.parse().map_err(|_| wrong())?;
    match number.checked_mul(unit) {
        Some(milliseconds @ 1..=3_600_000) => Ok(Duration::from_millis(milliseconds)),
        _ => Err("between 1ms and 3600s".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;

    #[test]
    fn the_command_line_is_one() {
        Arguments::command().debug_assert();
    }

    #[test]
    fn durations_are_numbers_with_a_unit() {
        assert_eq!(duration("500ms"), Ok(Duration::from_millis(500)));
        assert_eq!(duration("5s"), Ok(Duration::from_secs(5)));
        for wrong in ["5", "s", "0s", "-1s", "99999999999999999999s", "18446744073709551615s", "1h"] {
            assert!(duration(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn an_invalidation_needs_a_name() {
        assert!(Arguments::try_parse_from(["easy-cache", "invalidate"]).is_err());
        assert!(Arguments::try_parse_from(["easy-cache", "invalidate", "--dry-run"]).is_err());
        assert!(Arguments::try_parse_from(["easy-cache", "invalidate", "--tag", "a", "--key", "b"]).is_ok());
    }
}
