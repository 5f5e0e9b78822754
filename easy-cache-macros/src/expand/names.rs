//! The names of what is written beside a function, and the pieces of code that several of these share.

use crate::parse::{CacheSource, Home};
use crate::validate::Cached;
use proc_macro2::{Ident, Span, TokenStream};
use quote::{ToTokens, quote, quote_spanned};
use syn::Type;
use syn::ext::IdentExt;
use syn::spanned::Spanned;

/// Names, and the span of invented code: it points at the function's name, so that an editor finds the function.
pub(crate) struct Names {
    /// `users_cache`
    pub(crate) handle: Ident,
    /// `users_key`
    pub(crate) key: Ident,
    /// `__users_key`, which writes the key.
    pub(crate) key_buf: Ident,
    /// `__users_site__..`. The rest of the name is read by whoever caches a function of a type without `self`, or of a
    /// trait's implementation, without a mark on the block, or for a type of another crate: the siblings are not found,
    /// which is all that the compiler then says.
    pub(crate) site: Ident,
    /// The name as text.
    pub(crate) text: String,
    /// The location of the function's name with the hygiene of the macro.
    pub(crate) at: Span,
}

impl Names {
    pub(crate) fn of(cached: &Cached) -> Self {
        let name = &cached.function.item.sig.ident;
        let text = name.unraw().to_string();
        let visible = Span::call_site().located_at(name.span());
        let advice = match cached.function.home {
            Home::Trait => "for_a_type_of_another_crate_write_no_handle",
            Home::Module | Home::Type => "inside_an_impl_put_ecached_on_the_impl_too",
        };
        Self {
            handle: Ident::new(&format!("{text}_cache"), visible),
            key: Ident::new(&format!("{text}_key"), visible),
            key_buf: Ident::new(&format!("__{text}_key"), visible),
            site: Ident::new(&format!("__{text}_site__{advice}"), visible),
            at: invented(name.span()),
            text,
        }
    }

    /// A name of the macro's own, for a local variable.
    pub(crate) fn local(&self, name: &str) -> Ident {
        Ident::new(name, self.at)
    }
}

/// The hygiene of the macro, at a place in the user's code.
pub(crate) fn invented(place: Span) -> Span {
    Span::mixed_site().located_at(place)
}

/// Goes before a binding of what the user's closure takes, which may have any name, and may not be used.
pub(crate) fn quietly(at: Span) -> TokenStream {
    quote_spanned! {at=>
        #[allow(
            clippy::no_effect_underscore_binding,
            clippy::shadow_reuse,
            clippy::shadow_same,
            clippy::shadow_unrelated,
            reason = "written by a macro"
        )]
    }
}

/// How a sibling is called: through the type for methods.
pub(crate) fn sibling(cached: &Cached, name: &Ident) -> TokenStream {
    let at = name.span();
    match cached.function.home {
        Home::Module => quote_spanned!(at=> #name),
        Home::Type | Home::Trait => quote_spanned!(at=> Self::#name),
    }
}

/// Who sees the siblings: who sees the function, or, for a method of a trait, whoever sees the type.
pub(crate) fn visibility(cached: &Cached) -> TokenStream {
    match cached.function.home {
        Home::Trait => quote!(pub),
        Home::Module | Home::Type => cached.function.item.vis.to_token_stream(),
    }
}

/// `self,` for methods, with the user's own `self`.
pub(crate) fn this(cached: &Cached) -> TokenStream {
    cached.function.receiver.as_ref().map_or_else(TokenStream::new, |receiver| {
        let this = &receiver.self_token;
        quote_spanned!(this.span=> #this,)
    })
}

/// The same, by reference: `&self,` where the function takes `self: Arc<Self>`.
pub(crate) fn this_by_reference(cached: &Cached) -> TokenStream {
    cached.function.receiver.as_ref().map_or_else(TokenStream::new, |receiver| {
        let this = &receiver.self_token;
        match &*receiver.ty {
            Type::Reference(_) => quote_spanned!(this.span=> #this,),
            _ => quote_spanned!(this.span=> &#this,),
        }
    })
}

/// What is known of the function: an expression of type `&'static Site`.
pub(crate) fn site(cached: &Cached, names: &Names) -> TokenStream {
    if cached.options.no_handle {
        return names.local("site").into_token_stream();
    }
    let (at, site) = (names.at, sibling(cached, &names.site));
    quote_spanned!(at=> #site())
}

/// The static behind it.
pub(crate) fn new_site(cached: &Cached, names: &Names) -> TokenStream {
    let (at, tail) = (names.at, format!("::{}", names.text));
    let path = quote_spanned! {at=>
        ::easy_cache_core::__macro::concat!(::easy_cache_core::__macro::module_path!(), #tail)
    };
    let site = match &cached.options.cache {
        Some(CacheSource::Alias(alias)) => quote_spanned!(at=> with_alias(#path, #alias)),
        _ => quote_spanned!(at=> new(#path)),
    };
    quote_spanned! {at=>
        static SITE: ::easy_cache_core::__macro::Site = ::easy_cache_core::__macro::Site::#site;
        &SITE
    }
}

/// The cache of a call: an expression of type `&Cache`.
pub(crate) fn cache(cached: &Cached, names: &Names) -> TokenStream {
    match &cached.options.cache {
        Some(CacheSource::Expression(cache)) => {
            let at = invented(cache.span());
            quote_spanned!(at=> {
                use ::easy_cache_core::__macro::AsCache as _;
                (#cache).as_cache()
            })
        }
        _ => {
            let (at, site) = (names.at, site(cached, names));
            quote_spanned!(at=> #site.cache())
        }
    }
}

/// The shape of the result.
pub(crate) fn shape(cached: &Cached) -> TokenStream {
    let result = &cached.result;
    let (none, err) = (cached.options.cache_none.is_some(), cached.options.cache_err.is_some());
    let at = invented(result.span());
    quote_spanned! {at=>
        ::easy_cache_core::__macro::storable::<#result, _>(::easy_cache_core::__macro::shape_of!(#result, #none, #err))
    }
}

/// A call of a function that asks for the result and its shape. It has the span of the result all over: a value that cannot be
/// kept is then complained of there, and once.
pub(crate) fn of_result(cached: &Cached, function: &str, arguments: &TokenStream) -> TokenStream {
    let (result, shape) = (&cached.result, shape(cached));
    let at = invented(result.span());
    let function = Ident::new(function, at);
    quote_spanned!(at=> ::easy_cache_core::__macro::#function::<#result, _>(#arguments, #shape))
}

/// Whether an argument forbids the cache: an expression of type `bool`.
pub(crate) fn bypass(cached: &Cached, names: &Names) -> TokenStream {
    let at = names.at;
    let this = cached.function.receiver.iter().map(|receiver| {
        let this = &receiver.self_token;
        quote_spanned!(at=> #this)
    });
    let others = cached.function.arguments.iter().map(|argument| {
        let name = &argument.name;
        quote_spanned!(at=> #name)
    });
    let all = this.chain(others);
    quote_spanned!(at=> ::easy_cache_core::__macro::forbids!(#(#all),*))
}
