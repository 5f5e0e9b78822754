//! What stands in the parentheses of `#[ecached(..)]`. The forms that the single options take are `source.rs`.

use super::callback::Callback;
use super::source::{self, CacheSource, Early, KeySource, Length, TagSource, Ttl};
use super::template::Template;
use proc_macro2::Span;
use syn::ext::IdentExt;
use syn::parse::{Parse, ParseStream};
use syn::punctuated::Punctuated;
use syn::{Error, Expr, ExprLit, Ident, Lit, LitStr, Result, Token, parenthesized};

const NAMES: &str = "`key`, `ttl`, `tags`, `prefix`, `cache`, `skip(..)`, `only_if`, `weight`, `cache_none`, `cache_err`, \
                     `local`, `no_handle`, and for freshness `jitter`, `stale_while_revalidate`, `fail_safe`, `throttle`, \
                     `soft_timeout`, `hard_timeout`, `early_refresh`, `serve_outdated`, `lease`, `detach`";

const ORDER: &str =
    "without names there are a key and, after it, a ttl: `\"users:{id}\", \"60s\"`; write the rest as `name = value`";

/// What other caches call it, or people in a hurry, and what it is called here.
const ELSEWHERE: [(&[&str], &str); 15] = [
    (&["timeout", "time", "ttl_secs", "ttl_millis", "expire", "expiry", "time_to_live"], "write `ttl = \"60s\"`"),
    (&["tag"], "write `tags = [\"..\"]`"),
    (&["alias", "cache_alias", "cache_instance", "name"], "write `cache = \"alias\"`, or `cache = expression`"),
    (&["swr"], "write `stale_while_revalidate = \"30s\"`"),
    (&["stale_if_error", "result_fallback"], "write `fail_safe = \"1h\"`"),
    (&["expires"], "write `ttl = |value| ..`"),
    (&["refresh", "force_refresh"], "a function `f` is computed anew by `f_cache(..).refresh()`"),
    (&["in_impl"], "write `#[ecached]` on the `impl` block as well"),
    (&["no_cache"], "a function `f` is called without a cache by `scope::bypass(f(..))`"),
    (&["convert", "create"], "the key is a template, `\"users:{id}\"`, or `key = |..| ..`"),
    (
        &["size", "max_size", "capacity", "unbound"],
        "a cache has a bound, `Cache::builder().max_weight(..)`, and not a function",
    ),
    (&["result", "option"], "it is the default; `cache_err` and `cache_none` store the other half"),
    (&["sync", "sync_writes"], "it is always so: callers that miss together wait for one of them"),
    (&["condition", "when", "unless"], "write `only_if = |value| ..`"),
    (&["exclude", "ignore"], "write `skip(argument)`"),
];

/// Options that take a duration and are the methods of a `Policy` with the same names.
const LENGTHS: [&str; 8] = [
    "jitter",
    "stale_while_revalidate",
    "fail_safe",
    "throttle",
    "soft_timeout",
    "hard_timeout",
    "serve_outdated",
    "lease",
];

/// Everything the user said.
#[derive(Clone, Default)]
pub(crate) struct Options {
    pub(crate) key: Option<KeySource>,
    pub(crate) key_at: Option<Span>,
    pub(crate) ttl: Option<Ttl>,
    pub(crate) tags: Option<Vec<TagSource>>,
    pub(crate) prefix: Option<KeySource>,
    pub(crate) cache: Option<CacheSource>,
    pub(crate) skip: Vec<Ident>,
    pub(crate) only_if: Option<Callback>,
    pub(crate) weight: Option<Callback>,
    pub(crate) cache_none: Option<Negative>,
    pub(crate) cache_err: Option<Negative>,
    pub(crate) local: bool,
    pub(crate) no_handle: bool,
    pub(crate) lengths: Vec<(Ident, Length)>,
    pub(crate) early_refresh: Option<Early>,
    /// The word itself, for messages.
    pub(crate) detach: Option<Ident>,
    /// Arguments that the block around the function skips, if it has them.
    pub(crate) skip_if_there: Vec<Ident>,
}

/// `cache_none`, or `cache_none = "10s"`: stored, and perhaps for a time of its own.
#[derive(Clone)]
pub(crate) struct Negative {
    pub(crate) word: Ident,
    pub(crate) ttl: Option<Length>,
}

impl Parse for Options {
    fn parse(input: ParseStream<'_>) -> Result<Self> {
        let mut options = Self::default();
        let mut seen: Vec<Ident> = Vec::new();
        options.positional(input, &mut seen)?;
        while !input.is_empty() {
            let name = input.call(Ident::parse_any).map_err(|_| input.error(ORDER))?;
            if seen.contains(&name) {
                return Err(Error::new(name.span(), format!("`{name}` is given twice: keep one")));
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
        let text: LitStr = input.parse()?;
        self.key = Some(KeySource::Template(Template::from_text(&text)?));
        self.key_at = Some(text.span());
        seen.push(Ident::new("key", Span::call_site()));
        comma(input)?;
        if !input.is_empty() && !input.peek(Ident::peek_any) {
            self.ttl = Some(Ttl::from_expression(input.parse()?)?);
            seen.push(Ident::new("ttl", Span::call_site()));
            comma(input)?;
        }
        Ok(())
    }

    fn named(&mut self, name: &Ident, input: ParseStream<'_>) -> Result<()> {
        match name.to_string().as_str() {
            "key" => {
                self.key = Some(KeySource::key(value(name, input)?)?);
                self.key_at = Some(name.span());
            }
            "ttl" => self.ttl = Some(value(name, input).and_then(Ttl::from_expression)?),
            "tags" => self.tags = Some(source::tags(value(name, input)?)?),
            "prefix" => self.prefix = Some(KeySource::prefix(value(name, input)?)?),
            "cache" => self.cache = Some(CacheSource::from_expression(value(name, input)?)),
            "only_if" => self.only_if = Some(Callback::from_expression(name, value(name, input)?)?),
            "weight" => self.weight = Some(Callback::from_expression(name, value(name, input)?)?),
            "skip" => self.skip = skip(name, input)?,
            "cache_none" => self.cache_none = Some(Negative::parse(name, input)?),
            "cache_err" => self.cache_err = Some(Negative::parse(name, input)?),
            "early_refresh" => self.early_refresh = Some(Early::from_expression(value(name, input)?)?),
            "local" => flag(name, input).map(|()| self.local = true)?,
            "no_handle" => flag(name, input).map(|()| self.no_handle = true)?,
            "detach" => flag(name, input).map(|()| self.detach = Some(name.clone()))?,
            word if LENGTHS.contains(&word) => {
                self.lengths.push((name.clone(), Length::from_expression(value(name, input)?)?));
            }
            _ => return Err(unknown(name, input)),
        }
        Ok(())
    }

    /// What a function says, and for the rest what the block around it says.
    pub(crate) fn or(mut self, block: &Self) -> Self {
        let others = block.lengths.iter().filter(|(name, _)| self.lengths.iter().all(|(own, _)| own != name));
        let lengths: Vec<_> = others.cloned().collect();
        self.lengths.extend(lengths);
        Self {
            key: self.key,
            key_at: self.key_at,
            ttl: self.ttl.or_else(|| block.ttl.clone()),
            tags: self.tags.or_else(|| block.tags.clone()),
            prefix: self.prefix.or_else(|| block.prefix.clone()),
            cache: self.cache.or_else(|| block.cache.clone()),
            skip: self.skip,
            only_if: self.only_if.or_else(|| block.only_if.clone()),
            weight: self.weight.or_else(|| block.weight.clone()),
            cache_none: self.cache_none.or_else(|| block.cache_none.clone()),
            cache_err: self.cache_err.or_else(|| block.cache_err.clone()),
            local: self.local || block.local,
            no_handle: self.no_handle || block.no_handle,
            lengths: self.lengths,
            early_refresh: self.early_refresh.or_else(|| block.early_refresh.clone()),
            detach: self.detach.or_else(|| block.detach.clone()),
            skip_if_there: block.skip.clone(),
        }
    }

    /// Everything that looks at the value, at what is known of the call, or at both.
    pub(crate) fn callbacks(&self) -> impl Iterator<Item = &Callback> {
        let tags = self.tags().filter_map(|tag| match tag {
            TagSource::FromValue(callback) => Some(callback),
            TagSource::Template(_) => None,
        });
        let ttl = match &self.ttl {
            Some(Ttl::FromValue(callback)) => Some(callback),
            _ => None,
        };
        self.only_if.iter().chain(&self.weight).chain(ttl).chain(tags)
    }

    pub(crate) fn tags(&self) -> impl Iterator<Item = &TagSource> {
        self.tags.iter().flatten()
    }

    /// The key and the prefix.
    pub(crate) fn key_sources(&self) -> impl Iterator<Item = &KeySource> {
        self.key.iter().chain(&self.prefix)
    }

    /// Whether the key shows nothing of this argument, nor of `self`.
    pub(crate) fn skips(&self, name: &Ident) -> bool {
        self.skip.contains(name) || self.skip_if_there.contains(name)
    }

    pub(crate) fn skips_self(&self) -> bool {
        self.skips(&Ident::new("self", Span::call_site()))
    }
}

impl Negative {
    fn parse(name: &Ident, input: ParseStream<'_>) -> Result<Self> {
        let ttl = match input.peek(Token![=]) {
            true => Some(Self::ttl(name, value(name, input)?)?),
            false => flag(name, input).map(|()| None)?,
        };
        Ok(Self { word: name.clone(), ttl })
    }

    fn ttl(name: &Ident, value: Expr) -> Result<Length> {
        match &value {
            Expr::Lit(ExprLit { lit: Lit::Bool(_), .. }) => Err(Error::new_spanned(
                value,
                format!("`{name}` stores it, `{name} = \"10s\"` for a time of its own: write one of them, or nothing"),
            )),
            _ => Length::from_expression(value),
        }
    }
}

fn unknown(name: &Ident, input: ParseStream<'_>) -> Error {
    if !(input.is_empty() || input.peek(Token![=]) || input.peek(Token![,]) || input.peek(syn::token::Paren)) {
        return Error::new(name.span(), ORDER);
    }
    let word = name.to_string();
    let elsewhere = ELSEWHERE.iter().find(|(words, _)| words.contains(&word.as_str()));
    Error::new(
        name.span(),
        match elsewhere {
            Some((_, advice)) => format!("unknown option `{name}`: {advice}"),
            None => format!("unknown option `{name}`: there are {NAMES}"),
        },
    )
}

fn skip(name: &Ident, input: ParseStream<'_>) -> Result<Vec<Ident>> {
    if !input.peek(syn::token::Paren) {
        return Err(Error::new(name.span(), "`skip` takes names of arguments in parentheses: `skip(db, self)`"));
    }
    let content;
    parenthesized!(content in input);
    let names = content.parse_terminated(Ident::parse_any, Token![,])?;
    Ok(Punctuated::into_iter(names).collect())
}

fn value(name: &Ident, input: ParseStream<'_>) -> Result<Expr> {
    if !input.peek(Token![=]) {
        return Err(Error::new(name.span(), format!("`{name}` needs a value: `{name} = ..`")));
    }
    input.parse::<Token![=]>()?;
    input.parse()
}

fn flag(name: &Ident, input: ParseStream<'_>) -> Result<()> {
    if input.is_empty() || input.peek(Token![,]) {
        return Ok(());
    }
    Err(Error::new(name.span(), format!("`{name}` is a word of its own: write `{name}` and nothing after it")))
}

fn comma(input: ParseStream<'_>) -> Result<()> {
    if input.is_empty() {
        return Ok(());
    }
    input.parse::<Token![,]>().map(|_| ())
}
