//! The attribute `#[ecached]`, in stages: [`parse`] reads what the user wrote, [`validate`] compares it with the
//! function, [`expand`] writes the code, and [`fallback`] keeps the plain function when one of them refuses.
//!
//! Expanded code names nothing but `easy_cache_core::__macro`; what it does at run time is that crate's `function` folder.

mod expand;
mod fallback;
mod parse;
mod validate;

use parse::Target;
use proc_macro::TokenStream;

/// Answers calls of a function from a cache.
///
/// Put it on a free function or on a method that takes `&self`, `async` or not. Call sites do not change.
///
/// | option | meaning |
/// |---|---|
/// | `"users:{state}"` or `key = ".."` | The key. `{name}`, `{self.id}`, `{book.author.id}`, `{0}` (first argument), `{Self::KIND}`, `{n:04}`; `{{` is a brace |
/// | `key = [state, self.id]` | The same as `"{state}:{self.id}"` |
/// | (no key) | Path of the function, its type arguments, and every argument that is not skipped |
/// | `skip(db, self)` | Not part of the default key |
/// | `ttl = "5m"`, `ttl = 100`, `ttl = expression`, `ttl = \|value\| ..` | How long a value is fresh: units `ms s m h d w`, seconds, a `Duration` that may use the arguments, or one from the result. A second positional argument is the same |
/// | `tags = ["users", "by:{id}", \|value\| ..]` | Names of groups to drop together: templates, and lists that follow from the result. `tags = \|value\| ..` and `tags = function` are short for a list of one |
/// | `prefix = "shop:{self.id}"` | Goes before the key, and is a tag |
/// | `cache = "alias"`, `cache = self.cache` | Which cache: registered by name, or an expression |
/// | `only_if = \|value\| ..` | Stores the value only then |
/// | `cache_none`, `cache_err` | Stores `None`, stores `Err`, which are otherwise computed again |
/// | `local` | The value need not implement `serde`'s traits, and never leaves the process |
///
/// Beside the function `users` there will be `users_cache(..)`, which takes the same arguments and gives a handle for
/// that call (`get`, `refresh`, `invalidate`, `invalidate_tags`, `invalidate_prefix`, `peek`, `ttl`, `key`), and
/// `users_key(..)`, which takes only the arguments of the key, by reference.
///
/// What is stored of a `Result` or an `Option` is what is in `Ok` or `Some`; a value behind an `Arc` is shared, not
/// cloned. Closures over the result see that value.
///
/// A template is taken as it is: with text arguments, choose a separator that cannot occur in them. The default key
/// escapes its parts. In a function with type parameters, a template says what tells their instances apart.
///
/// Arguments that implement `Bypass`, such as a connection with an open transaction, can forbid the cache for a call.
/// For an argument whose type is a type parameter, name `Bypass` among its bounds, or it is not asked.
///
/// Not yet for functions of a type without `&self`, and not in the implementation of a trait, which takes no further
/// functions: cache an inherent method or a free function there, and call it. Nor for what returns borrowed values.
#[proc_macro_attribute]
pub fn ecached(options: TokenStream, item: TokenStream) -> TokenStream {
    stages(options.into(), item.clone().into()).unwrap_or_else(|refusal| fallback::plain(&refusal, item.into())).into()
}

fn stages(options: proc_macro2::TokenStream, item: proc_macro2::TokenStream) -> syn::Result<proc_macro2::TokenStream> {
    match parse::target(item)? {
        Target::Function(function) => {
            let cached = validate::validate(syn::parse2(options)?, *function)?;
            let mut written = expand::expand(&cached);
            written.function.extend(written.siblings);
            Ok(written.function)
        }
        Target::Block(block) => {
            let options = syn::parse2(options)?;
            validate::preset(&options, &block)?;
            expand::block(&options, *block)
        }
    }
}
