use easy_cache_core::ecached;
use std::rc::Rc;

#[ecached("n:{n}")]
async fn holds_an_rc(n: u64) -> u64 {
    let shared = Rc::new(n);
    std::future::ready(()).await;
    *shared
}

fn spawn(_future: impl Future + Send) {}

fn main() {
    spawn(holds_an_rc(1));
}
