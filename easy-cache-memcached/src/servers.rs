//! Which name is on which server: by the highest of the numbers that name and server make together, so that a server more or less moves
//! no other name than it must. Nothing here is ever moved because a server does not answer: invalidations would be lost.

use std::sync::Arc;

use crate::lane::Lane;

/// The servers of a store, at least one.
#[derive(Debug)]
pub(crate) struct Servers {
    names: Box<[String]>,
    lanes: Box<[Arc<Lane>]>,
}

impl Servers {
    pub(crate) fn new(names: Vec<String>, lane: impl Fn(&str) -> Lane) -> Self {
        let lanes = names.iter().map(|name| Arc::new(lane(name))).collect();
        Self { names: names.into(), lanes }
    }

    pub(crate) const fn len(&self) -> usize {
        self.lanes.len()
    }

    /// Host and port.
    pub(crate) fn name(&self, server: usize) -> &str {
        &self.names[server]
    }

    pub(crate) fn lane(&self, server: usize) -> &Arc<Lane> {
        &self.lanes[server]
    }

    pub(crate) fn lanes(&self) -> &[Arc<Lane>] {
        &self.lanes
    }

    /// The place of the server for what is placed together under this name.
    pub(crate) fn place(&self, name: &[u8]) -> usize {
        if self.names.len() == 1 {
            return 0;
        }
        let weights = self.names.iter().map(|server| weight(server.as_bytes(), name)).enumerate();
        weights.max_by_key(|(_, weight)| *weight).map_or(0, |(place, _)| place)
    }
}

/// A number that depends on both, spread evenly. Part of the layout: all processes have to agree.
fn weight(server: &[u8], name: &[u8]) -> u64 {
    let mut hash = 0xcbf2_9ce4_8422_2325_u64;
    for &byte in server.iter().chain(b"\0").chain(name) {
        hash = (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3);
    }
    // The last bytes are mixed into all bits.
    hash = (hash ^ (hash >> 33)).wrapping_mul(0xff51_afd7_ed55_8ccd);
    hash = (hash ^ (hash >> 33)).wrapping_mul(0xc4ce_b9fe_1a85_ec53);
    hash ^ (hash >> 33)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn place(servers: &[&str], name: &str) -> usize {
        (0..servers.len()).max_by_key(|&place| weight(servers[place].as_bytes(), name.as_bytes())).unwrap()
    }

    #[test]
    fn names_are_spread_evenly_and_move_only_to_a_new_server() {
        let (three, four) = (["a:1", "b:1", "c:1"], ["a:1", "b:1", "c:1", "d:1"]);
        let names: Vec<String> = (0..4000).map(|number| format!("shop:k:{number}")).collect();
        let mut counts = [0; 4];
        for name in &names {
            let (before, after) = (place(&three, name), place(&four, name));
            assert!(after == before || after == 3, "moved between servers that stayed");
            counts[after] += 1;
        }
        assert!(counts.iter().all(|count| (800..1200).contains(count)), "{counts:?}");
    }

    /// A change of this is a decision: other releases would look elsewhere.
    #[test]
    fn the_places_are_those_that_were_decided() {
        let places: Vec<usize> = (0..8).map(|number| place(&["a:1", "b:1", "c:1"], &number.to_string())).collect();
        assert_eq!(places, [1, 0, 1, 1, 1, 0, 0, 0]);
    }
}
