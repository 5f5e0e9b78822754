//! Brings `Accept-Language` to one form, so that requests for the same languages share a variant (RFC 9110 §12.5.4,
//! RFC 9111 §4.1). Which fields tell variants apart is left to [`vary`](crate::vary).
//!
//! White space, case, and the order of languages with different weights never count. The order of languages with equal
//! weights does: the RFC warns that some servers read it as a preference, and a reader should not get the page of one
//! who prefers another language. A [`Policy`](crate::Policy::languages_in_any_order) may say that it does not.

use std::cmp::Reverse;

use crate::grammar;

/// Whether the order of languages with equal weights tells variants apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum LanguageOrder {
    Counts,
    DoesNotCount,
}

/// Appends the languages in one form; what cannot be read as a list of languages is written as it is.
pub(crate) fn write<'a>(lines: impl Iterator<Item = &'a [u8]>, order: LanguageOrder, out: &mut Vec<u8>) {
    let members: Vec<&[u8]> = lines.flat_map(grammar::members).collect();
    let languages: Option<Vec<_>> = members.iter().map(|member| language(member)).collect();
    let Some(mut languages) = languages else {
        for member in members {
            out.extend_from_slice(member);
            out.push(b',');
        }
        return;
    };
    match order {
        LanguageOrder::Counts => languages.sort_by_key(|(_, weight)| Reverse(*weight)),
        LanguageOrder::DoesNotCount => languages.sort_by(|left, right| (right.1, &left.0).cmp(&(left.1, &right.0))),
    }
    for (tag, weight) in languages {
        out.extend_from_slice(&tag);
        out.push(b';');
        out.extend_from_slice(&weight.to_le_bytes());
    }
}

/// A language range in lower case, and its weight in thousandths.
fn language(member: &[u8]) -> Option<(Vec<u8>, u16)> {
    let mut parts = grammar::pieces(member, b';').map(grammar::trim);
    let tag = parts.next()?;
    let is_tag = !tag.is_empty() && tag.iter().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'*'));
    let weight = parts.next().map_or(Some(1000), weight)?;
    (is_tag && parts.next().is_none()).then(|| (tag.to_ascii_lowercase(), weight))
}

/// `q=0.5` (RFC 9110 §12.4.2).
fn weight(parameter: &[u8]) -> Option<u16> {
    let [b'q' | b'Q', b'=', whole, rest @ ..] = parameter else { return None };
    let decimals = match rest {
        [] => rest,
        [b'.', decimals @ ..] if decimals.len() <= 3 => decimals,
        _ => return None,
    };
    if !matches!(whole, b'0' | b'1') || !decimals.iter().all(u8::is_ascii_digit) {
        return None;
    }
    let digits = decimals.iter().chain(b"000").take(3);
    let thousandths = digits.fold(u16::from(whole - b'0'), |sum, digit| sum * 10 + u16::from(digit - b'0'));
    (thousandths <= 1000).then_some(thousandths)
}
