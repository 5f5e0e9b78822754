//! The table: a row for each shop, and below it what matters.

use std::fmt::Write;
use std::time::Duration;

use crate::counts::Counts;

/// One shop.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Row {
    pub(crate) port: u16,
    pub(crate) requests: u64,
    pub(crate) counts: Counts,
    pub(crate) stale: u64,
    pub(crate) oldest: Duration,
}

/// The table as text, each line with its end.
pub(crate) fn text(rows: &[Row], writes: u64, bound: Duration) -> String {
    let mut text = format!(
        "{:<22}  {:>8}  {:>9}  {:>10}  {:>8}  {:>7}  {:>5}  {:>8}\n",
        "SHOP", "REQUESTS", "NEAR HITS", "STORE HITS", "COMPUTED", "TRIPS", "STALE", "OLDEST"
    );
    for row in rows {
        let Counts { near_hits, store_hits, fills, trips } = row.counts;
        let (shop, oldest) = (format!("http://127.0.0.1:{}", row.port), format!("{} ms", row.oldest.as_millis()));
        let _infallible = writeln!(
            text,
            "{shop:<22}  {:>8}  {near_hits:>9}  {store_hits:>10}  {fills:>8}  {trips:>7}  {:>5}  {oldest:>8}",
            row.requests, row.stale
        );
    }
    let oldest = oldest(rows).as_millis();
    let _infallible = writeln!(
        text,
        "{writes} writes. By the database, nobody was shown anything outdated for more than {oldest} ms; the bound is {} ms.",
        bound.as_millis()
    );
    text
}

/// For how long the oldest answer of all had been outdated.
pub(crate) fn oldest(rows: &[Row]) -> Duration {
    rows.iter().map(|row| row.oldest).max().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_oldest_answer_of_all_shops_is_said() {
        let counts = Counts { near_hits: 7, store_hits: 2, fills: 1, trips: 5 };
        let row = |port, oldest| Row { port, requests: 10, counts, stale: 1, oldest: Duration::from_millis(oldest) };
        let text = text(&[row(4000, 12), row(4001, 340)], 3, Duration::from_secs(1));
        let cells: Vec<&str> = text.lines().nth(1).unwrap_or_default().split_whitespace().collect();
        assert_eq!(cells, ["http://127.0.0.1:4000", "10", "7", "2", "1", "5", "1", "12", "ms"]);
        assert!(text.ends_with("for more than 340 ms; the bound is 1000 ms.\n"), "{text}");
    }
}
