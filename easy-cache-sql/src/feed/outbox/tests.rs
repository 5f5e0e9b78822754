//! Positions by hand-made answers: which rows are new, which are asked for again, and when numbers are given up.

use super::*;

fn row(id: i64, floor: i64, now: i64) -> Record {
    let text = |text: &str| Some(text.to_owned());
    Record { id: Some(id), table: text("books"), operation: text("U"), keys: Some(format!("[[{id}]]")), floor, now }
}

fn rows(ids: &[i64], floor: i64, now: i64) -> Vec<Record> {
    if ids.is_empty() {
        return vec![Record { floor, now, ..Record::default() }];
    }
    ids.iter().map(|id| row(*id, floor, now)).collect()
}

/// The keys that an answer tells, after which it counts as read.
fn take(outbox: &mut Outbox, answer: &[Record]) -> Vec<i64> {
    let batch = outbox.take(answer);
    let keys = batch.changes.iter().map(|change| change.clone().unwrap().keys.unwrap()[0][0].as_i64().unwrap());
    let keys = keys.collect();
    outbox.done(batch);
    keys
}

fn begin(dialect: Dialect, top: i64) -> Outbox {
    Outbox::begin(dialect, &Record { id: Some(top), floor: 100, ..Record::default() })
}

#[test]
fn sqlite_reads_each_number_once() {
    let mut outbox = begin(Dialect::Sqlite, 7);
    assert!(outbox.read().contains("id > 7"));
    assert_eq!(take(&mut outbox, &rows(&[8, 9], 0, 0)), [8, 9]);
    assert_eq!(take(&mut outbox, &rows(&[], 0, 0)), [0_i64; 0]);
    assert!(outbox.read().contains("id > 9"));
}

#[test]
fn a_batch_that_was_not_invalidated_is_read_again() {
    let outbox = begin(Dialect::Sqlite, 7);
    drop(outbox.take(&rows(&[8], 0, 0)));
    assert!(outbox.read().contains("id > 7"));
}

#[test]
fn a_number_that_turns_up_late_is_read_when_it_does() {
    let mut outbox = begin(Dialect::MySql, 7);
    assert_eq!(take(&mut outbox, &rows(&[8, 11], 0, 50)), [8, 11]);
    assert!(outbox.read().contains("id > 11 OR id BETWEEN 9 AND 10"), "{}", outbox.read());
    assert_eq!(take(&mut outbox, &rows(&[10, 12], 0, 51)), [10, 12]);
    assert!(outbox.read().contains("id > 12 OR id IN (9)"), "{}", outbox.read());
    assert_eq!(take(&mut outbox, &rows(&[], 0, 51 + 3_600)), [0_i64; 0]);
    assert!(outbox.read().contains("id > 12)"), "nobody waits for a number for ever: {}", outbox.read());
}

#[test]
fn a_row_that_was_missing_among_very_many_is_told_when_it_turns_up() {
    let mut outbox = begin(Dialect::MySql, 7);
    assert_eq!(take(&mut outbox, &rows(&[20_001], 0, 50)), [20_001], "others are still to be committed");
    assert!(outbox.read().contains("id > 20001 OR id BETWEEN 8 AND 20000"), "{}", outbox.read());
    assert_eq!(take(&mut outbox, &rows(&[9, 20_000], 0, 51)), [9, 20_000]);
    assert!(outbox.read().contains("id > 20001 OR id IN (8) OR id BETWEEN 10 AND 19999"), "{}", outbox.read());
    let rest: Vec<i64> = (10..20_000).collect();
    assert_eq!(take(&mut outbox, &rows(&rest, 0, 52)), rest);
}

#[test]
fn a_row_that_was_missing_among_very_many_gaps_is_told_when_it_turns_up() {
    let mut outbox = begin(Dialect::MySql, 0);
    let even: Vec<i64> = (1..=20_000).map(|id| id * 2).collect();
    assert_eq!(take(&mut outbox, &rows(&even, 0, 50)), even);
    for odd in [1, 9, 19_999, 39_999] {
        let wanted = outbox.read();
        let is_in = |range: &str| {
            range.split_once(" AND ").is_some_and(|(first, last)| {
                let last: String = last.chars().take_while(char::is_ascii_digit).collect();
                (first.parse().unwrap()..=last.parse().unwrap()).contains(&odd)
            })
        };
        let ids = wanted.split_once("IN (").map_or("", |(_, rest)| rest.split(')').next().unwrap());
        let is_single = ids.split(", ").any(|id| id == odd.to_string());
        assert!(is_single || wanted.split("BETWEEN ").skip(1).any(is_in), "{odd} is asked for");
        assert_eq!(take(&mut outbox, &rows(&[odd], 0, 51)), [odd]);
    }
}

#[test]
fn a_relay_begins_before_all_that_may_be_open() {
    let start = Outbox::start(Dialect::MySql);
    assert!(!start.contains("MIN("), "whoever has taken numbers before the first that is visible: {start}");
}

#[test]
fn rows_of_a_transaction_that_ends_late_are_read_when_it_does() {
    let mut outbox = begin(Dialect::Postgres, 0);
    assert!(outbox.read().contains("transaction >= 100"));
    assert_eq!(take(&mut outbox, &rows(&[5, 6], 100, 0)), [5, 6]);
    // The transaction of row 4 began before those of 5 and 6, and ends after them.
    assert_eq!(take(&mut outbox, &rows(&[4, 5, 6], 103, 0)), [4]);
    assert!(outbox.read().contains("transaction >= 103"));
}

#[test]
fn a_saved_position_reads_on() {
    for dialect in [Dialect::Sqlite, Dialect::MySql, Dialect::Postgres] {
        let mut outbox = begin(dialect, 7);
        let batch = outbox.take(&rows(&[9, 12], 101, 50));
        outbox.done(batch);
        let resumed = Outbox::resume(dialect, &outbox.saved()).unwrap();
        assert_eq!(resumed.position, outbox.position);
        assert_eq!(resumed.read(), outbox.read());
        assert!(Outbox::resume(dialect, "{}").is_err());
        assert!(Outbox::resume(dialect, "nonsense").is_err());
    }
    assert!(Outbox::resume(Dialect::Postgres, r#"{"top":1}"#).is_err());
}

#[test]
fn an_unreadable_row_is_everything() {
    let outbox = begin(Dialect::Sqlite, 0);
    let strange = Record { operation: Some("X".into()), ..row(1, 0, 0) };
    let batch = outbox.take(&[strange]);
    assert_eq!(batch.pending(&Analyzer::builder(Dialect::Sqlite).build()), Pending::everything());
}

#[test]
fn a_row_is_read_from_text_and_one_without_a_number_is_everything() {
    let texts = |texts: [&str; 6]| texts.map(|text| (text != "-").then(|| text.to_owned())).to_vec();
    let read = Record::read(texts(["7", "books", "U", "[[1]]", "100", "50"]));
    assert_eq!((read.id, read.floor, read.now), (Some(7), 100, 50));
    let none = Record::read(texts(["-", "-", "-", "-", "100", "50"]));
    assert_eq!((none.id, none.floor), (None, 100));
    let outbox = begin(Dialect::Sqlite, 0);
    let analyzer = Analyzer::builder(Dialect::Sqlite).build();
    assert_eq!(outbox.take(&[none]).pending(&analyzer), Pending::default());
    let strange = Record::read(texts(["seven", "books", "U", "[[1]]", "100", "50"]));
    assert_eq!(outbox.take(&[strange]).pending(&analyzer), Pending::everything());
}

#[test]
fn rows_can_be_kept_for_ever() {
    let old = Outbox::old(Dialect::MySql, u64::MAX);
    assert!(old.contains("- 4294967295 "), "what is beyond a signed number is refused: {old}");
}
