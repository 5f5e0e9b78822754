#![allow(unused)]

use easy_cache_core::ecached;

struct Shop;
struct Named<T>(T);

trait Store<A = u8> {
    type Error;
    fn goods(&self, id: u64) -> u64;
}

#[ecached]
impl Shop {
    fn nothing_is_marked(&self) {}
}

#[ecached("k")]
impl Shop {
    #[ecached("k")]
    fn a_key_for_all(n: u64) -> u64 {
        n
    }
}

#[ecached(ttl = "1 year")]
impl Shop {
    #[ecached("k")]
    fn wrong_for_all(n: u64) -> u64 {
        n
    }
}

#[ecached(prefix = "shop:{id}")]
impl Shop {
    #[ecached("k")]
    fn inherits_a_template(n: u64) -> u64 {
        n
    }

    #[ecached("k", prefix = "own:{n}")]
    fn has_its_own(n: u64) -> u64 {
        n
    }

    #[ecached("k")]
    #[ecached("l")]
    fn marked_twice(id: u64) -> u64 {
        id
    }

    #[ecached = "k"]
    fn marked_wrongly(id: u64) -> u64 {
        id
    }

    #[ecached("k", ttl = 0)]
    fn misspelt(id: u64) -> u64 {
        id
    }
}

#[ecached]
impl Store for &Shop {
    type Error = ();

    #[ecached("k", skip(self))]
    fn goods(&self, id: u64) -> u64 {
        id
    }
}

#[ecached]
impl<T> Store<T> for Shop {
    type Error = ();

    #[ecached("k", skip(self))]
    fn goods(&self, id: u64) -> u64 {
        id
    }
}

#[ecached]
impl Store for Vec<u64> {
    type Error = ();

    #[ecached("k", skip(self))]
    fn goods(&self, id: u64) -> u64 {
        id
    }
}

trait Blanket {
    fn blanket(&self) -> u64;
}

#[ecached]
impl<T: Send> Blanket for T {
    #[ecached("k", skip(self))]
    fn blanket(&self) -> u64 {
        0
    }
}

fn main() {
    // The methods are there in spite of all.
    Shop::wrong_for_all(Shop::misspelt(Shop::marked_twice(1)));
    Shop::has_its_own_key(&1).peek();
}
