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

#[ecached("never-none", cache_none)]
fn never_none() -> Result<u64, u8> {
    Ok(0)
}

#[ecached("never-err", cache_err = "1s")]
fn never_err() -> Option<u64> {
    None
}

#[ecached("never-late", hard_timeout = "1s")]
async fn never_late() -> Result<u64, String> {
    Ok(0)
}

#[ecached("grace", stale_while_revalidate = n)]
fn wrong_length(n: u64) -> u64 {
    n
}

#[ecached("early", early_refresh = n)]
fn wrong_refresh(n: u64) -> u64 {
    n
}

fn wrong_key_of(id: &str) -> String {
    id.to_owned()
}

#[ecached(key = wrong_key_of)]
fn key_of_another_signature(id: u64) -> u64 {
    id
}

#[ecached(key = || Opaque)]
fn key_that_cannot_be_written(id: u64) -> u64 {
    id
}

#[ecached("meta", tags = |value, meta| value.names(meta))]
fn wrong_tags(id: u64) -> u64 {
    id
}

#[ecached("seconds", ttl = n)]
fn wrong_ttl(n: u64) -> u64 {
    n
}

#[ecached("cache", cache = n)]
fn wrong_cache(n: u64) -> u64 {
    n
}

#[ecached("borrowed-for-ever")]
fn read_back() -> Result<&'static str, String> {
    Ok("x")
}

#[ecached("not-in-a-list", tags = ["{list}"])]
fn not_in_a_list(list: Vec<Opaque>) -> u64 {
    list.len() as u64
}

fn main() {}
