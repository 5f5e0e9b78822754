//! Statements that control the transaction or change the state of the session. What they mean for pending
//! invalidations is left to the caller.

use sqlparser::ast::{CloseCursor, ContextModifier, Expr, ObjectName, Set, Statement, TransactionModifier};

use super::{Context, Found, metadata};
use crate::{Control, Dialect, Opaque, SessionState, Step};

/// What the statement does, if it is one of these.
pub(super) fn find(statement: &Statement, context: Context<'_>) -> Option<Found> {
    let fold = |name| context.catalog.fold(name);
    let found = match statement {
        Statement::StartTransaction { statements, modifier, .. } => {
            if statements.is_empty() && is_ordinary(modifier.as_ref()) {
                Ok(Control::Begin)
            } else {
                Err(Opaque::Unknown)
            }
        }
        Statement::Commit { chain: false, modifier: None, end }
            if !(*end && context.catalog.dialect == Dialect::MySql) =>
        {
            Ok(Control::Commit)
        }
        Statement::Rollback { chain: false, savepoint: None } => Ok(Control::Rollback),
        Statement::Rollback { chain: false, savepoint: Some(name) } => Ok(Control::RollbackTo(fold(name))),
        Statement::Commit { .. } | Statement::Rollback { .. } => Err(Opaque::Transaction),
        Statement::Savepoint { name } => Ok(Control::Savepoint(fold(name))),
        Statement::ReleaseSavepoint { name } => Ok(Control::Release(fold(name))),
        other => return session(other, context),
    };
    Some(found.map(|control| Step { control: Some(control), ..Step::default() }))
}

/// `BEGIN IMMEDIATE` and its like; `TRY` and `CATCH` are not.
fn is_ordinary(modifier: Option<&TransactionModifier>) -> bool {
    use TransactionModifier as M;
    matches!(modifier, None | Some(M::Deferred | M::Immediate | M::Exclusive))
}

fn session(statement: &Statement, context: Context<'_>) -> Option<Found> {
    let state = match statement {
        Statement::Set(set) => return Some(setting(set, context)),
        Statement::Use(_)
        | Statement::Reset(_)
        | Statement::Discard { .. }
        | Statement::AttachDatabase { .. }
        | Statement::Close { cursor: CloseCursor::All } => SessionState::Session,
        Statement::Lock(_) => SessionState::Transaction,
        Statement::LockTables { .. } | Statement::UnlockTables => {
            return Some(Ok(Step { commits_implicitly: true, ..in_session(SessionState::Session) }));
        }
        _ => return None,
    };
    Some(Ok(in_session(state)))
}

fn in_session(session_state: SessionState) -> Step {
    Step { session_state, ..metadata() }
}

fn setting(set: &Set, context: Context<'_>) -> Found {
    let local = |scope: Option<&ContextModifier>| {
        // In MySQL, `LOCAL` is another word for `SESSION`.
        let transaction = context.catalog.dialect != Dialect::MySql && scope == Some(&ContextModifier::Local);
        if transaction { SessionState::Transaction } else { SessionState::Session }
    };
    let state = match set {
        Set::SingleAssignment { variable, values, scope, .. } => {
            refuse_autocommit(variable)?;
            refuse_queries(values)?;
            if is_tuning(variable) { SessionState::Unchanged } else { local(scope.as_ref()) }
        }
        Set::MultipleAssignments { assignments } => {
            for assignment in assignments {
                refuse_autocommit(&assignment.name)?;
                refuse_queries(std::slice::from_ref(&assignment.value))?;
            }
            SessionState::Session
        }
        Set::ParenthesizedAssignments { .. } => return Err(Opaque::Unknown),
        Set::SetRole { context_modifier, .. } => local(context_modifier.as_ref()),
        Set::SetTimeZone { local: true, .. } | Set::SetTransaction { session: false, .. } => SessionState::Transaction,
        _ => SessionState::Session,
    };
    Ok(in_session(state))
}

/// Settings that say how long and how fast a session works, and change nothing about what a read means. Its name is none of
/// them: a policy for rows or a view may ask for it.
const TUNING: [&str; 12] = [
    "idle_in_transaction_session_timeout",
    "idle_transaction_timeout",
    "innodb_lock_wait_timeout",
    "lock_timeout",
    "lock_wait_timeout",
    "maintenance_work_mem",
    "max_statement_time",
    "net_read_timeout",
    "sort_buffer_size",
    "statement_timeout",
    "wait_timeout",
    "work_mem",
];

fn is_tuning(variable: &ObjectName) -> bool {
    let variable = variable.to_string().to_lowercase();
    TUNING.contains(&variable.as_str())
}

/// With autocommit off, every statement begins a transaction that nothing in the text shows.
fn refuse_autocommit(variable: &ObjectName) -> Result<(), Opaque> {
    let is_autocommit = variable.to_string().to_lowercase().contains("autocommit");
    if is_autocommit { Err(Opaque::Transaction) } else { Ok(()) }
}

/// `SET @total = (SELECT …)` reads only, but a function inside might write.
fn refuse_queries(values: &[Expr]) -> Result<(), Opaque> {
    let is_simple = |value: &Expr| matches!(value, Expr::Value(_) | Expr::Identifier(_) | Expr::UnaryOp { .. });
    if values.iter().all(is_simple) { Ok(()) } else { Err(Opaque::Unknown) }
}
