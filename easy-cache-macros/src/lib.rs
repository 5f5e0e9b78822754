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

/// All options of `#[ecached]`, which answers calls of a function from a cache.
///
/// Put it on a free function, on a method, or on an `impl` block and there on the methods that are meant; `async` or not.
/// Call sites do not change.
///
/// # Keys
///
/// | option | meaning |
/// |---|---|
/// | `"users:{state}"` or `key = ".."` | A template: `{name}`, `{self.id}`, `{book.author.id}`, `{0}` (first argument), `{Self::KIND}`, `{n:04}`; `{{` is a brace |
/// | `key = [state, self.id]` | The same as `"{state}:{self.id}"` |
/// | `key = function` | What the function says, which takes the same arguments by reference (a `String` as `&str`), without those that are skipped |
/// | `key = \|\| ..`, `key = \|meta\| ..` | What the closure says, with the arguments in scope as references, and with all that is known of the call (`Meta`) |
/// | (no key) | Path of the function, its type arguments, and every argument that is not skipped |
/// | `skip(db, self)` | Not part of a default key, nor of what functions and closures build keys from |
/// | `prefix = ..` | A template, function or closure as for `key`. Goes before the key, and is a tag |
///
/// A template is taken as it is: with text arguments, choose a separator that cannot occur in them. The default key
/// escapes its parts. Two functions that write the same key into one cache share its entry, and if their results have one
/// type, each gets the value of the other: begin every template with a word of its own. A template that leaves `self` out
/// is shared by all instances. In a function with type parameters, a template says what tells their instances apart. Templates and
/// lists allocate nothing on a hit; functions and closures cost what they cost.
///
/// # Values
///
/// | option | meaning |
/// |---|---|
/// | `ttl = "5m"`, `ttl = 100`, `ttl = expression`, `ttl = \|value\| ..` | How long a value is fresh: units `ms s m h d w`, seconds, a `Duration` that may use the arguments, or one from the result. A second positional argument is the same. Default: what the cache says; if that is nothing, until it is invalidated or evicted |
/// | `tags = ["users", "by:{id}", \|value\| ..]` | Names of groups to drop together: templates, and lists that follow from the result. `tags = \|value\| ..` and `tags = function` are short for a list of one |
/// | `only_if = \|value\| ..` | Stores the value only then |
/// | `cache_none`, `cache_none = "10s"` | Stores `None`, which is otherwise computed again; for a time of its own |
/// | `cache_err`, `cache_err = "1s"` | Stores `Err`, likewise |
/// | `local` | The value need not implement `serde`'s traits, and never leaves the process |
/// | `weight = \|value\| ..` | What the value weighs in a bounded cache, in bytes. Default: its serialised size; for `local` values what `Weigh` says, or the size of the type |
///
/// What is stored of a `Result` or an `Option` is what is in `Ok` or `Some`; a value behind an `Arc` is shared, not
/// cloned. `&'static str` cannot be read back from a shared cache, and `Arc<str>` only with the feature `rc` of `serde`.
/// Closures over the result see that value; with `|value, meta|` also what is known of the call. `|_, meta|` is
/// for what the arguments decide alone: it runs before the function. An argument that the body takes away cannot be used
/// in a closure over the value: ask the `meta` for it.
///
/// # Freshness
///
/// The options of a `Policy` with the same names. What is left out, the cache says (`CacheBuilder::defaults`).
///
/// | option | meaning |
/// |---|---|
/// | `jitter = "5s"` | Up to so much is taken off the ttl, at random |
/// | `stale_while_revalidate = "30s"` | So long past its ttl the value may be served while it is computed anew |
/// | `fail_safe = "1h"`, `throttle = "5s"` | So long past its ttl it may be served because the function failed (`Err`), and is then left alone for a while |
/// | `soft_timeout = "100ms"`, `hard_timeout = "2s"` | How long who has something older waits; how long anybody waits |
/// | `early_refresh = 0.8`, `"xfetch"`, expression | After which part of its ttl, or by which chance, the value is computed anew before it ends |
/// | `lease = "10s"` | Processes that share a store wait so long for the one that computes |
/// | `serve_outdated = "1s"` | So long after a tag was invalidated the value may be served while it is computed anew |
/// | `detach` | The function may go on without its caller. It must own its arguments |
///
/// # Where, and what is written beside it
///
/// | option | meaning |
/// |---|---|
/// | `cache = "alias"`, `cache = self.cache` | Which cache: registered by name, or an expression |
/// | `no_handle` | Writes nothing beside the function |
///
/// Beside the function `users` there will be `users_cache(..)`, which takes the same arguments and gives a handle for
/// that call (`get`, `refresh`, `invalidate`, `invalidate_tags`, `invalidate_tags_only`, `invalidate_prefix`, `peek`,
/// `ttl`, `explain`, `key`), and `users_key(..)`, which takes only the arguments of the key, by reference.
///
/// Options on an `impl` block hold for its marked methods, unless a method says otherwise. Functions of a type without
/// `self`, and methods in the implementation of a trait, need the mark on the block: the trait takes no further functions,
/// so these stand in a second block for the type, visible to whoever sees that. If the type is from another crate, if two
/// of its functions have one name, or if the body is provided by a trait that is used behind `dyn`, say `no_handle`, and
/// use `of(..)` on a call. `#[async_trait]` goes below this attribute.
///
/// Arguments that implement `Bypass`, such as a connection with an open transaction, can forbid the cache for a call.
/// For an argument whose type is a type parameter, name `Bypass` among its bounds, or it is not asked.
///
/// Not for what takes `&mut self`, nor for what returns borrowed values.
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
