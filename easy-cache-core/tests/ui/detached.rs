use easy_cache_core::ecached;
use std::rc::Rc;
use std::sync::Arc;

struct Shop;

impl Shop {
    #[ecached("sent", detach, skip(self))]
    async fn sent(self: Arc<Self>, n: Rc<u64>) -> u64 {
        std::future::ready(()).await;
        *n
    }
}

struct Db<'a>(&'a str);

#[ecached("borrows", detach)]
async fn borrows_inside(db: Db<'_>) -> usize {
    db.0.len()
}

#[ecached("borrows", detach)]
async fn borrows_in_secret<T: AsRef<str> + Send>(text: T) -> usize {
    text.as_ref().len()
}

fn main() {}
