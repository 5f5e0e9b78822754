//! Closures and functions over what a call returned, over its `Meta`, or over both.

use syn::{Error, Expr, ExprClosure, ExprPath, Ident, Pat, Result};

/// Something to be done with the value: a closure or the path of a function.
#[derive(Clone)]
pub(crate) enum Callback {
    /// `|value| ..` and `|value, meta| ..`
    Closure(ExprClosure),
    /// `function`, which takes the value.
    Path(ExprPath),
}

impl Callback {
    pub(crate) fn from_expression(option: &Ident, expression: Expr) -> Result<Self> {
        match expression {
            Expr::Closure(closure) => Self::from_closure(closure),
            Expr::Path(path) => Ok(Self::Path(path)),
            other => {
                let message = format!(
                    "`{option}` takes a closure over the value, `|value| ..` or `|value, meta| ..`, or the path of a function"
                );
                Err(Error::new_spanned(other, message))
            }
        }
    }

    pub(crate) fn from_closure(closure: ExprClosure) -> Result<Self> {
        not_async(&closure)?;
        match closure.inputs.len() {
            1 | 2 => Ok(Self::Closure(closure)),
            _ => {
                let message = "this closure takes the value, and after it what is known of the call: `|value| ..`, `|value, meta| ..`";
                Err(Error::new(closure.or1_token.span, message))
            }
        }
    }

    /// The pattern for the `Meta`, if the closure asks for it.
    pub(crate) fn meta(&self) -> Option<&Pat> {
        match self {
            Self::Closure(closure) => closure.inputs.get(1),
            Self::Path(_) => None,
        }
    }

    /// Whether the arguments alone decide: `|_, meta| ..`.
    pub(crate) fn leaves_the_value_alone(&self) -> bool {
        matches!(self, Self::Closure(closure) if closure.inputs.len() == 2 && matches!(closure.inputs[0], Pat::Wild(_)))
    }
}

/// What builds a key or a prefix where no template can: before the call, so that there is no value yet.
#[derive(Clone)]
pub(crate) enum Builder {
    /// `|| ..` and `|meta| ..`, with the arguments in scope by their names.
    Closure(ExprClosure),
    /// `function`, which takes the function's own arguments by reference.
    Path(ExprPath),
}

impl Builder {
    pub(crate) fn from_closure(closure: ExprClosure) -> Result<Self> {
        not_async(&closure)?;
        match closure.inputs.len() {
            0 | 1 => Ok(Self::Closure(closure)),
            _ => {
                let message = "this closure takes nothing, for the arguments are in scope by their names, or what is known of \
                               the call: `|| ..`, `|meta| ..`";
                Err(Error::new(closure.or1_token.span, message))
            }
        }
    }

    /// The pattern for the `Meta`, if the closure asks for it.
    pub(crate) fn meta(&self) -> Option<&Pat> {
        match self {
            Self::Closure(closure) => closure.inputs.first(),
            Self::Path(_) => None,
        }
    }
}

fn not_async(closure: &ExprClosure) -> Result<()> {
    match &closure.asyncness {
        Some(word) => Err(Error::new(
            word.span,
            "this closure cannot be `async`: what it needs is there, and nobody waits for it",
        )),
        None => Ok(()),
    }
}
