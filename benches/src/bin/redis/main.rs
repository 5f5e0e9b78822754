//! What does a hit cost that comes from Redis? Run by `cargo xtask bench redis`.
//!
//! The measure is what nobody can do without: one `MGET` of an entry and the versions of two tags, over a connection that all
//! callers share, with nothing decided about what comes back. All others read the same values from the same server, which is
//! started for this and has a processor to itself if there are two. Callers are tasks of one thread, as many at once as a row
//! says, each of which asks for its next value when it has the last one.

mod bare;
#[cfg(rivals)]
mod cached_store;
mod callers;
mod ours;
mod setting;
mod values;

use easy_cache_benches::options::Options;
use easy_cache_benches::report::{Cell, Table, column};
use easy_cache_servers::Redis;

use callers::{Problem, Sample};
use setting::Setting;
use values::{OfSize, Values};

fn main() -> Result<(), Problem> {
    let options = Options::from_arguments()?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let columns = vec![
        column("us, median", "median_microseconds", 2),
        column("us, min", "min_microseconds", 2),
        column("1000/s, best", "best_thousand_per_second", 1),
        column("x first", "throughput_times_first", 2),
        column("x, median", "median_throughput_times_first", 2),
        column("us processor", "processor_microseconds", 2),
    ];
    let mut table = Table::new("redis", columns);
    for setting in setting::all(&options).into_iter().filter(|setting| is_meant(*setting, &options)) {
        let rows = runtime.block_on(measure(setting, &options))?;
        add(&mut table, setting, &rows);
    }
    table.note("`us`: a caller's share of the time, which is the latency where there is one caller. `x`: throughput against the first row's.");
    table.note("The bars: 0.90 by separate lookups with 16 and 256 callers, 1.80 with 256 as it is, 0.87 (a latency of 1.15) with one; for 256 bytes.");
    table.publish(&options)?;
    Ok(())
}

/// What a row is called. `--only` takes that as well as the name of a candidate, or of a part of the table.
fn row(setting: Setting, candidate: &str) -> String {
    format!("{setting}: {candidate}")
}

/// Whether any row of this part of the table may have been asked for.
fn is_meant(setting: Setting, options: &Options) -> bool {
    let Some(only) = options.only.as_deref() else { return true };
    let part = only.split_once(": ").map_or(only, |(part, _)| part);
    part == setting.to_string() || !setting::all(options).iter().any(|setting| part == setting.to_string())
}

async fn measure(setting: Setting, options: &Options) -> Result<Vec<Sample>, Problem> {
    let server = Redis::start();
    let values = Values::of_size(options.size.of(100, 1_000, 1_000), setting.size);
    let mut candidates = bare::candidates(&server.url(), &values).await?;
    candidates.extend(ours::candidates(&server.url(), &values).await?);
    #[cfg(rivals)]
    candidates.extend(cached_store::candidates(&server.url(), &values).await?);
    let names = |candidate: &str| [candidate.to_owned(), row(setting, candidate), setting.to_string()];
    candidates.retain(|candidate| names(candidate.name).iter().any(|name| options.chooses(name)));
    callers::measure(&candidates, setting, options.plan).await
}

fn add(table: &mut Table, setting: Setting, rows: &[Sample]) {
    let Some(first) = rows.first() else { return };
    for measured in rows {
        let (least, middle) = (measured.least(), measured.middle());
        let numbers = [
            middle / 1e3,
            least / 1e3,
            1e6 / least,
            first.least() / least,
            first.middle() / middle,
            measured.by_processor / 1e3,
        ];
        table.add(row(setting, measured.name), numbers.map(Cell::from));
    }
}
