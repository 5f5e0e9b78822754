//! `Cache-Control` and freshness (RFC 9111 §4.2, §5.2).

use super::{chosen, fields, not_reused, not_reused_later, optimal, required, reused};
use crate::{Check, Value};

pub(super) fn checks() -> Vec<Check> {
    let mut checks = vec![
        not_reused(chosen("neither lifetime nor validator"), fields!["X-A": "1"]),
        reused(optimal("max-age"), fields!["Cache-Control": "max-age=3600"]),
        not_reused_later(required("max-age is over"), fields!["Cache-Control": "max-age=2"]),
        not_reused(required("max-age=0"), fields!["Cache-Control": "max-age=0"]),
        not_reused(
            required("max-age=0 and a future Expires"),
            fields!["Cache-Control": "max-age=0", "Expires": Value::Date(3600)],
        ),
        not_reused(required("a negative max-age"), fields!["Cache-Control": "max-age=-3600"]),
        not_reused(
            required("a negative max-age and a future Expires"),
            fields!["Cache-Control": "max-age=-3600", "Expires": Value::Date(3600)],
        ),
        not_reused(required("an Age beyond max-age"), fields!["Cache-Control": "max-age=3600", "Age": "7200"]),
        not_reused(
            chosen("a Date longer ago than max-age"),
            fields!["Cache-Control": "max-age=3600", "Date": Value::Date(-7200)],
        ),
        reused(
            optimal("max-age and a past Expires"),
            fields!["Cache-Control": "max-age=3600", "Expires": Value::Date(-3600)],
        ),
        reused(optimal("max-age and an invalid Expires"), fields!["Cache-Control": "max-age=3600", "Expires": "0"]),
        reused(optimal("max-age among unknown directives"), fields!["Cache-Control": "foobar, max-age=3600, a=b"]),
        reused(optimal("MaX-aGe"), fields!["Cache-Control": "MaX-aGe=3600"]),
    ];
    for seconds in ["2147483647", "2147483648", "2147483649", "99999999999"] {
        checks.push(reused(
            optimal(format!("max-age of {seconds}")),
            fields!["Cache-Control": format!("max-age={seconds}")],
        ));
    }
    checks.extend(shared());
    checks
}

fn shared() -> Vec<Check> {
    vec![
        reused(required("s-maxage alone"), fields!["Cache-Control": "s-maxage=3600"]),
        not_reused_later(
            required("a short s-maxage before max-age"),
            fields!["Cache-Control": "s-maxage=2, max-age=3600"],
        ),
        not_reused_later(
            required("a short s-maxage behind max-age"),
            fields!["Cache-Control": "max-age=3600, s-maxage=2"],
        ),
        not_reused_later(
            required("a short s-maxage on a line before max-age"),
            fields!["Cache-Control": "s-maxage=2", "Cache-Control": "max-age=3600"],
        ),
        not_reused_later(
            required("a short s-maxage on a line behind max-age"),
            fields!["Cache-Control": "max-age=3600", "Cache-Control": "s-maxage=2"],
        ),
        reused(
            optimal("a long s-maxage and a short max-age"),
            fields!["Cache-Control": "s-maxage=3600, max-age=1", "Age": "5"],
        ),
        reused(optimal("a long s-maxage and max-age=0"), fields!["Cache-Control": "max-age=0, s-maxage=3600"]),
        reused(
            optimal("a long s-maxage, max-age=0 and a past Expires"),
            fields!["Cache-Control": "s-maxage=3600, max-age=0", "Expires": Value::Date(-3600)],
        ),
    ]
}
