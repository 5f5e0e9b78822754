//! Many threads, each doing several things at random: too many steps to try all their orders.

use std::time::Duration;

use crate::explorer::random;
use crate::shop::{PATIENCE, Shop};

/// Three threads at random over two rows, with everything that the engine has.
pub(super) fn everybody() {
    mingle(&Shop::new(), 3, 4, anything);
}

/// The same where there is no room for all entries.
pub(super) fn everybody_in_a_small_shop() {
    mingle(&Shop::with_room_for(2), 3, 4, anything);
}

/// Four threads that all want one row, which is written meanwhile.
pub(super) fn a_crowd_at_one_row() {
    mingle(&Shop::new(), 4, 2, |shop| match random(6) {
        0 => shop.write(0),
        1 => shop.poll_once_and_leave(0),
        2 => shop.join_and_decline(0),
        3 => shop.call_async(0),
        _ => shop.call(0),
    });
}

fn mingle(shop: &Shop, threads: usize, steps: usize, step: fn(&Shop)) {
    let threads = (0..threads).map(|_| shop.spawn(move |shop| (0..steps).for_each(|_| step(shop))));
    for thread in threads.collect::<Vec<_>>() {
        assert!(thread.join().is_ok());
    }
    assert!(shop.advance(PATIENCE));
    for row in [0, 1] {
        shop.call(row);
        shop.call_async(row);
    }
    shop.call_pair();
    shop.call_nested();
}

fn anything(shop: &Shop) {
    let row = random(2);
    if random(3) == 0 { write(shop, row) } else { read(shop, row) }
}

fn read(shop: &Shop, row: usize) {
    match random(12) {
        0 => shop.read_and_set(row),
        1 | 2 => shop.call(row),
        3 => shop.call_async(row),
        4 => shop.refresh(row),
        5 => shop.call_stale(row),
        6 => shop.call_pair(),
        7 => shop.call_nested(),
        8 => shop.read_nested_and_fill(),
        9 => shop.call_in_vain(row),
        10 => shop.call_detached(row),
        _ => shop.poll_once_and_leave(row),
    }
}

fn write(shop: &Shop, row: usize) {
    match random(9) {
        0 => shop.write(row),
        1 => shop.write_by_key(row),
        2 => shop.write_everything(row),
        3 | 4 => shop.write_held(row),
        5 => shop.roll_back(row),
        6 => shop.write_and_die(row),
        7 => shop.browse(),
        _ => {
            shop.advance(Duration::from_secs(2));
        }
    }
}
