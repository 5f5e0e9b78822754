//! Which part a request asks for (RFC 9110 §14).

use easy_cache_http::range::{Part, PartOf};
use easy_cache_http::{ByteRange, RequestFacts};
use proptest::prelude::*;

fn range(value: &str) -> Option<ByteRange> {
    ByteRange::of(&[("range", value)][..])
}

#[test]
fn a_single_range_of_bytes_is_read_and_anything_else_means_the_whole() {
    let table = [
        ("bytes=0-1", Some(ByteRange::FromTo(0, 1))),
        ("Bytes=0-0", Some(ByteRange::FromTo(0, 0))),
        ("bytes= 2-5 , ", Some(ByteRange::FromTo(2, 5))),
        ("bytes=1-", Some(ByteRange::From(1))),
        ("bytes=-1", Some(ByteRange::Last(1))),
        ("bytes=0-99999999999999999999999", Some(ByteRange::FromTo(0, u64::MAX))),
        ("bytes=1-0", None),
        ("bytes=0-1,3-4", None),
        ("bytes=-", None),
        ("bytes=", None),
        ("bytes", None),
        ("bytes 0-1", None),
        ("bytes=a-b", None),
        ("bytes=+1-2", None),
        ("bytes=1--2", None),
        ("seconds=0-1", None),
        ("", None),
    ];
    for (value, expected) in table {
        assert_eq!(range(value), expected, "{value}");
    }
    assert_eq!(ByteRange::of(&[("range", "bytes=0-1"), ("range", "bytes=0-1")][..]), None);
    let asks_for_part = |method| RequestFacts::of(method, &[("range", "x")][..]).range;
    assert!(asks_for_part("GET") && !asks_for_part("HEAD"), "no other method has parts");
}

#[test]
fn a_range_is_cut_to_the_length_or_is_not_there_at_all() {
    let part = |value: &str, length| range(value).unwrap().within(length).content_range(length);
    let table = [
        ("bytes=0-1", 10, "bytes 0-1/10"),
        ("bytes=9-9", 10, "bytes 9-9/10"),
        ("bytes=5-99", 10, "bytes 5-9/10"),
        ("bytes=10-11", 10, "bytes */10"),
        ("bytes=1-", 10, "bytes 1-9/10"),
        ("bytes=10-", 10, "bytes */10"),
        ("bytes=-1", 10, "bytes 9-9/10"),
        ("bytes=-99", 10, "bytes 0-9/10"),
        ("bytes=-0", 10, "bytes */10"),
        ("bytes=0-", 0, "bytes */0"),
        ("bytes=-5", 0, "bytes */0"),
        ("bytes=0-99999999999999999999999", 10, "bytes 0-9/10"),
    ];
    for (value, length, expected) in table {
        assert_eq!(part(value, length), expected, "{value} of {length}");
    }
}

proptest! {
    #[test]
    fn a_part_is_always_inside(value in "bytes=[0-9]{0,20}-[0-9]{0,20}", length in any::<u64>()) {
        if let Some(Part::Bytes { first, last }) = range(&value).map(|range| range.within(length)) {
            prop_assert!(first <= last && last < length);
        }
    }
}

#[test]
fn a_part_is_read_only_if_it_lies_in_a_whole_of_known_length() {
    let of = |value: &str| PartOf::of(&[("content-range", value)][..]).map(|part| (part.length(), part.total()));
    assert_eq!(of("bytes 2-5/10"), Some((4, 10)));
    assert_eq!(of("Bytes 0-0/1"), Some((1, 1)));
    for broken in [
        "bytes 2-5/*",
        "bytes */10",
        "bytes 5-2/10",
        "bytes 2-10/10",
        "bytes=2-5/10",
        "lines 2-5/10",
        "bytes",
        "bytes /-",
        "",
    ] {
        assert_eq!(of(broken), None, "{broken}");
    }
    let held = PartOf::of(&[("content-range", "bytes 2-5/10")][..]).unwrap();
    let offset = |first, last| held.offset_of(Part::Bytes { first, last });
    assert_eq!((offset(2, 5), offset(4, 4), offset(1, 5), offset(2, 6)), (Some(0), Some(2), None, None));
    assert_eq!(held.offset_of(Part::Unsatisfiable), None);
}

#[test]
fn a_part_is_as_long_as_what_came_of_it_and_never_longer() {
    let held = PartOf::of(&[("content-range", "bytes 2-5/10")][..]).unwrap();
    let of_length = |length| held.of_length(length).map(PartOf::part);
    assert_eq!(of_length(4), Some(Part::Bytes { first: 2, last: 5 }));
    assert_eq!(of_length(1), Some(Part::Bytes { first: 2, last: 2 }));
    assert_eq!((of_length(0), of_length(5)), (None, None));
    let sent = held.sent_for(range("bytes=-4"));
    assert!(sent.was_sent_for(ByteRange::Last(4)) && !sent.was_sent_for(ByteRange::Last(3)));
    assert!(!held.was_sent_for(ByteRange::Last(4)));
}

proptest! {
    #[test]
    fn no_content_range_makes_reading_panic(value in "[a-z ]{0,7}[0-9*/ -]{0,12}") {
        if let Some(part) = PartOf::of(&[("content-range", value.as_str())][..]) {
            prop_assert!(part.length() <= part.total());
        }
    }
}
