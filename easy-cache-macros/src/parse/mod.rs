//! The first stage: tokens into what the user meant, without looking from the options to the function or back.

mod block;
mod callback;
mod duration;
mod function;
mod options;
mod source;
mod template;

pub(crate) use block::{Block, Method, block};
pub(crate) use callback::{Builder, Callback};
pub(crate) use function::{Argument, Function, Home, changes, mentions, parameter};
pub(crate) use options::{Negative, Options};
pub(crate) use source::{CacheSource, Early, KeySource, Length, TagSource, Ttl};
pub(crate) use template::{Piece, Place, Root, Template};

use proc_macro2::{Span, TokenStream};
use syn::{Error, Item, Result};

/// What is under the attribute.
pub(crate) enum Target {
    Function(Box<Function>),
    Block(Box<Block>),
}

/// Reads the item; refuses what is neither a function nor an `impl` block.
pub(crate) fn target(item: TokenStream) -> Result<Target> {
    if let Ok(Item::Impl(item)) = syn::parse2(item.clone()) {
        return Ok(Target::Block(Box::new(block(item))));
    }
    let read = function::function(item.clone()).map_err(|error| refusal(error, item))?;
    Ok(Target::Function(Box::new(read)))
}

/// An item that is no function gets a sentence; a function that does not parse keeps the parser's own message.
fn refusal(error: Error, item: TokenStream) -> Error {
    let span = item.clone().into_iter().next().map_or_else(Span::call_site, |token| token.span());
    if syn::parse2::<syn::TraitItemFn>(item.clone()).is_ok_and(|method| method.default.is_none()) {
        let message = "there is no body here to cache: put `#[ecached]` on a function that has one";
        return Error::new(span, message);
    }
    match syn::parse2::<Item>(item) {
        Ok(Item::Trait(_)) => Error::new(
            span,
            "put `#[ecached]` on the functions of this trait that have a body, or on its implementations",
        ),
        Ok(Item::Fn(_)) | Err(_) => error,
        Ok(_) => Error::new(span, "`#[ecached]` goes on a function or on an `impl` block: here is none"),
    }
}
