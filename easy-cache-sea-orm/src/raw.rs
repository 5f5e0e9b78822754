//! Transactions that are begun, ended or divided by text, on whichever connection of the pool gets it. Nobody can tell what
//! belongs to them, so everything is held while one is open, and dropped when it may have ended.

use std::future::Future;
use std::sync::atomic::{AtomicBool, Ordering};

use easy_cache_core::{Hold, scope};
use easy_cache_sql::hook::{Hook, Outcome, Pending, Plan};
use parking_lot::Mutex;
use sea_orm::DbErr;

use crate::outcome;

/// What is known of transactions begun by text.
#[derive(Debug, Default)]
pub(crate) struct RawTransactions {
    is_open: AtomicBool,
    holds: Mutex<Vec<Hold>>,
}

impl RawTransactions {
    /// Whether one may be open, so that reads may see what is not committed.
    pub(crate) fn is_open(&self) -> bool {
        self.is_open.load(Ordering::SeqCst)
    }

    /// Runs a text that controls a transaction, or may do so.
    pub(crate) async fn run<T>(
        &self,
        hook: &Hook,
        plan: &Plan,
        run: impl Future<Output = Result<T, DbErr>> + Send,
    ) -> Result<T, DbErr> {
        scope::taint();
        let was_open = self.is_open();
        if plan.begins_transaction() {
            self.is_open.store(true, Ordering::SeqCst);
        }
        let hold = hook.hold(&Pending::Everything).await;
        let result = run.await;
        match outcome::of(&result, plan.is_all_or_nothing()) {
            // A refused COMMIT leaves the transaction open, a refused BEGIN opens none.
            Outcome::RolledBack => {
                self.is_open.store(was_open, Ordering::SeqCst);
                hook.settle(hold, Outcome::RolledBack).await;
            }
            // A text that failed may have come as far as its BEGIN.
            _ if plan.leaves_transaction_open() || (plan.begins_transaction() && result.is_err()) => {
                self.holds.lock().push(hold);
            }
            outcome => self.end(hook, hold, outcome).await,
        }
        result
    }

    async fn end(&self, hook: &Hook, last: Hold, outcome: Outcome) {
        let begun = std::mem::take(&mut *self.holds.lock());
        self.is_open.store(false, Ordering::SeqCst);
        for hold in begun.into_iter().chain([last]) {
            hook.settle(hold, outcome).await;
        }
    }
}
