//! `easy-cache`: looks into a shared store, says why something is not served, and drops what should not be.
//!
//! ```text
//! easy-cache --url redis://127.0.0.1:6379 --namespace shop explain books:42
//! ```
//!
//! | module | what it is about |
//! |---|---|
//! | `arguments` | the command line |
//! | `target` | which store an URL names |
//! | `command` | what each command does |
//! | `answer` | what it found, for people and for programs; how the command ends |
//! | `table`, `show`, `progress` | how it is printed |

mod arguments;
mod target;

mod command;

mod answer;
mod progress;
mod show;
mod table;

use std::process::ExitCode;

use clap::Parser;

use arguments::Arguments;

#[tokio::main]
async fn main() -> ExitCode {
    let arguments = Arguments::parse();
    match command::run(&arguments).await {
        Ok(answer) => answer.print(arguments.common.json),
        Err(failure) => failure.print(arguments.common.json),
    }
}
