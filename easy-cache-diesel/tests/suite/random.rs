//! Random programs, transactions and errors included: after every statement each cached value is what a reader that
//! knows of no cache finds in the database.

use diesel::connection::SimpleConnection;
use diesel::prelude::*;
use diesel::{delete, insert_into, sql_query, update};
use proptest::prelude::*;

use crate::home::{CONTROL, Conn, OWN_WRITES, PROGRAMS};
use crate::suite::schema::{book, books, new_book};
use crate::suite::shop::{Shop, title, titles};

/// One statement. Titles are unique and few, so many are refused.
#[derive(Clone, Debug)]
enum Step {
    Insert(i32, u8),
    InsertWithoutKey(u8),
    Update(i32, u8),
    UpdateUnnamed(u8, u8),
    Move(i32, i32),
    Delete(i32),
    DeleteAll,
    /// One that only this database has.
    Own(&'static str, i32, u8, u8),
    Batch(Vec<Self>),
    Control(&'static str),
}

const IDS: i32 = 4;

fn statement() -> impl Strategy<Value = Step> {
    let id = || 1..=IDS;
    let name = || 0..5_u8;
    let every = prop_oneof![
        (id(), name()).prop_map(|(id, name)| Step::Insert(id, name)),
        name().prop_map(Step::InsertWithoutKey),
        (id(), name()).prop_map(|(id, name)| Step::Update(id, name)),
        (name(), name()).prop_map(|(from, to)| Step::UpdateUnnamed(from, to)),
        (id(), id()).prop_map(|(from, to)| Step::Move(from, to)),
        id().prop_map(Step::Delete),
        Just(Step::DeleteAll),
    ];
    let own = (prop::sample::select(OWN_WRITES.to_vec()), id(), name(), name());
    prop_oneof![2 => every, 1 => own.prop_map(|(text, id, a, b)| Step::Own(text, id, a, b))]
}

fn control() -> impl Strategy<Value = Step> {
    let texts = [
        "BEGIN",
        "COMMIT",
        "ROLLBACK",
        "SAVEPOINT a",
        "SAVEPOINT b",
        "RELEASE SAVEPOINT a",
        "RELEASE SAVEPOINT b",
        "ROLLBACK TO a",
        "ROLLBACK TO b",
    ];
    let texts = [&texts[..], &CONTROL].concat();
    prop::sample::select(texts).prop_map(Step::Control)
}

fn step() -> impl Strategy<Value = Step> {
    let any = || prop_oneof![3 => statement(), 2 => control()];
    prop_oneof![8 => any(), 1 => prop::collection::vec(any(), 2..5).prop_map(Step::Batch)]
}

fn name(name: u8) -> String {
    format!("title {name}")
}

impl Step {
    fn run(&self, c: &mut Conn) -> QueryResult<()> {
        match self {
            Self::Insert(id, n) => insert_into(books::table).values(book(*id, &name(*n))).execute(c),
            Self::InsertWithoutKey(n) => insert_into(books::table).values(new_book(&name(*n))).execute(c),
            Self::Update(id, n) => update(books::table.find(id)).set(books::title.eq(name(*n))).execute(c),
            Self::UpdateUnnamed(from, to) => {
                update(books::table.filter(books::title.eq(name(*from)))).set(books::title.eq(name(*to))).execute(c)
            }
            Self::Move(from, to) => update(books::table.find(from)).set(books::id.eq(to)).execute(c),
            Self::Delete(id) => delete(books::table.find(id)).execute(c),
            Self::DeleteAll => delete(books::table).execute(c),
            Self::Own(..) => sql_query(self.text()).execute(c),
            Self::Batch(_) | Self::Control(_) => return c.batch_execute(&self.text()),
        }
        .map(|_| ())
    }

    fn text(&self) -> String {
        match self {
            Self::Insert(id, n) => format!("INSERT INTO books VALUES ({id}, 'title {n}', 1)"),
            Self::InsertWithoutKey(n) => format!("INSERT INTO books (title, author_id) VALUES ('title {n}', 1)"),
            Self::Update(id, n) => format!("UPDATE books SET title = 'title {n}' WHERE id = {id}"),
            Self::UpdateUnnamed(a, b) => format!("UPDATE books SET title = 'title {b}' WHERE title = 'title {a}'"),
            Self::Move(from, to) => format!("UPDATE books SET id = {to} WHERE id = {from}"),
            Self::Delete(id) => format!("DELETE FROM books WHERE id = {id}"),
            Self::DeleteAll => "DELETE FROM books".to_owned(),
            Self::Own(text, id, a, b) => {
                let fill = |text: String, (name, value): (&str, String)| text.replace(name, &value);
                let values = [("{id}", id.to_string()), ("{a}", a.to_string()), ("{b}", b.to_string())];
                values.into_iter().fold((*text).to_owned(), fill)
            }
            Self::Batch(steps) => steps.iter().map(Self::text).collect::<Vec<_>>().join("; "),
            Self::Control(text) => (*text).to_owned(),
        }
    }
}

thread_local! {
    /// Each thread has one, whose first rows are put back for each program.
    static SHOP: Shop = Shop::new();
}

fn check(steps: &[Step]) -> Result<(), TestCaseError> {
    SHOP.with(|shop| {
        shop.home.reset();
        shop.cache.invalidate_all().wait().unwrap();
        check_in(shop, steps)
    })
}

fn check_in(shop: &Shop, steps: &[Step]) -> Result<(), TestCaseError> {
    let (writer, reader, truth) = (&mut shop.connection(), &mut shop.connection(), &mut shop.behind());
    for (number, step) in steps.iter().enumerate() {
        let _ = step.run(writer);
        for id in 1..=IDS {
            let found = books::table.find(id).select(books::title).first::<String>(truth).optional().unwrap();
            let found = found.unwrap_or_else(|| "none".to_owned());
            prop_assert_eq!(title(shop, reader, id), found, "book {} after step {}", id, number);
        }
        let all: Vec<String> = books::table.select(books::title).order(books::id).load(truth).unwrap();
        prop_assert_eq!(titles(shop, reader), all, "after step {}", number);
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: PROGRAMS, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn what_is_cached_is_what_is_committed(steps in prop::collection::vec(step(), 1..25)) {
        check(&steps)?;
    }
}

#[test]
fn what_a_batch_writes_before_its_savepoint_outlives_going_back_to_that() {
    let batch = Step::Batch(vec![Step::Control("BEGIN"), Step::DeleteAll, Step::Control("SAVEPOINT b")]);
    check(&[batch, Step::Control("ROLLBACK TO b"), Step::Control("COMMIT")]).unwrap();
}
