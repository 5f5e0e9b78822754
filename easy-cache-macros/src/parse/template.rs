//! Templates such as `"shop:{self.id}:{n:04}"` into pieces of text and places whose values are put between them.
//! Whether the places exist is the next stage's question.

use proc_macro2::{Literal, Span, TokenStream};
use quote::{ToTokens, quote};
use syn::{Expr, ExprArray, Ident, Lit, LitStr, Member, Path, Result};

/// The text of a key, a prefix or a tag.
#[derive(Clone)]
pub(crate) struct Template {
    pub(crate) pieces: Vec<Piece>,
}

/// One piece of a template.
#[derive(Clone)]
pub(crate) enum Piece {
    Text(String),
    Place(Place),
}

/// Where a value comes from: `{book.author.id:04}` has the root `book`, the fields `.author.id`, the format `04`.
#[derive(Clone)]
pub(crate) struct Place {
    pub(crate) root: Root,
    pub(crate) fields: TokenStream,
    pub(crate) format: Option<String>,
    pub(crate) span: Span,
}

/// Where a place begins.
#[derive(Clone)]
pub(crate) enum Root {
    This,
    Name(String),
    Position(usize),
    Constant(Path),
}

impl Template {
    /// What it says whatever the arguments are, if there is no place in it.
    pub(crate) fn text(&self) -> Option<String> {
        let text = |piece: &Piece| match piece {
            Piece::Text(text) => Some(text.clone()),
            Piece::Place(_) => None,
        };
        self.pieces.iter().map(text).collect()
    }

    /// Reads a string literal.
    pub(crate) fn from_text(literal: &LitStr) -> Result<Self> {
        let (text, span) = (literal.value(), literal.span());
        let mut pieces = Vec::new();
        let mut plain = String::new();
        let mut rest = text.as_str();
        while let Some(at) = rest.find(['{', '}']) {
            plain.push_str(&rest[..at]);
            let (brace, tail) = rest[at..].split_at(1);
            if let Some(tail) = tail.strip_prefix(brace) {
                plain.push_str(brace);
                rest = tail;
                continue;
            }
            let end = tail.find('}').filter(|_| brace == "{");
            let end = end.ok_or_else(|| syn::Error::new(span, unbalanced(brace)))?;
            pieces.push(Piece::Text(std::mem::take(&mut plain)));
            pieces.push(Piece::Place(Place::from_text(&tail[..end], span)?));
            rest = &tail[end + 1..];
        }
        plain.push_str(rest);
        pieces.push(Piece::Text(plain));
        pieces.retain(|piece| !matches!(piece, Piece::Text(text) if text.is_empty()));
        if pieces.is_empty() {
            return Err(syn::Error::new(
                span,
                "this template is empty: leave it out, or write what tells entries apart",
            ));
        }
        Ok(Self { pieces })
    }

    /// Reads `[state, self.id]`, which is `"{state}:{self.id}"`.
    pub(crate) fn from_list(list: &ExprArray) -> Result<Self> {
        let mut pieces = Vec::new();
        for element in &list.elems {
            if !pieces.is_empty() {
                pieces.push(Piece::Text(":".to_owned()));
            }
            pieces.push(Piece::from_expression(element)?);
        }
        if pieces.is_empty() {
            return Err(syn::Error::new_spanned(
                list,
                "this list is empty: name the arguments of the key, or leave it out",
            ));
        }
        Ok(Self { pieces })
    }

    pub(crate) fn places(&self) -> impl Iterator<Item = &Place> {
        self.pieces.iter().filter_map(|piece| match piece {
            Piece::Place(place) => Some(place),
            Piece::Text(_) => None,
        })
    }
}

fn unbalanced(brace: &str) -> String {
    match brace {
        "{" => "this `{` has no `}`: close it, or write `{{` for a brace".to_owned(),
        _ => "this `}` has no `{`: open it, or write `}}` for a brace".to_owned(),
    }
}

impl Piece {
    fn from_expression(element: &Expr) -> Result<Self> {
        const ADVICE: &str =
            "a part of a key is an argument or a field of one, such as `id`, `self.id`, `book.author.id`";
        let span = syn::spanned::Spanned::span(element);
        let place = |root, fields| Self::Place(Place { root, fields, format: None, span });
        match element {
            Expr::Lit(literal) => match &literal.lit {
                Lit::Str(text) => Ok(Self::Text(text.value())),
                Lit::Int(number) => Ok(Self::Text(number.base10_digits().to_owned())),
                _ => Err(syn::Error::new(span, ADVICE)),
            },
            Expr::Path(path) => Ok(place(Root::from_path(&path.path), TokenStream::new())),
            Expr::Field(field) => match Self::from_expression(&field.base)? {
                Self::Place(Place { root, mut fields, .. }) => {
                    let (dot, member) = (&field.dot_token, &field.member);
                    fields.extend(quote!(#dot #member));
                    Ok(place(root, fields))
                }
                Self::Text(_) => Err(syn::Error::new(span, ADVICE)),
            },
            _ => Err(syn::Error::new(span, ADVICE)),
        }
    }
}

impl Root {
    fn from_path(path: &Path) -> Self {
        match path.get_ident() {
            Some(name) if name == "self" => Self::This,
            Some(name) => Self::Name(name.to_string()),
            None => Self::Constant(path.clone()),
        }
    }
}

impl Place {
    /// Reads what stands between the braces.
    fn from_text(text: &str, span: Span) -> Result<Self> {
        let (name, format) = split_format(text);
        let name = name.trim();
        if let Some(format) = &format {
            check_format(format, span)?;
        }
        if name.is_empty() {
            let message = "`{}` names no parameter: write its name, `{id}`, or its position, `{0}`";
            return Err(syn::Error::new(span, message));
        }
        if name.contains("::") {
            let path = syn::parse_str::<Path>(name).map_err(|_| not_a_place(name, span))?;
            return Ok(Self { root: Root::Constant(respanned(&path, span)), fields: TokenStream::new(), format, span });
        }
        let mut segments = name.split('.').map(str::trim);
        let root = Self::root(segments.next().unwrap_or_default()).ok_or_else(|| not_a_place(name, span))?;
        let mut fields = TokenStream::new();
        for segment in segments {
            let member = member(segment, span).ok_or_else(|| not_a_place(name, span))?;
            fields.extend(quote::quote_spanned!(span=> .));
            fields.extend(member);
        }
        Ok(Self { root, fields, format, span })
    }

    fn root(segment: &str) -> Option<Root> {
        if segment == "self" {
            return Some(Root::This);
        }
        if let Ok(position) = segment.parse() {
            return Some(Root::Position(position));
        }
        syn::parse_str::<Ident>(segment).ok().map(|name| Root::Name(name.to_string()))
    }
}

/// Splits `n:04` at its colon, and leaves the colons of `Self::KIND` alone.
fn split_format(text: &str) -> (&str, Option<String>) {
    let mut from = 0;
    while let Some(at) = text[from..].find(':').map(|at| at + from) {
        if text[at..].starts_with("::") {
            from = at + 2;
            continue;
        }
        return (&text[..at], Some(text[at + 1..].to_owned()));
    }
    (text, None)
}

/// Refuses formats that refer to further arguments: they are not there when the key is built.
fn check_format(format: &str, span: Span) -> Result<()> {
    if format.contains(['$', '*', '{', '"', '\\']) || format.is_empty() {
        let message = format!("`{format}` is not a format for one value: write one such as `{{n:04}}` or `{{kind:?}}`");
        return Err(syn::Error::new(span, message));
    }
    Ok(())
}

fn member(segment: &str, span: Span) -> Option<TokenStream> {
    if let Ok(index) = segment.parse::<u32>() {
        let mut index = Literal::u32_unsuffixed(index);
        index.set_span(span);
        return Some(index.into_token_stream());
    }
    match syn::parse_str::<Member>(segment).ok()? {
        Member::Named(mut name) => {
            name.set_span(span);
            Some(name.into_token_stream())
        }
        Member::Unnamed(_) => None,
    }
}

fn respanned(path: &Path, span: Span) -> Path {
    let tokens: TokenStream = path
        .to_token_stream()
        .into_iter()
        .map(|mut token| {
            token.set_span(span);
            token
        })
        .collect();
    syn::parse2(tokens).unwrap_or_else(|_| path.clone())
}

fn not_a_place(name: &str, span: Span) -> syn::Error {
    let advice = "a template takes parameters and their fields, such as `{id}`, `{self.id}`, `{book.author.id}`, `{0}`";
    syn::Error::new(span, format!("`{name}` cannot stand in a template: {advice}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(text: &str) -> Option<String> {
        let template = Template::from_text(&LitStr::new(text, Span::call_site())).ok()?;
        let pieces = template.pieces.iter().map(|piece| match piece {
            Piece::Text(text) => format!("'{text}'"),
            Piece::Place(place) => {
                let root = match &place.root {
                    Root::This => "self".to_owned(),
                    Root::Name(name) => name.clone(),
                    Root::Position(position) => format!("#{position}"),
                    Root::Constant(path) => path.to_token_stream().to_string().replace(' ', ""),
                };
                let fields = place.fields.to_string().replace(' ', "");
                format!("<{root}{fields}|{}>", place.format.as_deref().unwrap_or_default())
            }
        });
        Some(pieces.collect())
    }

    #[test]
    fn pieces_alternate_between_text_and_places() {
        assert_eq!(shown("a:{b}:{self.id}").unwrap(), "'a:'<b|>':'<self.id|>");
        assert_eq!(shown("{book.author.id}{0}{1.0}").unwrap(), "<book.author.id|><#0|><#1.0|>");
        assert_eq!(shown("{n:04}{Self::KIND}{crate::N:>3}").unwrap(), "<n|04><Self::KIND|><crate::N|>3>");
        assert_eq!(shown("{{a}}{b}").unwrap(), "'{a}'<b|>");
        assert_eq!(shown("größe:{n}").unwrap(), "'größe:'<n|>");
    }

    #[test]
    fn what_is_not_a_template_is_refused() {
        for text in
            ["", "{", "}", "a{b", "a}b", "{}", "{:04}", "{a b}", "{a()}", "{a.}", "{.a}", "{a:}", "{n:w$}", "{a[0]}"]
        {
            assert_eq!(shown(text), None, "{text}");
        }
    }
}
