//! The grammar of `Cache-Control` (RFC 9111 §4.2.1, §5.2).

use super::{chosen, fields, not_reused, not_reused_later, required, reused};
use crate::Check;

pub(super) fn checks() -> Vec<Check> {
    let mut checks = vec![
        not_reused_later(
            required("max-age in a quoted string before the real one"),
            fields!["Cache-Control": "extension=\"max-age=3600\", max-age=2"],
        ),
        not_reused_later(
            required("max-age in a quoted string behind the real one"),
            fields!["Cache-Control": "max-age=2, extension=\"max-age=3600\""],
        ),
        reused(required("leading zeros"), fields!["Cache-Control": "max-age=003600"]),
        not_reused(required("single quotes"), fields!["Cache-Control": "max-age='3600'"]),
        reused(chosen("a quoted number"), fields!["Cache-Control": "max-age=\"3600\""]),
    ];
    for argument in [" =3600", "= 3600", "=3600.0", "=3600.5", "=a100", "=100a"] {
        let value = format!("max-age{argument}");
        checks.push(not_reused(chosen(format!("`{value}` is no number")), fields!["Cache-Control": value]));
    }
    for (first, second) in [("3600", "1800"), ("1800", "3600"), ("3600", "0"), ("0", "3600")] {
        checks.push(not_reused(
            chosen(format!("max-age of {first} and {second} on one line")),
            fields!["Cache-Control": format!("max-age={first}, max-age={second}")],
        ));
        checks.push(not_reused(
            chosen(format!("max-age of {first} and {second} on two lines")),
            fields!["Cache-Control": format!("max-age={first}"), "Cache-Control": format!("max-age={second}")],
        ));
    }
    checks
}
