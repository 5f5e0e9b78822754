//! The attribute itself, with an example for each group of its options. What the options are is said where it is written,
//! in `easy-cache-macros`.

/// Answers calls of a function from a cache. Examples come first; tables of all options follow.
///
/// # Examples: keys
/// ```
/// use easy_cache_core::{Meta, ecached};
///
/// struct Shop { id: u64 }
///
/// impl Shop {
///     const KIND: &'static str = "corner";
///
///     #[ecached("shop:{self.id}:{Self::KIND}:{page:03}")]     // a template
///     fn page(&self, page: u64) -> String { format!("page {page}") }
///
///     #[ecached(key = ["goods", self.id, id])]                // a list
///     fn goods(&self, id: u64) -> String { format!("goods {id}") }
///
///     #[ecached(skip(self))]                                  // by default: the function's path, and its arguments
///     fn vat(&self, net: u64) -> u64 { net / 5 }
/// }
///
/// fn by_hand(name: &str, page: &u64) -> String { format!("{}/{page}", name.to_lowercase()) }
///
/// #[ecached(key = by_hand)]                                   // a function with the same arguments, by reference
/// fn search(name: String, page: u64) -> Vec<String> { vec![format!("{name} {page}")] }
///
/// #[ecached(key = |meta| format!("v2:{}:{words}", meta.function()))] // a closure; arguments are in scope by reference
/// fn count(words: String) -> usize { words.len() }
///
/// let shop = Shop { id: 7 };
/// assert_eq!(shop.page_key(&2).key(), "shop:7:corner:002");
/// assert_eq!(shop.goods_key(&8).key(), "goods:7:8");
/// assert!(shop.vat_key(&100).key().ends_with("Shop::vat:100"));
/// assert_eq!(search_key("Books", &1).key(), "books/1");
/// assert_eq!(count_key("a b").key(), "v2:count:a b");
/// ```
///
/// # Examples: ttl, tags and prefix, from arguments and from the value
/// ```
/// use std::time::Duration;
/// use easy_cache_core::{Error, ecached};
///
/// #[ecached(
///     "list:{author}",
///     prefix = "tenant:{tenant}",
///     ttl = |books| Duration::from_secs(60 * books.len() as u64),
///     tags = ["books", "author:{author}", |books| books.iter().map(|id| format!("book:{id}"))]
/// )]
/// fn books(tenant: u64, author: u64) -> Vec<u64> { vec![author * 10, author * 10 + 1] }
///
/// # fn main() -> Result<(), Error> {
/// books(1, 5);
/// assert_eq!(books_key(&1, &5).key(), "tenant:1:list:5");
/// easy_cache_core::registry::default_cache().invalidate_tags(["book:51"]).wait()?;
/// assert_eq!(books_key(&1, &5).peek(), None);
/// # Ok(()) }
/// ```
///
/// # Examples: which results are stored
/// ```
/// use easy_cache_core::ecached;
///
/// #[ecached("user:{id}", ttl = "1h", cache_none = "10s", only_if = |user| user.as_deref() != Some("guest"))]
/// fn user(id: u64) -> Option<String> { (id > 0).then(|| "guest".to_owned()) }
///
/// #[ecached("rate:{id}", ttl = "1m", cache_err = "1s")]
/// fn rate(id: u64) -> Result<u64, String> { id.checked_sub(1).ok_or_else(|| "no such rate".to_owned()) }
///
/// #[derive(Clone)]
/// struct Compiled(Vec<u8>); // cannot be serialised
///
/// #[ecached("compiled:{name}", local, weight = |compiled| compiled.0.len() as u64)]
/// fn compiled(name: &str) -> Compiled { Compiled(name.as_bytes().to_vec()) }
///
/// let _ = (user(0), rate(0), compiled("x"));
/// assert!(user_key(&0).ttl().unwrap().as_secs() <= 10);
/// assert_eq!(rate_key(&0).peek(), Some(Err("no such rate".to_owned())));
/// ```
///
/// # Examples: an `impl` block, and the implementation of a trait
/// ```
/// use easy_cache_core::{Cache, Error, ecached, of};
///
/// struct Shop { id: u64, cache: Cache }
///
/// trait Store { async fn goods(&self, id: u64) -> String; }
///
/// #[ecached(cache = self.cache, prefix = "shop:{self.id}", ttl = "5m")] // for all that are marked
/// impl Store for Shop {
///     #[ecached("goods:{id}")]
///     async fn goods(&self, id: u64) -> String { format!("goods {id} of {}", self.id) }
/// }
///
/// #[ecached]
/// impl Shop {
///     #[ecached]
///     fn vat(net: u64) -> u64 { net / 5 }
/// }
///
/// # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), Error> {
/// let shop = Shop { id: 1, cache: Cache::new() };
/// assert_eq!((shop.goods(7).await, Shop::vat(100)), ("goods 7 of 1".to_owned(), 20));
/// shop.goods_cache(7).invalidate_prefix().await?;                     // who knows the type
/// async fn drop_one(store: &impl Store) -> Result<(), Error> {
///     of(store.goods(7)).invalidate().await                           // who knows the trait alone
/// }
/// drop_one(&shop).await?;
/// # Ok(()) }
/// ```
///
/// # Examples: around the end of a ttl
/// ```
/// use easy_cache_core::ecached;
///
/// #[ecached("weather:{city}", ttl = "1m", jitter = "5s", stale_while_revalidate = "30s", fail_safe = "1h", detach)]
/// async fn weather(city: String) -> Result<String, std::io::Error> { Ok(format!("sun over {city}")) }
///
/// # #[tokio::main(flavor = "current_thread")] async fn main() -> std::io::Result<()> {
/// assert_eq!(weather("Bonn".to_owned()).await?, "sun over Bonn");
/// # Ok(()) }
/// ```
///
pub use easy_cache_macros::ecached;
