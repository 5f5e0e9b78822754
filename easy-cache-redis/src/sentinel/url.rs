//! Sentinels as an application names them: a name and some URLs, or one line.

use std::time::Duration;

use deadpool_redis::redis::{ConnectionInfo, IntoConnectionInfo, RedisError};
use easy_cache_core::Error;

use super::Sentinels;
use crate::config::{ATTEMPTED, failed};

const PORT: u16 = 26379;
/// What is meant, for who has written something else.
const FORM: &str = "`redis-sentinel://user:password@host:26379,host:26379/name-of-the-master/database`";

/// What was said of sentinels.
#[derive(Debug, Clone, Default)]
pub(crate) struct Plan {
    pub(crate) name: String,
    pub(crate) sentinels: Vec<String>,
    /// Who is logged in at the servers, to which database, by TLS or without.
    pub(crate) servers: Option<String>,
}

impl Plan {
    /// What a URL says, if it is one of sentinels.
    ///
    /// User and password are those at the servers, as everywhere where there is one of each. Those at the sentinels may stand behind it.
    pub(crate) fn read(url: &str) -> Option<Result<Self, Error>> {
        let (scheme, rest) = url.split_once("://")?;
        let scheme = match scheme {
            "redis-sentinel" => "redis",
            "rediss-sentinel" => "rediss",
            _ => return None,
        };
        Some(
            Self::of(scheme, rest)
                .ok_or_else(|| Error::store(ATTEMPTED, format!("that is no URL of sentinels: {FORM}"))),
        )
    }

    fn of(scheme: &str, rest: &str) -> Option<Self> {
        let (place, query) = rest.split_once('?').unwrap_or((rest, ""));
        let (login, place) = place.rsplit_once('@').unwrap_or(("", place));
        let (hosts, path) = place.split_once('/')?;
        let (name, database) = path.split_once('/').unwrap_or((path, "0"));
        let database: i64 = if database.is_empty() { 0 } else { database.parse().ok()? };
        let (mut user, mut password) = ("", "");
        for pair in query.split('&').filter(|pair| !pair.is_empty()) {
            match pair.split_once('=')? {
                ("sentinel_user", said) => user = said,
                ("sentinel_password", said) => password = said,
                _ => return None,
            }
        }
        let their_login =
            if user.is_empty() && password.is_empty() { String::new() } else { format!("{user}:{password}@") };
        let login = if login.is_empty() { String::new() } else { format!("{login}@") };
        let hosts = hosts.split(',').filter(|host| !host.is_empty());
        Some(Self {
            name: name.to_owned(),
            sentinels: hosts.map(|host| format!("{scheme}://{their_login}{host}")).collect(),
            servers: Some(format!("{scheme}://{login}master/{database}")),
        })
    }

    /// Nothing is dialled yet.
    pub(crate) fn sentinels(&self, dial: Duration) -> Result<Sentinels, Error> {
        let missing = |what| Err(Error::store(ATTEMPTED, what));
        if self.name.is_empty() {
            return missing(
                "the master has no name: say the one that `sentinel monitor` has in the configuration of the sentinels",
            );
        }
        if self.sentinels.is_empty() {
            return missing("no sentinel was named: say the URL of at least one, better of all");
        }
        let sentinels: Result<_, RedisError> = self.sentinels.iter().map(|url| info(url)).collect();
        let servers = self.servers.as_deref().unwrap_or("redis://master").into_connection_info().map_err(failed)?;
        Ok(Sentinels::new(&self.name, sentinels.map_err(failed)?, servers, dial))
    }
}

/// A sentinel has a port of its own kind, where none is said; and may be said without the rest of a URL.
fn info(url: &str) -> Result<ConnectionInfo, RedisError> {
    let url = if url.contains("://") { url.to_owned() } else { format!("redis://{url}") };
    let Some((scheme @ ("redis" | "rediss"), rest)) = url.split_once("://") else {
        return url.into_connection_info();
    };
    let end = rest.find(['/', '?', '#']).unwrap_or(rest.len());
    let (place, behind) = rest.split_at(end);
    let host = place.rsplit_once('@').map_or(place, |(_, host)| host);
    let has_port = host.rsplit_once(':').is_some_and(|(_, port)| !port.ends_with(']'));
    let port = if has_port { String::new() } else { format!(":{PORT}") };
    format!("{scheme}://{place}{port}{behind}").into_connection_info()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn address(url: &str) -> String {
        info(url).unwrap().addr().to_string()
    }

    #[test]
    fn a_sentinel_is_expected_on_its_own_port_and_needs_no_scheme() {
        assert_eq!(address("redis://one"), "one:26379");
        assert_eq!(address("one"), "one:26379");
        assert_eq!(address("one:5000"), "one:5000");
        assert_eq!(address("redis://ada:se%40cret@one:5000/"), "one:5000");
        assert_eq!(address("redis://:a:b@one"), "one:26379");
        assert_eq!(address("redis://[::1]"), "::1:26379");
        assert_eq!(address("redis://[::1]:5000?protocol=resp3"), "::1:5000");
    }

    #[test]
    fn one_line_says_all() {
        let url = "redis-sentinel://shop:s3cr3t@one,two:5000/mymaster/2?sentinel_password=hush";
        let plan = Plan::read(url).unwrap().unwrap();
        assert_eq!(plan.name, "mymaster");
        assert_eq!(plan.sentinels, ["redis://:hush@one", "redis://:hush@two:5000"]);
        assert_eq!(plan.servers.as_deref(), Some("redis://shop:s3cr3t@master/2"));
        let plan = Plan::read("rediss-sentinel://one/mymaster").unwrap().unwrap();
        assert_eq!(plan.sentinels, ["rediss://one"]);
        assert_eq!(plan.servers.as_deref(), Some("rediss://master/0"));
        assert!(Plan::read("redis://one/2").is_none());
    }

    #[test]
    fn what_is_none_says_what_one_looks_like_and_shows_no_password() {
        for url in ["one", "one/name/x", "ada:s3cr3t@one/name?user=x", "ada:s3cr3t@one"] {
            let error = Plan::read(&format!("redis-sentinel://{url}")).unwrap().unwrap_err();
            let told = format!("{error:?}");
            assert!(told.contains("redis-sentinel://user") && !told.contains("s3cr3t"), "{told}");
        }
        for (url, expected) in [("/name", "no sentinel"), ("one/", "no name")] {
            let plan = Plan::read(&format!("redis-sentinel://{url}")).unwrap().unwrap();
            let told = format!("{:?}", plan.sentinels(Duration::ZERO).unwrap_err());
            assert!(told.contains(expected), "{told}");
        }
    }
}
