//! What is written is what was decided, and whatever is read is a value or a reason.

use std::collections::{BTreeMap, HashMap};

use proptest::prelude::*;
use serde::Deserialize;

use super::*;

const FORMAT: Format = formatted(Codec::Bincode);

const fn formatted(codec: Codec) -> Format {
    Format {
        codec,
        version: 0,
        #[cfg(feature = "lz4")]
        compress_above: None,
    }
}

/// Those that this build has.
const CODECS: &[(&str, Codec)] = &[
    ("bincode", Codec::Bincode),
    #[cfg(feature = "postcard")]
    ("postcard", Codec::Postcard),
    #[cfg(feature = "messagepack")]
    ("messagepack", Codec::MessagePack),
    #[cfg(feature = "json")]
    ("json", Codec::Json),
];

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct Book {
    id: u64,
    title: String,
    price: Option<f64>,
    binding: Vec<Binding>,
    stock: BTreeMap<String, i32>,
    shelf: (i8, char, ()),
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
enum Binding {
    Paper,
    Cloth(String),
    Boxed { volumes: u8 },
}

/// Nested as far as the bytes say.
#[derive(Debug, PartialEq, Serialize, Deserialize)]
struct Chain(Option<Box<Self>>);

#[derive(Debug, PartialEq, Serialize, Deserialize)]
enum Tree {
    Leaf,
    Branches(Vec<Self>),
    Named(HashMap<String, Self>),
}

fn book() -> Book {
    Book {
        id: 300,
        title: "größe".to_owned(),
        price: Some(12.5),
        binding: vec![Binding::Paper, Binding::Cloth("red".to_owned()), Binding::Boxed { volumes: 3 }],
        stock: BTreeMap::from([("harbour".to_owned(), -2), ("hill".to_owned(), 70_000)]),
        shelf: (-7, 'ß', ()),
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn from_hex(text: &str) -> Vec<u8> {
    let digits = text.as_bytes().chunks(2);
    digits.map(|two| u8::from_str_radix(std::str::from_utf8(two).unwrap(), 16).unwrap()).collect()
}

/// What a file says, by name: one a line.
fn lines(file: &str) -> impl Iterator<Item = (&str, &str)> {
    file.lines().filter(|line| !line.starts_with('#') && !line.is_empty()).map(|line| line.split_once(' ').unwrap())
}

/// A change of these bytes is a decision: what other releases have stored would no longer be read.
#[test]
fn each_codec_writes_the_bytes_of_the_golden_file() {
    // case 72
    let golden: HashMap<_, _> = lines(include_str!("../../tests/golden/values.txt")).collect();
    for (name, codec) in CODECS {
        assert_eq!(golden[name], hex(&write(&book(), formatted(*codec)).unwrap()), "{name}");
    }
}

#[test]
fn what_each_codec_wrote_is_read_whatever_is_written_now() {
    // case 72
    for (name, payload) in lines(include_str!("../../tests/golden/values.txt")) {
        let is_here = CODECS.iter().any(|(codec, _)| *codec == name) || (name == "lz4" && cfg!(feature = "lz4"));
        for (_, codec) in CODECS {
            let value = read::<Book>(&from_hex(payload), formatted(*codec));
            match value {
                Ok(value) => assert!(is_here && value == book(), "{name}"),
                Err(error) => {
                    let why = std::error::Error::source(&error).map(ToString::to_string).unwrap_or_default();
                    assert!(!is_here && why.contains(name), "{name}: {why}");
                }
            }
        }
    }
}

#[test]
fn another_type_or_another_version_is_not_read() {
    for (_, codec) in CODECS {
        let format = formatted(*codec);
        let payload = write(&7_u64, format).unwrap();
        assert!(read::<u64>(&payload, format).is_ok());
        assert!(read::<u32>(&payload, format).is_err());
        assert!(read::<u64>(&payload, Format { version: 1, ..format }).is_err());
    }
}

#[test]
fn nothing_may_be_missing_and_nothing_may_follow() {
    // case 73
    for (name, codec) in CODECS {
        let payload = write(&book(), formatted(*codec)).unwrap();
        for len in 0..payload.len() {
            assert!(read::<Book>(&payload[..len], FORMAT).is_err(), "{name} cut after {len}");
        }
        let more = [&payload[..], b"\x01"].concat();
        assert!(read::<Book>(&more, FORMAT).is_err(), "{name}");
    }
}

#[test]
fn an_unknown_codec_is_told() {
    // case 73
    let mut payload = write(&7_u64, FORMAT).unwrap();
    for id in [0, 5, 0x7f, 0x85, 0xff] {
        payload[0] = id;
        let error = read::<u64>(&payload, FORMAT).unwrap_err();
        assert!(std::error::Error::source(&error).unwrap().to_string().contains("unknown codec"));
    }
}

fn chain(depth: usize) -> Chain {
    (0..depth).fold(Chain(None), |chain, _| Chain(Some(Box::new(chain))))
}

#[test]
fn values_are_read_up_to_the_depth_that_is_promised_and_not_deeper() {
    for (name, codec) in CODECS {
        let format = formatted(*codec);
        for (depth, is_read) in [(guard::DEPTH, true), (guard::DEPTH + 1, false)] {
            // The other two have no sign for an option that is there, but only the value in it.
            let payload = write(&chain(depth), format).unwrap();
            let same = read::<Chain>(&payload, format).is_ok_and(|value| value == chain(depth));
            assert!(same == is_read || !matches!(*name, "bincode" | "postcard"), "{name}, {depth}");
        }
        let tree = |depth| (0..depth).fold(Tree::Leaf, |tree, _| Tree::Branches(vec![tree]));
        // An enum and a list are two levels.
        assert_eq!(read::<Tree>(&write(&tree(60), format).unwrap(), format).unwrap(), tree(60), "{name}");
        assert!(read::<Tree>(&write(&tree(70), format).unwrap(), format).is_err(), "{name}");
    }
}

#[test]
fn floats_come_back_to_the_last_bit() {
    let any = (1..2_000_u64).map(|n| f64::from_bits(n.wrapping_mul(0x9e37_79b9_7f4a_7c15)));
    let floats: Vec<_> =
        any.filter(|float| float.is_finite()).chain([0.1 + 0.2, f64::MIN_POSITIVE / 3.0, -0.0]).collect();
    let bits = |floats: &[f64]| floats.iter().map(|float| float.to_bits()).collect::<Vec<_>>();
    for (name, codec) in CODECS {
        let payload = write(&floats, formatted(*codec)).unwrap();
        assert!(bits(&read::<Vec<f64>>(&payload, FORMAT).unwrap()) == bits(&floats), "{name}");
    }
}

#[cfg(any(feature = "messagepack", feature = "json"))]
#[test]
fn codecs_with_names_read_types_that_need_them() {
    #[derive(Debug, PartialEq, Serialize, Deserialize)]
    struct Flat {
        #[serde(skip_serializing_if = "Option::is_none")]
        absent: Option<u8>,
        #[serde(flatten)]
        rest: BTreeMap<String, u8>,
    }
    let flat = Flat { absent: None, rest: BTreeMap::from([("x".to_owned(), 7)]) };
    for (name, codec) in CODECS.iter().filter(|(name, _)| matches!(*name, "messagepack" | "json")) {
        let payload = write(&flat, formatted(*codec)).unwrap();
        assert_eq!(read::<Flat>(&payload, FORMAT).unwrap(), flat, "{name}");
    }
}

/// Asks of these bytes, as each codec would have written them, whether they are one of many things.
fn read_as_anything(body: &[u8]) {
    for id in (0..=5).chain(0x80..=0x85) {
        read_as::<Book>(id, body);
        read_as::<Chain>(id, body);
        read_as::<Tree>(id, body);
        read_as::<Vec<()>>(id, body);
        read_as::<Vec<[u64; 4]>>(id, body);
        read_as::<HashMap<(), ()>>(id, body);
        read_as::<HashMap<String, Vec<Option<(u64, String)>>>>(id, body);
        read_as::<(String, Vec<u8>, u128)>(id, body);
    }
}

fn read_as<T: Serialize + DeserializeOwned>(id: u8, body: &[u8]) {
    let payload = [&[id][..], &fingerprint::<T>(0).to_le_bytes(), body].concat();
    let _ = read::<T>(&payload, FORMAT);
}

/// Each line of the corpus is a body: bytes in hexadecimal, each part of which may be repeated.
#[test]
fn the_corpus_of_hostile_bytes_neither_panics_nor_hangs() {
    // case 73
    for (_, parts) in lines(include_str!("../../tests/corpus/values.txt")) {
        let body = parts.split(' ').flat_map(|part| match part.split_once('*') {
            Some((bytes, times)) => from_hex(bytes).repeat(times.parse().unwrap()),
            None => from_hex(part),
        });
        read_as_anything(&body.collect::<Vec<_>>());
    }
}

#[test]
fn elements_that_take_no_bytes_are_counted() {
    // case 73
    let endless = [&[1][..], &fingerprint::<Vec<()>>(0).to_le_bytes(), &[0xfd], &u64::MAX.to_le_bytes()].concat();
    assert!(read::<Vec<()>>(&endless, FORMAT).is_err());
    let few = vec![(); guard::WITHOUT_BYTES];
    assert_eq!(read::<Vec<()>>(&write(&few, FORMAT).unwrap(), FORMAT).unwrap().len(), few.len());
}

#[cfg(feature = "lz4")]
mod squeezed {
    use super::*;

    fn squeezing(codec: Codec) -> Format {
        Format { compress_above: Some(100), ..formatted(codec) }
    }

    #[test]
    fn values_are_compressed_above_a_size_and_where_it_helps() {
        for (name, codec) in CODECS {
            let (small, large) = ("x".repeat(80), "x".repeat(10_000));
            assert_eq!(write(&small, squeezing(*codec)).unwrap(), write(&small, formatted(*codec)).unwrap(), "{name}");
            let payload = write(&large, squeezing(*codec)).unwrap();
            assert!(payload.len() < 200, "{name}");
            assert_eq!(read::<String>(&payload, FORMAT).unwrap(), large, "{name}");
        }
        let noise: Vec<u64> = (1..1_000_u64).map(|n| n.wrapping_mul(0x9e37_79b9_7f4a_7c15).rotate_left(31)).collect();
        assert_eq!(write(&noise, squeezing(Codec::Bincode)).unwrap(), write(&noise, FORMAT).unwrap());
    }

    #[test]
    fn a_length_that_the_block_cannot_bear_out_is_refused_before_anything_is_reserved() {
        // case 73
        let payload = write(&"x".repeat(10_000), squeezing(Codec::Bincode)).unwrap();
        let block = &payload[HEADER..];
        assert!(squeeze::whole(block).is_ok());
        for claim in [0, 9_999, 10_100, u32::try_from(LIMIT).unwrap() + 1, u32::MAX] {
            let claiming = [&claim.to_le_bytes()[..], &block[4..]].concat();
            assert!(squeeze::whole(&claiming).is_err(), "{claim}");
        }
        let large = vec![0; LIMIT / 200];
        let claiming = |claim: usize| [&u32::try_from(claim).unwrap().to_le_bytes()[..], &large].concat();
        let why = |claim| squeeze::whole(&claiming(claim)).unwrap_err().to_string();
        assert!(why(LIMIT + 1).contains("larger than it can be"));
        assert!(!why(LIMIT).contains("larger than it can be"));
    }
}

proptest! {
    // Each case is a whole document of its own: more of them take long and find no more.
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn hostile_bytes_never_panic(body: Vec<u8>) {
        // case 73
        read_as_anything(&body);
    }

    #[test]
    fn damaged_values_never_panic(which: prop::sample::Index, at: prop::sample::Index, by: u8, cut: prop::sample::Index) {
        // case 73
        let (_, codec) = CODECS[which.index(CODECS.len())];
        let mut payload = write(&book(), formatted(codec)).unwrap();
        let at = HEADER + at.index(payload.len() - HEADER);
        payload[at] ^= by;
        payload.truncate(HEADER + cut.index(payload.len() - HEADER) + 1);
        let _ = read::<Book>(&payload, FORMAT);
        read_as_anything(&payload[HEADER..]);
    }

    #[test]
    fn what_was_written_is_read(value: Vec<(String, Option<i64>, u8)>) {
        for (_, codec) in CODECS {
            let payload = write(&value, formatted(*codec)).unwrap();
            prop_assert_eq!(&read::<Vec<(String, Option<i64>, u8)>>(&payload, FORMAT).unwrap(), &value);
        }
    }
}
