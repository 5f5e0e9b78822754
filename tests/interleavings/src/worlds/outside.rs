//! A process that asks a store outside for everything, and has heard of its own invalidations only: a lookup that is under way, beside a
//! writer in the same process.

use crate::shop::Shop;

/// Looks up beside the writer, then looks at what is left behind: by a plain call, and by one that collects.
fn beside(writer: fn(&Shop)) {
    let shop = Shop::outside();
    shop.call_elsewhere(0);
    let thread = shop.spawn(writer);
    shop.call(0);
    assert!(thread.join().is_ok());
    (0..2).for_each(|_| shop.call(0));
    shop.call_nested();
}

pub(super) fn a_lookup_outside_and_a_write_here() {
    beside(|shop| shop.write(0));
}

pub(super) fn a_lookup_outside_and_a_held_write_here() {
    beside(|shop| shop.write_held(0));
}

pub(super) fn a_lookup_outside_and_the_end_of_everything_here() {
    beside(|shop| shop.write_everything(0));
}
