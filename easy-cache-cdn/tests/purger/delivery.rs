//! What is owed is delivered: together, in the end, and once more.

use easy_cache_cdn::{Purge, Purger};
use easy_cache_core::Tag;
use tokio::time::Instant;

use crate::front::{Front, Reply, named, seconds, soon, tags};

#[tokio::test(start_paused = true)]
async fn what_comes_while_a_purge_is_under_way_goes_together_with_the_next() {
    let front = Front::new();
    let purges = Purger::new(front.clone()).again_after(seconds(0)).start();
    let closed = front.close();
    purges.purge_tags(&tags(&["a"]));
    while front.attempts() == 0 {
        tokio::task::yield_now().await;
    }
    for name in ["c", "b", "c", "d"] {
        purges.purge_tags(&tags(&[name]));
    }
    assert_eq!(purges.owed(), 3, "each name once");
    drop(closed);
    soon(purges.acknowledged()).await;
    assert_eq!(front.dropped(), [named(&["a"]), named(&["b", "c", "d"])]);
}

#[tokio::test(start_paused = true)]
async fn names_are_written_as_responses_write_them() {
    let front = Front::new();
    let purges = Purger::new(front.clone()).start();
    purges.purge_tags(&[Tag::row("books", 7), Tag::unknown_rows("books"), Tag::new("new in")]);
    soon(purges.acknowledged()).await;
    assert_eq!(front.dropped(), [named(&["books:%2A", "books:7", "new%20in"])]);
}

#[tokio::test(start_paused = true)]
async fn who_takes_few_names_is_asked_more_often_and_at_the_pace_that_it_bears() {
    let front = Front::taking(2);
    let purges = Purger::new(front.clone()).again_after(seconds(0)).pace(seconds(1)).start();
    let start = Instant::now();
    purges.purge_tags(&tags(&["a", "b", "c"]));
    soon(purges.acknowledged()).await;
    purges.purge_tags(&tags(&["d"]));
    soon(purges.acknowledged()).await;
    assert_eq!(front.dropped(), [named(&["a", "b"]), named(&["c"]), named(&["d"])]);
    let times: Vec<_> = front.times().into_iter().map(|at| (at - start).as_secs()).collect();
    assert_eq!(times, [0, 1, 2]);
}

#[tokio::test(start_paused = true)]
async fn names_are_purged_once_more_for_responses_that_were_on_their_way() {
    let front = Front::new();
    let purges = Purger::new(front.clone()).again_after(seconds(3)).start();
    let start = Instant::now();
    purges.purge_tags(&tags(&["a"]));
    soon(purges.acknowledged()).await;
    assert_eq!((front.dropped(), start.elapsed()), (vec![named(&["a"])], seconds(0)));
    soon(purges.settled()).await;
    assert!(start.elapsed() >= seconds(3));
    assert_eq!(front.dropped(), [named(&["a"]), named(&["a"])]);
    tokio::time::sleep(seconds(60)).await;
    assert_eq!((front.attempts(), purges.owed()), (2, 0), "and not a third time");
}

#[tokio::test(start_paused = true)]
async fn who_waits_for_the_second_purge_waits_for_that_of_the_last_invalidation() {
    let front = Front::new();
    let purges = Purger::new(front.clone()).again_after(seconds(3)).start();
    let start = Instant::now();
    for name in ["a", "b", "c", "d"] {
        purges.purge_tags(&tags(&[name]));
        soon(purges.acknowledged()).await;
        tokio::time::sleep(seconds(1)).await;
    }
    soon(purges.settled()).await;
    assert!(start.elapsed() >= seconds(6), "{:?} after the first, of which the last came 3 s later", start.elapsed());
    for name in ["a", "b", "c", "d"] {
        let times = front
            .dropped()
            .iter()
            .filter(|purge| matches!(purge, Purge::Names(names) if names.iter().any(|other| other == name)))
            .count();
        assert_eq!(times, 2, "{name}");
    }
}

#[tokio::test(start_paused = true)]
async fn what_failed_is_tried_again_until_it_succeeds() {
    for failure in [Reply::Fails, Reply::Panics, Reply::Hangs] {
        let front = Front::new();
        let purges = Purger::new(front.clone()).again_after(seconds(0)).timeout(seconds(1)).start();
        front.replies([failure; 3]);
        purges.purge_tags(&tags(&["a"]));
        while front.attempts() == 0 {
            tokio::task::yield_now().await;
        }
        purges.purge_tags(&tags(&["b"]));
        soon(purges.acknowledged()).await;
        assert_eq!(front.dropped(), [named(&["a", "b"])], "{failure:?}");
        assert_eq!(front.attempts(), 4, "{failure:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_failure_half_way_starts_again_from_the_beginning() {
    let front = Front::taking(1);
    let purges = Purger::new(front.clone()).again_after(seconds(0)).start();
    front.replies([Reply::Done, Reply::Fails]);
    purges.purge_tags(&tags(&["a", "b"]));
    soon(purges.acknowledged()).await;
    assert_eq!(front.dropped(), [named(&["a"]), named(&["a"]), named(&["b"])]);
}

#[tokio::test(start_paused = true)]
async fn what_is_down_is_not_asked_more_and_more_often() {
    let front = Front::new();
    let purges = Purger::new(front.clone()).start();
    front.always(Reply::Fails);
    for n in 0..600 {
        purges.purge_tags(&tags(&[&n.to_string()]));
        tokio::time::sleep(seconds(1)).await;
    }
    assert!((120..=260).contains(&front.attempts()), "{} in ten minutes", front.attempts());
}

#[tokio::test(start_paused = true)]
async fn more_names_than_may_be_owed_become_everything() {
    let front = Front::new();
    let purges = Purger::new(front.clone()).most_owed(3).start();
    front.replies([Reply::Fails]);
    purges.purge_tags(&tags(&["a", "b", "c"]));
    while front.attempts() == 0 {
        tokio::task::yield_now().await;
    }
    tokio::task::yield_now().await;
    purges.purge_tags(&tags(&["d"]));
    assert_eq!(purges.owed(), 1);
    soon(purges.acknowledged()).await;
    assert_eq!(front.dropped(), [Purge::Everything]);
}

#[tokio::test(start_paused = true)]
async fn names_that_fail_for_too_long_become_everything() {
    let front = Front::new();
    let purges = Purger::new(front.clone()).everything_after(seconds(30)).start();
    front.always(Reply::Fails);
    purges.purge_tags(&tags(&["a"]));
    tokio::time::sleep(seconds(25)).await;
    purges.purge_tags(&tags(&["b"]));
    tokio::time::sleep(seconds(15)).await;
    front.always(Reply::Done);
    soon(purges.acknowledged()).await;
    assert_eq!(front.dropped(), [Purge::Everything]);
    purges.purge_tags(&tags(&["c"]));
    soon(purges.acknowledged()).await;
    assert_eq!(front.dropped()[1], named(&["c"]), "and from then on by name");
}

#[tokio::test(start_paused = true)]
async fn shutting_down_delivers_at_once_what_was_to_be_purged_again_later() {
    let front = Front::new();
    let purges = Purger::new(front.clone()).again_after(seconds(3600)).start();
    let start = Instant::now();
    purges.purge_tags(&tags(&["a"]));
    soon(purges.acknowledged()).await;
    purges.purge_tags(&tags(&["b"]));
    purges.shutdown(seconds(5)).await.unwrap();
    assert_eq!((front.dropped(), purges.owed()), (vec![named(&["a"]), named(&["a", "b"])], 0));
    assert!(start.elapsed() < seconds(1));
}

#[tokio::test(start_paused = true)]
async fn shutting_down_does_not_sit_out_the_pause_after_a_failure_and_says_what_is_left() {
    let front = Front::new();
    let purges = Purger::new(front.clone()).start();
    front.always(Reply::Fails);
    purges.purge_tags(&tags(&["a", "b"]));
    tokio::time::sleep(seconds(30)).await;
    let error = purges.shutdown(seconds(2)).await.unwrap_err();
    assert_eq!(error.to_string(), "failed to deliver all purges within 2s: 2 names are left");
    front.always(Reply::Done);
    purges.shutdown(seconds(1)).await.unwrap();
    assert_eq!(front.dropped(), [named(&["a", "b"])]);
}

#[tokio::test(start_paused = true)]
async fn who_gives_up_shutting_down_leaves_everything_as_it_was() {
    let front = Front::new();
    let purges = Purger::new(front.clone()).start();
    drop(purges.shutdown(seconds(5)).await);
    let closed = front.close();
    purges.purge_tags(&tags(&["a"]));
    assert!(tokio::time::timeout(seconds(1), purges.shutdown(seconds(5))).await.is_err());
    drop(closed);
    soon(purges.acknowledged()).await;
    assert_eq!(front.dropped(), [named(&["a"])], "the second purge is put off again");
    soon(purges.settled()).await;
    assert_eq!(front.dropped().len(), 2);
}

#[tokio::test(start_paused = true)]
async fn what_is_left_by_the_last_handle_is_delivered_and_then_nobody_is_there() {
    let front = Front::new();
    let purges = Purger::new(front.clone()).start();
    front.replies([Reply::Fails]);
    purges.purge_tags(&tags(&["a"]));
    drop(purges.clone());
    drop(purges);
    tokio::time::sleep(seconds(60)).await;
    assert_eq!(front.dropped(), [named(&["a"])]);
    let alone = std::sync::Arc::new(front);
    let purges = Purger::new(std::sync::Arc::clone(&alone)).start();
    alone.always(Reply::Fails);
    purges.purge_tags(&tags(&["b"]));
    drop(purges);
    tokio::time::sleep(seconds(600)).await;
    assert_eq!(std::sync::Arc::strong_count(&alone), 1, "the task has ended");
}
