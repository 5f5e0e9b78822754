//! A process with copies of what a store outside has, beside somebody who changes it. What happens elsewhere is heard before it
//! returns, and what happens here need not be heard: so nobody may be served anything outdated at all.

use crate::shop::Shop;

type Work = fn(&Shop);

const CALL: Work = |shop| shop.call(0);
const WRITE_ELSEWHERE: Work = |shop| shop.write_elsewhere(0);

/// Runs both, the first of them on this thread, and looks at what is left behind.
fn together(shop: &Shop, work: Work, other: Work) {
    let thread = shop.spawn(other);
    work(shop);
    assert!(thread.join().is_ok());
    (0..2).for_each(|_| shop.call_nested());
    (0..2).for_each(|_| shop.call(0));
}

/// What is stored is not near yet.
fn stored() -> Shop {
    let shop = Shop::near();
    shop.call_elsewhere(0);
    shop
}

/// What is stored is near as well.
fn copied() -> Shop {
    let shop = stored();
    shop.call(0);
    shop
}

pub(super) fn a_lookup_and_a_write_elsewhere() {
    together(&stored(), CALL, WRITE_ELSEWHERE);
}

pub(super) fn a_lookup_and_a_removal_elsewhere() {
    together(&stored(), CALL, |shop| shop.write_by_key_elsewhere(0));
}

pub(super) fn a_copy_and_a_write_elsewhere() {
    together(&copied(), CALL, WRITE_ELSEWHERE);
}

pub(super) fn what_is_built_from_a_copy_and_a_write_elsewhere() {
    together(&copied(), Shop::call_nested, WRITE_ELSEWHERE);
}

pub(super) fn a_copy_and_a_write_here_that_is_not_heard() {
    let shop = copied();
    if let Some(remote) = shop.remote() {
        remote.hold_news();
    }
    together(&shop, CALL, |shop| shop.write(0));
}

pub(super) fn a_copy_and_a_removal_here_that_is_not_heard() {
    let shop = copied();
    if let Some(remote) = shop.remote() {
        remote.hold_news();
    }
    together(&shop, CALL, |shop| shop.write_by_key(0));
}
