//! `invalidate`: names are dropped for all processes, as if one of them had done it.

use easy_cache_core::Tag;
use serde_json::json;

use crate::answer::{Answer, Failure};
use crate::arguments::Names;
use crate::show;
use crate::table::Table;
use crate::target::Target;

pub(crate) async fn run(target: &Target, names: &Names, dry_run: bool) -> Result<Answer, Failure> {
    let tags = tags(names)?;
    let keys: Vec<&[u8]> = names.keys.iter().map(String::as_bytes).collect();
    if !dry_run {
        target.store.invalidate(&tags, &keys).await.map_err(|error| target.failed(&error))?;
    }
    let mut table = Table::new([if dry_run { "would be invalidated" } else { "invalidated" }, "name"]);
    tags.iter().for_each(|tag| table.row([show::family(tag).to_owned(), tag.name().to_owned()]));
    names.keys.iter().for_each(|key| table.row(["key".to_owned(), key.clone()]));
    let tags: Vec<_> = tags.iter().map(|tag| json!({ "family": show::family(tag), "name": tag.name() })).collect();
    Ok(Answer::new(table.to_string(), json!({ "done": !dry_run, "tags": tags, "keys": names.keys })))
}

/// Tables and rows as writes to them are told: also what was read from the table as a whole depends on a row.
fn tags(names: &Names) -> Result<Vec<Tag>, Failure> {
    let mut tags: Vec<Tag> = names.tags.iter().map(Tag::new).collect();
    tags.extend(names.prefixes.iter().map(Tag::prefix));
    for table in &names.tables {
        tags.extend([Tag::table(table), Tag::unknown_rows(table)]);
    }
    for row in &names.rows {
        let wrong = || Failure::usage(format!("`{row}` is no row: say its table and its key, as in --row books:42"));
        let (table, key) =
            row.split_once(':').filter(|(table, key)| !table.is_empty() && !key.is_empty()).ok_or_else(wrong)?;
        tags.extend([Tag::table(table), Tag::row(table, key)]);
    }
    tags.sort();
    tags.dedup();
    Ok(tags)
}
