//! Keeps nested and endless statements from overflowing the stack. The parser limits most of its recursion by a count,
//! but chains (`a OR b OR …`, `JOIN … JOIN …`) make deep trees without it, and a debug build overflows the two
//! megabytes of a worker thread long before the count.
//!
//! The need is estimated from the tokens. What needs little runs right here; what needs more runs on a thread made for
//! it, which is rare and happens once for each text; what needs too much is not parsed at all.

use std::{
    panic::{AssertUnwindSafe, catch_unwind},
    thread,
};

use sqlparser::{
    keywords::Keyword,
    tokenizer::{Token, TokenWithSpan},
};

use super::{Found, tokens::keyword};
use crate::Opaque;

/// How deep the parser may recurse.
pub(super) const DEEPEST: usize = 128;

const KIB: usize = 1024;
/// What always runs on the caller's own stack.
const INLINE: usize = 1024 * KIB;
/// What is not attempted.
const MOST: usize = 256 * KIB * KIB;

// Bytes for each level, measured in debug builds, where frames are several times larger, and rounded up.
const STATEMENT: usize = 384 * KIB;
const SUBQUERY: usize = 320 * KIB;
const CALL: usize = 256 * KIB;
const PARENTHESIS: usize = 64 * KIB;
const PREFIX: usize = 128 * KIB;
const NESTED_JOIN: usize = 128 * KIB;
const LINK: usize = 4 * KIB;

/// Runs `analyze` where it cannot overflow the stack. A panic inside is caught.
pub(super) fn with_enough(tokens: &[TokenWithSpan], analyze: impl FnOnce() -> Found + Send) -> Found {
    let analyze = || catch_unwind(AssertUnwindSafe(analyze)).unwrap_or(Err(Opaque::Unknown));
    let need = estimate(tokens);
    if need <= INLINE {
        return analyze();
    }
    if need > MOST {
        return Err(Opaque::TooDeep);
    }
    thread::scope(|scope| {
        let thread = thread::Builder::new().name("easy-cache-sql".into()).stack_size(need);
        let running = thread.spawn_scoped(scope, analyze).map_err(|_| Opaque::TooDeep)?;
        running.join().unwrap_or(Err(Opaque::Unknown))
    })
}

/// Adds up what the recursion of the parser, of the visitor and of dropping the tree may need.
fn estimate(tokens: &[TokenWithSpan]) -> usize {
    let mut depth = Depth::default();
    for (index, token) in tokens.iter().enumerate() {
        let before = index.checked_sub(1).and_then(|before| tokens.get(before));
        depth.add(&token.token, before, tokens.get(index + 1));
    }
    depth.bytes()
}

/// What makes a tree deep, as far as the tokens tell.
#[derive(Default)]
struct Depth {
    /// The bytes of each bracket that is open, their sum, and the largest sum so far.
    open: Vec<usize>,
    nested: usize,
    deepest: usize,
    /// Operators before an operand, which recurse.
    prefixes: usize,
    /// Operators and keywords between operands, which make a chain.
    links: usize,
    /// Joins whose condition is still to come, and the most at once.
    joins: usize,
    most_joins: usize,
}

impl Depth {
    fn add(&mut self, token: &Token, before: Option<&TokenWithSpan>, after: Option<&TokenWithSpan>) {
        match token {
            Token::LParen | Token::LBracket | Token::LBrace => {
                let bytes = bytes_of_opening(token, before, after);
                self.open.push(bytes);
                self.nested += bytes;
                self.deepest = self.deepest.max(self.nested);
            }
            Token::RParen | Token::RBracket | Token::RBrace => self.nested -= self.open.pop().unwrap_or(0),
            token if is_flat(token) => {}
            token => self.add_operator(keyword(token), before),
        }
    }

    fn add_operator(&mut self, keyword: Option<Keyword>, before: Option<&TokenWithSpan>) {
        use Keyword as K;
        match keyword {
            Some(K::CASE | K::NOT | K::INTERVAL | K::EXPLAIN | K::ARRAY) => self.prefixes += 1,
            Some(K::JOIN) => {
                self.joins += 1;
                self.most_joins = self.most_joins.max(self.joins);
            }
            Some(K::ON | K::USING) => self.joins = self.joins.saturating_sub(1),
            None if !before.is_some_and(ends_operand) => self.prefixes += 1,
            _ => self.links += 1,
        }
    }

    fn bytes(&self) -> usize {
        let limited_by_parser = (self.deepest + self.prefixes * PREFIX).min(DEEPEST * SUBQUERY);
        STATEMENT + limited_by_parser + (self.links + self.prefixes) * LINK + self.most_joins * NESTED_JOIN
    }
}

/// What is inside of these is read as a query, as arguments or elements, or as an expression.
fn bytes_of_opening(bracket: &Token, before: Option<&TokenWithSpan>, after: Option<&TokenWithSpan>) -> usize {
    let follows_name = before.is_some_and(|before| matches!(before.token, Token::Word(_)));
    match bracket {
        _ if starts_query(after) => SUBQUERY,
        Token::LParen if !follows_name => PARENTHESIS,
        _ => CALL,
    }
}

fn starts_query(token: Option<&TokenWithSpan>) -> bool {
    let word = token.and_then(|token| keyword(&token.token));
    matches!(word, Some(Keyword::SELECT | Keyword::WITH | Keyword::VALUES))
}

/// Tokens that never make the tree deeper.
fn is_flat(token: &Token) -> bool {
    match token {
        Token::Comma | Token::Period | Token::Number(..) | Token::SingleQuotedString(_) | Token::Placeholder(_) => true,
        Token::Word(word) => {
            let constant = matches!(word.keyword, Keyword::NULL | Keyword::TRUE | Keyword::FALSE | Keyword::DEFAULT);
            word.quote_style.is_some() || word.keyword == Keyword::NoKeyword || constant
        }
        _ => false,
    }
}

/// Whether an operator after this token stands between two operands, and not before one.
fn ends_operand(token: &TokenWithSpan) -> bool {
    match &token.token {
        Token::Comma | Token::Period => false,
        Token::RParen | Token::RBracket | Token::Word(_) => true,
        other => is_flat(other),
    }
}
