//! Values of header fields that a script gives: text, or a date that is made when it is sent. How they are sent is left to
//! `origin` and `client`.

use std::time::{Duration, SystemTime};

/// The value of a header field.
#[derive(Debug, Clone)]
pub enum Value {
    /// These bytes.
    Text(Vec<u8>),
    /// So many seconds from when the message is sent, in the preferred format.
    Date(i64),
    /// The same in the format of RFC 850.
    Rfc850(i64),
    /// The same in the format of C's `asctime`.
    Asctime(i64),
    /// The same in the preferred format, with something done to its text.
    Spelled(i64, fn(&str) -> String),
}

impl Value {
    /// The bytes at this moment.
    #[must_use]
    pub fn bytes(&self, now: SystemTime) -> Vec<u8> {
        match self {
            Self::Text(text) => text.clone(),
            Self::Date(offset) => fixdate(now, *offset).into_bytes(),
            Self::Spelled(offset, spell) => spell(&fixdate(now, *offset)).into_bytes(),
            Self::Rfc850(offset) => rfc850(&fixdate(now, *offset)).into_bytes(),
            Self::Asctime(offset) => asctime(&fixdate(now, *offset)).into_bytes(),
        }
    }
}

impl From<&str> for Value {
    fn from(text: &str) -> Self {
        Self::Text(text.as_bytes().to_vec())
    }
}

impl From<String> for Value {
    fn from(text: String) -> Self {
        Self::Text(text.into_bytes())
    }
}

impl From<&[u8]> for Value {
    fn from(bytes: &[u8]) -> Self {
        Self::Text(bytes.to_vec())
    }
}

fn fixdate(now: SystemTime, offset: i64) -> String {
    let distance = Duration::from_secs(offset.unsigned_abs());
    let time = if offset < 0 { now.checked_sub(distance) } else { now.checked_add(distance) };
    httpdate::fmt_http_date(time.unwrap_or(now))
}

/// `Sun, 06 Nov 1994 08:49:37 GMT` as `Sunday, 06-Nov-94 08:49:37 GMT`.
fn rfc850(fixdate: &str) -> String {
    let parts: Vec<&str> = fixdate.split([',', ' ']).filter(|part| !part.is_empty()).collect();
    let [weekday, day, month, year, time, zone] = parts[..] else { return fixdate.to_owned() };
    let ending = match weekday {
        "Tue" => "sday",
        "Wed" => "nesday",
        "Thu" => "rsday",
        "Sat" => "urday",
        _ => "day",
    };
    format!("{weekday}{ending}, {day}-{month}-{} {time} {zone}", &year[2..])
}

/// `Sun, 06 Nov 1994 08:49:37 GMT` as `Sun Nov  6 08:49:37 1994`.
fn asctime(fixdate: &str) -> String {
    let parts: Vec<&str> = fixdate.split([',', ' ']).filter(|part| !part.is_empty()).collect();
    let [weekday, day, month, year, time, _] = parts[..] else { return fixdate.to_owned() };
    format!("{weekday} {month} {:>2} {time} {year}", day.trim_start_matches('0'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_are_written_in_the_three_formats() {
        let now = SystemTime::UNIX_EPOCH + Duration::from_secs(784_111_767);
        assert_eq!(Value::Date(10).bytes(now), b"Sun, 06 Nov 1994 08:49:37 GMT");
        assert_eq!(Value::Rfc850(10).bytes(now), b"Sunday, 06-Nov-94 08:49:37 GMT");
        assert_eq!(Value::Asctime(10).bytes(now), b"Sun Nov  6 08:49:37 1994");
        assert_eq!(Value::Spelled(10, str::to_lowercase).bytes(now), b"sun, 06 nov 1994 08:49:37 gmt");
    }
}
