//! Which tables the body of a trigger writes, by the words in it: enough of SQL, and of the languages around it, to see what stands behind a
//! word that writes.

use sqlparser::tokenizer::{Token, Tokenizer};

use super::questions::SEPARATOR;
use crate::{Dialect, consequence::Events};

/// What the text of a trigger tells.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Body {
    /// The names of the tables that it writes, as they are written, schema first.
    pub(super) writes: Vec<String>,
    /// When it runs, if the text says so: that of SQLite does.
    pub(super) events: Events,
    /// Whether it may write more than that.
    pub(super) is_unclear: bool,
}

impl Body {
    pub(super) fn read(dialect: Dialect, text: &str) -> Self {
        let unclear = Self { writes: Vec::new(), events: Events::ALL, is_unclear: true };
        let Ok(tokens) = Tokenizer::new(dialect.grammar(), text).tokenize() else { return unclear };
        let tokens: Vec<Token> = tokens.into_iter().filter(|token| !matches!(token, Token::Whitespace(_))).collect();
        let has_head = word(tokens.first()) == "create";
        // In the head of a trigger of SQLite the same words say when it runs.
        let head = if has_head { tokens.iter().position(|token| word(Some(token)) == "begin") } else { Some(0) };
        let Some(head) = head else { return unclear };
        let mut body = Self { events: events(&tokens[..head]), writes: Vec::new(), is_unclear: false };
        for place in head..tokens.len() {
            body.look(&tokens, place, dialect);
        }
        body.writes.sort_unstable();
        body.writes.dedup();
        body
    }

    /// Takes notice of a word that writes.
    fn look(&mut self, tokens: &[Token], place: usize, dialect: Dialect) {
        let at = |offset: usize| word(tokens.get(place + offset));
        let before = place.checked_sub(1).map(|before| word(tokens.get(before))).unwrap_or_default();
        match at(0).as_str() {
            "insert" | "replace" | "merge" => {
                if let Some(into) = (1..=3).find(|offset| at(*offset) == "into") {
                    self.add(tokens, place + into + 1, dialect);
                } else if before != "or" && tokens.get(place + 1) != Some(&Token::LParen) {
                    // MySQL needs no INTO. Behind a parenthesis stand the arguments of a function.
                    self.is_unclear = true;
                }
            }
            "delete" => {
                match (1..=4).find(|offset| !is_modifier(&at(*offset))).filter(|offset| at(*offset) == "from") {
                    Some(from) => {
                        self.add(tokens, place + from + 1, dialect);
                        self.is_unclear |= names_several(&tokens[place + from + 1..]);
                    }
                    // Of several tables at once.
                    None => self.is_unclear = true,
                }
            }
            "update" if !matches!(before.as_str(), "for" | "key" | "do" | "no") => {
                let skipped = (1..=4).find(|offset| !is_modifier(&at(*offset))).unwrap_or(1);
                let skipped = if at(1) == "or" { 3 } else { skipped };
                self.add(tokens, place + skipped, dialect);
                self.is_unclear |= writes_several(&tokens[place..]);
            }
            "truncate" => {
                self.add(tokens, place + if at(1) == "table" { 2 } else { 1 }, dialect);
                self.is_unclear |= empties_several(&tokens[place..]);
            }
            "refresh" if at(1) == "materialized" => self.is_unclear = true,
            "execute" | "call" | "copy" | "load" => self.is_unclear = true,
            _ => {}
        }
    }

    fn add(&mut self, tokens: &[Token], place: usize, dialect: Dialect) {
        let place = if word(tokens.get(place)) == "only" { place + 1 } else { place };
        let name = |place: usize| match tokens.get(place) {
            Some(Token::Word(word)) => Some(dialect.fold(&word.value, word.quote_style.is_some())),
            _ => None,
        };
        let is_qualified = tokens.get(place + 1) == Some(&Token::Period);
        match (name(place), name(place + 2)) {
            (Some(schema), Some(table)) if is_qualified => self.writes.push(format!("{schema}{SEPARATOR}{table}")),
            (Some(table), _) if !is_qualified => self.writes.push(table),
            _ => self.is_unclear = true,
        }
    }
}

/// `UPDATE a, b SET`, `UPDATE a JOIN b SET`.
fn writes_several(tokens: &[Token]) -> bool {
    let until_set = tokens.iter().take_while(|token| word(Some(token)) != "set" && **token != Token::SemiColon);
    until_set.into_iter().any(|token| *token == Token::Comma || word(Some(token)) == "join")
}

/// `DELETE FROM a, shop.b USING`: a comma behind the first name, and not one further on.
fn names_several(tokens: &[Token]) -> bool {
    let behind = if tokens.get(1) == Some(&Token::Period) { 3 } else { 1 };
    matches!(tokens.get(behind), Some(Token::Comma | Token::Period))
}

/// `TRUNCATE a, b`, and `TRUNCATE a CASCADE`, which empties all that refers to it.
fn empties_several(tokens: &[Token]) -> bool {
    let mut statement = tokens.iter().take_while(|token| **token != Token::SemiColon);
    statement.any(|token| *token == Token::Comma || word(Some(token)) == "cascade")
}

/// Words between `UPDATE` or `DELETE` and what follows.
fn is_modifier(word: &str) -> bool {
    matches!(word, "low_priority" | "quick" | "ignore" | "only")
}

/// The events that stand before the name of the table: `BEFORE UPDATE OF title ON books`.
fn events(head: &[Token]) -> Events {
    let words: Vec<String> = head.iter().map(|token| word(Some(token))).take_while(|word| word != "on").collect();
    if words.is_empty() {
        return Events::ALL;
    }
    let has = |event: &str| words.iter().any(|word| word == event);
    Events { insert: has("insert"), update: has("update"), delete: has("delete") }
}

/// A word without quotes, in lower case; anything else is empty.
fn word(token: Option<&Token>) -> String {
    match token {
        Some(Token::Word(word)) if word.quote_style.is_none() => word.value.to_lowercase(),
        _ => String::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn writes(dialect: Dialect, text: &str) -> Option<Vec<String>> {
        let body = Body::read(dialect, text);
        (!body.is_unclear).then_some(body.writes)
    }

    #[test]
    fn the_tables_behind_words_that_write_are_found() {
        let names = |names: &[&str]| Some(names.iter().map(|name| (*name).to_owned()).collect::<Vec<_>>());
        for (dialect, text, expected) in [
            (Dialect::Postgres, "BEGIN NEW.changed := now(); RETURN NEW; END", names(&[])),
            (Dialect::Postgres, "BEGIN UPDATE ONLY stats SET n = n + 1; RETURN NULL; END", names(&["stats"])),
            (
                Dialect::Postgres,
                "BEGIN INSERT INTO shop.\"Log\" VALUES (TG_OP) ON CONFLICT DO UPDATE SET x = 1; END",
                names(&["shop\u{1f}Log"]),
            ),
            (
                Dialect::Postgres,
                "BEGIN IF TG_OP = 'DELETE' THEN DELETE FROM a; ELSE TRUNCATE TABLE b; END IF; END",
                names(&["a", "b"]),
            ),
            (
                Dialect::Postgres,
                "BEGIN PERFORM 1 FROM t FOR UPDATE; MERGE INTO m USING n ON true WHEN MATCHED THEN DO NOTHING; END",
                names(&["m"]),
            ),
            (Dialect::Postgres, "BEGIN EXECUTE format('DELETE FROM %I', TG_TABLE_NAME); END", None),
            (
                Dialect::MySql,
                "BEGIN INSERT IGNORE INTO `a` SET x = 1; REPLACE INTO b VALUES (1); SET NEW.c = INSERT('x', 1, 1, 'y'); END",
                names(&["a", "b"]),
            ),
            (Dialect::MySql, "INSERT INTO a VALUES (1) ON DUPLICATE KEY UPDATE x = 1", names(&["a"])),
            (Dialect::MySql, "UPDATE a, b SET a.x = 1", None),
            (Dialect::MySql, "UPDATE IGNORE a SET x = 1", names(&["a"])),
            (Dialect::MySql, "DELETE a, b FROM a JOIN b", None),
            (Dialect::MySql, "DELETE b FROM a JOIN b", None),
            (Dialect::MySql, "DELETE FROM a, b USING a JOIN b", None),
            (Dialect::MySql, "DELETE FROM shop.a, b USING a JOIN b", None),
            (Dialect::MySql, "DELETE LOW_PRIORITY QUICK FROM a WHERE x IN (1, 2)", names(&["a"])),
            (Dialect::MySql, "REPLACE a VALUES (1)", None),
            (Dialect::MySql, "REPLACE LOW_PRIORITY a SET x = 1", None),
            (Dialect::MySql, "CALL anything()", None),
            (Dialect::Postgres, "BEGIN TRUNCATE a, b; END", None),
            (Dialect::Postgres, "BEGIN TRUNCATE TABLE ONLY shop.a * , b; END", None),
            (Dialect::Postgres, "BEGIN TRUNCATE a RESTART IDENTITY CASCADE; END", None),
            (Dialect::Postgres, "BEGIN TRUNCATE a; x := f(1, 2); END", names(&["a"])),
            (Dialect::Postgres, "BEGIN DELETE FROM a USING b, c WHERE a.x = b.x; END", names(&["a"])),
            (Dialect::Postgres, "BEGIN REFRESH MATERIALIZED VIEW CONCURRENTLY totals; RETURN NULL; END", None),
            (
                Dialect::Sqlite,
                "CREATE TRIGGER t AFTER UPDATE OF title ON books BEGIN UPDATE OR REPLACE a SET x = replace(y, 'a', 'b'); END",
                names(&["a"]),
            ),
            (
                Dialect::Sqlite,
                "CREATE TRIGGER t AFTER DELETE ON books BEGIN INSERT OR IGNORE INTO a VALUES (1); DELETE FROM b; END",
                names(&["a", "b"]),
            ),
        ] {
            assert_eq!(writes(dialect, text), expected, "{text}");
        }
    }

    #[test]
    fn the_head_of_a_trigger_says_when_it_runs() {
        let body = Body::read(Dialect::Sqlite, "CREATE TRIGGER t BEFORE UPDATE OF a ON insert_log BEGIN SELECT 1; END");
        assert_eq!(body.events, Events { insert: false, update: true, delete: false });
    }
}
