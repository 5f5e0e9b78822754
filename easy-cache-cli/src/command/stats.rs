//! `stats`: how much there is of a namespace, and how the server is.

use easy_cache_core::store::Survey;
use serde_json::{Map, json};

use crate::answer::{Answer, Failure};
use crate::progress::Progress;
use crate::show;
use crate::table::Table;
use crate::target::Target;

/// Counts. The server goes through all names that it has.
pub(crate) async fn survey(target: &Target) -> Result<Survey, Failure> {
    let progress = Progress::new("looked at");
    target.store.survey(&|number| progress.told(number)).await.map_err(|error| target.failed(&error))
}

pub(crate) async fn run(target: &Target) -> Result<Answer, Failure> {
    let survey = survey(target).await?;
    let counts = [
        ("entries", survey.entries),
        ("records of keys and tags", survey.records),
        ("leases", survey.leases),
        ("names of others", survey.others),
    ];
    let mut table = Table::new(["of the namespace", &target.namespace]);
    counts.iter().for_each(|(what, number)| table.row([(*what).to_owned(), show::number(*number)]));
    let mut of_server = Table::new(["of the server", ""]);
    survey.server.iter().for_each(|(what, value)| of_server.row([what.clone(), value.clone()]));
    let server: Map<_, _> = survey.server.iter().map(|(what, value)| (what.clone(), json!(value))).collect();
    let json = json!({
        "namespace": target.namespace,
        "entries": survey.entries,
        "records": survey.records,
        "leases": survey.leases,
        "others": survey.others,
        "server": server,
    });
    Ok(Answer::new(format!("{table}\n{of_server}"), json))
}
