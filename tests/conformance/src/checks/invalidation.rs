//! What changes drop (RFC 9111 §4.4).

use super::{again, chosen, fresh, optimal, required};
use crate::{Check, ask, get};

pub(super) fn checks() -> Vec<Check> {
    let mut checks = Vec::new();
    for method in ["POST", "PUT", "DELETE", "M-SEARCH"] {
        checks.push(
            required(format!("{method} drops its URL"))
                .then(fresh().miss())
                .then(ask(method).miss())
                .then(get().miss().reads_of(3)),
        );
        checks.push(
            optimal(format!("{method} that fails drops nothing"))
                .then(fresh().miss())
                .then(ask(method).status(500).miss().is(500))
                .then(again(get())),
        );
        for field in ["Location", "Content-Location"] {
            checks.push(
                chosen(format!("{method} drops what its {field} names"))
                    .then(fresh().at("/other").miss())
                    .then(ask(method).gives(field, "{path}/other").miss())
                    .then(get().at("/other").miss().reads_of(3)),
            );
        }
    }
    checks
}
