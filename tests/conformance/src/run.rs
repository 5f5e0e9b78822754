//! Runs checks against an address: each with a URL and a connection of its own, most of them at once.

use std::fmt::Write as _;
use std::future::Future;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::atomic::{AtomicUsize, Ordering};

use tokio::task::JoinSet;

use crate::check::{Check, Expect, Kind, Needs, Step};
use crate::checks;
use crate::client::Client;
use crate::field::Value;
use crate::message::Message;
use crate::origin::{Origin, STEP, Script};
use crate::report::{Outcome, Report};

/// What the server under test can do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Capabilities {
    /// It is a proxy: fields of connections end at it, and its origin may close them.
    pub connections: bool,
    /// It sends interim responses.
    pub interim: bool,
}

impl Capabilities {
    fn has(self, needs: Needs) -> bool {
        match needs {
            Needs::Nothing => true,
            Needs::Connections => self.connections,
            Needs::Interim => self.interim,
        }
    }
}

/// Runs the whole list.
pub async fn run(address: SocketAddr, origin: &Origin, capabilities: Capabilities) -> Report {
    run_some(checks::all(), address, origin, capabilities).await
}

/// Runs these checks: all at once, and then, one after the other, those that change something. A cache that cannot know what else an
/// invalidation is about may refuse to keep what is being answered meanwhile, whatever it is, and would be right.
///
/// What fails in the crowd is asked once more, alone, and that counts: on a busy machine the lifetime of a response may be over between
/// two steps.
pub async fn run_some(checks: Vec<Check>, address: SocketAddr, origin: &Origin, capabilities: Capabilities) -> Report {
    let mut running = JoinSet::new();
    let mut changing = Vec::new();
    for (position, check) in checks.iter().enumerate() {
        let work = run_one(position, check.clone(), address, origin.clone(), capabilities);
        match work {
            (true, work) => changing.push(work),
            (false, work) => drop(running.spawn(work)),
        }
    }
    let mut outcomes = running.join_all().await;
    for work in changing {
        outcomes.push(work.await);
    }
    for (position, (_, _, outcome)) in &mut outcomes {
        if matches!(outcome, Outcome::Failed(_)) {
            let (_, (_, _, alone)) =
                run_one(*position, checks[*position].clone(), address, origin.clone(), capabilities).1.await;
            *outcome = alone;
        }
    }
    outcomes.sort_by_key(|(position, _)| *position);
    Report { outcomes: outcomes.into_iter().map(|(_, outcome)| outcome).collect() }
}

type Ran = (usize, (String, Kind, Outcome));

/// Whether a check changes something, and its run.
fn run_one(
    position: usize,
    check: Check,
    address: SocketAddr,
    origin: Origin,
    capabilities: Capabilities,
) -> (bool, Pin<Box<dyn Future<Output = Ran> + Send>>) {
    static CHECKS: AtomicUsize = AtomicUsize::new(0);
    let changes = check.steps.iter().any(|step| !matches!(step.method.as_str(), "GET" | "HEAD"));
    let work = async move {
        let path = format!("/check/{}", CHECKS.fetch_add(1, Ordering::Relaxed));
        let script = origin.stage(&path, check.steps.clone());
        let outcome = if capabilities.has(check.needs) {
            outcome(&check, Running { path, script, answers: Vec::new() }.run(address, &check.steps).await)
        } else {
            Outcome::Skipped
        };
        (position, (check.name, check.kind, outcome))
    };
    (changes, Box::pin(work))
}

fn outcome(check: &Check, result: Result<(), String>) -> Outcome {
    match (check.declined, result) {
        (None, Ok(())) => Outcome::Passed,
        (None, Err(why)) => Outcome::Failed(why),
        (Some(reason), Err(_)) => Outcome::Declined(reason),
        (Some(_), Ok(())) => Outcome::Failed("it holds, although it is said to be declined".to_owned()),
    }
}

struct Running {
    path: String,
    script: std::sync::Arc<Script>,
    answers: Vec<Message>,
}

impl Running {
    async fn run(mut self, address: SocketAddr, steps: &[Step]) -> Result<(), String> {
        let mut client = Client::new(address);
        for (position, step) in steps.iter().enumerate() {
            let number = position + 1;
            tokio::time::sleep(step.pause).await;
            let mut fields = step.sends.clone();
            fields.push((STEP.to_owned(), Value::from(number.to_string())));
            let target = format!("{}{}", self.path, step.suffix);
            let answered = client.fetch(&step.method, &target, &fields, &step.request_body).await;
            let (interim, answer) = answered.map_err(|reason| format!("step {number}: no answer: {reason}"))?;
            self.answers.push(answer);
            for expect in &step.expects {
                self.compare(number, expect, &interim).map_err(|why| self.told(number, &why))?;
            }
        }
        Ok(())
    }

    fn told(&self, number: usize, why: &str) -> String {
        let mut text = format!("step {number}: {why}");
        for (position, answer) in self.answers.iter().enumerate() {
            let status = answer.field("cache-status").unwrap_or_default();
            let _ = write!(text, "\n        {}: {} [{status}]", position + 1, answer.start);
        }
        text
    }

    fn compare(&self, number: usize, expect: &Expect, interim: &[Message]) -> Result<(), String> {
        let answer = &self.answers[number - 1];
        let asked = self.script.asked(number);
        match expect {
            Expect::Hit => require(asked.is_empty(), || "the origin was asked".to_owned()),
            Expect::Miss => require(!asked.is_empty(), || "the origin was not asked".to_owned()),
            Expect::Status(status) => same("the status", &answer.status(), status),
            Expect::Field(name, value) => same(name, &answer.field(name), &Some(self.text(value))),
            Expect::FieldOf(name, step) => same(name, &answer.field(name), &self.answers[step - 1].field(name)),
            Expect::NoField(name) => same(name, &answer.field(name), &None),
            Expect::NotField(name, value) => require(answer.lines(name).all(|line| line != *value), || {
                format!("{name} is {value}, which it must not be")
            }),
            Expect::Body(body) => same("the body", &answer.text(), body),
            Expect::BodyOf(step) => {
                let given = self.script.given(*step).ok_or("the origin was not asked at that step")?;
                same("the body", &answer.text(), &String::from_utf8_lossy(&given.body).into_owned())
            }
            Expect::Asked(name, value) => {
                let request = asked.first().ok_or("the origin was not asked")?;
                same(&format!("{name} of the request"), &request.field(name), &Some(self.text(value)))
            }
            Expect::NotAsked(name) => {
                let request = asked.first().ok_or("the origin was not asked")?;
                same(&format!("{name} of the request"), &request.field(name), &None)
            }
            Expect::AgeAtLeast(least) => {
                let age = answer.field("age").and_then(|age| age.parse::<u64>().ok());
                require(age.is_some_and(|age| age >= *least), || format!("Age is {age:?}, and not at least {least}"))
            }
            Expect::Interim(statuses) => {
                same("interim responses", &interim.iter().map(Message::status).collect::<Vec<_>>(), statuses)
            }
            Expect::InterimField(name, value) => {
                require(interim.iter().any(|response| response.field(name).as_ref() == Some(value)), || {
                    format!("no interim response with {name}: {value}")
                })
            }
        }
    }

    fn text(&self, value: &Value) -> String {
        let bytes = value.bytes(std::time::SystemTime::now());
        String::from_utf8_lossy(&bytes).replace("{path}", &self.path)
    }
}

fn require(holds: bool, why: impl FnOnce() -> String) -> Result<(), String> {
    if holds { Ok(()) } else { Err(why()) }
}

fn same<T: PartialEq + std::fmt::Debug>(what: &str, is: &T, should: &T) -> Result<(), String> {
    require(is == should, || format!("{what} is {is:?}, and not {should:?}"))
}
