//! Durations as people write them: `"90s"`, `"1h30m"`.

use std::time::Duration;
use syn::{LitInt, LitStr, Result};

const ADVICE: &str = "a duration is a number and a unit (`ms`, `s`, `m`, `h`, `d`, `w`), such as \"90s\" or \"1h30m\"";

/// Reads numbers with units; several are added.
pub(crate) fn from_text(literal: &LitStr) -> Result<Duration> {
    let refuse = || syn::Error::new(literal.span(), ADVICE);
    let text: String = literal.value().split_whitespace().collect();
    let mut rest = text.as_str();
    let mut total = Duration::ZERO;
    while !rest.is_empty() {
        let (number, tail) = split(rest, |letter| letter.is_ascii_digit());
        let (unit, tail) = split(tail, |letter| !letter.is_ascii_digit());
        let number: u64 = number.parse().map_err(|_| refuse())?;
        let part = number.checked_mul(milliseconds(unit).ok_or_else(refuse)?).ok_or_else(refuse)?;
        total = total.checked_add(Duration::from_millis(part)).ok_or_else(refuse)?;
        rest = tail;
    }
    positive(total, literal.span())
}

/// Reads seconds.
pub(crate) fn from_number(literal: &LitInt) -> Result<Duration> {
    if !literal.suffix().is_empty() {
        return Err(syn::Error::new(literal.span(), ADVICE));
    }
    positive(Duration::from_secs(literal.base10_parse()?), literal.span())
}

fn positive(ttl: Duration, span: proc_macro2::Span) -> Result<Duration> {
    if ttl.is_zero() {
        return Err(syn::Error::new(
            span,
            "a value with this ttl would never be served: write a ttl above zero, or none",
        ));
    }
    if u64::try_from(ttl.as_millis()).is_err() {
        return Err(syn::Error::new(span, "this ttl is too long: leave it out for values without an end"));
    }
    Ok(ttl)
}

fn milliseconds(unit: &str) -> Option<u64> {
    const SECOND: u64 = 1000;
    Some(match unit {
        "ms" => 1,
        "s" => SECOND,
        "m" => 60 * SECOND,
        "h" => 3600 * SECOND,
        "d" => 24 * 3600 * SECOND,
        "w" => 7 * 24 * 3600 * SECOND,
        _ => return None,
    })
}

fn split(text: &str, belongs: impl Fn(char) -> bool) -> (&str, &str) {
    text.split_at(text.find(|letter| !belongs(letter)).unwrap_or(text.len()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proc_macro2::Span;

    fn read(text: &str) -> Option<u128> {
        from_text(&LitStr::new(text, Span::call_site())).ok().map(|ttl| ttl.as_millis())
    }

    #[test]
    fn parts_are_added() {
        assert_eq!(read("250ms"), Some(250));
        assert_eq!(read("60s"), Some(60_000));
        assert_eq!(read("1h 30m"), Some(5_400_000));
        assert_eq!(read("1w2d"), Some(9 * 86_400_000));
    }

    #[test]
    fn what_is_not_a_duration_is_refused() {
        for text in ["", "60", "s", "-5s", "1.5h", "5 years", "0s", "99999999999999999999s", "18446744073709551615w"] {
            assert_eq!(read(text), None, "{text}");
        }
    }
}
