//! What does a cached response cost, against a handler without a cache and against other caches? Run by `cargo xtask bench http`.
//!
//! One server at a time answers `wrk`, the server on one core and `wrk` on another; each round visits every server, and what
//! counts are the medians over the rounds. *CPU* is the processor time of the server's processes for each request, which
//! tells more than requests per second on a machine that has something else to do.
//!
//! Five questions: a hit (1 KiB and 64 KiB, 1 and 64 connections), a response that may not be kept, a miss where the handler has
//! nothing to do, a miss where it asks a database for a page, and how much memory a gigabyte takes that streams through.

mod books;
mod in_process;
mod load;
mod machine;
mod servers;
mod site;
mod stream;

use std::error::Error;

use easy_cache_benches::options::{Options, Size};
use easy_cache_benches::report::{Cell, Table, column};

use load::{Load, Sample};
use machine::Cores;
use servers::Server;

/// What is asked of the servers.
struct Case {
    name: &'static str,
    path: &'static str,
    connections: u32,
    /// Each request is for another URL.
    is_new_each_time: bool,
    /// Only of those that answer it in the process of the handler.
    in_process: bool,
}

const CASES: [Case; 7] = [
    Case { name: "hit 1 KiB, 1 connection", path: "/1024", connections: 1, is_new_each_time: false, in_process: false },
    Case { name: "hit 1 KiB, 64", path: "/1024", connections: 64, is_new_each_time: false, in_process: false },
    Case {
        name: "hit 64 KiB, 1 connection",
        path: "/65536",
        connections: 1,
        is_new_each_time: false,
        in_process: false,
    },
    Case { name: "hit 64 KiB, 64", path: "/65536", connections: 64, is_new_each_time: false, in_process: false },
    Case { name: "no-store, 64", path: "/no-store", connections: 64, is_new_each_time: false, in_process: true },
    Case { name: "miss, 64", path: "/1024", connections: 64, is_new_each_time: true, in_process: true },
    Case {
        name: "miss of a page of 20 rows, 64",
        path: "/books",
        connections: 64,
        is_new_each_time: true,
        in_process: true,
    },
];

fn main() -> Result<(), Box<dyn Error>> {
    if let Some(kind) = servers::wanted_of_this_process() {
        return site::serve(&kind);
    }
    let arguments: Vec<_> = std::env::args().skip(1).collect();
    if let Some((in_process::ASK, rest)) = arguments.split_first().map(|(first, rest)| (first.as_str(), rest)) {
        return in_process::ask(rest);
    }
    let options = Options::from_arguments()?;
    if options.instructions {
        return in_process::count(&options);
    }
    let cores = Cores::of_this_process()?;
    let servers = servers::start(&options, &cores)?;
    let columns = vec![
        column("requests/s", "requests_per_second", 0),
        column("x first", "requests_times_first", 2),
        column("CPU µs", "microseconds_per_request", 2),
        column("x first", "processor_times_first", 2),
    ];
    let mut table = Table::new("http", columns);
    for server in &servers {
        for stream in stream::STREAMS {
            table.note(stream::sentence(server, stream, gigabytes(&options))?);
        }
    }
    for case in &CASES {
        measure(case, &servers, &options, &cores, &mut table)?;
    }
    table.publish(&options)?;
    Ok(())
}

/// All servers of a case in turns, and their rows.
fn measure(
    case: &Case,
    servers: &[Server],
    options: &Options,
    cores: &Cores,
    table: &mut Table,
) -> Result<(), Box<dyn Error>> {
    let rounds = options.rounds.unwrap_or(options.size.of(1, 7, 15));
    let asked: Vec<_> = servers.iter().filter(|server| server.is_in_process || !case.in_process).collect();
    let mut samples = vec![Vec::new(); asked.len()];
    for server in &asked {
        server.answers(case.path)?; // what is to be kept is kept from here on
    }
    for round in 0..rounds {
        for turn in 0..asked.len() {
            let which = (round + turn) % asked.len();
            let load = Load { path: case.path, connections: case.connections, is_new: case.is_new_each_time };
            samples[which].push(load.run(asked[which], cores)?);
        }
    }
    let medians: Vec<_> = samples.iter().map(|samples| Sample::median(samples)).collect();
    for (server, sample) in asked.iter().zip(&medians) {
        let name = format!("{}: {}", case.name, server.name);
        let numbers = [
            sample.requests_per_second,
            sample.requests_per_second / medians[0].requests_per_second,
            sample.microseconds,
            sample.microseconds / medians[0].microseconds,
        ];
        table.add(name, numbers.map(Cell::from));
    }
    Ok(())
}

fn gigabytes(options: &Options) -> u64 {
    if options.size == Size::Quick { 1 << 26 } else { 1 << 30 }
}
