//! What each command does: one file for each, or for those that are alike.

pub(crate) mod bench;
mod entry;
mod flush;
mod invalidate;
mod stats;
mod watch;

use crate::answer::{Answer, Failure};
use crate::arguments::{Arguments, Command};
use crate::target::Target;

/// Does what the command line says.
pub(crate) async fn run(arguments: &Arguments) -> Result<Answer, Failure> {
    let common = &arguments.common;
    let target = || Target::open(common);
    match &arguments.command {
        Command::Get { of, raw: true } => entry::raw(&target().await?, of).await,
        Command::Get { of, raw: false } => entry::get(&target().await?, of).await,
        Command::Explain { of } => entry::explain(&target().await?, of).await,
        Command::Tags { of } => entry::tags(&target().await?, of).await,
        Command::Invalidate { names, dry_run } => invalidate::run(&target().await?, names, *dry_run).await,
        Command::Flush { namespace, dry_run, yes } => {
            flush::run(&Target::of(common, namespace.clone()).await?, *dry_run, *yes).await
        }
        Command::Stats => stats::run(&target().await?).await,
        Command::Watch { seconds, count } => watch::run(&target().await?, *seconds, *count, common.json).await,
        Command::Bench(load) => bench::run(&Target::of(common, bench::NAMESPACE.to_owned()).await?, load).await,
    }
}
