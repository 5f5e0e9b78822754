//! `get`, `explain`, `tags`: what is stored under a key, and whether it would be served.

use std::fmt::Write;

use easy_cache_core::store::{Dependency, DependsOn, Found, RecordState, Stored};
use serde_json::{Value, json};

use crate::answer::{Answer, Code, Failure};
use crate::arguments::Of;
use crate::progress::Progress;
use crate::show;
use crate::table::Table;
use crate::target::Target;

/// What is stored under a key, by kind.
async fn found(target: &Target, of: &Of) -> Result<Vec<(u64, Found)>, Failure> {
    let key = of.key.as_bytes();
    let kinds = match of.kind {
        Some(kind) => vec![kind],
        None => {
            let progress = Progress::new("looked at");
            let kinds = target.store.kinds(key, &|number| progress.told(number)).await;
            kinds.map_err(|error| target.failed(&error))?
        }
    };
    let mut all = Vec::new();
    for kind in kinds {
        match target.store.inspect(key, kind).await.map_err(|error| target.failed(&error))? {
            Found::Nothing => {}
            found => all.push((kind, found)),
        }
    }
    Ok(all)
}

fn nothing(target: &Target, of: &Of) -> Answer {
    let text = format!("nothing is stored under `{}` in the namespace `{}`\n", of.key, target.namespace);
    Answer::new(text, json!({ "key": of.key, "found": [] })).ending(Code::Absent)
}

/// The bytes of the value.
pub(crate) async fn raw(target: &Target, of: &Of) -> Result<Answer, Failure> {
    let first = found(target, of).await?.into_iter().find_map(|(_, found)| match found {
        Found::Entry(stored) => Some(stored.payload),
        _ => None,
    });
    Ok(first.map_or_else(|| Answer::raw(Vec::new()).ending(Code::Absent), Answer::raw))
}

pub(crate) async fn get(target: &Target, of: &Of) -> Result<Answer, Failure> {
    let found = found(target, of).await?;
    if found.is_empty() {
        return Ok(nothing(target, of));
    }
    let (mut text, mut all) = (String::new(), Vec::new());
    for (kind, found) in &found {
        text += &described(*kind, found);
        all.push(as_json(*kind, found));
    }
    Ok(Answer::new(text, json!({ "key": of.key, "found": all })))
}

pub(crate) async fn tags(target: &Target, of: &Of) -> Result<Answer, Failure> {
    let found = found(target, of).await?;
    let entries: Vec<_> = found.iter().filter_map(|(kind, found)| Some((*kind, entry(found)?))).collect();
    if entries.is_empty() {
        return Ok(nothing(target, of));
    }
    let (mut table, mut all) = (Table::new(["family", "name", "record", "kind"]), Vec::new());
    for (kind, stored) in entries {
        for dependency in stored.depends_on.iter().filter(|dependency| matches!(dependency.name, DependsOn::Tag(_))) {
            let (family, name) = show::name(&dependency.name);
            let state = show::state(dependency.stored, dependency.record);
            table.row([family.to_owned(), name, state.to_owned(), format!("{kind:x}")]);
            all.push(dependency_as_json(dependency));
        }
    }
    Ok(Answer::new(table.to_string(), json!({ "key": of.key, "tags": all })))
}

/// Served only if every entry of the key would be: who asks does not know which of them a program wants.
pub(crate) async fn explain(target: &Target, of: &Of) -> Result<Answer, Failure> {
    let found = found(target, of).await?;
    if found.is_empty() {
        return Ok(nothing(target, of));
    }
    let (mut text, mut all, mut served) = (String::new(), Vec::new(), true);
    for (kind, found) in &found {
        let reasons = reasons(found);
        served &= reasons.is_empty();
        let verdict = if reasons.is_empty() { "would be served" } else { "would not be served" };
        let _infallible = writeln!(text, "`{}`, kind {kind:x}: {verdict}", of.key);
        if let (Some(stored), true) = (entry(found), reasons.is_empty()) {
            let _infallible =
                writeln!(text, "  all {} records are as they were when it was stored", stored.depends_on.len());
        }
        for reason in &reasons {
            let _infallible = writeln!(text, "  {reason}");
        }
        all.push(json!({ "kind": format!("{kind:x}"), "served": reasons.is_empty(), "reasons": reasons }));
    }
    let code = if served { Code::Done } else { Code::NotServed };
    Ok(Answer::new(text, json!({ "key": of.key, "served": served, "found": all })).ending(code))
}

/// Why an entry would not be served, in sentences; none if it would.
fn reasons(found: &Found) -> Vec<String> {
    let Some(stored) = entry(found) else {
        return vec!["its bytes are none that this release writes: it counts as a miss, and is replaced".to_owned()];
    };
    let not_current = stored.depends_on.iter().filter(|dependency| !dependency.is_current());
    not_current.map(|dependency| format!("{} {}", subject(&dependency.name), became(dependency.record))).collect()
}

fn subject(name: &DependsOn) -> String {
    match show::name(name) {
        (family, name) if name.is_empty() => format!("the {family}"),
        (family, name) => format!("the {family} `{name}`"),
    }
}

const fn became(record: RecordState) -> &'static str {
    match record {
        RecordState::Held => "is held by a writer who has not finished: served again, or outdated, when that has ended",
        RecordState::Absent => "was invalidated, or its record was evicted",
        _ => "was invalidated since",
    }
}

fn entry(found: &Found) -> Option<&Stored> {
    match found {
        Found::Entry(stored) => Some(stored),
        _ => None,
    }
}

fn described(kind: u64, found: &Found) -> String {
    let mut text = format!("kind       {kind:x}\n");
    let _infallible = match found {
        Found::Entry(stored) => {
            let remaining = stored.remaining.map_or_else(|| "no end".to_owned(), show::seconds);
            let mut table = Table::new(["family", "name", "record", "version"]);
            for dependency in &stored.depends_on {
                let (family, name) = show::name(&dependency.name);
                let state = show::state(dependency.stored, dependency.record).to_owned();
                table.row([family.to_owned(), name, state, format!("{:?}", dependency.stored)]);
            }
            let (age, size) = (show::seconds(stored.age), show::number(stored.payload.len() as u64));
            let value = show::preview(&stored.payload);
            writeln!(text, "age        {age}\nremaining  {remaining}\nvalue      {size} bytes: {value}\n\n{table}")
        }
        Found::Unreadable(length) => writeln!(text, "value      {length} bytes that are no entry of this release\n"),
        _ => Ok(()),
    };
    text
}

fn as_json(kind: u64, found: &Found) -> Value {
    let kind = format!("{kind:x}");
    match found {
        Found::Entry(stored) => json!({
            "kind": kind,
            "age_ms": milliseconds(stored.age),
            "remaining_ms": stored.remaining.map(milliseconds),
            "bytes": stored.payload.len(),
            "payload_hex": show::hex(&stored.payload),
            "depends_on": stored.depends_on.iter().map(dependency_as_json).collect::<Vec<_>>(),
        }),
        Found::Unreadable(length) => json!({ "kind": kind, "unreadable_bytes": length }),
        _ => json!({ "kind": kind }),
    }
}

fn milliseconds(duration: std::time::Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}

fn dependency_as_json(dependency: &Dependency) -> Value {
    let (family, name) = show::name(&dependency.name);
    json!({
        "family": family,
        "name": name,
        "record": show::state(dependency.stored, dependency.record),
        "version": format!("{:?}", dependency.stored),
    })
}
