//! `flush`: everything in a namespace is dropped, after a question.

use std::io::{self, BufRead, IsTerminal, Write};

use serde_json::json;

use crate::answer::{Answer, Failure};
use crate::command::stats;
use crate::show;
use crate::target::Target;

pub(crate) async fn run(target: &Target, dry_run: bool, yes: bool) -> Result<Answer, Failure> {
    let (namespace, place) = (&target.namespace, &target.shown);
    if dry_run {
        let survey = stats::survey(target).await?;
        let entries = show::number(survey.entries);
        let text = format!("would drop {entries} entries of the namespace `{namespace}` at {place}\n");
        return Ok(Answer::new(text, json!({ "done": false, "namespace": namespace, "entries": survey.entries })));
    }
    if !yes {
        ask(namespace, place)?;
    }
    target.store.invalidate_all().await.map_err(|error| target.failed(&error))?;
    let text = format!("dropped everything in the namespace `{namespace}` at {place}\n");
    Ok(Answer::new(text, json!({ "done": true, "namespace": namespace })))
}

/// Returns if the answer is yes.
fn ask(namespace: &str, place: &str) -> Result<(), Failure> {
    if !io::stdin().is_terminal() {
        return Err(Failure::not_done(
            "nothing was dropped: nobody is there to be asked. Say --yes to drop it, --dry-run to see what that would be",
        ));
    }
    let _closed = write!(io::stderr(), "Drop everything in the namespace `{namespace}` at {place}? [y/N] ");
    let mut answer = String::new();
    let read = io::stdin().lock().read_line(&mut answer);
    match read.is_ok() && matches!(answer.trim(), "y" | "Y" | "yes") {
        true => Ok(()),
        false => Err(Failure::not_done("nothing was dropped")),
    }
}
