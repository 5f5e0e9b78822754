//! What a command found, for people and for programs, and how the process ends. Exit codes are told in the help.

use std::error::Error as _;
use std::io::{self, Write};
use std::process::ExitCode;

use easy_cache_core::{Error, ErrorKind};
use serde_json::{Value, json};

/// How the command ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub(crate) enum Code {
    Done = 0,
    Failed = 1,
    Usage = 2,
    Absent = 3,
    NotServed = 4,
    NotDone = 5,
}

/// What was found.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) text: Vec<u8>,
    pub(crate) json: Value,
    pub(crate) code: Code,
}

impl Answer {
    pub(crate) fn new(text: impl Into<String>, json: Value) -> Self {
        Self { text: text.into().into_bytes(), json, code: Code::Done }
    }

    /// Bytes as they are.
    pub(crate) const fn raw(bytes: Vec<u8>) -> Self {
        Self { text: bytes, json: Value::Null, code: Code::Done }
    }

    pub(crate) const fn ending(mut self, code: Code) -> Self {
        self.code = code;
        self
    }

    /// Nobody who reads it is no reason to fail.
    pub(crate) fn print(self, as_json: bool) -> ExitCode {
        let mut out = io::stdout().lock();
        let _closed = match as_json {
            true if self.json.is_null() => Ok(()),
            true => writeln!(out, "{:#}", self.json),
            false => out.write_all(&self.text).and_then(|()| out.flush()),
        };
        ExitCode::from(self.code as u8)
    }
}

/// Why there is no answer, and what to do.
#[derive(Debug)]
pub(crate) struct Failure {
    code: Code,
    message: String,
    advice: Option<String>,
}

impl Failure {
    /// A command line that makes no sense.
    pub(crate) fn usage(message: impl Into<String>) -> Self {
        Self { code: Code::Usage, message: message.into(), advice: None }
    }

    /// The same, found out by a store.
    pub(crate) fn usage_of(error: &Error) -> Self {
        Self { advice: Some("look at --url".to_owned()), ..Self::usage(chain(error)) }
    }

    /// A store that could not be asked.
    pub(crate) fn store(error: &Error, place: &str) -> Self {
        let advice = match error.kind() {
            ErrorKind::TimedOut => {
                format!("is {place} busy, or does a firewall drop what is sent there? --timeout gives it longer")
            }
            _ => format!("does a server listen at {place}, and may this machine and this user reach it?"),
        };
        Self { code: Code::Failed, message: chain(error), advice: Some(advice) }
    }

    /// Something that this store cannot do.
    pub(crate) fn cannot(message: impl Into<String>) -> Self {
        Self { code: Code::Failed, message: message.into(), advice: None }
    }

    /// Something that was not done, since nobody agreed to it.
    pub(crate) fn not_done(message: impl Into<String>) -> Self {
        Self { code: Code::NotDone, message: message.into(), advice: None }
    }

    /// To the error output; as JSON if answers are.
    pub(crate) fn print(&self, as_json: bool) -> ExitCode {
        let mut err = io::stderr().lock();
        let advice = self.advice.iter().map(|advice| format!("\n  {advice}")).collect::<String>();
        let _closed = match as_json {
            true => writeln!(err, "{}", json!({ "error": self.message, "advice": self.advice })),
            false => writeln!(err, "error: {}{advice}", self.message),
        };
        ExitCode::from(self.code as u8)
    }
}

/// An error with all its causes.
fn chain(error: &Error) -> String {
    let (mut text, mut cause) = (error.to_string(), error.source());
    while let Some(source) = cause {
        let source_text = source.to_string();
        if !text.ends_with(&source_text) {
            text = format!("{text}: {source_text}");
        }
        cause = source.source();
    }
    text
}
