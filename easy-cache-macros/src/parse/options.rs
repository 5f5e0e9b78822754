//! What stands in the parentheses of `#[ecached(..)]`.

use super::duration;
use super::template::Template;
use proc_macro2::Span;
use std::time::Duration;
use syn::ext::IdentExt;
use syn::parse::{Parse, ParseStream};
use syn::punctuated::Punctuated;
use syn::{Expr, ExprClosure, ExprPath, Ident, Lit, LitStr, Result, Token, parenthesized};

const NAMES: &str =
    "`key`, `ttl`, `tags`, `prefix`, `cache`, `skip(..)`, `only_if`, `cache_none`, `cache_err`, `local`";

/// Everything the user said.
#[derive(Default)]
pub(crate) struct Options {
    pub(crate) key: Option<Template>,
    pub(crate) ttl: Option<Ttl>,
    pub(crate) tags: Vec<TagSource>,
    pub(crate) prefix: Option<Template>,
    pub(crate) cache: Option<CacheSource>,
    pub(crate) skip: Vec<Ident>,
    pub(crate) only_if: Option<Callback>,
    pub(crate) cache_none: bool,
    pub(crate) cache_err: bool,
    pub(crate) local: bool,
}

pub(crate) enum Ttl {
    Fixed(Duration),
    FromArguments(Expr),
    FromValue(Callback),
}

pub(crate) enum TagSource {
    Template(Template),
    FromValue(Callback),
}

pub(crate) enum CacheSource {
    Alias(LitStr),
    Expression(Expr),
}

/// Something to be done with the value: a closure or the path of a function.
pub(crate) enum Callback {
    Closure(ExprClosure),
    Path(ExprPath),
}

impl Parse for Options {
    fn parse(input: ParseStream<'_>) -> Result<Self> {
        let mut options = Self::default();
        let mut seen: Vec<Ident> = Vec::new();
        options.positional(input, &mut seen)?;
        while !input.is_empty() {
            let name = input.call(Ident::parse_any)?;
            if seen.contains(&name) {
                return Err(syn::Error::new(name.span(), format!("`{name}` is given twice: keep one")));
            }
            options.named(&name, input)?;
            seen.push(name);
            comma(input)?;
        }
        Ok(options)
    }
}

impl Options {
    /// `"users:{state}"` and, after it, a ttl.
    fn positional(&mut self, input: ParseStream<'_>, seen: &mut Vec<Ident>) -> Result<()> {
        if !input.peek(LitStr) {
            return Ok(());
        }
        self.key = Some(Template::from_text(&input.parse()?)?);
        seen.push(Ident::new("key", Span::call_site()));
        comma(input)?;
        if !input.is_empty() && !input.peek(Ident::peek_any) {
            self.ttl = Some(input.parse()?);
            seen.push(Ident::new("ttl", Span::call_site()));
            comma(input)?;
        }
        Ok(())
    }

    fn named(&mut self, name: &Ident, input: ParseStream<'_>) -> Result<()> {
        match name.to_string().as_str() {
            "key" => self.key = Some(key(value(name, input)?)?),
            "ttl" => self.ttl = Some(value(name, input).and_then(Ttl::from_expression)?),
            "tags" => self.tags = tags(value(name, input)?)?,
            "prefix" => self.prefix = Some(Template::from_text(&text(name, &value(name, input)?)?)?),
            "cache" => self.cache = Some(cache(value(name, input)?)),
            "only_if" => self.only_if = Some(Callback::from_expression(name, value(name, input)?)?),
            "skip" => self.skip = skip(name, input)?,
            "cache_none" => flag(name, input).map(|()| self.cache_none = true)?,
            "cache_err" => flag(name, input).map(|()| self.cache_err = true)?,
            "local" => flag(name, input).map(|()| self.local = true)?,
            _ => return Err(syn::Error::new(name.span(), format!("unknown option `{name}`: there are {NAMES}"))),
        }
        Ok(())
    }
}

impl Parse for Ttl {
    fn parse(input: ParseStream<'_>) -> Result<Self> {
        Self::from_expression(input.parse()?)
    }
}

impl Ttl {
    fn from_expression(expression: Expr) -> Result<Self> {
        Ok(match expression {
            Expr::Lit(literal) => Self::Fixed(match &literal.lit {
                Lit::Str(text) => duration::from_text(text)?,
                Lit::Int(number) => duration::from_number(number)?,
                other => {
                    let message = "a ttl is a text such as \"90s\", whole seconds, or an expression of type `Duration`";
                    return Err(syn::Error::new(other.span(), message));
                }
            }),
            Expr::Closure(closure) => Self::FromValue(Callback::from_closure(closure)?),
            other => Self::FromArguments(other),
        })
    }
}

impl Callback {
    fn from_expression(option: &Ident, expression: Expr) -> Result<Self> {
        match expression {
            Expr::Closure(closure) => Self::from_closure(closure),
            Expr::Path(path) => Ok(Self::Path(path)),
            other => {
                let message =
                    format!("`{option}` takes a closure over the value, `|value| ..`, or the path of a function");
                Err(syn::Error::new_spanned(other, message))
            }
        }
    }

    fn from_closure(closure: ExprClosure) -> Result<Self> {
        match (closure.inputs.len(), &closure.asyncness) {
            (1, None) => Ok(Self::Closure(closure)),
            (_, Some(asyncness)) => Err(syn::Error::new(
                asyncness.span,
                "this closure cannot be `async`: it looks at a value that is there",
            )),
            _ => {
                Err(syn::Error::new(closure.or1_token.span, "this closure takes one argument, the value: `|value| ..`"))
            }
        }
    }
}

fn key(expression: Expr) -> Result<Template> {
    match &expression {
        Expr::Array(list) => Template::from_list(list),
        Expr::Lit(literal) if matches!(literal.lit, Lit::Str(_)) => {
            Template::from_text(&text(&Ident::new("key", Span::call_site()), &expression)?)
        }
        other => {
            let message = "a key is a template, \"users:{id}\", or a list of arguments and fields, `[id, self.id]`";
            Err(syn::Error::new_spanned(other, message))
        }
    }
}

fn tags(expression: Expr) -> Result<Vec<TagSource>> {
    let Expr::Array(list) = expression else {
        return Ok(vec![match expression {
            Expr::Path(path) => TagSource::FromValue(Callback::Path(path)),
            other => tag(other)?,
        }]);
    };
    list.elems.into_iter().map(tag).collect()
}

fn tag(expression: Expr) -> Result<TagSource> {
    match expression {
        Expr::Closure(closure) => Callback::from_closure(closure).map(TagSource::FromValue),
        Expr::Lit(ref literal) if let Lit::Str(text) = &literal.lit => {
            Template::from_text(text).map(TagSource::Template)
        }
        other => {
            let message = "a tag is a template, \"author:{id}\", or a closure over the value that gives several";
            Err(syn::Error::new_spanned(other, message))
        }
    }
}

fn cache(expression: Expr) -> CacheSource {
    match expression {
        Expr::Lit(syn::ExprLit { lit: Lit::Str(alias), .. }) => CacheSource::Alias(alias),
        other => CacheSource::Expression(other),
    }
}

fn skip(name: &Ident, input: ParseStream<'_>) -> Result<Vec<Ident>> {
    if !input.peek(syn::token::Paren) {
        return Err(syn::Error::new(name.span(), "`skip` takes names of arguments in parentheses: `skip(db, self)`"));
    }
    let content;
    parenthesized!(content in input);
    let names = content.parse_terminated(Ident::parse_any, Token![,])?;
    Ok(Punctuated::into_iter(names).collect())
}

fn value(name: &Ident, input: ParseStream<'_>) -> Result<Expr> {
    if !input.peek(Token![=]) {
        return Err(syn::Error::new(name.span(), format!("`{name}` needs a value: `{name} = ..`")));
    }
    input.parse::<Token![=]>()?;
    input.parse()
}

fn flag(name: &Ident, input: ParseStream<'_>) -> Result<()> {
    if input.is_empty() || input.peek(Token![,]) {
        return Ok(());
    }
    Err(syn::Error::new(name.span(), format!("`{name}` is a word of its own: write `{name}` and nothing after it")))
}

fn text(name: &Ident, expression: &Expr) -> Result<LitStr> {
    match expression {
        Expr::Lit(literal) if let Lit::Str(text) = &literal.lit => Ok(text.clone()),
        other => Err(syn::Error::new_spanned(
            other,
            format!("`{name}` takes a template in quotes: `{name} = \"shop:{{id}}\"`"),
        )),
    }
}

fn comma(input: ParseStream<'_>) -> Result<()> {
    if input.is_empty() {
        return Ok(());
    }
    input.parse::<Token![,]>().map(|_| ())
}
