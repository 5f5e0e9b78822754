//! The second stage: do the options fit the function, and can such a function be cached at all?
//! Every refusal says what to write instead.

use crate::parse::{Function, Options, Place, Root, TagSource, Template};
use proc_macro2::{Span, TokenStream, TokenTree};
use quote::ToTokens;
use syn::spanned::Spanned;
use syn::visit::{self, Visit};
use syn::{Error, Receiver, Result, Type};

/// A function and options that fit each other.
pub(crate) struct Cached {
    pub(crate) function: Function,
    /// What a call returns.
    pub(crate) result: Type,
    pub(crate) options: Options,
}

/// Compares the two.
pub(crate) fn validate(options: Options, function: Function) -> Result<Cached> {
    signature(&function)?;
    let result = result(&function)?;
    for template in templates(&options) {
        for place in template.places() {
            known(place, &function)?;
        }
    }
    skipped(&options, &function)?;
    said_what_of_self(&options, &function)?;
    Ok(Cached { function, result, options })
}

fn signature(function: &Function) -> Result<()> {
    let signature = &function.item.sig;
    if let Some(word) = &signature.constness {
        return Err(Error::new(
            word.span,
            "a `const fn` cannot be cached: it also runs in the compiler, where no cache is",
        ));
    }
    if let Some(word) = &signature.unsafety {
        return Err(Error::new(
            word.span,
            "an `unsafe fn` cannot be cached: put `#[ecached]` on a safe function around it",
        ));
    }
    if let Some(abi) = &signature.abi {
        let message = "an `extern` function cannot be cached: put `#[ecached]` on a Rust function that it calls";
        return Err(Error::new(abi.extern_token.span, message));
    }
    match &function.receiver {
        Some(receiver) => shared_reference(receiver),
        None => no_self(function),
    }
}

/// A hit leaves the receiver alone, and a miss needs it after the key was built: only `&self` can do both.
fn shared_reference(receiver: &Receiver) -> Result<()> {
    let is_shared = matches!(&*receiver.ty, Type::Reference(reference) if reference.mutability.is_none());
    if is_shared {
        return Ok(());
    }
    let message =
        "a cached method takes `&self`: what changes or consumes `self` has an effect that a hit would leave out";
    Err(Error::new_spanned(receiver, message))
}

/// Functions of a type without `&self` look like free functions, but for `Self`.
fn no_self(function: &Function) -> Result<()> {
    match find_word(function.item.to_token_stream(), "Self") {
        None => Ok(()),
        Some(span) => Err(Error::new(
            span,
            "functions of a type without `&self` cannot be cached yet: take `&self`, or cache a free function and call it here",
        )),
    }
}

fn find_word(tokens: TokenStream, word: &str) -> Option<Span> {
    tokens.into_iter().find_map(|token| match token {
        TokenTree::Ident(ident) if ident == word => Some(ident.span()),
        TokenTree::Group(group) => find_word(group.stream(), word),
        _ => None,
    })
}

/// What is returned; refuses what cannot be kept.
fn result(function: &Function) -> Result<Type> {
    let nothing =
        "this function returns nothing, so there is nothing to cache: return the value, or remove `#[ecached]`";
    let Some(result) = &function.result else {
        return Err(Error::new(function.item.sig.ident.span(), nothing));
    };
    if matches!(result, Type::Tuple(tuple) if tuple.elems.is_empty()) {
        return Err(Error::new_spanned(result, nothing));
    }
    if is_boxed_future(result) {
        let message =
            "this function was already rewritten: put `#[ecached]` above `#[async_trait]`, where it sees an `async fn`";
        return Err(Error::new_spanned(result, message));
    }
    let mut borrows = Borrows(None);
    borrows.visit_type(result);
    borrows.0.map_or_else(|| Ok(result.clone()), Err)
}

fn is_boxed_future(result: &Type) -> bool {
    let words = result.to_token_stream().to_string().replace(' ', "");
    words.contains("Pin<") && words.contains("dyn") && words.contains("Future<")
}

/// Looks for what a stored value cannot have: borrows of the arguments, and types without a name.
struct Borrows(Option<Error>);

impl Borrows {
    fn refuse(&mut self, place: &impl Spanned, message: &str) {
        self.0.get_or_insert_with(|| Error::new(place.span(), message));
    }
}

impl<'a> Visit<'a> for Borrows {
    fn visit_type_reference(&mut self, reference: &'a syn::TypeReference) {
        if reference.lifetime.is_none() {
            let message =
                "a cached value outlives the call and cannot borrow from it: return an owned value or an `Arc`";
            self.refuse(&reference.and_token, message);
        }
        visit::visit_type_reference(self, reference);
    }

    fn visit_lifetime(&mut self, lifetime: &'a syn::Lifetime) {
        if lifetime.ident != "static" {
            let message =
                "a cached value outlives the call and cannot borrow from it: return an owned value or an `Arc`";
            self.refuse(lifetime, message);
        }
    }

    fn visit_type_impl_trait(&mut self, opaque: &'a syn::TypeImplTrait) {
        let message =
            "a cached value needs a type with a name: write it instead of `impl ..` (for a future: `async fn`)";
        self.refuse(&opaque.impl_token, message);
    }

    fn visit_type_bare_fn(&mut self, _function: &'a syn::TypeBareFn) {}
    fn visit_parenthesized_generic_arguments(&mut self, _arguments: &'a syn::ParenthesizedGenericArguments) {}
}

fn templates(options: &Options) -> impl Iterator<Item = &Template> {
    let tags = options.tags.iter().filter_map(|tag| match tag {
        TagSource::Template(template) => Some(template),
        TagSource::FromValue(_) => None,
    });
    options.key.iter().chain(&options.prefix).chain(tags)
}

/// Whether a template's place exists in the function.
fn known(place: &Place, function: &Function) -> Result<()> {
    let complaint = match &place.root {
        Root::Constant(_) => return Ok(()),
        Root::This if function.receiver.is_some() => return Ok(()),
        root if function.position(root).is_some() => return Ok(()),
        Root::This => "there is no `self` here".to_owned(),
        Root::Name(name) => format!("unknown parameter `{name}`"),
        Root::Position(position) => format!("there is no parameter at position {position}"),
    };
    Err(Error::new(place.span, format!("{complaint}: {}", parameters(function))))
}

/// Names the parameters there are.
fn parameters(function: &Function) -> String {
    let this = function.receiver.iter().map(|_| "`self`".to_owned());
    let named = function.arguments.iter().enumerate().map(|(position, argument)| match argument.is_named() {
        true => format!("`{}`", argument.name),
        false => format!("`{position}`"),
    });
    let all: Vec<String> = this.chain(named).collect();
    match all.as_slice() {
        [] => "this function has no parameters".to_owned(),
        [one] => format!("this function has {one}"),
        [others @ .., last] => format!("this function has {} and {last}", others.join(", ")),
    }
}

fn skipped(options: &Options, function: &Function) -> Result<()> {
    for (index, name) in options.skip.iter().enumerate() {
        if options.skip[..index].contains(name) {
            return Err(Error::new(name.span(), format!("`{name}` is skipped twice: keep one")));
        }
        let exists = match name == "self" {
            true => function.receiver.is_some(),
            false => function.position_of(&name.to_string()).is_some(),
        };
        if !exists {
            let message = format!("there is no parameter `{name}` to skip: {}", parameters(function));
            return Err(Error::new(name.span(), message));
        }
    }
    Ok(())
}

/// Two instances must not share entries because nobody thought of it.
fn said_what_of_self(options: &Options, function: &Function) -> Result<()> {
    let Some(receiver) = &function.receiver else { return Ok(()) };
    if options.key.is_some() || options.skip.iter().any(|name| name == "self") {
        return Ok(());
    }
    let message = "say what of `self` belongs to the key: name it, `key = [self.id, ..]`, or write `skip(self)` if all \
                   instances share their entries";
    Err(Error::new_spanned(receiver, message))
}
