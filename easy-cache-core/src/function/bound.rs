//! A cached function together with all the arguments of one call, not yet run: `users_cache(&db, state)`.
//! What needs no more than the key is `keyed.rs`, to which this dereferences.

use super::of::{self, Told};
use super::{Keyed, Mode, Operation, Plan, Policy, Prefixed, Tag, Tagged};
use std::fmt;
use std::ops::Deref;

/// A call of a cached function that has not been made yet. It can be made, made anew, or its entry dropped.
///
/// # Example: computing anew although there is a value
/// ```
/// use easy_cache_core::ecached;
/// use std::sync::atomic::{AtomicU64, Ordering};
///
/// #[ecached("ticket", ttl = "5m")]
/// fn ticket(counter: &AtomicU64) -> u64 {
///     counter.fetch_add(1, Ordering::Relaxed)
/// }
///
/// let counter = AtomicU64::new(1);
/// assert_eq!((ticket(&counter), ticket(&counter)), (1, 1));
/// assert_eq!(ticket_cache(&counter).refresh(), 2);
/// assert_eq!(ticket(&counter), 2);
/// ```
#[must_use = "a handle does nothing until one of its methods is called"]
pub struct Bound<R, P, L> {
    keyed: Keyed<R>,
    policy: Policy,
    plan: P,
    bypass: bool,
    load: L,
}

/// The body of an `async fn`, waiting to be polled.
#[derive(Debug)]
pub struct Later<F>(pub F);

/// The body of a `fn`, waiting to be called.
#[derive(Debug)]
pub struct Now<F>(pub F);

/// The body of an `async fn` that may go on without its caller.
#[derive(Debug)]
pub struct Behind<F>(pub F);

/// The body of a `fn` that may go on without its caller.
#[derive(Debug)]
pub struct BehindNow<F>(pub F);

/// Puts the parts together. `bypass` says that this call must neither read nor fill the cache.
#[inline]
pub fn bound<R, P, L>(keyed: Keyed<R>, policy: Policy, plan: P, bypass: bool, load: L) -> Bound<R, P, L> {
    Bound { keyed, policy, plan, bypass, load }
}

/// What can be done with each kind of body; how it is run is said below, kind by kind.
macro_rules! calls {
    ($load:ident<$($body:path),+ $(, $of_body:lifetime)?>, $result:path, [$($of_plan:tt)*], ($($word:ident)?) ($($wait:tt)*)) => {
        impl<R: $result, P: Plan<R> $($of_plan)*, F: $($body +)+ $($of_body)?> Bound<R, P, $load<F>> {
            /// What the call itself gives: the cached value, or else a computed one, which is stored.
            pub $($word)? fn get(self) -> R {
                self.run(Mode::Lookup) $($wait)*
            }

            /// Runs the function although there is a value, stores what it returns in its place, with the new tags, and
            /// returns it.
            pub $($word)? fn refresh(self) -> R {
                self.run(Mode::Refresh) $($wait)*
            }
        }
    };
}
calls!(Later<Future<Output = R>>, Sized, [], (async)(.await));
calls!(Behind<Future<Output = R>, Send, 'static>, Send, [+ Clone + Send + 'static], (async)(.await));
calls!(Now<FnOnce() -> R>, Sized, [], ()());
calls!(BehindNow<FnOnce() -> R, Send, 'static>, Detached, [+ Clone + Send + 'static], ()());

/// What a result must be to come from another thread.
pub trait Detached: Send + 'static {}
impl<R: Send + 'static> Detached for R {}

impl<R, P: Plan<R>, F: Future<Output = R>> Bound<R, P, Later<F>> {
    async fn run(self, mode: Mode) -> R {
        let mode = match of::told(&self.keyed, mode) {
            Told::Go(mode) => mode,
            Told::Return(result) => return result,
            Told::Stay => std::future::pending().await,
        };
        if self.bypass {
            crate::scope::taint();
            return self.load.0.await;
        }
        let Self { keyed, policy, plan, load, .. } = self;
        let policy = with_prefix(policy, &keyed);
        keyed.cache().compute(keyed.key_buf().as_bytes(), mode, policy, plan, load.0).await
    }
}

impl<R: Send, P, F> Bound<R, P, Behind<F>>
where
    P: Plan<R> + Clone + Send + 'static,
    F: Future<Output = R> + Send + 'static,
{
    async fn run(self, mode: Mode) -> R {
        let mode = match of::told(&self.keyed, mode) {
            Told::Go(mode) => mode,
            Told::Return(result) => return result,
            Told::Stay => std::future::pending().await,
        };
        if self.bypass {
            crate::scope::taint();
            return self.load.0.await;
        }
        let Self { keyed, policy, plan, load, .. } = self;
        let policy = with_prefix(policy, &keyed);
        keyed.cache().compute_detached(keyed.key_buf().as_bytes(), mode, policy, plan, load.0).await
    }
}

impl<R, P: Plan<R>, F: FnOnce() -> R> Bound<R, P, Now<F>> {
    fn run(self, mode: Mode) -> R {
        let mode = of::told_sync(mode);
        if self.bypass {
            crate::scope::taint();
            return (self.load.0)();
        }
        let policy = with_prefix(self.policy, &self.keyed);
        self.keyed.cache().compute_sync(self.keyed.key_buf().as_bytes(), mode, policy, self.plan, self.load.0)
    }
}

impl<R: Send + 'static, P, F> Bound<R, P, BehindNow<F>>
where
    P: Plan<R> + Clone + Send + 'static,
    F: FnOnce() -> R + Send + 'static,
{
    fn run(self, mode: Mode) -> R {
        let mode = of::told_sync(mode);
        if self.bypass {
            crate::scope::taint();
            return (self.load.0)();
        }
        let policy = with_prefix(self.policy, &self.keyed);
        self.keyed.cache().compute_sync_detached(self.keyed.key_buf().as_bytes(), mode, policy, self.plan, self.load.0)
    }
}

impl<R, P: Plan<R>, L> Bound<R, P, L> {
    /// Drops every entry that carries one of the tags that the function gives to this call. Tags that follow from the
    /// value are taken from the value that is stored now in this process: with a store outside of it there is none, and
    /// such tags are to be named to [`Cache::invalidate_tags`](crate::Cache::invalidate_tags).
    ///
    /// Does not compile for a function without tags.
    ///
    /// # Example
    /// ```
    /// use easy_cache_core::ecached;
    ///
    /// #[ecached("books:{page}", tags = ["books"])]
    /// fn books(page: u64) -> Vec<String> {
    ///     vec![format!("a book of page {page}")]
    /// }
    ///
    /// # fn main() -> Result<(), easy_cache_core::Error> {
    /// let _ = (books(1), books(2));
    /// books_cache(1).invalidate_tags().wait()?;
    /// assert!(books_key(&1).peek().is_none() && books_key(&2).peek().is_none(), "they have the tag in common");
    /// # Ok(()) }
    /// ```
    pub fn invalidate_tags(&self) -> Operation<'_>
    where
        P: Tagged,
    {
        self.keyed.cache().invalidate_tags(self.tags())
    }

    /// Drops every entry that carries one of the given tags, as far as they are among those that the function gives to
    /// this call; others are left alone.
    ///
    /// Does not compile for a function without tags.
    ///
    /// # Example: the entries of a state, and not all books
    /// ```
    /// use easy_cache_core::{Error, ecached};
    ///
    /// #[ecached("books:{state}:{page}", tags = ["books", "state:{state}"])]
    /// fn books(state: &str, page: u64) -> Vec<String> {
    ///     vec![format!("a book, {state}, of page {page}")]
    /// }
    ///
    /// # fn main() -> Result<(), Error> {
    /// let _ = (books("sold", 1), books("sold", 2), books("new", 1));
    /// books_cache("sold", 1).invalidate_tags_only(["state:sold", "state:new"]).wait()?;
    /// assert!(books_key("sold", &2).peek().is_none());
    /// assert!(books_key("new", &1).peek().is_some());
    /// # Ok(()) }
    /// ```
    pub fn invalidate_tags_only(&self, tags: impl IntoIterator<Item: Into<Tag>>) -> Operation<'_>
    where
        P: Tagged,
    {
        let own = self.tags();
        let wanted = tags.into_iter().map(Into::into).filter(|tag| own.contains(tag));
        self.keyed.cache().invalidate_tags(wanted)
    }

    /// The tags that the function gives to this call, with those that follow from the value that is stored now.
    fn tags(&self) -> Vec<Tag> {
        let mut policy = self.policy.clone();
        if let Some(result) = self.keyed.peek() {
            self.plan.finish(&result, &mut policy);
        }
        policy.into_tags()
    }

    /// Drops every entry whose key begins with the prefix that the function gives to this call.
    ///
    /// Does not compile for a function without a prefix.
    ///
    /// # Example
    /// ```
    /// use easy_cache_core::ecached;
    ///
    /// #[ecached("goods", prefix = "shop:{id}")]
    /// fn goods(id: u64) -> Vec<String> {
    ///     vec!["lamp".to_owned()]
    /// }
    ///
    /// # fn main() -> Result<(), easy_cache_core::Error> {
    /// goods(1);
    /// goods_cache(1).invalidate_prefix().wait()?;
    /// assert!(goods_key(&1).peek().is_none());
    /// # Ok(()) }
    /// ```
    pub fn invalidate_prefix(&self) -> Operation<'_>
    where
        P: Prefixed,
    {
        self.keyed.cache().invalidate_prefix(self.keyed.key_buf().prefix().unwrap_or_default())
    }
}

fn with_prefix<R>(policy: Policy, keyed: &Keyed<R>) -> Policy {
    match keyed.key_buf().prefix() {
        Some(prefix) => policy.prefix(prefix),
        None => policy,
    }
}

impl<R, P, L> Deref for Bound<R, P, L> {
    type Target = Keyed<R>;

    fn deref(&self) -> &Keyed<R> {
        &self.keyed
    }
}

impl<R, P, L> fmt::Debug for Bound<R, P, L> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.keyed.debug(f, "Bound", Some(&self.policy))
    }
}
