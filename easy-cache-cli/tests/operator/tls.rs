//! Redis over TLS: with a certificate that is trusted everything works as without, and with one that is not nothing is said.

use std::fs;
use std::path::PathBuf;

use easy_cache_servers::{Redis, unique};
use rcgen::{CertifiedKey, generate_simple_self_signed};

use crate::world::command;

/// A Redis with a certificate of its own making, and where that is.
struct Tls {
    redis: Redis,
    folder: PathBuf,
}

impl Tls {
    fn start() -> Self {
        let folder = std::env::temp_dir().join(unique("easy_cache_tls"));
        fs::create_dir_all(&folder).unwrap();
        let CertifiedKey { cert, signing_key } = generate_simple_self_signed(["localhost".to_owned()]).unwrap();
        fs::write(folder.join("certificate.pem"), cert.pem()).unwrap();
        fs::write(folder.join("key.pem"), signing_key.serialize_pem()).unwrap();
        let another = generate_simple_self_signed(["localhost".to_owned()]).unwrap();
        fs::write(folder.join("another.pem"), another.cert.pem()).unwrap();
        let options = Redis::options().tls(&folder.join("certificate.pem"), &folder.join("key.pem"));
        Self { redis: options.start(), folder }
    }

    /// What the command says, and whether it was done.
    fn run(&self, host: &str, trusts: bool, words: &[&str]) -> (bool, String) {
        let url = format!("rediss://{host}:{}", self.redis.tls_address().unwrap().port());
        let mut command = command(["--url", &url, "--namespace", "shop"].into_iter().chain(words.iter().copied()));
        // Those that are trusted, in place of the system's.
        let trusted = self.folder.join(if trusts { "certificate.pem" } else { "another.pem" });
        let output = command.env("SSL_CERT_FILE", trusted).env_remove("SSL_CERT_DIR").output().unwrap();
        let text = [output.stdout, output.stderr].concat();
        (output.status.success(), String::from_utf8_lossy(&text).into_owned())
    }
}

impl Drop for Tls {
    fn drop(&mut self) {
        let _gone = fs::remove_dir_all(&self.folder);
    }
}

#[test]
fn over_tls_everything_is_as_without() {
    let tls = Tls::start();
    let (done, text) = tls.run("localhost", true, &["stats", "--json"]);
    assert!(done && text.contains("redis_version"), "{text}");
    let (done, text) = tls.run("localhost", true, &["bench", "--seconds", "1", "--concurrency", "4", "--json"]);
    assert!(done, "{text}");
    let kept = tls.redis.info("total_commands_processed").and_then(|count| count.parse::<u64>().ok());
    assert!(kept > Some(100), "fills, hits and invalidations have arrived: {kept:?}, {text}");
}

#[test]
fn a_certificate_that_is_not_trusted_or_of_another_name_ends_it() {
    let tls = Tls::start();
    for (host, trusts) in [("localhost", false), ("127.0.0.1", true)] {
        let (done, text) = tls.run(host, trusts, &["stats"]);
        assert!(!done && text.to_lowercase().contains("certificate"), "{host}, trusted: {trusts}: {text}");
    }
}
