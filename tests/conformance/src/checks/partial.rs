//! Parts (RFC 9110 §14, RFC 9111 §3.3, §3.4).

use super::{chosen, fields, fresh, giving, optimal, required};
use crate::{Check, Step, get};

const WHOLE: &str = "0123456789";

pub(super) fn checks() -> Vec<Check> {
    let mut checks = Vec::new();
    for (range, part, content_range) in [
        ("bytes=0-1", "01", "bytes 0-1/10"),
        ("bytes=1-", "123456789", "bytes 1-9/10"),
        ("bytes=-1", "9", "bytes 9-9/10"),
    ] {
        checks.push(
            optimal(format!("{range} of a stored whole"))
                .then(whole().miss())
                .then(get().send("Range", range).hit().is(206).reads(part).says("content-range", content_range)),
        );
    }
    for (name, value) in [("ETag", "\"abcdef\""), ("Test-Header", "stored")] {
        checks.push(
            required(format!("a part has the {name} of the whole"))
                .then(whole().gives(name, value).miss())
                .then(get().send("Range", "bytes=0-1").hit().is(206).says(name, value)),
        );
    }
    for (name, range, part) in [("the same part", "bytes=2-7", "234567"), ("a narrower part", "bytes=3-4", "34")] {
        checks.push(
            optimal(format!("{name} of a stored part"))
                .then(part_of("bytes=2-7", "bytes 2-7/10", "234567"))
                .then(get().send("Range", range).hit().is(206).reads(part)),
        );
    }
    for (name, range, part) in [("an open-ended part", "bytes=7-", "789"), ("a suffix", "bytes=-1", "9")] {
        checks.push(
            optimal(format!("{name} of a stored part"))
                .then(part_of("bytes=-5", "bytes 5-9/10", "56789"))
                .then(get().send("Range", range).hit().is(206).reads(part)),
        );
    }
    checks.push(
        chosen("a part that ends early serves as far as it came")
            .then(part_of("bytes=-5", "bytes 4-9/10", "01234"))
            .then(get().send("Range", "bytes=6-8").hit().is(206).reads("234")),
    );
    checks.push(
        chosen("a part that was not asked for is sent again to who asks in the same words")
            .then(part_of("bytes=-5", "bytes 4-9/10", "01234"))
            .then(get().send("Range", "bytes=-5").hit().is(206).reads("01234")),
    );
    checks.push(
        optimal("an incomplete stored part is completed")
            .declined("if the rest is of another page, who asked for the whole has nothing")
            .then(part_of("bytes=0-4", "bytes 0-4/10", "01234").gives("ETag", "\"abcdef\""))
            .then(
                get()
                    .status(206)
                    .gives("Content-Range", "bytes 5-9/10")
                    .gives("ETag", "\"abcdef\"")
                    .content("56789")
                    .asks("range", "bytes=5-")
                    .is(200)
                    .reads(WHOLE),
            ),
    );
    checks
}

fn whole() -> Step {
    fresh().content(WHOLE)
}

fn part_of(asked: &str, given: &str, content: &str) -> Step {
    giving(fields!["Cache-Control": "max-age=3600", "Content-Range": given])
        .status(206)
        .send("Range", asked)
        .content(content)
        .miss()
        .is(206)
}
