//! Transactions that are begun, ended or divided by text, on whichever connection of the pool gets it. Nobody can tell what
//! belongs to them, so everything is held while one is open, and dropped when it may have ended.

use std::future::Future;
use std::sync::atomic::{AtomicBool, Ordering};

use easy_cache_core::scope;
use easy_cache_sql::hook::{Begun, Held, Hook, Outcome, Pending, Plan};
use parking_lot::Mutex;
use sea_orm::DbErr;

use crate::outcome;
use crate::refusal;

/// What is known of transactions begun by text.
#[derive(Debug, Default)]
pub(crate) struct RawTransactions {
    /// What every read asks; says the same as `begun`, or more.
    is_open: AtomicBool,
    begun: Mutex<Option<Begun>>,
    holds: Mutex<Vec<Held>>,
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
        let hold = hold(hook, plan).await?;
        let before = self.begun.lock().clone();
        if plan.begins_transaction() {
            self.is_open.store(true, Ordering::SeqCst);
        }
        let result = run.await;
        match outcome::of(&result, plan.is_all_or_nothing()) {
            // A refused COMMIT leaves the transaction open, a refused BEGIN opens none.
            Outcome::RolledBack => {
                self.is_open.store(before.is_some(), Ordering::SeqCst);
                hook.settle(hold, Outcome::RolledBack).await;
            }
            outcome => {
                let after = after(plan, before, result.is_err());
                let is_over = after.is_none();
                self.is_open.store(!is_over, Ordering::SeqCst);
                *self.begun.lock() = after;
                self.holds.lock().push(hold);
                if is_over {
                    self.end(hook, outcome).await;
                }
            }
        }
        result
    }

    async fn end(&self, hook: &Hook, outcome: Outcome) {
        let holds = std::mem::take(&mut *self.holds.lock());
        for hold in holds {
            hook.settle(hold, outcome).await;
        }
    }
}

/// What takes back what was written is never refused.
async fn hold(hook: &Hook, plan: &Plan) -> Result<Held, DbErr> {
    let mut visible = Pending::everything();
    visible.merge(plan.pending().unwrap_or_default());
    if plan.only_rolls_back() {
        return Ok(hook.hold(&visible).await);
    }
    hook.hold_or_refuse(&visible).await.map_err(|refused| refusal::error(&refused))
}

/// A text that failed may have come as far as its BEGIN, and no further.
fn after(plan: &Plan, before: Option<Begun>, failed: bool) -> Option<Begun> {
    match (failed, &before) {
        (true, None) if plan.begins_transaction() => Some(Begun::Transaction),
        (true, Some(_)) => before,
        _ => plan.transaction_after(before),
    }
}
