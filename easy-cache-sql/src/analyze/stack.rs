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
    let mut open: Vec<usize> = Vec::new();
    let (mut nested, mut deepest) = (0usize, 0usize);
    let (mut prefixes, mut links, mut joins, mut most_joins) = (0usize, 0usize, 0usize, 0usize);
    for (index, token) in tokens.iter().map(|token| &token.token).enumerate() {
        match token {
            Token::LParen | Token::LBracket | Token::LBrace => {
                let cost =
                    cost_of_opening(token, index.checked_sub(1).and_then(|b| tokens.get(b)), tokens.get(index + 1));
                open.push(cost);
                nested += cost;
            }
            Token::RParen | Token::RBracket | Token::RBrace => nested -= open.pop().unwrap_or(0),
            other if is_flat(other) => {}
            other => match keyword(other) {
                Some(Keyword::CASE | Keyword::NOT | Keyword::INTERVAL | Keyword::EXPLAIN | Keyword::ARRAY) => {
                    prefixes += 1
                }
                Some(Keyword::JOIN) => joins += 1,
                Some(Keyword::ON | Keyword::USING) => joins = joins.saturating_sub(1),
                Some(_) => links += 1,
                None if ends_operand(index.checked_sub(1).and_then(|before| tokens.get(before))) => links += 1,
                None => prefixes += 1,
            },
        }
        deepest = deepest.max(nested);
        most_joins = most_joins.max(joins);
    }
    let counted_by_parser = deepest.saturating_add(prefixes * PREFIX).min(DEEPEST * SUBQUERY);
    STATEMENT + counted_by_parser + links * LINK + prefixes * LINK + most_joins * NESTED_JOIN
}

/// What is inside of these is read as a query, as arguments or elements, or as an expression.
fn cost_of_opening(bracket: &Token, before: Option<&TokenWithSpan>, after: Option<&TokenWithSpan>) -> usize {
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
fn ends_operand(token: Option<&TokenWithSpan>) -> bool {
    let Some(token) = token.map(|token| &token.token) else { return false };
    matches!(token, Token::RParen | Token::RBracket)
        || (is_flat(token) && !matches!(token, Token::Comma | Token::Period))
        || matches!(token, Token::Word(_))
}
