//! What a caller is told of a write that was not sent, because its hold could not be placed. When that is so is left to the hook.

use std::error::Error;

use easy_cache_sql::hook::Refused;
use sea_orm::DbErr;

const WORDS: &str = "the write was not sent: the cache's store did not take its hold";

/// SeaORM has no error that takes another one for its source, so the cause is in the text.
pub(crate) fn error(refused: &Refused) -> DbErr {
    let cause = refused.source().map(ToString::to_string).unwrap_or_default();
    DbErr::Custom(format!("{WORDS}: {cause}"))
}

/// Whether this is what [`strict_holds`](crate::CachedDbBuilder::strict_holds) answers to a write that it does not send: nothing of it
/// has happened, and it may be tried again.
///
/// # Example: a time-out of the store is no fault of the request
/// ```
/// use easy_cache_sea_orm::is_refused;
/// use sea_orm::DbErr;
///
/// fn status(error: &DbErr) -> u16 {
///     if is_refused(error) { 503 } else { 500 }
/// }
/// assert_eq!(status(&DbErr::Custom("other".into())), 500);
/// ```
#[must_use]
pub fn is_refused(error: &DbErr) -> bool {
    matches!(error, DbErr::Custom(text) if text.starts_with(WORDS))
}
