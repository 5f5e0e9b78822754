use easy_cache_core::ecached;
use std::rc::Rc;

struct NotCloned;

#[derive(Clone)]
struct NotPortable;

struct Opaque;

struct Book {
    id: u64,
}

#[ecached("not-cloned", local)]
fn not_cloned() -> Option<NotCloned> {
    None
}

#[ecached("not-sent", local)]
fn not_sent() -> Rc<u64> {
    Rc::new(0)
}

#[ecached("not-portable")]
async fn not_portable() -> Result<Vec<NotPortable>, String> {
    Ok(vec![])
}

#[ecached("{opaque}")]
fn not_a_part(opaque: &Opaque) -> u64 {
    0
}

#[ecached]
fn not_a_part_by_default(opaque: &Opaque) -> u64 {
    0
}

#[ecached("{book.idd}")]
fn misspelt_field(book: &Book) -> u64 {
    book.id
}

#[ecached("body:{n}")]
async fn wrong_body(n: u64) -> Result<u64, String> {
    let number: u64 = "7".parse()?;
    Ok(number + n)
}

#[ecached("seconds", ttl = n)]
fn wrong_ttl(n: u64) -> u64 {
    n
}

#[ecached("cache", cache = n)]
fn wrong_cache(n: u64) -> u64 {
    n
}

fn main() {}
