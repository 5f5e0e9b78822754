//! Redis over TLS: with a certificate that is trusted everything works as without, and with one that is not nothing is said.

use std::fs;
use std::path::PathBuf;

use easy_cache_servers::{Redis, Sentinel, unique};
use rcgen::{CertifiedKey, generate_simple_self_signed};

use crate::world::command;

/// A Redis with a certificate of its own making, and where that is.
struct Tls {
    redis: Redis,
    folder: PathBuf,
}

impl Tls {
    fn start() -> Self {
        Self::start_for("localhost")
    }

    fn start_for(host: &str) -> Self {
        let folder = std::env::temp_dir().join(unique("easy_cache_tls"));
        fs::create_dir_all(&folder).unwrap();
        let CertifiedKey { cert, signing_key } = generate_simple_self_signed([host.to_owned()]).unwrap();
        fs::write(folder.join("certificate.pem"), cert.pem()).unwrap();
        fs::write(folder.join("key.pem"), signing_key.serialize_pem()).unwrap();
        let another = generate_simple_self_signed([host.to_owned()]).unwrap();
        fs::write(folder.join("another.pem"), another.cert.pem()).unwrap();
        let options = Redis::options().tls(&folder.join("certificate.pem"), &folder.join("key.pem"));
        Self { redis: options.start(), folder }
    }

    /// What the command says, and whether it was done.
    fn run(&self, host: &str, trusts: bool, words: &[&str]) -> (bool, String) {
        self.run_at(&format!("rediss://{host}:{}", self.redis.tls_address().unwrap().port()), trusts, words)
    }

    fn run_at(&self, url: &str, trusts: bool, words: &[&str]) -> (bool, String) {
        let mut command = command(["--url", url, "--namespace", "shop"].into_iter().chain(words.iter().copied()));
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
fn a_sentinel_and_the_master_that_it_names_are_both_spoken_to_over_tls() {
    let tls = Tls::start_for("127.0.0.1");
    let file = |name: &str| tls.folder.join(name);
    let sentinel = Sentinel::of(&tls.redis).tls(&tls.redis, &file("certificate.pem"), &file("key.pem")).start();
    let url = format!("rediss-sentinel://{}/mymaster", sentinel.tls_address().unwrap());
    let (done, text) = tls.run_at(&url, true, &["stats", "--json"]);
    assert!(done && text.contains("redis_version"), "{text}");
    let (done, text) = tls.run_at(&url, false, &["stats"]);
    assert!(!done && text.to_lowercase().contains("certificate"), "{text}");
    let plain = format!("redis-sentinel://{}/mymaster", sentinel.address());
    let (done, _) = tls.run_at(&plain, true, &["stats"]);
    assert!(!done, "the port of the master that it names speaks TLS only");
}

#[test]
fn a_certificate_that_is_not_trusted_or_of_another_name_ends_it() {
    let tls = Tls::start();
    for (host, trusts) in [("localhost", false), ("127.0.0.1", true)] {
        let (done, text) = tls.run(host, trusts, &["stats"]);
        assert!(!done && text.to_lowercase().contains("certificate"), "{host}, trusted: {trusts}: {text}");
    }
}
