//! Whether all programs divide the records of a namespace into the same number of groups. One that divides them otherwise would look for
//! records where nobody else writes them: it would not hear of an invalidation, and nobody would hear of its own.
//!
//! The number stands in a record. Who finds none empties the namespace, as it divides it, and writes its own, unless somebody was faster.
//! In this order: an entry from a former time with this number is gone before anybody relies on the number again.
//! Everybody compares it before the first operation, and once a second while there are more; so it is never the record that was
//! used longest ago, which a full server evicts first. After a silence nothing is believed that has not been compared again.
//!
//! The node of that record may be down, and says nothing then about the number; only a contradiction is one. So whoever has agreed says the number
//! in the slot of each group as well, for a minute at a time (`witnesses`). Who cannot ask for the record asks there. If anybody says another
//! number, that counts; else, if anybody says this one, a program with this number has been at work a moment ago, and one more does no harm.

use std::mem;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use deadpool_redis::redis::{Pipeline, RedisWrite, Value, cmd};
use futures_util::future::{join, join_all};
use parking_lot::Mutex;
use tokio::task::JoinHandle;
use tokio::time::{Instant, sleep, timeout, timeout_at};

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
/// So often it is said to the witnesses, at most.
const REPEATED: Duration = Duration::from_secs(10);
/// What they have heard is believed for so long.
const WITNESSED: Duration = Duration::from_secs(60);

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

#[derive(Debug)]
struct Known {
    verdict: Verdict,
    /// When somebody last went to find it, or came back, with or without an answer.
    since: Option<Instant>,
    /// Why the record could not be asked then, if so.
    silent: Option<Failure>,
    /// When the witnesses were told.
    told: Option<Instant>,
    /// Whether it will be compared again without anybody's asking.
    due: bool,
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
        let known = Known { verdict: Verdict::Unknown, since: None, silent: None, told: None, due: false };
        let (record, known, comparing) =
            (namespace.number_of_groups(), Mutex::new(known), tokio::sync::Mutex::default());
        Self { nodes, record, groups, known, comparing }
    }

    /// Before something that cannot be taken back.
    pub(crate) async fn before(self: &Arc<Self>) -> Result<(), Failure> {
        self.beside(async { Ok(()) }).await
    }

    /// With what is for this program alone, which waits for it only after a silence.
    pub(crate) async fn beside<T>(
        self: &Arc<Self>,
        operation: impl Future<Output = Result<T, Failure>>,
    ) -> Result<T, Failure> {
        match self.due() {
            Due::Again => {
                drop(self.comparing());
                operation.await
            }
            due => self.joined(due, operation).await,
        }
    }

    /// With an operation that others must hear of: at the same time, once it is known.
    pub(crate) async fn with<T>(
        self: &Arc<Self>,
        operation: impl Future<Output = Result<T, Failure>>,
    ) -> Result<T, Failure> {
        self.joined(self.due(), operation).await
    }

    async fn joined<T>(
        self: &Arc<Self>,
        due: Due,
        operation: impl Future<Output = Result<T, Failure>>,
    ) -> Result<T, Failure> {
        match due {
            Due::Nothing => operation.await,
            Due::Again if self.is_silent() => {
                drop(self.comparing());
                operation.await
            }
            Due::Again | Due::Meanwhile => match join(self.compared(), operation).await {
                (Err(failure @ Failure::Divided { .. }), _) => Err(failure),
                // That it could not be compared is no news about the number.
                (_, done) => done,
            },
            Due::First => {
                self.comparing().await.unwrap_or_else(|_| Err(Failure::Pool("the runtime has ended".to_owned())))?;
                operation.await
            }
        }
    }

    /// Compared, or by now its node and the witnesses should have answered. It goes on in any case.
    async fn compared(self: &Arc<Self>) -> Result<(), Failure> {
        let (comparing, soon) = (self.comparing(), self.nodes.limits().operation / 2);
        timeout(soon, comparing).await.map_or(Ok(()), |ended| ended.unwrap_or(Ok(())))
    }

    fn is_silent(&self) -> bool {
        self.known.lock().silent.is_some()
    }

    /// In a task of its own: it ends well when who waits for it has gone.
    fn comparing(self: &Arc<Self>) -> JoinHandle<Result<(), Failure>> {
        let own = Arc::clone(self);
        tokio::spawn(async move { own.compare().await })
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
        self.number_at(&self.record).await
    }

    async fn number_at(&self, record: &[u8]) -> Result<Option<usize>, Failure> {
        let mut commands = Pipeline::with_capacity(1);
        let mut get = cmd("GET");
        get.write_arg(record);
        commands.add_command(get);
        let answers = self.nodes.run(slot_of(record), &commands, None, self.nodes.deadline()).await?;
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
        match known.since.map(|since| since.elapsed()) {
            Some(ago) if ago < BELIEVED => Due::Nothing,
            Some(ago) if ago < BELIEVED_MEANWHILE => {
                known.since = Some(Instant::now());
                Due::Again
            }
            _ => Due::Meanwhile, // so are all who come before it has been compared
        }
    }

    async fn compare(self: &Arc<Self>) -> Result<(), Failure> {
        let (begun, deadline) = (Instant::now(), self.nodes.deadline());
        let turn = timeout_at(deadline, self.comparing.lock()).await;
        let _turn = turn.map_err(|_| Failure::Late(self.nodes.limits().operation))?;
        if let Some(found) = self.found_since(begun) {
            return found;
        }
        let (number, silent) = self.hear().await;
        self.note(number, silent)
    }

    fn note(self: &Arc<Self>, number: Option<usize>, silent: Option<Failure>) -> Result<(), Failure> {
        let mut known = self.known.lock();
        known.since = Some(Instant::now());
        known.silent.clone_from(&silent);
        match number {
            None => {}
            Some(number) if number == self.groups.len() => known.verdict = Verdict::Agreed,
            Some(number) => known.verdict = Verdict::Differs(number),
        }
        if silent.is_some() && known.verdict == Verdict::Agreed && !mem::replace(&mut known.due, true) {
            self.compare_later();
        }
        match (number, known.verdict, silent) {
            (_, Verdict::Differs(number), _) => Err(self.divided(number)),
            (None, _, Some(failure)) => Err(failure),
            (_, _, silent) => {
                if self.groups.len() > 1 && known.told.is_none_or(|told| told.elapsed() >= REPEATED) {
                    known.told = known.since;
                    let own = Arc::clone(self);
                    drop(tokio::spawn(async move { own.tell_witnesses(silent.is_some()).await }));
                }
                Ok(())
            }
        }
    }

    /// While the record is silent it is asked for again without a reason: who comes after a while should not be the one to wait for it.
    fn compare_later(self: &Arc<Self>) {
        let own = Arc::downgrade(self);
        drop(tokio::spawn(async move {
            sleep(BELIEVED).await;
            let Some(own) = own.upgrade() else { return };
            own.set_out();
            // What it comes to is known to all.
            let _ = own.compare().await;
        }));
    }

    /// Somebody goes to find it again.
    fn set_out(&self) {
        let mut known = self.known.lock();
        (known.due, known.since) = (false, Some(Instant::now()));
    }

    /// What somebody else has found out meanwhile, or a moment ago.
    fn found_since(&self, begun: Instant) -> Option<Result<(), Failure>> {
        let known = self.known.lock();
        let since = known.since?;
        match known.verdict {
            Verdict::Differs(number) if begun < since + BELIEVED => Some(Err(self.divided(number))),
            Verdict::Agreed if begun < since => Some(Ok(())),
            Verdict::Unknown if begun < since => known.silent.clone().map(Err),
            _ => None,
        }
    }

    /// The number, if anybody says one; and why that is not the record, if it is not.
    async fn hear(&self) -> (Option<usize>, Option<Failure>) {
        let mut record = pin!(self.number_or_own());
        let failure = match timeout_at(self.nodes.soon(), &mut record).await {
            Ok(Ok(number)) => return (Some(number), None),
            Ok(Err(failure)) if !is_silence(&failure) => return (None, Some(failure)),
            Ok(Err(failure)) => Some(failure),
            Err(_) => None,
        };
        let witnessed = self.ask_witnesses().await;
        match failure {
            None if witnessed.is_none() => match record.await {
                Ok(number) => (Some(number), None),
                Err(failure) => (None, Some(failure)),
            },
            failure => (witnessed, failure.or(Some(Failure::Late(self.nodes.limits().operation)))),
        }
    }

    /// What those say who answer soon: another number, if one does.
    async fn ask_witnesses(&self) -> Option<usize> {
        // A single group is in the slot of the record itself.
        let witnesses = self.groups.iter().filter(|_| self.groups.len() > 1);
        let asked = witnesses.map(|keys| async move { self.number_at(&keys.number_of_groups()).await.ok().flatten() });
        let soon = self.nodes.soon();
        let heard = join_all(asked.map(|asked| timeout_at(soon, asked))).await;
        let numbers = || heard.iter().filter_map(|heard| heard.as_ref().ok().copied().flatten());
        numbers().find(|number| *number != self.groups.len()).or_else(|| numbers().next())
    }

    /// That this number is in force. While the record is silent they only go on believing what they have heard before.
    async fn tell_witnesses(&self, silent: bool) {
        let told = self.groups.iter().map(|keys| async move {
            let (record, within) = (keys.number_of_groups(), WITNESSED.as_millis() as u64);
            let mut tell = cmd(if silent { "PEXPIRE" } else { "SET" });
            tell.write_arg(&record);
            match silent {
                true => tell.arg(within),
                false => tell.arg(self.groups.len()).arg("PX").arg(within),
            };
            let mut commands = Pipeline::with_capacity(1);
            commands.add_command(tell);
            // It is repeated soon enough.
            let _ = self.nodes.run(slot_of(&record), &commands, None, self.nodes.deadline()).await;
        });
        join_all(told).await;
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

/// Whether a failure says nothing about the number.
fn is_silence(failure: &Failure) -> bool {
    let unserved = ["CLUSTERDOWN", "LOADING", "MASTERDOWN", "READONLY", "TRYAGAIN", "MOVED", "ASK"];
    failure.is_of_the_way()
        || matches!(failure, Failure::Unserved(_))
        || failure.code().is_some_and(|code| unserved.contains(&code))
}

fn number_in(answer: Option<&Value>) -> Result<usize, Failure> {
    let Some(Value::BulkString(bytes)) = answer else { return Err(Failure::Garbled("no number of groups")) };
    let number = std::str::from_utf8(bytes).ok().and_then(|text| text.parse().ok()).filter(|number| *number > 0);
    number.ok_or(Failure::Garbled("a number of groups that is none"))
}
