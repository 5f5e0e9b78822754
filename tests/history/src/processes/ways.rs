//! The way to each process of a server: where workers find the proxy before it.

use std::net::SocketAddr;

use easy_cache_servers::Proxy;

use super::server::Running;

/// One proxy before each process, in the order of these.
#[must_use]
pub fn proxies(server: &Running) -> Vec<Proxy> {
    server.nodes().into_iter().map(|node| Proxy::before(node.address())).collect()
}

/// The proxies by what stands behind them. Nodes of a cluster name each other by their own ports, which workers must not use.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ways(Vec<(u16, SocketAddr)>);

impl Ways {
    /// The ways through these proxies.
    #[must_use]
    pub fn through(server: &Running, proxies: &[Proxy]) -> Self {
        Self(server.nodes().iter().zip(proxies).map(|(node, proxy)| (node.address().port(), proxy.address())).collect())
    }

    /// The only way, or the first.
    ///
    /// # Panics
    /// If there is none.
    #[must_use]
    pub fn first(&self) -> SocketAddr {
        self.0[0].1
    }

    /// All of them, as clients of Redis name them.
    pub fn urls(&self) -> impl Iterator<Item = String> {
        self.0.iter().map(|(_, proxy)| format!("redis://{proxy}"))
    }

    /// Which port leads to the node at this one.
    #[must_use]
    pub fn port_to(&self, port: u16) -> u16 {
        self.0.iter().find(|(node, _)| *node == port).map_or(port, |(_, proxy)| proxy.port())
    }

    /// As a word of a command line.
    #[must_use]
    pub fn word(&self) -> String {
        self.0.iter().map(|(node, proxy)| format!("{node}={proxy}")).collect::<Vec<_>>().join(",")
    }

    /// The ways that a word is.
    #[must_use]
    pub fn read(word: &str) -> Option<Self> {
        let way = |part: &str| {
            let (node, proxy) = part.split_once('=')?;
            Some((node.parse().ok()?, proxy.parse().ok()?))
        };
        word.split(',').map(way).collect::<Option<_>>().map(Self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ways_are_read_as_they_are_written_and_lead_from_nodes_to_proxies() {
        let ways = Ways::read("17001=127.0.0.1:18001,17002=127.0.0.1:18002").unwrap();
        assert_eq!(Ways::read(&ways.word()).as_ref(), Some(&ways));
        assert_eq!((ways.port_to(17_002), ways.port_to(17_003), ways.first().port()), (18_002, 17_003, 18_001));
        assert_eq!(Ways::read("17001"), None);
    }
}
