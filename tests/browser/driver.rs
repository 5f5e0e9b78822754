//! One browser, driven by WebDriver: what a person does, and what the person sees.

use std::net::SocketAddr;

use easy_cache_servers::Browser;
use http_body_util::{BodyExt, Full};
use hyper::body::Bytes;
use hyper::client::conn::http1;
use hyper::{Method, Request};
use hyper_util::rt::TokioIo;
use serde_json::{Value, json};
use tokio::net::TcpStream;

pub(crate) struct Person {
    driver: SocketAddr,
    session: String,
    /// It ends with this.
    _browser: Browser,
}

impl Person {
    /// With one window.
    pub(crate) async fn sits_down() -> Self {
        let browser = tokio::task::spawn_blocking(Browser::start).await.unwrap();
        let options = json!({"binary": browser.program(), "args": browser.arguments()});
        let wanted = json!({"capabilities": {"alwaysMatch": {"goog:chromeOptions": options}}});
        let driver = browser.address();
        let made = ask(driver, Method::POST, "/session", &wanted).await;
        let session = made["sessionId"].as_str().unwrap().to_owned();
        Self { driver, session, _browser: browser }
    }

    /// Goes to an address and waits until the page is there.
    pub(crate) async fn goes_to(&self, address: &str) {
        self.post("url", json!({"url": address})).await;
    }

    pub(crate) async fn goes_back(&self) {
        self.post("back", json!({})).await;
    }

    pub(crate) async fn goes_forward(&self) {
        self.post("forward", json!({})).await;
    }

    pub(crate) async fn reloads(&self) {
        self.post("refresh", json!({})).await;
    }

    /// Opens another window, and looks at that one. Yields its name.
    pub(crate) async fn opens_a_window(&self) -> String {
        let window = self.post("window/new", json!({"type": "tab"})).await["handle"].as_str().unwrap().to_owned();
        self.looks_at(&window).await;
        window
    }

    pub(crate) async fn looks_at(&self, window: &str) {
        self.post("window", json!({"handle": window})).await;
    }

    /// Makes the window as wide and as high as that.
    pub(crate) async fn resizes(&self, width: u32, height: u32) {
        self.post("window/rect", json!({"width": width, "height": height})).await;
    }

    /// The window that is looked at.
    pub(crate) async fn window(&self) -> String {
        self.get("window").await.as_str().unwrap().to_owned()
    }

    /// What a script says of the page.
    pub(crate) async fn finds(&self, script: &str) -> Value {
        self.post("execute/sync", json!({"script": script, "args": []})).await
    }

    /// Fills in a field of a form, and sends it.
    pub(crate) async fn writes(&self, field: &str, text: &str) {
        let script = format!(
            "const field = document.querySelector({field:?}); field.value = {text:?}; field.form.requestSubmit(); return true"
        );
        self.finds(&script).await;
    }

    /// Waits until a script says yes; what it says of the page meanwhile is for the message.
    pub(crate) async fn sees(&self, what: &str, script: &str) {
        for _ in 0..400 {
            if self.finds(script).await == json!(true) {
                return;
            }
            tokio::time::sleep(std::time::Duration::from_millis(25)).await;
        }
        panic!("{what}: not seen on {}", self.finds("return document.documentElement.innerText").await);
    }

    /// A picture of the page as a PNG, in base 64.
    pub(crate) async fn pictures(&self) -> String {
        self.get("screenshot").await.as_str().unwrap().to_owned()
    }

    pub(crate) async fn leaves(self) {
        ask(self.driver, Method::DELETE, &format!("/session/{}", self.session), &Value::Null).await;
    }

    async fn get(&self, command: &str) -> Value {
        ask(self.driver, Method::GET, &format!("/session/{}/{command}", self.session), &Value::Null).await
    }

    async fn post(&self, command: &str, words: Value) -> Value {
        ask(self.driver, Method::POST, &format!("/session/{}/{command}", self.session), &words).await
    }
}

async fn ask(driver: SocketAddr, method: Method, path: &str, words: &Value) -> Value {
    let stream = TcpStream::connect(driver).await.unwrap();
    let (mut sender, connection) = http1::handshake(TokioIo::new(stream)).await.unwrap();
    tokio::spawn(connection);
    let body = if words.is_null() { String::new() } else { words.to_string() };
    let req = Request::builder().method(method).uri(path).header("host", driver.to_string());
    let req = req.header("content-type", "application/json").body(Full::new(Bytes::from(body))).unwrap();
    let (head, body) = sender.send_request(req).await.unwrap().into_parts();
    let body = body.collect().await.unwrap().to_bytes();
    let mut said: Value = serde_json::from_slice(&body).unwrap();
    assert!(head.status.is_success(), "{path}: {said}");
    said["value"].take()
}
