//! The function under the attribute, with its arguments named and its result at hand.

use super::template::Root;
use proc_macro2::{Span, TokenStream, TokenTree};
use quote::{ToTokens, format_ident};
use syn::visit::{self, Visit};
use syn::{
    Attribute, Block, FnArg, GenericParam, Ident, ItemFn, Pat, Path, Receiver, Result, ReturnType, Signature, Type,
};

/// The function under the attribute.
pub(crate) struct Function {
    pub(crate) item: ItemFn,
    pub(crate) home: Home,
    pub(crate) receiver: Option<Receiver>,
    pub(crate) arguments: Vec<Argument>,
    /// None if nothing is returned.
    pub(crate) result: Option<Type>,
}

/// Where the function stands, and so where others can stand beside it.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Home {
    /// In a module or in the body of a function; its siblings are called by their names.
    Module,
    /// In an `impl` block or in a trait; its siblings belong to `Self`.
    Type,
    /// In the implementation of a trait; its siblings stand in a second block, and belong to `Self`.
    Trait,
}

/// One argument besides `self`.
pub(crate) struct Argument {
    /// Its name, or an invented one if it is taken apart by a pattern.
    pub(crate) name: Ident,
    pub(crate) pattern: Pat,
    pub(crate) ty: Type,
}

/// Reads a function that stands for itself. If it says `self` or `Self`, a type is around it.
pub(crate) fn function(item: TokenStream) -> Result<Function> {
    let item = syn::parse2::<ItemFn>(item)?;
    let mut says_self = SaysSelf(item.sig.receiver().is_some());
    says_self.visit_signature(&item.sig);
    says_self.visit_block(&item.block);
    let home = if says_self.0 { Home::Type } else { Home::Module };
    Ok(Function::new(item, home))
}

impl Function {
    pub(crate) fn new(item: ItemFn, home: Home) -> Self {
        let result = match &item.sig.output {
            ReturnType::Type(_, ty) => Some((**ty).clone()),
            ReturnType::Default => None,
        };
        let Signature { inputs, .. } = &item.sig;
        let arguments = inputs.iter().enumerate().filter_map(|(index, input)| match input {
            FnArg::Typed(typed) => Some(Argument::new(index, &typed.pat, &typed.ty)),
            FnArg::Receiver(_) => None,
        });
        Self { arguments: arguments.collect(), receiver: item.sig.receiver().cloned(), home, result, item }
    }

    /// The position of the argument that a place begins with; none for `self`, constants, and what does not exist.
    pub(crate) fn position(&self, root: &Root) -> Option<usize> {
        match root {
            Root::Name(name) => self.position_of(name),
            Root::Position(position) => (*position < self.arguments.len()).then_some(*position),
            Root::This | Root::Constant(_) => None,
        }
    }

    /// The position of the argument with this name.
    pub(crate) fn position_of(&self, name: &str) -> Option<usize> {
        self.arguments.iter().position(|argument| argument.is_named() && argument.name == name)
    }
}

impl Argument {
    fn new(index: usize, pattern: &Pat, ty: &Type) -> Self {
        let name = match pattern {
            Pat::Ident(named) if named.subpat.is_none() && named.by_ref.is_none() => named.ident.clone(),
            _ => format_ident!("__argument_{index}", span = Span::mixed_site()),
        };
        Self { name, pattern: pattern.clone(), ty: ty.clone() }
    }

    /// What people call it: its name, or its position if a pattern takes it apart.
    pub(crate) fn label(&self, position: usize) -> String {
        if self.is_named() { self.name.to_string() } else { position.to_string() }
    }

    /// Whether the user gave it a name.
    pub(crate) fn is_named(&self) -> bool {
        matches!(&self.pattern, Pat::Ident(named) if named.ident == self.name)
    }
}

/// Looks for `Self`, but not in items inside the body, where it is another type.
struct SaysSelf(bool);

impl<'a> Visit<'a> for SaysSelf {
    fn visit_path(&mut self, path: &'a Path) {
        self.0 |= path.segments.first().is_some_and(|segment| segment.ident == "Self");
        visit::visit_path(self, path);
    }

    fn visit_macro(&mut self, called: &'a syn::Macro) {
        self.0 |= mentions(called.tokens.clone(), "Self");
    }

    fn visit_item(&mut self, _item: &'a syn::Item) {}
}

/// Whether a word is among the tokens.
pub(crate) fn mentions<W: ?Sized>(tokens: TokenStream, word: &W) -> bool
where
    Ident: PartialEq<W>,
{
    tokens.into_iter().any(|token| match token {
        TokenTree::Ident(ident) => ident.eq(word),
        TokenTree::Group(group) => mentions(group.stream(), word),
        TokenTree::Punct(_) | TokenTree::Literal(_) => false,
    })
}

/// The name of a parameter that is a type or a constant; none for a lifetime.
pub(crate) fn parameter(param: &GenericParam) -> Option<&Ident> {
    match param {
        GenericParam::Lifetime(_) => None,
        GenericParam::Type(ty) => Some(&ty.ident),
        GenericParam::Const(constant) => Some(&constant.ident),
    }
}

/// The parts of a method as a function.
pub(crate) fn method(attrs: Vec<Attribute>, vis: syn::Visibility, sig: Signature, block: Block) -> ItemFn {
    ItemFn { attrs, vis, sig, block: Box::new(block) }
}

/// What a signature says of its receiver is read from its tokens: `Pin<&mut Self>` changes it as well.
pub(crate) fn changes(receiver: &Receiver) -> bool {
    mentions(receiver.ty.to_token_stream(), "mut")
}
