//! `Expires`, and how dates are written (RFC 9111 §5.3, RFC 9110 §5.6.7).

use super::{fields, not_reused, optimal, required, reused};
use crate::{Check, Value};

pub(super) fn checks() -> Vec<Check> {
    let mut checks = vec![
        reused(optimal("a future Expires"), fields!["Expires": Value::Date(3600)]),
        reused(
            optimal("a future Expires beside a broken Date"),
            fields!["Expires": Value::Date(3600), "Date": "yesterday"],
        ),
        not_reused(required("a past Expires"), fields!["Expires": Value::Date(-3600)]),
        not_reused(required("an Expires of now"), fields!["Expires": Value::Date(0), "Date": Value::Date(0)]),
        not_reused(required("an Expires of 0"), fields!["Expires": "0"]),
        not_reused(
            required("an Expires before Date, both in the future"),
            fields!["Expires": Value::Date(3600), "Date": Value::Date(7200)],
        ),
        not_reused(
            required("an Age beyond Expires minus Date, by a slow clock"),
            fields!["Expires": Value::Date(-3600), "Date": Value::Date(-7200), "Age": "7200"],
        ),
        not_reused(
            required("an Age beyond Expires minus Date, by a fast clock"),
            fields!["Expires": Value::Date(10_800), "Date": Value::Date(7200), "Age": "7200"],
        ),
    ];
    checks.extend(accepted());
    checks.extend(refused());
    checks
}

fn accepted() -> Vec<Check> {
    let written: [(&str, Value); 7] = [
        ("at the end of 32 bits", "Tue, 19 Jan 2038 03:14:07 GMT".into()),
        ("beyond 32 bits", Value::Date(4_000_000_000)),
        ("in the format of RFC 850", Value::Rfc850(7200)),
        ("in the format of asctime", Value::Asctime(7200)),
        ("with a weekday in other case", Value::Spelled(7200, |date| date[..3].to_uppercase() + &date[3..])),
        (
            "with a month in other case",
            Value::Spelled(7200, |date| format!("{}{}", &date[..8], date[8..].to_uppercase())),
        ),
        ("with gmt in other case", Value::Spelled(7200, |date| date.replace("GMT", "gmt"))),
    ];
    written
        .into_iter()
        .map(|(how, value)| reused(optimal(format!("an Expires {how}")), fields!["Expires": value]))
        .collect()
}

/// Two days from now, so that no wrong reading of the time of day makes it past.
const SOON: i64 = 2 * 24 * 60 * 60;

/// What is done to a date that would be right.
type Spelling = fn(&str) -> String;

fn refused() -> Vec<Check> {
    let written: [(&str, Spelling); 8] = [
        ("in UTC", |date| date.replace("GMT", "UTC")),
        ("in another zone", |date| date.replace("GMT", "AEST")),
        ("with a year of two digits", |date| format!("{}{}", &date[..12], &date[14..])),
        ("without a comma", |date| date.replace(',', "")),
        ("with several spaces", |date| date.replace(' ', "  ")),
        ("with dashes", |date| format!("{}-{}-{}", &date[..7], &date[8..11], &date[12..])),
        ("with periods in the time", |date| date.replace(':', ".")),
        ("with an hour of one digit", |date| format!("{} 2:01:18 GMT", &date[..16])),
    ];
    let mut checks: Vec<_> = written
        .into_iter()
        .map(|(how, spell)| {
            not_reused(required(format!("an Expires {how}")), fields!["Expires": Value::Spelled(SOON, spell)])
        })
        .collect();
    checks.push(not_reused(
        required("two lines of Expires"),
        fields!["Expires": Value::Date(3600), "Expires": Value::Date(7200)],
    ));
    checks
}
