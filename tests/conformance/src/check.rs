//! One behaviour, as a few requests for one URL: what the origin answers to each, and what the client must get. Running it is left
//! to `run`; the list is in `checks`.

use std::time::Duration;

use crate::field::Value;

/// How much a cache owes a behaviour.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Kind {
    /// An RFC requires it of a shared cache.
    Required,
    /// A good cache does it.
    Optimal,
    /// The RFCs leave it open; the check holds what was chosen.
    Chosen,
}

/// What a check needs that not every server under test can do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Needs {
    /// Nothing special.
    Nothing,
    /// Fields of the connection, or an origin whose connections close: a proxy.
    Connections,
    /// Responses ahead of the final one (1xx).
    Interim,
}

/// A behaviour.
#[derive(Debug, Clone)]
#[must_use]
pub struct Check {
    pub(crate) name: String,
    pub(crate) kind: Kind,
    pub(crate) needs: Needs,
    pub(crate) declined: Option<&'static str>,
    pub(crate) steps: Vec<Step>,
}

/// Begins a check.
pub fn check(kind: Kind, name: impl Into<String>) -> Check {
    Check { name: name.into(), kind, needs: Needs::Nothing, declined: None, steps: Vec::new() }
}

impl Check {
    /// The next request.
    pub fn then(mut self, step: Step) -> Self {
        self.steps.push(step);
        self
    }

    /// Leaves the check out where the server under test cannot do this.
    pub fn needs(mut self, needs: Needs) -> Self {
        self.needs = needs;
        self
    }

    /// The cache does not do it, for this reason. That it fails is counted, and is no error; that it passes is.
    pub fn declined(mut self, reason: &'static str) -> Self {
        self.declined = Some(reason);
        self
    }

    /// What it is called.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// How much a cache owes it.
    #[must_use]
    pub fn kind(&self) -> Kind {
        self.kind
    }
}

/// What must be true of a step.
#[derive(Debug, Clone)]
pub enum Expect {
    /// The origin was not asked.
    Hit,
    /// It was.
    Miss,
    /// The status of the response.
    Status(u16),
    /// It has this field, with this value; dates are those of the response that the origin sent at this step.
    Field(String, Value),
    /// It has this field, with the value that an earlier step's response had.
    FieldOf(String, usize),
    /// It does not have this field.
    NoField(String),
    /// It does not have this field with this value.
    NotField(String, String),
    /// It has this body.
    Body(String),
    /// It has the body that the origin gave at this step, counted from 1.
    BodyOf(usize),
    /// The origin was asked with this field.
    Asked(String, Value),
    /// It was asked without this field.
    NotAsked(String),
    /// `Age` is there, and at least this.
    AgeAtLeast(u64),
    /// These interim responses came ahead of it.
    Interim(Vec<u16>),
    /// An interim response with this field came ahead of it.
    InterimField(String, String),
}

/// A request, what the origin answers to it, and what the client must get.
#[derive(Debug, Clone)]
#[must_use]
pub struct Step {
    pub(crate) method: String,
    pub(crate) suffix: String,
    pub(crate) sends: Vec<(String, Value)>,
    pub(crate) request_body: Vec<u8>,
    pub(crate) status: u16,
    pub(crate) gives: Vec<(String, Value)>,
    pub(crate) content: Option<Vec<u8>>,
    pub(crate) interim: Vec<(u16, Vec<(String, String)>)>,
    pub(crate) closes: bool,
    pub(crate) delay: Duration,
    pub(crate) pause: Duration,
    pub(crate) expects: Vec<Expect>,
}

/// A request with this method.
pub fn ask(method: &str) -> Step {
    Step {
        method: method.to_owned(),
        suffix: String::new(),
        sends: Vec::new(),
        request_body: Vec::new(),
        status: 200,
        gives: Vec::new(),
        content: None,
        interim: Vec::new(),
        closes: false,
        delay: Duration::ZERO,
        pause: Duration::ZERO,
        expects: Vec::new(),
    }
}

/// A `GET`.
pub fn get() -> Step {
    ask("GET")
}

/// The request.
impl Step {
    /// It has this field.
    pub fn send(mut self, name: &str, value: impl Into<Value>) -> Self {
        self.sends.push((name.to_owned(), value.into()));
        self
    }

    /// This follows the check's own path.
    pub fn at(mut self, suffix: &str) -> Self {
        suffix.clone_into(&mut self.suffix);
        self
    }

    /// It has this body.
    pub fn with_body(mut self, body: &str) -> Self {
        self.request_body = body.as_bytes().to_vec();
        self
    }

    /// It comes so many seconds after the step before.
    pub fn after(mut self, seconds: u64) -> Self {
        self.pause = Duration::from_secs(seconds);
        self
    }
}

/// The origin's answer.
impl Step {
    /// It has this field. `{path}` stands for the check's own path.
    pub fn gives(mut self, name: &str, value: impl Into<Value>) -> Self {
        self.gives.push((name.to_owned(), value.into()));
        self
    }

    /// It has this status. Default: 200.
    pub fn status(mut self, status: u16) -> Self {
        self.status = status;
        self
    }

    /// It has this body. Default: one that no other step has.
    pub fn content(mut self, body: &str) -> Self {
        self.content = Some(body.as_bytes().to_vec());
        self
    }

    /// This comes ahead of it.
    pub fn interim(mut self, status: u16, fields: &[(&str, &str)]) -> Self {
        let fields = fields.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        self.interim.push((status, fields));
        self
    }

    /// There is none: the origin closes the connection.
    pub fn closes(mut self) -> Self {
        self.closes = true;
        self
    }

    /// It takes so many seconds.
    pub fn takes(mut self, seconds: u64) -> Self {
        self.delay = Duration::from_secs(seconds);
        self
    }
}

/// What the client must get.
impl Step {
    /// Adds an expectation.
    pub fn expect(mut self, expect: Expect) -> Self {
        self.expects.push(expect);
        self
    }

    /// An answer from the store.
    pub fn hit(self) -> Self {
        self.expect(Expect::Hit)
    }

    /// An answer for which the origin was asked.
    pub fn miss(self) -> Self {
        self.expect(Expect::Miss)
    }

    /// This status.
    pub fn is(self, status: u16) -> Self {
        self.expect(Expect::Status(status))
    }

    /// This field.
    pub fn says(self, name: &str, value: impl Into<Value>) -> Self {
        let expect = Expect::Field(name.to_owned(), value.into());
        self.expect(expect)
    }

    /// Not this field.
    pub fn lacks(self, name: &str) -> Self {
        self.expect(Expect::NoField(name.to_owned()))
    }

    /// This body.
    pub fn reads(self, body: &str) -> Self {
        self.expect(Expect::Body(body.to_owned()))
    }

    /// The body of an earlier step, counted from 1.
    pub fn reads_of(self, step: usize) -> Self {
        self.expect(Expect::BodyOf(step))
    }

    /// The origin was asked with this field.
    pub fn asks(self, name: &str, value: impl Into<Value>) -> Self {
        let expect = Expect::Asked(name.to_owned(), value.into());
        self.expect(expect)
    }

    /// The origin was asked without this field.
    pub fn asks_not(self, name: &str) -> Self {
        self.expect(Expect::NotAsked(name.to_owned()))
    }
}
