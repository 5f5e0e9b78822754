//! The function under the attribute, with its arguments named and its result at hand.

use proc_macro2::{Span, TokenStream};
use quote::format_ident;
use syn::{FnArg, Ident, Item, ItemFn, Pat, Receiver, Result, ReturnType, Type};

/// The function under the attribute.
pub(crate) struct Function {
    pub(crate) item: ItemFn,
    pub(crate) receiver: Option<Receiver>,
    pub(crate) arguments: Vec<Argument>,
    /// None if nothing is returned.
    pub(crate) result: Option<Type>,
}

/// One argument besides `self`.
pub(crate) struct Argument {
    /// Its name, or an invented one if it is taken apart by a pattern.
    pub(crate) name: Ident,
    pub(crate) pattern: Pat,
    pub(crate) ty: Type,
}

/// Reads the item; refuses what is not a function.
pub(crate) fn function(item: TokenStream) -> Result<Function> {
    let item = syn::parse2::<ItemFn>(item.clone()).map_err(|error| refusal(error, item))?;
    let result = match &item.sig.output {
        ReturnType::Type(_, ty) => Some((**ty).clone()),
        ReturnType::Default => None,
    };
    let arguments = item.sig.inputs.iter().enumerate().filter_map(|(index, input)| match input {
        FnArg::Typed(typed) => Some(Argument::new(index, &typed.pat, &typed.ty)),
        FnArg::Receiver(_) => None,
    });
    Ok(Function { arguments: arguments.collect(), receiver: item.sig.receiver().cloned(), result, item })
}

impl Argument {
    fn new(index: usize, pattern: &Pat, ty: &Type) -> Self {
        let name = match pattern {
            Pat::Ident(named) if named.subpat.is_none() && named.by_ref.is_none() => named.ident.clone(),
            _ => format_ident!("__argument_{index}", span = Span::mixed_site()),
        };
        Self { name, pattern: pattern.clone(), ty: ty.clone() }
    }

    /// Whether the user gave it a name.
    pub(crate) fn is_named(&self) -> bool {
        matches!(&self.pattern, Pat::Ident(named) if named.ident == self.name)
    }
}

/// An item that is no function gets a sentence; a function that does not parse keeps the parser's own message.
fn refusal(error: syn::Error, item: TokenStream) -> syn::Error {
    let span = item.clone().into_iter().next().map_or_else(Span::call_site, |token| token.span());
    if syn::parse2::<syn::TraitItemFn>(item.clone()).is_ok_and(|method| method.default.is_none()) {
        let message = "there is no body here to cache: put `#[ecached]` on a function that has one";
        return syn::Error::new(span, message);
    }
    match syn::parse2::<Item>(item) {
        Ok(Item::Impl(_)) => syn::Error::new(
            span,
            "put `#[ecached]` on the methods of this block: on the block itself it means nothing yet",
        ),
        Ok(Item::Trait(_)) => syn::Error::new(span, "put `#[ecached]` on the functions that implement this trait"),
        Ok(Item::Fn(_)) => error,
        Ok(_) => syn::Error::new(span, "`#[ecached]` goes on a function: here is none"),
        Err(_) => error,
    }
}

impl Function {
    /// The position of the argument that a place begins with; none for `self`, constants, and what does not exist.
    pub(crate) fn position(&self, root: &super::Root) -> Option<usize> {
        match root {
            super::Root::Name(name) => self.position_of(name),
            super::Root::Position(position) => (*position < self.arguments.len()).then_some(*position),
            super::Root::This | super::Root::Constant(_) => None,
        }
    }

    /// The position of the argument with this name.
    pub(crate) fn position_of(&self, name: &str) -> Option<usize> {
        self.arguments.iter().position(|argument| argument.is_named() && argument.name == name)
    }
}
