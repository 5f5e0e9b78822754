use async_trait::async_trait;
use easy_cache_core::ecached;

#[async_trait]
trait Store {
    async fn goods(&self, id: u64) -> u64;
}

struct Shop;

#[async_trait]
#[ecached]
impl Store for Shop {
    #[ecached("{id}")]
    async fn goods(&self, id: u64) -> u64 {
        id
    }
}

fn main() {}
