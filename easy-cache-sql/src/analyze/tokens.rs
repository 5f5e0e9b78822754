//! The text as tokens: cut into statements, without the words that the parser would take for tables, and with the
//! number of each placeholder. The grammar of statements is left to the parser.

use std::collections::HashMap;

use sqlparser::{
    keywords::Keyword,
    tokenizer::{Location, Token, TokenWithSpan, Tokenizer},
};

use crate::Dialect;

/// A text cut into statements, each of them without whitespace and comments.
pub(super) struct Text {
    pub(super) statements: Vec<Vec<TokenWithSpan>>,
    pub(super) placeholders: Placeholders,
}

/// Which bound value each placeholder stands for.
#[derive(Debug, Default)]
pub(super) struct Placeholders {
    /// The index of the value for the placeholder at this place.
    by_location: HashMap<Location, usize>,
    /// How many values are expected.
    count: usize,
    /// Whether some placeholder has a name, or the text several statements: the order of the values is then not known.
    uncertain: bool,
}

impl Text {
    /// Cuts `sql`, or gives up: on text that is no SQL, on comments that the server may execute, and on compound
    /// statements, whose parts must not be taken for statements.
    pub(super) fn read(sql: &str, dialect: Dialect) -> Option<Self> {
        if dialect == Dialect::MySql && (sql.contains("/*!") || sql.contains("/*M!")) {
            return None;
        }
        let tokens = Tokenizer::new(dialect.grammar(), sql).tokenize_with_location().ok()?;
        let tokens: Vec<_> = tokens.into_iter().filter(|token| !is_blank(&token.token)).collect();
        let statements: Vec<_> = tokens
            .split(|token| token.token == Token::SemiColon)
            .filter(|statement| !statement.is_empty())
            .map(|statement| rewritten(without_modifiers(statement, dialect), dialect))
            .collect();
        if statements.len() > 1 && statements.iter().any(|statement| opens_block(statement)) {
            return None;
        }
        let mut placeholders = Placeholders::number(&tokens, dialect);
        placeholders.uncertain |= statements.len() > 1 && placeholders.count > 0;
        Some(Self { statements, placeholders })
    }
}

fn is_blank(token: &Token) -> bool {
    matches!(token, Token::Whitespace(_) | Token::EOF)
}

/// Whether a block of statements opens inside of this one, as in a trigger.
fn opens_block(statement: &[TokenWithSpan]) -> bool {
    statement.iter().skip(1).any(|token| matches!(keyword(&token.token), Some(Keyword::BEGIN | Keyword::ATOMIC)))
}

/// The keyword that a token is, if it is a word without quotes.
pub(super) fn keyword(token: &Token) -> Option<Keyword> {
    match token {
        Token::Word(word) if word.quote_style.is_none() => Some(word.keyword),
        _ => None,
    }
}

/// Whether a token is this word, in any case, without quotes.
pub(super) fn is_word(token: &Token, expected: &str) -> bool {
    matches!(token, Token::Word(word) if word.quote_style.is_none() && word.value.eq_ignore_ascii_case(expected))
}

/// Leaves out modifiers that the parser would take for the table, with the table as its alias: `UPDATE ONLY books`,
/// `DELETE IGNORE FROM books`. None of them changes which tables a statement touches.
fn without_modifiers(statement: &[TokenWithSpan], dialect: Dialect) -> Vec<TokenWithSpan> {
    let mut kept: Vec<TokenWithSpan> = Vec::with_capacity(statement.len());
    for token in statement {
        let before = kept.last().map(|kept| &kept.token);
        let modifier = match dialect {
            Dialect::Sqlite => false,
            Dialect::Postgres => is_word(&token.token, "only") && before.is_some_and(precedes_table),
            Dialect::MySql => is_priority(&token.token) && before.is_some_and(is_write_verb),
        };
        if !modifier {
            kept.push(token.clone());
        }
    }
    kept
}

/// Whether a table may follow. `ONLY` after anything else is that of `FETCH FIRST ROW ONLY` or `READ ONLY`.
fn precedes_table(token: &Token) -> bool {
    use Keyword as K;
    let word = keyword(token);
    matches!(word, Some(K::FROM | K::UPDATE | K::JOIN | K::TABLE | K::TRUNCATE | K::INTO | K::USING))
        || matches!(token, Token::Comma | Token::LParen)
}

/// Puts what the parser does not know into words that it does, and that touch the same rows.
fn rewritten(statement: Vec<TokenWithSpan>, dialect: Dialect) -> Vec<TokenWithSpan> {
    match dialect {
        Dialect::Sqlite => without_indexes(statement),
        Dialect::MySql => with_joins(statement),
        Dialect::Postgres => without_overriding(statement),
    }
}

/// PostgreSQL: without `OVERRIDING SYSTEM VALUE`, which says who gives a key, and not which.
fn without_overriding(mut statement: Vec<TokenWithSpan>) -> Vec<TokenWithSpan> {
    let place = statement.windows(3).position(|words| {
        is_word(&words[0].token, "overriding")
            && (is_word(&words[1].token, "system") || is_word(&words[1].token, "user"))
            && is_word(&words[2].token, "value")
    });
    if let Some(place) = place {
        statement.drain(place..place + 3);
    }
    statement
}

/// SQLite: without `INDEXED BY name`, `NOT INDEXED` and the alias of an insert; and `IS` before a value is another `=`.
fn without_indexes(statement: Vec<TokenWithSpan>) -> Vec<TokenWithSpan> {
    let mut kept = Vec::with_capacity(statement.len());
    let mut rest = statement.into_iter().peekable();
    while let Some(mut token) = rest.next() {
        let next = rest.peek().map(|next| &next.token);
        if is_word(&token.token, "indexed") && next.is_some_and(|next| is_word(next, "by")) {
            rest.next();
            rest.next();
            continue;
        }
        if is_word(&token.token, "not") && next.is_some_and(|next| is_word(next, "indexed")) {
            rest.next();
            continue;
        }
        // `INSERT INTO books AS b`: nothing that matters is named by it.
        if is_word(&token.token, "as") && follows_into(&kept) {
            rest.next();
            continue;
        }
        let is_value =
            |next: &Token| matches!(next, Token::Number(..) | Token::SingleQuotedString(_) | Token::Placeholder(_));
        if is_word(&token.token, "is") && next.is_some_and(is_value) {
            token.token = Token::Eq;
        }
        kept.push(token);
    }
    kept
}

/// Whether what was kept ends in `INTO books` or `INTO main.books`.
fn follows_into(kept: &[TokenWithSpan]) -> bool {
    match kept {
        [.., into, _, dot, _] if dot.token == Token::Period => is_word(&into.token, "into"),
        [.., into, _] => is_word(&into.token, "into"),
        _ => false,
    }
}

/// MySQL: the tables of `UPDATE a, b SET` are joined, and those of `DELETE a.*, b.* FROM` are named without their columns.
fn with_joins(statement: Vec<TokenWithSpan>) -> Vec<TokenWithSpan> {
    let begins = |word| statement.first().is_some_and(|first| is_word(&first.token, word));
    let (updates, deletes) = (begins("update"), begins("delete"));
    if !updates && !deletes {
        return statement;
    }
    let mut kept: Vec<TokenWithSpan> = Vec::with_capacity(statement.len());
    let (mut depth, mut is_over) = (0_usize, false);
    for token in statement {
        match &token.token {
            Token::LParen => depth += 1,
            Token::RParen => depth = depth.saturating_sub(1),
            // What follows may hold any comma and any star.
            other => is_over |= ["set", "where"].iter().any(|word| is_word(other, word)),
        }
        if updates && depth == 0 && !is_over && token.token == Token::Comma {
            let word = |text| TokenWithSpan { token: Token::make_keyword(text), span: token.span };
            kept.extend([word("CROSS"), word("JOIN")]);
        } else if deletes && depth == 0 && !is_over && token.token == Token::Mul && ends_in_period(&kept) {
            kept.pop();
        } else {
            kept.push(token);
        }
    }
    kept
}

fn ends_in_period(tokens: &[TokenWithSpan]) -> bool {
    tokens.last().is_some_and(|last| last.token == Token::Period)
}

fn is_priority(token: &Token) -> bool {
    ["low_priority", "high_priority", "delayed", "quick"].iter().any(|word| is_word(token, word))
        || is_word(token, "ignore")
}

fn is_write_verb(token: &Token) -> bool {
    ["update", "delete", "insert", "replace"].iter().any(|word| is_word(token, word))
}

impl Placeholders {
    fn number(tokens: &[TokenWithSpan], dialect: Dialect) -> Self {
        let mut placeholders = Self::default();
        for token in tokens {
            match &token.token {
                Token::Placeholder(text) => placeholders.add(text, token.span.start, dialect),
                // `:name` and `@name`
                Token::Colon | Token::AtSign if dialect == Dialect::Sqlite => placeholders.uncertain = true,
                _ => {}
            }
        }
        placeholders
    }

    fn add(&mut self, text: &str, location: Location, dialect: Dialect) {
        let number = match (text, dialect) {
            ("?", _) => Some(self.count + 1),
            (_, Dialect::Sqlite) => text.strip_prefix('?').and_then(|number| number.parse().ok()),
            (_, Dialect::Postgres) => text.strip_prefix('$').and_then(|number| number.parse().ok()),
            (_, Dialect::MySql) => None,
        };
        match number.filter(|number| (1..=usize::from(u16::MAX)).contains(number)) {
            Some(number) => {
                self.by_location.insert(location, number - 1);
                self.count = self.count.max(number);
            }
            None => self.uncertain = true,
        }
    }

    /// The index of the value for the placeholder at `location`, if that is certain.
    pub(super) fn index(&self, location: Location) -> Option<usize> {
        self.by_location.get(&location).copied().filter(|_| !self.uncertain)
    }

    /// How many values must be bound, if that is certain.
    pub(super) fn expected(&self) -> Option<usize> {
        (!self.uncertain).then_some(self.count)
    }
}
