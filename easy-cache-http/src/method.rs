//! Which methods are answered from the cache and which change things (RFC 9110 §9.2). What a change drops is left to
//! [`invalidate`](crate::invalidate).

/// What a method means to a cache.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum MethodClass {
    /// `GET`: answered from the store, and the only one that is stored (RFC 9111 §3).
    Get,
    /// `HEAD`: answered from a stored `GET`, never stored (RFC 9111 §4): a `HEAD` changes nothing that a `GET` returns.
    Head,
    /// Safe, but nothing that this cache keeps: passed on.
    OtherSafe,
    /// May change what is stored: passed on, and its success invalidates (RFC 9111 §4.4).
    Unsafe,
}

/// Registered as safe besides `GET` and `HEAD`.
const OTHER_SAFE: [&str; 6] = ["OPTIONS", "TRACE", "PROPFIND", "REPORT", "SEARCH", "QUERY"];

impl MethodClass {
    /// Classifies a method by its name. Names are case-sensitive (RFC 9110 §9.1), and an unknown one counts as unsafe.
    #[must_use]
    pub fn of(method: &str) -> Self {
        match method {
            "GET" => Self::Get,
            "HEAD" => Self::Head,
            other if OTHER_SAFE.contains(&other) => Self::OtherSafe,
            _ => Self::Unsafe,
        }
    }

    /// Says whether a stored response may answer.
    #[must_use]
    pub fn is_answered_from_store(self) -> bool {
        matches!(self, Self::Get | Self::Head)
    }
}

#[cfg(test)]
mod tests {
    use super::MethodClass::{self, Get, Head, OtherSafe, Unsafe};

    #[test]
    fn methods_are_classified_by_name_and_case_and_unknown_ones_are_unsafe() {
        let table = [
            ("GET", Get),
            ("HEAD", Head),
            ("OPTIONS", OtherSafe),
            ("PROPFIND", OtherSafe),
            ("POST", Unsafe),
            ("DELETE", Unsafe),
            ("M-SEARCH", Unsafe),
            ("get", Unsafe),
            ("", Unsafe),
        ];
        for (method, class) in table {
            assert_eq!(MethodClass::of(method), class, "{method}");
            assert_eq!(class.is_answered_from_store(), matches!(method, "GET" | "HEAD"), "{method}");
        }
    }
}
