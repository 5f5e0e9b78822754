//! What the options take: where a key, a ttl, a tag, a cache come from.

use super::callback::{Builder, Callback};
use super::duration;
use super::template::Template;
use std::time::Duration;
use syn::{Error, Expr, ExprLit, Lit, LitFloat, LitStr, Result};

/// A key or a prefix.
#[derive(Clone)]
pub(crate) enum KeySource {
    Template(Template),
    Built(Builder),
}

#[derive(Clone)]
pub(crate) enum Ttl {
    Fixed(Duration),
    FromArguments(Expr),
    FromValue(Callback),
}

#[derive(Clone)]
pub(crate) enum TagSource {
    Template(Template),
    FromValue(Callback),
}

#[derive(Clone)]
pub(crate) enum CacheSource {
    Alias(LitStr),
    Expression(Expr),
}

/// How long, where the value has no say.
#[derive(Clone)]
pub(crate) enum Length {
    Fixed(Duration),
    Expression(Expr),
}

/// When a value is refreshed before its end.
#[derive(Clone)]
pub(crate) enum Early {
    /// After so much of its ttl.
    After(LitFloat),
    /// By chance, the likelier the longer it takes to compute.
    XFetch,
    Expression(Expr),
}

impl KeySource {
    pub(crate) fn key(expression: Expr) -> Result<Self> {
        match expression {
            Expr::Array(list) => Template::from_list(&list).map(Self::Template),
            other => Self::from_expression(other).map_err(|other| {
                let message = "a key is a template, \"users:{id}\", a list of arguments and fields, `[id, self.id]`, a closure, \
                               `|meta| ..`, or the path of a function that takes the same arguments by reference";
                other.refused(message)
            }),
        }
    }

    pub(crate) fn prefix(expression: Expr) -> Result<Self> {
        Self::from_expression(expression).map_err(|other| {
            let message = "a prefix is a template in quotes, `prefix = \"shop:{id}\"`, a closure, `|meta| ..`, or the path of \
                           a function that takes the same arguments by reference";
            other.refused(message)
        })
    }

    fn from_expression(expression: Expr) -> std::result::Result<Self, Unfit> {
        match expression {
            Expr::Lit(ExprLit { lit: Lit::Str(text), .. }) => {
                Template::from_text(&text).map(Self::Template).map_err(Unfit::Said)
            }
            Expr::Closure(closure) => Builder::from_closure(closure).map(Self::Built).map_err(Unfit::Said),
            Expr::Path(path) => Ok(Self::Built(Builder::Path(path))),
            other => Err(Unfit::Expression(Box::new(other))),
        }
    }

    pub(crate) fn template(&self) -> Option<&Template> {
        match self {
            Self::Template(template) => Some(template),
            Self::Built(_) => None,
        }
    }

    pub(crate) fn builder(&self) -> Option<&Builder> {
        match self {
            Self::Template(_) => None,
            Self::Built(builder) => Some(builder),
        }
    }
}

/// Why an expression is none of the forms.
enum Unfit {
    Said(Error),
    Expression(Box<Expr>),
}

impl Unfit {
    fn refused(self, message: &str) -> Error {
        match self {
            Self::Said(error) => error,
            Self::Expression(other) => Error::new_spanned(other, message),
        }
    }
}

impl Ttl {
    pub(crate) fn from_expression(expression: Expr) -> Result<Self> {
        Ok(match expression {
            Expr::Closure(closure) => Self::FromValue(Callback::from_closure(closure)?),
            other => match Length::from_expression(other)? {
                Length::Fixed(ttl) => Self::Fixed(ttl),
                Length::Expression(ttl) => Self::FromArguments(ttl),
            },
        })
    }
}

impl Length {
    pub(crate) fn from_expression(expression: Expr) -> Result<Self> {
        let Expr::Lit(literal) = expression else { return Ok(Self::Expression(expression)) };
        match &literal.lit {
            Lit::Str(text) => duration::from_text(text).map(Self::Fixed),
            Lit::Int(number) => duration::from_number(number).map(Self::Fixed),
            other => {
                let message =
                    "a duration is a text such as \"90s\", whole seconds, or an expression of type `Duration`";
                Err(Error::new(other.span(), message))
            }
        }
    }
}

impl Early {
    pub(crate) fn from_expression(expression: Expr) -> Result<Self> {
        const ADVICE: &str = "an early refresh is a part of the ttl between 0 and 1, `0.8`, or `\"xfetch\"`, or an \
                              expression of type `EarlyRefresh`";
        let Expr::Lit(literal) = expression else { return Ok(Self::Expression(expression)) };
        match &literal.lit {
            Lit::Float(part) if part.base10_parse::<f64>().is_ok_and(|part| 0.0 < part && part < 1.0) => {
                Ok(Self::After(part.clone()))
            }
            Lit::Str(text) if text.value() == "xfetch" => Ok(Self::XFetch),
            other => Err(Error::new(other.span(), ADVICE)),
        }
    }
}

/// One tag, or a list of them.
pub(crate) fn tags(expression: Expr) -> Result<Vec<TagSource>> {
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
        Expr::Lit(ExprLit { lit: Lit::Str(text), .. }) => Template::from_text(&text).map(TagSource::Template),
        other => {
            let message = "a tag is a template, \"author:{id}\", or a closure over the value that gives several";
            Err(Error::new_spanned(other, message))
        }
    }
}

impl CacheSource {
    pub(crate) fn from_expression(expression: Expr) -> Self {
        match expression {
            Expr::Lit(ExprLit { lit: Lit::Str(alias), .. }) => Self::Alias(alias),
            other => Self::Expression(other),
        }
    }
}
