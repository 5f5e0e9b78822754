//! Interim responses (RFC 9110 §15.2).

use super::{again, fresh, optimal, required};
use crate::{Check, Expect, Needs, Step, get};

const LINK: (&str, &str) = ("Link", "</style.css>; rel=preload");

pub(super) fn checks() -> Vec<Check> {
    let passes = |name, first: Step, statuses: Vec<u16>| {
        optimal(name)
            .needs(Needs::Interim)
            .then(first.miss().is(200).expect(Expect::Interim(statuses)))
            .then(again(get()))
    };
    let with_field = |step: Step| step.expect(Expect::InterimField(LINK.0.to_owned(), LINK.1.to_owned()));
    vec![
        passes("102 passes", fresh().interim(102, &[]), vec![102]),
        passes("103 passes", fresh().interim(103, &[]), vec![103]),
        passes("103 with fields passes", with_field(fresh().interim(103, &[LINK])), vec![103]),
        passes("several pass", fresh().interim(102, &[]).interim(103, &[LINK]), vec![102, 103]),
        required("interim responses are not replayed")
            .needs(Needs::Interim)
            .then(fresh().interim(103, &[LINK]).miss())
            .then(get().hit().expect(Expect::Interim(Vec::new()))),
        optimal("fields of interim responses are not kept")
            .needs(Needs::Interim)
            .then(fresh().interim(103, &[LINK]).gives("Own", "1").miss().lacks("link"))
            .then(get().hit().says("own", "1").lacks("link")),
    ]
}
