//! Statements that the parser does not know, judged by their words alone. Only what certainly writes nothing is let
//! through; everything else is opaque.

use sqlparser::tokenizer::{Token, TokenWithSpan};

use super::{metadata, tokens::is_word};
use crate::{Dialect, Opaque, SessionState, Step, Uncacheable, catalog::Catalog};

/// Words without which no statement of the three databases writes a row.
const WRITING: &[&str] = &[
    "alter", "call", "copy", "create", "delete", "do", "drop", "execute", "insert", "into", "merge", "truncate",
    "update",
];

/// First words of statements that only read, unless they contain one of the words above.
const READING: &[&str] = &["select", "table", "values", "with"];

/// First words of statements that show or maintain.
const HARMLESS: &[&str] = &["analyze", "check", "checkpoint", "desc", "describe", "explain", "help", "reindex", "show"];

/// Pragmas that take an argument and set nothing.
const ASKING_PRAGMAS: &[&str] = &[
    "foreign_key_check",
    "foreign_key_list",
    "index_info",
    "index_list",
    "index_xinfo",
    "integrity_check",
    "quick_check",
    "table_info",
    "table_list",
    "table_xinfo",
    "wal_checkpoint",
];

/// Pragmas that say how the database works, and change nothing about what a read means.
const TUNING_PRAGMAS: &[&str] = &[
    "analysis_limit",
    "application_id",
    "auto_vacuum",
    "automatic_index",
    "busy_timeout",
    "cache_size",
    "cache_spill",
    "checkpoint_fullfsync",
    "defer_foreign_keys",
    "foreign_keys",
    "fullfsync",
    "hard_heap_limit",
    "incremental_vacuum",
    "journal_mode",
    "journal_size_limit",
    "locking_mode",
    "mmap_size",
    "optimize",
    "page_size",
    "secure_delete",
    "soft_heap_limit",
    "synchronous",
    "temp_store",
    "threads",
    "user_version",
    "wal_autocheckpoint",
];

/// What a statement that could not be understood for `reason` does at most.
pub(super) fn guess(tokens: &[TokenWithSpan], catalog: &Catalog, reason: Opaque) -> Step {
    let first = tokens.iter().map(|token| &token.token).find(|token| **token != Token::LParen);
    let starts_with = |words: &[&str]| first.is_some_and(|first| words.iter().any(|word| is_word(first, word)));
    if (0..tokens.len()).any(|index| may_write(&tokens[index..], catalog)) {
        return Step::opaque_because(reason);
    }
    if starts_with(READING) {
        return Step { unknown_reads: true, uncacheable: Some(Uncacheable::NotUnderstood), ..Step::default() };
    }
    if starts_with(HARMLESS) {
        // MySQL commits before it looks after tables.
        let commits_implicitly = catalog.dialect == Dialect::MySql && starts_with(&["analyze", "check"]);
        return Step { commits_implicitly, ..metadata() };
    }
    // In MySQL this may switch autocommit off.
    if starts_with(&["set"]) && catalog.dialect == Dialect::Postgres {
        return Step { session_state: SessionState::Session, ..metadata() };
    }
    Step::opaque_because(reason)
}

/// Whether a token, given with those after it, may make the statement write or change the session. `replace(` is a
/// function that does not.
fn may_write(tokens: &[TokenWithSpan], catalog: &Catalog) -> bool {
    let [TokenWithSpan { token, .. }, rest @ ..] = tokens else { return false };
    let Token::Word(word) = token else { return false };
    let calls = rest.first().is_some_and(|next| next.token == Token::LParen);
    let name = word.value.to_lowercase();
    let is_verb = WRITING.contains(&name.as_str()) || (name == "replace" && !calls);
    (is_verb && word.quote_style.is_none()) || name == "set_config" || catalog.functions.contains_key(&name)
}

/// `PRAGMA` of SQLite, whose values the parser does not all know. Setting one changes the session, unless it is known to
/// change nothing about what reads mean.
pub(super) fn pragma(tokens: &[TokenWithSpan], dialect: Dialect) -> Option<Step> {
    let [first, name @ ..] = tokens else { return None };
    if dialect != Dialect::Sqlite || !is_word(&first.token, "pragma") {
        return None;
    }
    let name = match name {
        [_, dot, rest @ ..] if dot.token == Token::Period => rest,
        name => name,
    };
    let is_harmless = match name {
        [] | [_] => true,
        [name, open, ..] => {
            let is_one_of = |names: &[&str]| names.iter().any(|known| is_word(&name.token, known));
            is_one_of(TUNING_PRAGMAS) || open.token == Token::LParen && is_one_of(ASKING_PRAGMAS)
        }
    };
    let session_state = if is_harmless { SessionState::Unchanged } else { SessionState::Session };
    Some(Step { session_state, ..metadata() })
}
