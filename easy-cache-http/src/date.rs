//! Reads and writes the dates of HTTP (RFC 9110 §5.6.7). What a date is compared with is left to the callers.
//!
//! The library underneath is strict: it knows the three formats, and checks the weekday. It reads letters in one case
//! only, which is mended here, and takes off more kinds of outer white space than HTTP has, none of which gets that far.
//!
//! Accepted: the three formats of the RFC, with the letters in any case. Refused: everything else, so other zones
//! than GMT, `UTC`, missing or doubled separators, one-digit hours, two-digit years outside of the RFC 850 format, a
//! weekday that does not fit the day, a leap second. A two-digit year from 70 on is in the 20th century, below in the
//! 21st: at most 50 years ahead for as long as it matters, and an `Expires` that errs then errs towards stale.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// The longest accepted form: `Wednesday, 06-Nov-94 08:49:37 GMT`.
const LONGEST: usize = 33;

/// Midnight before the year 10000, where the format ends.
const END: Duration = Duration::from_secs(253_402_300_800);

/// Reads a date in one of the three formats.
#[must_use]
pub fn parse(value: &[u8]) -> Option<SystemTime> {
    let value = crate::grammar::trim(value);
    let mut buffer = [0_u8; LONGEST];
    let text = buffer.get_mut(..value.len())?;
    text.copy_from_slice(value);
    capitalise(text);
    httpdate::parse_http_date(std::str::from_utf8(text).ok()?).ok()
}

/// Writes a date as HTTP sends it, for example `Sun, 06 Nov 1994 08:49:37 GMT`; times outside of 1970 to 9999 are
/// written as the nearest second inside.
#[must_use]
pub fn format(time: SystemTime) -> String {
    httpdate::HttpDate::from(UNIX_EPOCH + Duration::from_secs(second_of(time))).to_string()
}

/// The second that a date names.
pub(crate) fn second_of(time: SystemTime) -> u64 {
    time.duration_since(UNIX_EPOCH).unwrap_or_default().min(END - Duration::from_secs(1)).as_secs()
}

/// Brings each word to the case that the format has: `sun` to `Sun`, `gmt` to `GMT`.
fn capitalise(text: &mut [u8]) {
    for word in text.split_mut(|byte| !byte.is_ascii_alphabetic()) {
        if word.eq_ignore_ascii_case(b"GMT") {
            word.make_ascii_uppercase();
        } else if let Some((first, others)) = word.split_first_mut() {
            first.make_ascii_uppercase();
            others.make_ascii_lowercase();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read_back_and_the_ends_of_time_do_not_panic() {
        let time = UNIX_EPOCH + Duration::from_secs(784_111_777);
        assert_eq!(format(time), "Sun, 06 Nov 1994 08:49:37 GMT");
        assert_eq!(parse(format(time).as_bytes()), Some(time));
        assert_eq!(format(UNIX_EPOCH - Duration::from_secs(5)), "Thu, 01 Jan 1970 00:00:00 GMT");
        assert_eq!(format(UNIX_EPOCH + END * 2), "Fri, 31 Dec 9999 23:59:59 GMT");
    }
}
