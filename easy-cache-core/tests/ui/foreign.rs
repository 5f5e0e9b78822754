use easy_cache_core::ecached;

trait Store {
    fn goods(&self, id: u64) -> u64;
}

#[ecached]
impl Store for std::time::Duration {
    #[ecached("{id}:{self:?}")]
    fn goods(&self, id: u64) -> u64 {
        id
    }
}

fn main() {}
