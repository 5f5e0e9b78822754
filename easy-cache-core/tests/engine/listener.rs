//! A subscriber that writes down what the cache tells, one line for each event.

use std::fmt::{Debug, Write};
use std::sync::{Arc, Mutex};

use tracing::field::{Field, Visit};
use tracing::span::{Attributes, Id, Record};
use tracing::{Event, Level, Metadata, Subscriber};

/// What was heard: `MISS key=k reason=absent`, in the order in which it happened; spans as `load[..]` and `/load`.
#[derive(Clone)]
pub(crate) struct Listener {
    heard: Arc<Mutex<Vec<String>>>,
    level: Level,
}

/// What the cache tells while `f` runs on this thread.
pub(crate) fn listen<T>(level: Level, f: impl FnOnce() -> T) -> (T, Vec<String>) {
    let listener = Listener { heard: Arc::default(), level };
    let heard = Arc::clone(&listener.heard);
    let result = tracing::subscriber::with_default(listener, f);
    let heard = heard.lock().unwrap().clone();
    (result, heard)
}

impl Listener {
    fn hear(&self, line: String) {
        self.heard.lock().unwrap().push(line);
    }
}

impl Subscriber for Listener {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        metadata.target().starts_with("easy_cache") && *metadata.level() <= self.level
    }

    fn new_span(&self, span: &Attributes<'_>) -> Id {
        let mut line = Line::default();
        span.record(&mut line);
        self.hear(format!("{}[{}]", span.metadata().name(), line.fields));
        Id::from_u64(1)
    }

    fn record(&self, _: &Id, _: &Record<'_>) {}

    fn record_follows_from(&self, _: &Id, _: &Id) {}

    fn event(&self, event: &Event<'_>) {
        let mut line = Line::default();
        event.record(&mut line);
        self.hear(format!("{}{}", line.message, line.fields));
    }

    fn enter(&self, _: &Id) {
        self.hear(">".to_owned());
    }

    fn exit(&self, _: &Id) {
        self.hear("<".to_owned());
    }
}

#[derive(Default)]
struct Line {
    message: String,
    fields: String,
}

impl Visit for Line {
    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        match field.name() {
            "message" => self.message = format!("{value:?}"),
            "namespace" | "outcome" => {}
            name => write!(self.fields, " {name}={value:?}").unwrap(),
        }
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        self.record_debug(field, &format_args!("{value}"));
    }
}
