//! The functions that need only the arguments of the key, by reference.

use super::names::{self, Names, invented, sibling, this};
use super::{attributes, generics, meta, places};
use crate::parse::{self, Argument, Builder, CacheSource, KeySource, Root};
use crate::validate::Cached;
use proc_macro2::{Ident, Span, TokenStream};
use quote::{ToTokens, quote_spanned};
use syn::spanned::Spanned;
use syn::{GenericParam, Generics, Type};

/// `__users_key` and `users_key`.
pub(crate) fn functions(cached: &Cached, names: &Names) -> TokenStream {
    let at = names.at;
    let (key_buf, key) = (key_buf(cached, names), key(cached, names));
    let conditions = attributes::of_others(cached);
    quote_spanned! {at=>
        #conditions
        #key_buf
        #conditions
        #key
    }
}

/// A call of `__users_key`, from where the function's own arguments are in scope, for the `KeyBuf` named `into`.
pub(crate) fn call_key_buf(cached: &Cached, names: &Names, into: &Ident) -> TokenStream {
    let into = quote_spanned!(names.at=> &mut #into);
    call(cached, &names.key_buf, &in_key_buf(cached), &into)
}

/// A call of `users_key`, likewise.
pub(crate) fn call_key(cached: &Cached, names: &Names) -> TokenStream {
    call(cached, &names.key, &in_handle(cached), &TokenStream::new())
}

fn call(cached: &Cached, function: &Ident, arguments: &[&Argument], last: &TokenStream) -> TokenStream {
    let (at, this, name) = (invented(function.span()), names::this_by_reference(cached), sibling(cached, function));
    let turbofish = generics::turbofish(&kept(cached));
    let arguments = arguments.iter().map(|argument| lent(argument, at));
    quote_spanned!(at=> #name #turbofish(#this #(#arguments,)* #last))
}

/// `__users_site`.
pub(crate) fn site(cached: &Cached, names: &Names) -> TokenStream {
    let (at, name, site) = (names.at, &names.site, names::new_site(cached, names));
    let conditions = attributes::of_others(cached);
    quote_spanned! {at=>
        #conditions
        #[doc(hidden)]
        fn #name() -> &'static ::easy_cache_core::__macro::Site {
            #site
        }
    }
}

/// It writes into the caller's buffer: a returned one would be copied, right after it was written byte by byte.
fn key_buf(cached: &Cached, names: &Names) -> TokenStream {
    let (at, name) = (names.at, &names.key_buf);
    let key = names.local("key");
    let (generics, parameters) = (kept(cached), parameters(cached, names, &in_key_buf(cached)));
    let (clause, statements) = (&generics.where_clause, statements(cached, names, &key));
    quote_spanned! {at=>
        #[doc(hidden)]
        #[inline]
        #[allow(clippy::unused_self, clippy::ptr_arg, clippy::trivially_copy_pass_by_ref, reason = "written by a macro")]
        fn #name #generics(#parameters #key: &mut ::easy_cache_core::__macro::KeyBuf) #clause {
            #statements
        }
    }
}

/// Statements that write the whole key into what `key` names, a `&mut KeyBuf`.
pub(crate) fn statements(cached: &Cached, names: &Names, key: &Ident) -> TokenStream {
    let at = names.at;
    let meta = meta::is_asked_by_key(cached).then(|| meta::for_key(cached, names));
    let prefix = cached.options.prefix.as_ref().map(|prefix| {
        let prefix = source(prefix, cached, names, key);
        quote_spanned!(at=> #prefix #key.end_prefix();)
    });
    let rest = match &cached.options.key {
        Some(written) => source(written, cached, names, key),
        None => default_key(cached, names, key),
    };
    quote_spanned!(at=> #meta #prefix #rest)
}

/// Statements that write a key, or a prefix, in one of its forms.
fn source(source: &KeySource, cached: &Cached, names: &Names, key: &Ident) -> TokenStream {
    let builder = match source {
        KeySource::Template(template) => return places::write(template, &cached.function, key),
        KeySource::Built(builder) => builder,
    };
    let at = names.at;
    match builder {
        Builder::Closure(closure) => {
            let (body, known) = (&closure.body, names.local("meta"));
            let quietly = names::quietly(at);
            let meta = builder.meta().map(|pattern| quote_spanned!(at=> #quietly let #pattern = &#known;));
            let references = references(cached, names);
            places::write_value(&quote_spanned!(at=> { #references #meta #body }), body.span(), key)
        }
        Builder::Path(path) => {
            let this = (!cached.options.skips_self()).then(|| match cached.options.no_handle {
                true => names::this_by_reference(cached),
                false => this(cached),
            });
            let arguments = shown(cached).map(|argument| by_reference(argument, cached, names));
            places::write_value(&quote_spanned!(at=> #path(#this #(#arguments),*)), path.span(), key)
        }
    }
}

/// In the function itself, arguments are references before a closure sees them, as they are where the key has a function
/// of its own.
fn references(cached: &Cached, names: &Names) -> TokenStream {
    if !cached.options.no_handle {
        return TokenStream::new();
    }
    let at = names.at;
    let bound = shown(cached).map(|argument| {
        let (name, reference) = (&argument.name, by_reference(argument, cached, names));
        let quietly = names::quietly(at);
        quote_spanned!(at=> #quietly let #name = #reference;)
    });
    quote_spanned!(at=> #(#bound)*)
}

/// An argument as it is passed to what makes the key: in a function for keys it is a reference already.
fn by_reference(argument: &Argument, cached: &Cached, names: &Names) -> TokenStream {
    if cached.options.no_handle { lent(argument, names.at) } else { argument.name.to_token_stream() }
}

/// An argument of the function itself, by reference.
fn lent(argument: &Argument, at: Span) -> TokenStream {
    let name = &argument.name;
    match &argument.ty {
        Type::Reference(reference) if reference.mutability.is_some() => quote_spanned!(at=> &*#name),
        Type::Reference(_) => quote_spanned!(at=> #name),
        _ => quote_spanned!(at=> &#name),
    }
}

/// `path::of::function<type arguments>:argument:argument`, with the arguments escaped.
fn default_key(cached: &Cached, names: &Names, key: &Ident) -> TokenStream {
    let at = names.at;
    let place = match cached.options.no_handle {
        true => quote_spanned!(at=> ::easy_cache_core::__macro::put_place_of(#key, &|| {});),
        false => {
            let (site, tail) = (sibling(cached, &names.site), format!("::{}", names.text));
            let (own, types) = (format!("::{}", names.site), type_arguments(cached, names, key));
            quote_spanned! {at=>
                let site = ::easy_cache_core::__macro::type_name_of_val(&#site);
                ::easy_cache_core::__macro::put_place(#key, site, #own);
                #key.put_raw(#tail);
                #types
            }
        }
    };
    let arguments = shown(cached).map(|argument| {
        let name = &argument.name;
        let written = places::write_value(&name.to_token_stream(), argument.ty.span(), key);
        quote_spanned!(at=> #key.put_raw(":"); #written)
    });
    quote_spanned!(at=> #place #key.escape_values(); #(#arguments)*)
}

/// Instances of a generic function have entries of their own.
fn type_arguments(cached: &Cached, names: &Names, key: &Ident) -> TokenStream {
    let at = names.at;
    let generics = kept(cached);
    let named = generics.params.iter().filter_map(|param| match param {
        GenericParam::Lifetime(_) => None,
        GenericParam::Type(ty) => {
            let ty = &ty.ident;
            Some(quote_spanned!(at=> #key.put_raw(::easy_cache_core::__macro::type_name::<#ty>());))
        }
        GenericParam::Const(constant) => {
            let constant = constant.ident.to_token_stream();
            Some(places::write_value(&constant, at, key))
        }
    });
    let unnamed = shown(cached).filter(|argument| is_impl(&argument.ty)).map(|argument| {
        let name = &argument.name;
        quote_spanned!(at=> #key.put_raw(::easy_cache_core::__macro::type_name_of_val(#name));)
    });
    named.chain(unnamed).map(|one| quote_spanned!(at=> #key.put_raw("<"); #one #key.put_raw(">");)).collect()
}

fn key(cached: &Cached, names: &Names) -> TokenStream {
    let (at, name, visibility, result) = (names.at, &names.key, names::visibility(cached), &cached.result);
    let (generics, parameters) = (kept(cached), parameters(cached, names, &in_handle(cached)));
    let clause = &generics.where_clause;
    let forwarded = in_key_buf(cached).into_iter().map(|argument| &argument.name);
    let (this, key_buf, turbofish) = (this(cached), sibling(cached, &names.key_buf), generics::turbofish(&generics));
    let (site, cache) = (names::site(cached, names), names::cache(cached, names));
    let keyed = names::of_result(cached, "keyed", &quote_spanned!(at=> #site, cache, key));
    let doc = format!("The entry of a call of `{}`, from the arguments that its key needs.", names.text);
    quote_spanned! {at=>
        #[doc = #doc]
        #[allow(dead_code, clippy::unused_self, clippy::ptr_arg, clippy::trivially_copy_pass_by_ref, reason = "written by a macro")]
        #visibility fn #name #generics(#parameters) -> ::easy_cache_core::__macro::Keyed<#result> #clause {
            let cache = #cache;
            let mut key = ::easy_cache_core::__macro::KeyBuf::new();
            #key_buf #turbofish(#this #(#forwarded,)* &mut key);
            #keyed
        }
    }
}

/// The arguments that the key or its prefix mention.
fn in_key_buf(cached: &Cached) -> Vec<&Argument> {
    let arguments = cached.function.arguments.iter().enumerate();
    arguments.filter(|(position, _)| in_key(cached, *position)).map(|(_, argument)| argument).collect()
}

/// The same and those that the choice of the cache mentions.
fn in_handle(cached: &Cached) -> Vec<&Argument> {
    let arguments = cached.function.arguments.iter().enumerate();
    let is_needed = |position, argument| in_key(cached, position) || in_cache(cached, argument);
    arguments.filter(|(position, argument)| is_needed(*position, argument)).map(|(_, argument)| argument).collect()
}

fn in_key(cached: &Cached, position: usize) -> bool {
    let (options, function) = (&cached.options, &cached.function);
    let begins_with_it = |root: &Root| function.position(root) == Some(position);
    let in_templates = options.key_sources().filter_map(KeySource::template).flat_map(|template| template.places());
    in_templates.map(|place| &place.root).any(begins_with_it)
        || shows_all(cached) && !options.skips(&function.arguments[position].name)
}

/// Whether the key is made of all arguments but those that are skipped: by default, and where a closure or a function, in
/// which nobody looks, makes it.
fn shows_all(cached: &Cached) -> bool {
    cached.options.key.is_none() || cached.options.key_sources().any(|source| source.builder().is_some())
}

fn in_cache(cached: &Cached, argument: &Argument) -> bool {
    match &cached.options.cache {
        Some(CacheSource::Expression(cache)) => parse::mentions(cache.to_token_stream(), &argument.name),
        _ => false,
    }
}

/// The arguments that are not skipped.
fn shown(cached: &Cached) -> impl Iterator<Item = &Argument> {
    cached.function.arguments.iter().filter(|argument| !cached.options.skips(&argument.name))
}

/// The receiver, and the given arguments by reference.
fn parameters(cached: &Cached, names: &Names, arguments: &[&Argument]) -> TokenStream {
    let at = names.at;
    let receiver = cached.function.receiver.iter().map(|receiver| {
        let (this, ty) = (&receiver.self_token, &receiver.ty);
        match &**ty {
            Type::Reference(_) => receiver.to_token_stream(),
            _ if receiver.colon_token.is_none() => quote_spanned!(this.span=> &#this),
            _ => quote_spanned!(at=> #this: &#ty),
        }
    });
    let typed = arguments.iter().map(|argument| {
        let (name, ty) = (&argument.name, referenced(&argument.ty));
        quote_spanned!(at=> #name: #ty)
    });
    quote_spanned!(at=> #(#receiver,)* #(#typed,)*)
}

fn referenced(ty: &Type) -> TokenStream {
    let at = invented(ty.span());
    match ty {
        Type::Reference(reference) => {
            let (lifetime, target) = (&reference.lifetime, &reference.elem);
            quote_spanned!(at=> &#lifetime #target)
        }
        Type::ImplTrait(_) => quote_spanned!(at=> &(#ty)),
        Type::Path(path) if path.path.is_ident("String") => quote_spanned!(at=> &::easy_cache_core::__macro::str),
        _ => quote_spanned!(at=> &#ty),
    }
}

fn is_impl(ty: &Type) -> bool {
    match ty {
        Type::ImplTrait(_) => true,
        Type::Reference(reference) => is_impl(&reference.elem),
        Type::Paren(inner) => is_impl(&inner.elem),
        _ => false,
    }
}

/// Type parameters that these functions need. A default key shows all but those of arguments that are skipped.
fn kept(cached: &Cached) -> Generics {
    let generics = &cached.function.item.sig.generics;
    let mut used = cached.result.to_token_stream();
    used.extend(in_handle(cached).into_iter().map(|argument| argument.ty.to_token_stream()));
    used.extend(constants(cached));
    if shows_all(cached) {
        let skipped = cached.function.arguments.iter().filter(|argument| cached.options.skips(&argument.name));
        let skipped: TokenStream = skipped.map(|argument| argument.ty.to_token_stream()).collect();
        used.extend(generics::unmentioned(generics, &skipped));
    }
    generics::mentioned(generics, &used)
}

/// Constants in templates may belong to a type parameter: `{T::KIND}`.
fn constants(cached: &Cached) -> TokenStream {
    let templates = cached.options.key_sources().filter_map(KeySource::template);
    templates
        .flat_map(|template| template.places())
        .filter_map(|place| match &place.root {
            Root::Constant(path) => Some(path.to_token_stream()),
            _ => None,
        })
        .collect()
}
