//! Whether all programs divide the records of a namespace into the same number of groups. One that divides them otherwise would look for
//! records where nobody else writes them: it would not hear of an invalidation, and nobody would hear of its own.
//!
//! The number stands in a record. Who finds none empties the namespace, as it divides it, and writes its own, unless somebody was faster.
//! In this order: an entry from a former time with this number is gone before anybody relies on the number again.
//! Everybody compares it before the first operation, and once a second while there are more; so it is never the record that was
//! used longest ago, which a full server evicts first. After a silence nothing is believed that has not been compared again.

use std::sync::Arc;
use std::time::Duration;

use deadpool_redis::redis::{Pipeline, RedisWrite, Value, cmd};
use futures_util::future::{join, join_all};
use parking_lot::Mutex;
use tokio::time::{Instant, timeout_at};

use super::nodes::Nodes;
use super::slots::slot_of;
use crate::failure::Failure;
use crate::layout::Keys;
use crate::scripts;
use crate::writing::flush;

/// What was compared is believed for so long.
const BELIEVED: Duration = Duration::from_secs(1);
/// And for no longer than this while it is compared again.
const BELIEVED_MEANWHILE: Duration = Duration::from_secs(2);

/// What this process knows of the number.
#[derive(Debug)]
pub(crate) struct Agreement {
    nodes: Arc<Nodes>,
    /// Of the namespace in general: the same place whatever the number.
    record: Vec<u8>,
    groups: Box<[Keys]>,
    known: Mutex<Known>,
    comparing: tokio::sync::Mutex<()>,
}

#[derive(Debug, Clone, Copy)]
struct Known {
    verdict: Verdict,
    /// When somebody last went to find it, or came back.
    since: Option<Instant>,
    /// When it was found.
    found: Option<Instant>,
}

#[derive(Debug, Clone, Copy, PartialEq)]
enum Verdict {
    Unknown,
    Agreed,
    Differs(usize),
}

/// What has to be done before an operation.
enum Due {
    Nothing,
    /// It was the same: somebody should look again, and need not be waited for.
    Again,
    /// It was the same, long ago: whatever is done meanwhile counts only if it still is.
    Meanwhile,
    /// Nothing may be done before it was compared.
    First,
}

impl Agreement {
    pub(crate) fn new(nodes: Arc<Nodes>, namespace: &Keys, groups: Box<[Keys]>) -> Self {
        let known = Known { verdict: Verdict::Unknown, since: None, found: None };
        let (record, known, comparing) =
            (namespace.number_of_groups(), Mutex::new(known), tokio::sync::Mutex::default());
        Self { nodes, record, groups, known, comparing }
    }

    /// Before something that cannot be taken back.
    pub(crate) async fn before(self: &Arc<Self>) -> Result<(), Failure> {
        self.beside(async { Ok(()) }).await
    }

    /// With a lookup, which waits for it only after a silence.
    pub(crate) async fn beside<T>(
        self: &Arc<Self>,
        operation: impl Future<Output = Result<T, Failure>>,
    ) -> Result<T, Failure> {
        let due = self.due();
        if matches!(due, Due::Again) {
            let own = Arc::clone(self);
            drop(tokio::spawn(async move { own.compare().await }));
            return operation.await;
        }
        self.joined(due, operation).await
    }

    /// With an operation that others must hear of: at the same time, once it is known.
    pub(crate) async fn with<T>(&self, operation: impl Future<Output = Result<T, Failure>>) -> Result<T, Failure> {
        self.joined(self.due(), operation).await
    }

    async fn joined<T>(&self, due: Due, operation: impl Future<Output = Result<T, Failure>>) -> Result<T, Failure> {
        match due {
            Due::Nothing => operation.await,
            Due::Again | Due::Meanwhile => match join(self.compare(), operation).await {
                (Err(failure @ Failure::Divided { .. }), _) => Err(failure),
                // That it could not be compared is no news about the number.
                (_, done) => done,
            },
            Due::First => {
                self.compare().await?;
                operation.await
            }
        }
    }

    /// For who only looks: nothing is written.
    pub(crate) async fn as_is(&self) -> Result<(), Failure> {
        match self.number().await? {
            Some(number) if number != self.groups.len() => Err(self.divided(number)),
            _ => Ok(()),
        }
    }

    /// The number that is in force, if there is one.
    pub(crate) async fn number(&self) -> Result<Option<usize>, Failure> {
        let mut commands = Pipeline::with_capacity(1);
        let mut get = cmd("GET");
        get.write_arg(&self.record);
        commands.add_command(get);
        let answers = self.nodes.run(slot_of(&self.record), &commands, None, self.nodes.deadline()).await?;
        match answers.first() {
            Some(Value::Nil) => Ok(None),
            answer => number_in(answer).map(Some),
        }
    }

    fn due(&self) -> Due {
        let mut known = self.known.lock();
        if known.verdict != Verdict::Agreed {
            return Due::First;
        }
        if known.since.is_some_and(|since| since.elapsed() < BELIEVED) {
            return Due::Nothing;
        }
        if known.found.is_none_or(|found| found.elapsed() >= BELIEVED_MEANWHILE) {
            return Due::Meanwhile; // so are all who come before it has been compared
        }
        known.since = Some(Instant::now());
        Due::Again
    }

    async fn compare(&self) -> Result<(), Failure> {
        let (begun, deadline) = (Instant::now(), self.nodes.deadline());
        let turn = timeout_at(deadline, self.comparing.lock()).await;
        let _turn = turn.map_err(|_| Failure::Late(self.nodes.limits().operation))?;
        let known = *self.known.lock();
        match known.verdict {
            // Somebody else has found that out meanwhile, or a moment ago.
            Verdict::Differs(number) if known.since.is_some_and(|since| begun < since + BELIEVED) => {
                return Err(self.divided(number));
            }
            Verdict::Agreed if known.since.is_some_and(|since| begun < since) => return Ok(()),
            _ => {}
        }
        let number = self.number_or_own().await;
        let mut known = self.known.lock();
        known.since = Some(Instant::now());
        let number = number?;
        known.found = known.since;
        let differs = number != self.groups.len();
        known.verdict = if differs { Verdict::Differs(number) } else { Verdict::Agreed };
        if differs { Err(self.divided(number)) } else { Ok(()) }
    }

    async fn number_or_own(&self) -> Result<usize, Failure> {
        match self.number().await? {
            Some(number) => Ok(number),
            None => self.begin().await,
        }
    }

    /// Nobody has said a number, or it was lost. Yields that of who was first.
    async fn begin(&self) -> Result<usize, Failure> {
        let emptied = self.groups.iter().map(|keys| async move {
            let (slot, commands) = (slot_of(keys.records()), flush(keys)?);
            self.nodes.run(slot, &commands, Some(&scripts::FLUSH), self.nodes.deadline()).await.map(drop)
        });
        join_all(emptied).await.into_iter().collect::<Result<(), _>>()?;
        let mut commands = Pipeline::with_capacity(1);
        let mut divide = scripts::DIVIDE.run(1);
        divide.write_arg(&self.record);
        divide.arg(self.groups.len());
        commands.add_command(divide);
        let (slot, deadline) = (slot_of(&self.record), self.nodes.deadline());
        number_in(self.nodes.run(slot, &commands, Some(&scripts::DIVIDE), deadline).await?.first())
    }

    fn divided(&self, theirs: usize) -> Failure {
        Failure::Divided { theirs, ours: self.groups.len(), record: String::from_utf8_lossy(&self.record).into() }
    }
}

fn number_in(answer: Option<&Value>) -> Result<usize, Failure> {
    let Some(Value::BulkString(bytes)) = answer else { return Err(Failure::Garbled("no number of groups")) };
    let number = std::str::from_utf8(bytes).ok().and_then(|text| text.parse().ok()).filter(|number| *number > 0);
    number.ok_or(Failure::Garbled("a number of groups that is none"))
}
