//! Tells a page where it came from. A script cannot read the headers of the document it is in, except for `Server-Timing`: so
//! that one repeats, for this very answer, what `Cache-Status`, `Age` and `Bookstore-Tags` say. Reading and writing headers is
//! left to the binaries.

/// The field that lists the tags which an answer depends on, separated by spaces.
pub const TAGS: &str = "bookstore-tags";

/// What the headers of an answer say of where it came from.
#[derive(Debug, Clone, Copy, Default)]
pub struct Provenance<'a> {
    /// `Cache-Status`.
    pub cache_status: Option<&'a str>,
    /// `Age`.
    pub age: Option<&'a str>,
    /// [`TAGS`].
    pub tags: Option<&'a str>,
}

impl Provenance<'_> {
    /// The same as `Server-Timing`, with the time that the answer took.
    #[must_use]
    pub fn server_timing(self, milliseconds: f64) -> String {
        let source = if self.cache_status.is_some_and(is_hit) { "hit" } else { "computed" };
        let mut timing = format!("total;dur={milliseconds:.3}, cache;desc={source}");
        if let Some(seconds) = self.age.and_then(|age| age.parse::<u64>().ok()) {
            timing.push_str(&format!(", age;dur={}", seconds.saturating_mul(1000)));
        }
        if let Some(tags) = self.tags {
            timing.push_str(&format!(r#", tags;desc="{}""#, tags.replace('\\', r"\\").replace('"', "\\\"")));
        }
        timing
    }
}

/// Whether the last cache of the list, the one that is nearest to the client, answered from its store.
fn is_hit(cache_status: &str) -> bool {
    let nearest = cache_status.rsplit(',').next().unwrap_or_default();
    nearest.split(';').skip(1).any(|parameter| parameter.trim() == "hit")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_without_a_cache_was_computed() {
        assert_eq!(Provenance::default().server_timing(1.5), "total;dur=1.500, cache;desc=computed");
    }

    #[test]
    fn a_hit_is_told_with_its_age_and_its_tags() {
        let tags = Some(r#"books:42 authors "x""#);
        let hit = Provenance { cache_status: Some("easy-cache; hit; ttl=3"), age: Some("7"), tags };
        assert_eq!(
            hit.server_timing(0.25),
            r#"total;dur=0.250, cache;desc=hit, age;dur=7000, tags;desc="books:42 authors \"x\"""#
        );
    }

    #[test]
    fn a_miss_is_not_mistaken_for_a_hit() {
        for miss in ["easy-cache; fwd=uri-miss; stored", "hit; fwd=miss", "far; hit, easy-cache; fwd=stale"] {
            assert!(!is_hit(miss), "{miss}");
        }
    }
}
