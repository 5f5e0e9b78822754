//! Every final status with a lifetime (RFC 9110 §15, RFC 9111 §3), and `POST` (RFC 9110 §9.3.3).

use super::{LATER, brief, fields, fresh, giving, optimal, required};
use crate::{Check, ask, get};

const STATUSES: [u16; 18] = [200, 203, 204, 299, 301, 302, 303, 307, 308, 400, 404, 410, 499, 500, 502, 503, 504, 599];

pub(super) fn checks() -> Vec<Check> {
    let mut checks = Vec::new();
    for status in STATUSES {
        checks.push(
            optimal(format!("{status} is reused while fresh"))
                .then(fresh().status(status).miss())
                .then(get().hit().is(status).reads_of(1)),
        );
        checks.push(
            required(format!("{status} is not reused once stale"))
                .then(brief().status(status).miss())
                .then(get().after(LATER).miss().is(200).reads_of(2)),
        );
    }
    let understood = || giving(fields!["Cache-Control": "max-age=3600, no-store, must-understand"]);
    checks.push(optimal("must-understand with 200").then(understood().miss()).then(get().hit().reads_of(1)));
    checks.push(
        required("must-understand with 599").then(understood().status(599).miss()).then(get().miss().reads_of(2)),
    );
    checks.push(
        optimal("a POST whose Content-Location is its own URL")
            .declined("a change that came meanwhile could not be told from its own")
            .then(
                ask("POST")
                    .with_body("a=b")
                    .gives("Cache-Control", "max-age=3600")
                    .gives("Content-Location", "{path}")
                    .miss(),
            )
            .then(get().hit().reads_of(1)),
    );
    checks
}
