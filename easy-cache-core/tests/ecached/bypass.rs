//! Arguments that forbid the cache for one call.

use crate::support::{Calls, block_on};
use easy_cache_core::{Bypass, ecached};

struct Connection {
    in_transaction: bool,
    calls: Calls,
}

impl Connection {
    fn new(in_transaction: bool) -> Self {
        Self { in_transaction, calls: Calls::default() }
    }
}

impl AsRef<Calls> for Connection {
    fn as_ref(&self) -> &Calls {
        &self.calls
    }
}

impl Bypass for Connection {
    fn bypass_cache(&self) -> bool {
        self.in_transaction
    }
}

#[test]
fn a_call_with_an_open_transaction_neither_reads_nor_fills() {
    #[ecached("bypass:{n}")]
    async fn read(connection: &Connection, n: u64) -> u64 {
        n * 100 + connection.calls.count()
    }
    let (outside, inside) = (Connection::new(false), Connection::new(true));
    assert_eq!((block_on(read(&inside, 1)), read_key(&1).peek()), (101, None));
    assert_eq!((block_on(read(&outside, 1)), block_on(read(&outside, 1))), (101, 101));
    assert_eq!((block_on(read(&inside, 1)), block_on(read(&inside, 1))), (102, 103));
    assert_eq!(block_on(read_cache(&inside, 1).refresh()), 104);
    assert_eq!(read_key(&1).peek(), Some(101));
}

#[test]
fn the_question_goes_through_references_options_and_self() {
    struct Repository<'a> {
        connection: &'a Connection,
    }
    impl Bypass for Repository<'_> {
        fn bypass_cache(&self) -> bool {
            self.connection.bypass_cache()
        }
    }
    impl Repository<'_> {
        #[ecached("bypass:self", skip(self))]
        fn by_self(&self) -> u64 {
            self.connection.calls.count()
        }
    }
    #[ecached("bypass:mutable")]
    fn by_mutable(connection: &mut Connection) -> u64 {
        connection.calls.count()
    }
    #[ecached("bypass:option", skip(connection))]
    fn by_option(connection: Option<&Connection>) -> u64 {
        connection.map_or(0, |connection| connection.calls.count())
    }
    #[ecached("bypass:generic")]
    async fn by_bound(connection: &(impl Bypass + AsRef<Calls>)) -> u64 {
        connection.as_ref().count()
    }
    let mut inside = Connection::new(true);
    let repository = Repository { connection: &inside };
    assert_eq!((repository.by_self(), repository.by_self()), (1, 2));
    assert_eq!((by_option(Some(&inside)), by_option(Some(&inside))), (3, 4));
    assert_eq!((block_on(by_bound(&inside)), block_on(by_bound(&inside))), (5, 6));
    assert_eq!((by_mutable(&mut inside), by_mutable(&mut inside)), (7, 8));
    let mut outside = Connection::new(false);
    assert_eq!((by_mutable(&mut outside), by_mutable(&mut outside)), (1, 1));
}
