//! `Age` of what comes from the origin (RFC 9111 §5.1).

use super::{chosen, fields, not_reused, required, reused};
use crate::Check;

pub(super) fn checks() -> Vec<Check> {
    let mut checks = Vec::new();
    for age in ["abc", "-7200", "7200.0", "7200a", "a7200"] {
        let name = format!("an Age of `{age}` is ignored");
        checks.push(reused(required(name), fields!["Cache-Control": "max-age=3600", "Age": age]));
    }
    for age in ["2147483647", "2147483648", "2147483649"] {
        let name = format!("an Age of {age} is old");
        checks.push(not_reused(required(name), fields!["Cache-Control": "max-age=3600", "Age": age]));
    }
    for (first, second, is_old) in [("7200", "0", true), ("0", "7200", false), ("0", "0", false)] {
        let on_one_line = fields!["Cache-Control": "max-age=3600", "Age": format!("{first}, {second}")];
        let on_two_lines = fields!["Cache-Control": "max-age=3600", "Age": first, "Age": second];
        let judged = if is_old { not_reused } else { reused };
        checks.push(judged(required(format!("Age of {first} and {second} on one line")), on_one_line));
        checks.push(judged(required(format!("Age of {first} and {second} on two lines")), on_two_lines));
    }
    for age in ["7200;foo=111", "7200;foo=abc"] {
        let name = format!("an Age of `{age}` is no number");
        checks.push(reused(chosen(name), fields!["Cache-Control": "max-age=3600", "Age": age]));
    }
    checks
}
