//! The second stage: do the options fit the function, and can such a function be cached at all?
//! Every refusal says what to write instead.

use crate::parse::{self, Block, Function, KeySource, Options, Place, Root, TagSource, Template};
use quote::ToTokens;
use syn::spanned::Spanned;
use syn::visit::{self, Visit};
use syn::{Error, GenericArgument, PathArguments, Receiver, Result, Type};

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
    read_back(&options, &result)?;
    for template in templates(&options) {
        for place in template.places() {
            known(place, &function)?;
        }
    }
    skipped(&options, &function)?;
    said_what_of_self(&options, &function)?;
    owned(&options, &function)?;
    Ok(Cached { function, result, options })
}

/// Compares the options of an `impl` block with the block.
pub(crate) fn preset(options: &Options, block: &Block) -> Result<()> {
    if let Some(at) = options.key_at {
        let message = "a key belongs to one method: write it there, and a `prefix` here if their keys begin alike";
        return Err(Error::new(at, message));
    }
    if block.methods.is_empty() {
        let message = "no method of this block is cached: write `#[ecached]` on those that are to be";
        return Err(Error::new_spanned(block.item.impl_token, message));
    }
    Ok(())
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
    function.receiver.as_ref().map_or(Ok(()), leaves_self_alone)
}

/// A hit leaves the receiver alone, so the function must not have been called for what it does to it.
fn leaves_self_alone(receiver: &Receiver) -> Result<()> {
    if !parse::changes(receiver) {
        return Ok(());
    }
    let message =
        "a cached method does not take `&mut self`: what changes `self` has an effect that a hit would leave out";
    Err(Error::new_spanned(receiver, message))
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
    let mut borrows = Borrows::of_the_call();
    borrows.visit_type(result);
    borrows.found.map_or_else(|| Ok(result.clone()), Err)
}

/// A shared store reads values back, and nobody reads a `&'static`. The compiler says so as well, but not what to write.
fn read_back(options: &Options, result: &Type) -> Result<()> {
    match stored(result) {
        Type::Reference(reference) if !options.local => Err(Error::new_spanned(
            reference,
            "a `&'static` cannot be read back from a shared cache: return an owned value, such as a `String`, or say `local`",
        )),
        _ => Ok(()),
    }
}

/// What is in the `Result` or the `Option`, as far as that is written out.
fn stored(result: &Type) -> &Type {
    let Type::Path(path) = result else { return result };
    let Some(last) = path.path.segments.last().filter(|last| last.ident == "Result" || last.ident == "Option") else {
        return result;
    };
    match &last.arguments {
        PathArguments::AngleBracketed(arguments) => match arguments.args.first() {
            Some(GenericArgument::Type(inner)) => stored(inner),
            _ => result,
        },
        _ => result,
    }
}

fn is_boxed_future(result: &Type) -> bool {
    let words = result.to_token_stream().to_string().replace(' ', "");
    words.contains("Pin<") && words.contains("dyn") && words.contains("Future<")
}

/// Looks for what a value that outlives the call cannot have: borrows, and, in a result, types without a name.
struct Borrows {
    message: &'static str,
    may_be_unnamed: bool,
    found: Option<Error>,
}

impl Borrows {
    const fn of_the_call() -> Self {
        let message = "a cached value outlives the call and cannot borrow from it: return an owned value or an `Arc`";
        Self { message, may_be_unnamed: false, found: None }
    }

    const fn of_the_caller() -> Self {
        let message = "`detach` lets the function run on without its caller, who cannot lend it anything: take an owned \
                       value, such as a `String` or an `Arc`";
        Self { message, may_be_unnamed: true, found: None }
    }

    fn refuse(&mut self, place: &impl Spanned, message: &str) {
        self.found.get_or_insert_with(|| Error::new(place.span(), message));
    }
}

impl<'a> Visit<'a> for Borrows {
    fn visit_type_reference(&mut self, reference: &'a syn::TypeReference) {
        if reference.lifetime.is_none() {
            self.refuse(&reference.and_token, self.message);
        }
        visit::visit_type_reference(self, reference);
    }

    fn visit_lifetime(&mut self, lifetime: &'a syn::Lifetime) {
        if lifetime.ident != "static" {
            self.refuse(lifetime, self.message);
        }
    }

    fn visit_type_impl_trait(&mut self, opaque: &'a syn::TypeImplTrait) {
        if self.may_be_unnamed {
            return visit::visit_type_impl_trait(self, opaque);
        }
        let message =
            "a cached value needs a type with a name: write it instead of `impl ..` (for a future: `async fn`)";
        self.refuse(&opaque.impl_token, message);
    }

    fn visit_type_bare_fn(&mut self, _function: &'a syn::TypeBareFn) {}
    fn visit_parenthesized_generic_arguments(&mut self, _arguments: &'a syn::ParenthesizedGenericArguments) {}
}

fn templates(options: &Options) -> impl Iterator<Item = &Template> {
    let tags = options.tags().filter_map(|tag| match tag {
        TagSource::Template(template) => Some(template),
        TagSource::FromValue(_) => None,
    });
    options.key_sources().filter_map(KeySource::template).chain(tags)
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
    let named =
        function.arguments.iter().enumerate().map(|(position, argument)| format!("`{}`", argument.label(position)));
    let all: Vec<String> = this.chain(named).collect();
    let name = &function.item.sig.ident;
    match all.as_slice() {
        [] => format!("`{name}` has no parameters"),
        [one] => format!("`{name}` has {one}"),
        [others @ .., last] => format!("`{name}` has {} and {last}", others.join(", ")),
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
    if options.key.is_some() || options.skips_self() {
        return Ok(());
    }
    let message = "say what of `self` belongs to the key: name it, `key = [self.id, ..]`, or write `skip(self)` if all \
                   instances share their entries";
    Err(Error::new_spanned(receiver, message))
}

/// A computation that outlives its caller takes nothing along that belongs to the caller.
fn owned(options: &Options, function: &Function) -> Result<()> {
    if options.detach.is_none() {
        return Ok(());
    }
    if let Some(receiver) = &function.receiver
        && matches!(&*receiver.ty, Type::Reference(_))
    {
        let message =
            "`detach` lets the function run on without its caller, who cannot lend it anything: take `self: Arc<Self>`";
        return Err(Error::new_spanned(receiver, message));
    }
    for argument in &function.arguments {
        let mut borrows = Borrows::of_the_caller();
        borrows.visit_type(&argument.ty);
        if let Some(error) = borrows.found {
            return Err(error);
        }
    }
    Ok(())
}
