//! A store that reaches every node through a proxy.

use std::collections::HashMap;

use easy_cache_servers::Proxy;
use easy_cache_servers::proxy::Meter;

use crate::world::{World, shared};

pub(crate) struct Proxied {
    pub(crate) world: World,
    /// In the order of the nodes.
    pub(crate) proxies: Vec<Proxy>,
    /// Of all of them together.
    pub(crate) meter: Meter,
}

impl Proxied {
    pub(crate) fn new(groups: usize) -> Self {
        let (nodes, meter) = (shared().nodes(), Meter::default());
        let proxies: Vec<Proxy> = nodes.iter().map(|node| Proxy::with_meter(node.address(), meter.clone())).collect();
        let ports: HashMap<u16, u16> =
            nodes.iter().zip(&proxies).map(|(node, proxy)| (node.port(), proxy.port())).collect();
        let reached = move |_: &str, port: u16| ("127.0.0.1".to_owned(), ports[&port]);
        let urls = proxies.iter().map(Proxy::redis_url).collect();
        Self { world: World::with(urls, groups, |builder| builder.reached_at(reached)), proxies, meter }
    }
}
