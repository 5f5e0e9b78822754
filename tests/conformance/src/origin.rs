//! Who answers: the scripts of all checks under way, and a server on sockets that follows them, for proxies. An application under
//! test asks [`Origin::answer`] itself. What the scripts say is in `checks`.

use std::collections::HashMap;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use parking_lot::Mutex;
use tokio::io::{AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};

use crate::check::Step;
use crate::message::{Message, read_message};

/// With which the client says which step of its check a request is.
pub(crate) const STEP: &str = "req-num";

/// All scripts. Clones share them.
#[derive(Debug, Clone, Default)]
pub struct Origin {
    scripts: Arc<Mutex<HashMap<String, Arc<Script>>>>,
}

/// What is to be answered to one request.
#[derive(Debug, Clone, Default)]
#[non_exhaustive]
pub struct Answer {
    /// Its status.
    pub status: u16,
    /// Its fields, in order.
    pub fields: Vec<(String, Vec<u8>)>,
    /// Its body.
    pub body: Vec<u8>,
    /// What is sent ahead of it.
    pub interim: Vec<(u16, Vec<(String, String)>)>,
    /// There is none: the connection is closed, or the handler fails.
    pub closes: bool,
    /// It takes so long.
    pub delay: Duration,
}

/// The script of one check, and what was seen of it.
#[derive(Debug)]
pub(crate) struct Script {
    path: String,
    steps: Vec<Step>,
    asked: Mutex<Vec<(usize, Message)>>,
    given: Mutex<HashMap<usize, Answer>>,
}

impl Script {
    /// The requests of a step that came here.
    pub(crate) fn asked(&self, step: usize) -> Vec<Message> {
        let asked = self.asked.lock();
        asked.iter().filter(|(number, _)| *number == step).map(|(_, request)| request.clone()).collect()
    }

    /// What was answered at a step.
    pub(crate) fn given(&self, step: usize) -> Option<Answer> {
        self.given.lock().get(&step).cloned()
    }

    fn answer(&self, request: &Message) -> Answer {
        let last = self.steps.len();
        let number = request.field(STEP).and_then(|number| number.parse().ok()).unwrap_or(last).clamp(1, last);
        let call = {
            let mut asked = self.asked.lock();
            asked.push((number, request.clone()));
            asked.len()
        };
        let step = &self.steps[number - 1];
        let now = SystemTime::now();
        let mut fields: Vec<_> =
            step.gives.iter().map(|(name, value)| (name.clone(), self.with_path(value.bytes(now)))).collect();
        if !step.gives.iter().any(|(name, _)| name.eq_ignore_ascii_case("date")) {
            fields.push(("Date".to_owned(), httpdate::fmt_http_date(now).into_bytes()));
        }
        let has_none = matches!(step.status, 204 | 304);
        let own = || format!("{} step {number} call {call}", self.path).into_bytes();
        let body = step.content.clone().unwrap_or_else(own);
        let answer = Answer {
            status: step.status,
            fields,
            body: if has_none { Vec::new() } else { body },
            interim: step.interim.clone(),
            closes: step.closes,
            delay: step.delay,
        };
        self.given.lock().insert(number, answer.clone());
        answer
    }

    /// Dates and the like have no braces, and what is not text stays as it is.
    fn with_path(&self, value: Vec<u8>) -> Vec<u8> {
        match std::str::from_utf8(&value) {
            Ok(text) if text.contains("{path}") => text.replace("{path}", &self.path).into_bytes(),
            _ => value,
        }
    }
}

impl Origin {
    /// What a handler answers to this request; 404 if no check knows its path.
    #[must_use]
    pub fn answer(&self, request: &Message) -> Answer {
        let path = request.target().split('?').next().unwrap_or_default();
        let end = path.match_indices('/').nth(2).map_or(path.len(), |(position, _)| position);
        let script = self.scripts.lock().get(&path[..end]).cloned();
        script.map_or_else(|| Answer { status: 404, ..Answer::default() }, |script| script.answer(request))
    }

    pub(crate) fn stage(&self, path: &str, steps: Vec<Step>) -> Arc<Script> {
        let (asked, given) = (Mutex::default(), Mutex::default());
        let script = Arc::new(Script { path: path.to_owned(), steps, asked, given });
        self.scripts.lock().insert(path.to_owned(), Arc::clone(&script));
        script
    }

    /// Listens on a free port of this machine, for a proxy.
    ///
    /// # Errors
    /// If there is no port to listen on.
    pub async fn listen(&self) -> io::Result<SocketAddr> {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await?;
        let address = listener.local_addr()?;
        let origin = self.clone();
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let origin = origin.clone();
                // A client that goes away is its own business.
                tokio::spawn(async move { drop(origin.attend(stream).await) });
            }
        });
        Ok(address)
    }

    async fn attend(&self, stream: TcpStream) -> io::Result<()> {
        stream.set_nodelay(true)?;
        let (reader, mut writer) = stream.into_split();
        let mut reader = BufReader::new(reader);
        while let Some(request) = read_message(&mut reader).await? {
            let answer = self.answer(&request);
            tokio::time::sleep(answer.delay).await;
            if answer.closes {
                return Ok(());
            }
            for (status, fields) in &answer.interim {
                let fields: String = fields.iter().map(|(name, value)| format!("{name}: {value}\r\n")).collect();
                writer.write_all(format!("HTTP/1.1 {status} Interim\r\n{fields}\r\n").as_bytes()).await?;
            }
            let (head, ends) = head_of(&answer);
            writer.write_all(&head).await?;
            if request.method() != "HEAD" {
                writer.write_all(&answer.body).await?;
            }
            writer.flush().await?;
            if ends || request.closes() {
                return writer.shutdown().await;
            }
        }
        Ok(())
    }
}

/// The head of an answer, and whether the end of the connection is that of the body.
fn head_of(answer: &Answer) -> (Vec<u8>, bool) {
    let mut head = format!("HTTP/1.1 {} Status\r\n", answer.status).into_bytes();
    for (name, value) in &answer.fields {
        head.extend_from_slice(name.as_bytes());
        head.extend_from_slice(b": ");
        head.extend_from_slice(value);
        head.extend_from_slice(b"\r\n");
    }
    let has = |name: &str| answer.fields.iter().any(|(known, _)| known.eq_ignore_ascii_case(name));
    if !has("content-length") && !has("transfer-encoding") && !matches!(answer.status, 204 | 304) {
        head.extend_from_slice(format!("Content-Length: {}\r\n", answer.body.len()).as_bytes());
    }
    head.extend_from_slice(b"\r\n");
    (head, has("transfer-encoding"))
}
