//! `watch`: what a near cache is told, as it is told. Records that are made are news as well as those that are invalidated.

use std::future::pending;
use std::io::{self, Write};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use easy_cache_core::Tag;
use easy_cache_core::store::{Asked, Mirror};
use serde_json::{Value, json};
use tokio::sync::mpsc::{UnboundedSender, unbounded_channel};

use crate::answer::{Answer, Failure};
use crate::show;
use crate::target::Target;

/// How often the connection is proved to be alive.
const BOUND: Duration = Duration::from_secs(2);

/// Something that was told.
#[derive(Debug)]
struct Event {
    what: &'static str,
    name: String,
    at: SystemTime,
}

/// Passes on what is told.
#[derive(Debug)]
struct Teller {
    events: UnboundedSender<Event>,
    listens: AtomicBool,
}

impl Teller {
    fn tell(&self, what: &'static str, name: String) {
        // Nobody listens any more only when the command is at its end.
        let _ended = self.events.send(Event { what, name, at: SystemTime::now() });
    }
}

impl Mirror for Teller {
    fn forget(&self, tags: &[Tag], keys: &[&[u8]]) {
        tags.iter().for_each(|tag| self.tell(show::family(tag), tag.name().to_owned()));
        keys.iter().for_each(|key| self.tell("key", String::from_utf8_lossy(key).into_owned()));
    }

    fn forget_everything(&self) {
        if self.listens.swap(false, Ordering::AcqRel) {
            self.tell("everything", "flushed, or the connection was lost".to_owned());
        }
    }

    fn ask(&self) -> Asked {
        Asked::new(0)
    }

    fn proved(&self, _: Asked) {
        if !self.listens.swap(true, Ordering::AcqRel) {
            self.tell("listening", String::new());
        }
    }
}

pub(crate) async fn run(
    target: &Target,
    seconds: Option<u64>,
    count: Option<u64>,
    as_json: bool,
) -> Result<Answer, Failure> {
    let (sender, mut events) = unbounded_channel();
    let teller = Arc::new(Teller { events: sender, listens: AtomicBool::new(false) });
    let following = target.store.follow(teller, BOUND).ok_or_else(|| {
        Failure::cannot(format!("the store at {} tells nobody of changes: only Redis does", target.shown))
    })?;
    let over = async {
        match seconds {
            Some(seconds) => tokio::time::sleep(Duration::from_secs(seconds)).await,
            None => pending().await,
        }
    };
    tokio::pin!(over);
    let mut seen = 0;
    while count.is_none_or(|count| seen < count) {
        let event = tokio::select! {
            event = events.recv() => event,
            () = &mut over => None,
            _ = tokio::signal::ctrl_c() => None,
        };
        let Some(event) = event else { break };
        seen += u64::from(event.what != "listening");
        if print(&event, as_json).is_err() {
            break;
        }
    }
    drop(following);
    Ok(Answer::new("", Value::Null))
}

fn print(event: &Event, as_json: bool) -> io::Result<()> {
    let milliseconds = event.at.duration_since(UNIX_EPOCH).unwrap_or_default().as_millis() as u64;
    let mut out = io::stdout().lock();
    if as_json {
        writeln!(out, "{}", json!({ "time_ms": milliseconds, "what": event.what, "name": event.name }))?;
    } else {
        let (seconds, rest) = (milliseconds / 1000 % 86_400, milliseconds % 1000);
        let (hours, minutes, seconds) = (seconds / 3600, seconds / 60 % 60, seconds % 60);
        let line = format!("{hours:02}:{minutes:02}:{seconds:02}.{rest:03}Z  {:<10}  {}", event.what, event.name);
        writeln!(out, "{}", line.trim_end())?;
    }
    out.flush()
}
