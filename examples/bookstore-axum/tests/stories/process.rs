//! The command as a shell or a supervisor meets it: its one line, its exit codes, its end.

use std::{
    io::{BufRead, BufReader, Read, Write},
    net::{SocketAddr, TcpListener, TcpStream},
    process::{Child, Command, ExitStatus, Stdio},
    sync::mpsc,
    thread,
    time::Duration,
};

/// Far beyond what anything here takes; a test that reaches it has failed.
const PATIENCE: Duration = Duration::from_secs(30);

/// A running shop that dies with the test.
struct Shop {
    child: Child,
    address: SocketAddr,
}

impl Shop {
    fn start() -> Self {
        let mut child = command(&["--listen", "127.0.0.1:0"]).stdout(Stdio::piped()).spawn().unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
        let address = line.trim_end().strip_prefix("listening on http://").unwrap_or_else(|| panic!("{line:?}"));
        Self { address: address.parse().unwrap(), child }
    }

    fn connect(&self) -> TcpStream {
        let stream = TcpStream::connect(self.address).unwrap();
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        stream
    }

    fn signal(&self, name: &str) {
        assert!(kill(name, &self.child.id().to_string()));
    }

    fn wait(mut self) -> ExitStatus {
        let (ended, end) = mpsc::channel();
        let watchdog = self.child.id().to_string();
        thread::spawn(move || {
            if end.recv_timeout(PATIENCE).is_err() {
                kill("-KILL", &watchdog);
            }
        });
        let status = self.child.wait().unwrap();
        ended.send(()).unwrap();
        status
    }
}

impl Drop for Shop {
    fn drop(&mut self) {
        if self.child.try_wait().is_ok_and(|status| status.is_none()) {
            self.child.kill().unwrap();
            self.child.wait().unwrap();
        }
    }
}

/// By the shell's own command: as a program it is not everywhere.
fn kill(signal: &str, id: &str) -> bool {
    Command::new("sh").args(["-c", r#"kill "$1" "$2""#, "sh", signal, id]).status().unwrap().success()
}

fn command(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_bookstore-axum"));
    command.args(arguments).env("RUST_LOG", "off").stdin(Stdio::null());
    command
}

/// Sends one request on a connection that stays open, and reads the whole answer.
fn get(stream: &mut TcpStream, path: &str) -> String {
    write!(stream, "GET {path} HTTP/1.1\r\nHost: shop\r\n\r\n").unwrap();
    let mut reader = BufReader::new(stream);
    let mut head = String::new();
    while !head.ends_with("\r\n\r\n") {
        assert_ne!(reader.read_line(&mut head).unwrap(), 0, "closed early: {head}");
    }
    let length = head.lines().find_map(|line| line.strip_prefix("content-length: ")).unwrap().parse().unwrap();
    let mut body = vec![0; length];
    reader.read_exact(&mut body).unwrap();
    head + &String::from_utf8(body).unwrap()
}

fn failure(arguments: &[&str]) -> String {
    let output = command(arguments).output().unwrap();
    assert!(!output.status.success() && output.stdout.is_empty(), "{output:?}");
    String::from_utf8(output.stderr).unwrap()
}

#[test]
fn it_says_where_it_listens_and_answers_there() {
    let shop = Shop::start();
    let answer = get(&mut shop.connect(), "/api/books/1");
    assert!(answer.starts_with("HTTP/1.1 200 OK") && answer.contains(r#""title":"The Iliad""#), "{answer}");
}

#[test]
fn sigterm_and_ctrl_c_end_it_cleanly_although_connections_are_open() {
    for signal in ["-TERM", "-INT"] {
        let shop = Shop::start();
        let mut idle = shop.connect();
        get(&mut idle, "/");
        let _never_said_a_word = shop.connect();
        shop.signal(signal);
        assert_eq!(idle.read(&mut [0]).unwrap(), 0, "an idle connection is closed");
        assert_eq!(shop.wait().code(), Some(0), "{signal}");
    }
}

#[test]
fn a_client_that_never_finishes_its_request_delays_the_end_only_for_a_while() {
    let shop = Shop::start();
    let mut slow = shop.connect();
    let head = "POST /api/books HTTP/1.1\r\nHost: shop\r\nContent-Type: application/json\r\nContent-Length: 99\r\n";
    write!(slow, "{head}Expect: 100-continue\r\n\r\n").unwrap();
    let mut answer = String::new();
    BufReader::new(&slow).read_line(&mut answer).unwrap();
    assert!(answer.contains("100 Continue"), "the handler waits for the body: {answer}");
    shop.signal("-TERM");
    assert_eq!(shop.wait().code(), Some(0));
}

#[test]
fn a_taken_port_is_refused_with_advice() {
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    let said = failure(&["--listen", &address]);
    assert!(said.contains(&address) && said.contains("--listen 127.0.0.1:PORT"), "{said}");
}

#[test]
fn an_address_without_a_port_is_refused_with_advice() {
    for address in ["127.0.0.1", "nowhere"] {
        let said = failure(&["--listen", address]);
        assert!(said.contains(address) && said.contains("an address and a port"), "{said}");
    }
}

#[test]
fn a_database_that_cannot_be_opened_is_refused_with_advice() {
    for url in ["sqlite:///no/such/folder/books.db?mode=rwc", "postgres://localhost/books", "nonsense"] {
        let said = failure(&["--listen", "127.0.0.1:0", "--database", url]);
        assert!(said.contains(url) && said.contains("mode=rwc"), "{said}");
    }
}
