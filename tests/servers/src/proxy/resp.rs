//! Where a command or an answer of Redis ends, and what it is called. Nothing is interpreted beyond that.

/// The first value in some bytes.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum First {
    /// It has so many bytes.
    Whole(usize),
    /// It is not all there: look again when there are so many bytes.
    Short(usize),
}

/// Finds the end of the first value, nested ones included.
pub(super) fn first(bytes: &[u8]) -> First {
    let mut place = 0;
    let mut open = 1_u64;
    while open > 0 {
        let Some(end) = line_end(bytes, place) else { return First::Short(bytes.len() + 1) };
        let length = number(bytes.get(place + 1..end - 2).unwrap_or_default());
        open -= 1;
        match bytes[place] {
            b'$' | b'=' | b'!' => match usize::try_from(length) {
                Ok(length) => place = end + length + 2,
                Err(_) => place = end,
            },
            b'*' | b'~' | b'>' => (place, open) = (end, open + u64::try_from(length).unwrap_or(0)),
            b'%' => (place, open) = (end, open + 2 * u64::try_from(length).unwrap_or(0)),
            // What is said about an answer belongs to the answer after it.
            b'|' => (place, open) = (end, open + 1 + 2 * u64::try_from(length).unwrap_or(0)),
            _ => place = end,
        }
        if place > bytes.len() {
            return First::Short(place);
        }
    }
    First::Whole(place)
}

/// The name of a command, with its second word where that says what it does: `CLIENT TRACKING`.
pub(super) fn name(command: &[u8]) -> String {
    let mut words = words(command).map(|word| String::from_utf8_lossy(word).to_uppercase());
    let first = words.next().unwrap_or_default();
    match (first.as_str(), words.next()) {
        ("CLIENT" | "CONFIG" | "SCRIPT" | "CLUSTER", Some(second)) => format!("{first} {second}"),
        _ => first,
    }
}

fn words(command: &[u8]) -> impl Iterator<Item = &[u8]> {
    let mut place = line_end(command, 0).unwrap_or(command.len());
    std::iter::from_fn(move || {
        let end = line_end(command, place)?;
        let length = usize::try_from(number(command.get(place + 1..end - 2).unwrap_or_default())).ok()?;
        place = end + length + 2;
        command.get(end..end + length)
    })
}

/// The place after the next line break.
fn line_end(bytes: &[u8], from: usize) -> Option<usize> {
    let rest = bytes.get(from..)?;
    rest.windows(2).position(|pair| pair == b"\r\n").map(|place| from + place + 2)
}

fn number(digits: &[u8]) -> i64 {
    str::from_utf8(digits).ok().and_then(|digits| digits.parse().ok()).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_ends_where_all_that_is_in_it_ends() {
        for whole in [
            "+OK\r\n",
            "$5\r\nab\r\nc\r\n",
            "$-1\r\n",
            "*2\r\n:1\r\n*1\r\n$0\r\n\r\n",
            "*0\r\n",
            "%1\r\n+a\r\n_\r\n",
            "|1\r\n+a\r\n+b\r\n:1\r\n",
        ] {
            let more = format!("{whole}+next\r\n");
            assert_eq!(first(more.as_bytes()), First::Whole(whole.len()), "{whole:?}");
            for end in 0..whole.len() {
                assert!(
                    matches!(first(&whole.as_bytes()[..end]), First::Short(at) if at > end),
                    "{whole:?} cut at {end}"
                );
            }
        }
    }

    #[test]
    fn garbage_is_no_reason_to_stop() {
        for garbage in ["\r\n", "\r\n\r\n", "$\r\n", "*x\r\n", "???\r\n"] {
            assert!(matches!(first(garbage.as_bytes()), First::Whole(_) | First::Short(_)));
            assert_eq!(name(garbage.as_bytes()), "");
        }
    }

    #[test]
    fn commands_are_called_by_their_first_word_or_two() {
        assert_eq!(name(b"*2\r\n$3\r\nget\r\n$1\r\nk\r\n"), "GET");
        assert_eq!(name(b"*3\r\n$6\r\nclient\r\n$8\r\ntracking\r\n$2\r\non\r\n"), "CLIENT TRACKING");
        assert_eq!(name(b"*1\r\n$4\r\nPING\r\n"), "PING");
    }
}
