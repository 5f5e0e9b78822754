//! An `impl` block under the attribute: its methods that are marked themselves, ready to be read one by one.

use super::function::{self, Function, Home};
use super::options::Options;
use proc_macro2::{Group, Ident, TokenStream, TokenTree};
use quote::{ToTokens, quote};
use syn::{Attribute, Error, ImplItem, ImplItemFn, ItemImpl, Meta, Path, Result, Type};

/// An `impl` block without the marks of its methods.
pub(crate) struct Block {
    pub(crate) item: ItemImpl,
    pub(crate) methods: Vec<Method>,
}

/// A marked method.
pub(crate) struct Method {
    /// Its place among the items of the block.
    pub(crate) index: usize,
    pub(crate) options: Result<Options>,
    pub(crate) function: Result<Function>,
}

/// Takes the marks off.
pub(crate) fn block(mut item: ItemImpl) -> Block {
    let meaning = Associated::of(&item);
    let is_trait = item.trait_.is_some();
    let mut methods = Vec::new();
    for (index, inner) in item.items.iter_mut().enumerate() {
        let ImplItem::Fn(method) = inner else { continue };
        let Some(options) = take_mark(&mut method.attrs) else { continue };
        methods.push(Method { index, options, function: read(method, meaning.as_ref(), is_trait) });
    }
    Block { item, methods }
}

fn read(method: &ImplItemFn, meaning: Option<&Associated>, is_trait: bool) -> Result<Function> {
    let method = match meaning {
        Some(meaning) => syn::parse2(meaning.spelt_out(method.to_token_stream()))?,
        None => method.clone(),
    };
    let ImplItemFn { attrs, vis, sig, block, .. } = method;
    let home = if is_trait { Home::Trait } else { Home::Type };
    Ok(Function::new(function::method(attrs, vis, sig, block), home))
}

/// The options of a method's own `#[ecached]`, which is taken away; none if it has none.
fn take_mark(attributes: &mut Vec<Attribute>) -> Option<Result<Options>> {
    let is_mark = |attribute: &Attribute| attribute.path().segments.last().is_some_and(|last| last.ident == "ecached");
    let marks: Vec<_> = attributes.extract_if(.., |attribute| is_mark(attribute)).collect();
    let first = marks.first()?;
    if let Some(second) = marks.get(1) {
        return Some(Err(Error::new_spanned(second, "this method is cached twice: keep one `#[ecached]`")));
    }
    Some(match &first.meta {
        Meta::Path(_) => Ok(Options::default()),
        Meta::List(list) => syn::parse2(list.tokens.clone()),
        Meta::NameValue(value) => {
            Err(Error::new_spanned(value, "options stand in parentheses: `#[ecached(\"users:{id}\", ttl = \"60s\")]`"))
        }
    })
}

/// The types that the implementation of a trait names. `Self::Error` means one of them only there: beside the block it is
/// spelt `<Self as Trait>::Error`.
struct Associated {
    of: Path,
    names: Vec<Ident>,
}

impl Associated {
    fn of(item: &ItemImpl) -> Option<Self> {
        let (_, of, _) = item.trait_.as_ref()?;
        let names = item.items.iter().filter_map(|inner| match inner {
            ImplItem::Type(associated) => Some(associated.ident.clone()),
            _ => None,
        });
        Some(Self { of: of.clone(), names: names.collect() })
    }

    /// Also inside macros, whose tokens nobody parses.
    fn spelt_out(&self, tokens: TokenStream) -> TokenStream {
        let mut tokens: Vec<TokenTree> = tokens.into_iter().collect();
        for token in &mut tokens {
            if let TokenTree::Group(group) = token {
                let mut inner = Group::new(group.delimiter(), self.spelt_out(group.stream()));
                inner.set_span(group.span());
                *group = inner;
            }
        }
        let mut spelt = TokenStream::new();
        let mut rest = tokens.as_slice();
        while let [first, others @ ..] = rest {
            match first {
                TokenTree::Ident(this) if this == "Self" && self.follows(others) => {
                    let of = &self.of;
                    spelt.extend(quote!(<#this as #of>));
                }
                other => spelt.extend([other.clone()]),
            }
            rest = others;
        }
        spelt
    }

    /// Whether `::Error` comes next.
    fn follows(&self, tokens: &[TokenTree]) -> bool {
        matches!(tokens, [TokenTree::Punct(one), TokenTree::Punct(two), TokenTree::Ident(name), ..]
            if one.as_char() == ':' && two.as_char() == ':' && self.names.contains(name))
    }
}

/// Types of the standard library that are likely to have a trait implemented. For those of other crates the compiler
/// complains, with our advice in the name of what it does not find.
const STANDARD: [&str; 30] = [
    "bool", "char", "str", "u8", "u16", "u32", "u64", "u128", "usize", "i8", "i16", "i32", "i64", "i128", "isize",
    "f32", "f64", "String", "Vec", "Option", "Result", "Box", "Rc", "Arc", "HashMap", "HashSet", "BTreeMap",
    "BTreeSet", "VecDeque", "PathBuf",
];

impl Block {
    /// What keeps others from standing beside the methods, in a second block for the type itself.
    pub(crate) fn why_no_handles(&self) -> Option<Error> {
        self.item.trait_.as_ref()?;
        let ty = &*self.item.self_ty;
        let refuse = |reason: &str| {
            let message = format!(
                "{reason}, and there is no place for handles: write `no_handle`, and use `of(..)` on a call instead of a handle"
            );
            Some(Error::new_spanned(ty, message))
        };
        let is_foreign = match ty {
            Type::Path(path) => {
                path.path.segments.last().is_some_and(|last| STANDARD.iter().any(|name| last.ident == name))
            }
            _ => true,
        };
        if is_foreign {
            return refuse("no methods can be added to this type");
        }
        let used = ty.to_token_stream();
        let mut names = self.item.generics.params.iter().filter_map(function::parameter);
        if let Some(unused) = names.clone().find(|name| !function::mentions(used.clone(), *name)) {
            return refuse(&format!("`{unused}` is no part of this type"));
        }
        let whole = used.to_string();
        if names.any(|name| *name == whole) {
            return refuse("no methods can be added to a type that is not known");
        }
        None
    }
}
