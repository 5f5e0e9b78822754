//! Two to four threads, each doing one thing. At the end of each world, when all is quiet, the cache is asked once more.

use crate::shop::{MOMENT, Shop};

type Work = fn(&Shop);

/// Runs all at once, the last of them on this thread, and looks at what is left behind.
fn together<const N: usize>(shop: &Shop, work: [Work; N]) {
    let threads = work[1..].iter().map(|&work| shop.spawn(work)).collect::<Vec<_>>();
    work[0](shop);
    for thread in threads {
        assert!(thread.join().is_ok());
    }
    // An entry that carries an expired hold is refused at the first look, and has to be outdated at the second.
    (0..2).for_each(|_| shop.read_and_set(0));
    (0..2).for_each(|_| shop.read_nested_and_fill());
}

fn filled() -> Shop {
    let shop = Shop::new();
    shop.read_and_set(0);
    shop
}

const READ: Work = |shop| shop.read_and_set(0);
const WRITE: Work = |shop| shop.write(0);
const LOOK: Work = |shop| shop.look_strictly(0);
const WRITE_HELD: Work = |shop| shop.write_held(0);
const CALL: Work = |shop| shop.call(0);

pub(super) fn a_fill_and_a_write() {
    together(&Shop::new(), [READ, WRITE]);
}

pub(super) fn two_fills_and_a_write() {
    together(&Shop::new(), [READ, READ, WRITE]);
}

pub(super) fn a_fill_and_two_writes() {
    together(&Shop::new(), [READ, WRITE, WRITE]);
}

pub(super) fn a_fill_and_a_removal() {
    together(&Shop::new(), [READ, |shop| shop.write_by_key(0)]);
}

pub(super) fn a_fill_and_the_end_of_everything() {
    together(&Shop::new(), [READ, |shop| shop.write_everything(0)]);
}

pub(super) fn a_held_write_under_a_strict_look() {
    together(&filled(), [LOOK, WRITE_HELD]);
}

pub(super) fn two_held_writes_under_a_strict_look() {
    together(&filled(), [LOOK, WRITE_HELD, WRITE_HELD]);
}

pub(super) fn a_rollback_beside_a_held_write() {
    together(&filled(), [LOOK, WRITE_HELD, |shop| shop.roll_back(0)]);
}

pub(super) fn a_writer_that_dies() {
    together(
        &filled(),
        [READ, |shop| {
            shop.write_and_die(0);
            // The first look meets the hold, the second one what that has left.
            (0..2).for_each(|_| shop.look_strictly(0));
        }],
    );
}

pub(super) fn a_writer_that_dies_beside_one_that_does_not() {
    together(&filled(), [READ, |shop| shop.write_and_die(0), WRITE_HELD]);
}

pub(super) fn a_sweep_beside_a_fill_and_a_write() {
    together(&Shop::new(), [READ, WRITE, Shop::browse]);
}

pub(super) fn two_callers_compute_once() {
    let shop = Shop::new();
    together(&shop, [CALL, CALL]);
    assert_eq!(shop.computations(), 1, "two callers of one key, and nothing was invalidated");
}

pub(super) fn two_callers_and_a_write() {
    together(&Shop::new(), [CALL, CALL, WRITE]);
}

pub(super) fn two_callers_and_a_writer_that_dies() {
    together(&Shop::new(), [CALL, CALL, |shop| shop.write_and_die(0)]);
}

pub(super) fn two_callers_and_a_writer_that_returns_before_its_end() {
    together(&Shop::new(), [CALL, CALL, |shop| shop.write_and_settle_later(0)]);
}

pub(super) fn two_callers_and_a_removal() {
    together(&Shop::new(), [CALL, CALL, |shop| shop.write_by_key(0)]);
}

pub(super) fn a_leader_that_stalls() {
    together(&Shop::new(), [|shop| shop.call_async(0), |shop| shop.poll_once_and_stall(0)]);
}

pub(super) fn a_refresh_and_a_write() {
    together(&filled(), [|shop| shop.refresh(0), WRITE]);
}

pub(super) fn a_call_and_a_write() {
    together(&Shop::new(), [CALL, WRITE]);
}

/// A value that is past its ttl.
fn stale() -> Shop {
    let shop = Shop::new();
    shop.call_stale(0);
    assert!(shop.advance(MOMENT));
    shop
}

pub(super) fn a_stale_value_and_a_write() {
    let shop = stale();
    together(&shop, [|shop| shop.call_stale(0), WRITE]);
    shop.call_stale(0);
}

pub(super) fn a_stale_value_and_a_loader_that_fails() {
    let shop = stale();
    together(&shop, [|shop| shop.call_in_vain(0), WRITE]);
    shop.call_stale(0);
}

pub(super) fn a_stale_value_a_loader_that_fails_and_a_removal() {
    let shop = stale();
    together(&shop, [|shop| shop.call_in_vain(0), |shop| shop.write_by_key(0)]);
    shop.call_stale(0);
}

pub(super) fn a_detached_renewal_and_a_write() {
    let shop = stale();
    together(&shop, [|shop| shop.call_detached(0), WRITE]);
    shop.call_stale(0);
}

pub(super) fn two_callers_of_a_stale_value_and_a_write() {
    let shop = stale();
    together(&shop, [|shop| shop.call_stale(0), |shop| shop.call_stale(0), WRITE]);
    shop.call_stale(0);
}

pub(super) fn a_leader_that_leaves() {
    let shop = Shop::new();
    together(&shop, [|shop| shop.call_async(0), |shop| shop.join_and_leave(0)]);
}

pub(super) fn a_leader_that_may_not_share() {
    let shop = Shop::new();
    together(&shop, [|shop| shop.call_async(0), |shop| shop.join_and_decline(0)]);
}

pub(super) fn a_nested_fill_and_a_write() {
    together(&filled(), [Shop::read_nested_and_fill, WRITE]);
}

pub(super) fn a_nested_call_and_a_write() {
    together(&Shop::new(), [Shop::call_nested, WRITE]);
}

pub(super) fn a_nested_hit_and_a_write() {
    together(&filled(), [Shop::call_nested, WRITE]);
}

pub(super) fn a_pair_and_two_writes() {
    let shop = Shop::new();
    together(&shop, [Shop::call_pair, WRITE, |shop| shop.write(1)]);
    shop.call_pair();
}
