//! A private `redis-server`, and what tests do to it behind the store's back.

use std::net::TcpListener;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use easy_cache_redis::RedisStore;
use easy_cache_redis::deadpool_redis::redis::{self, Client, Connection, FromRedisValue};

/// Makes everything older, by so many microseconds: what expires, the deadlines of holds, the dates of entries.
const AGE: &str = r"
    local by = tonumber(ARGV[1])
    for _, key in ipairs(redis.call('KEYS', '*')) do
        local left = redis.call('PTTL', key)
        local value = redis.call('TYPE', key).ok == 'string' and redis.call('GET', key)
        if value and string.find(key, ':r:', 1, true) and #value > 16 then
            for at = 33, #value, 24 do
                local deadline = struct.pack('>I8', struct.unpack('>I8', value, at) - by)
                redis.call('SETRANGE', key, at - 1, deadline)
            end
        elseif value and string.find(key, ':e:', 1, true) and #value >= 44 then
            redis.call('SETRANGE', key, 36, struct.pack('>I8', struct.unpack('>I8', value, 37) - by))
        end
        if left > 0 then redis.call('PEXPIRE', key, left - by / 1000) end
    end
";

/// Ends when it is dropped.
pub(crate) struct Server {
    process: Child,
    pub(crate) port: u16,
}

impl Server {
    pub(crate) fn start(more: &[&str]) -> Self {
        let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        Self::start_at(port, more)
    }

    pub(crate) fn start_at(port: u16, more: &[&str]) -> Self {
        let mut command = Command::new("redis-server");
        command.args(["--port", &port.to_string(), "--save", "", "--dir", "/tmp", "--bind", "127.0.0.1"]);
        let process = command.args(more).stdout(Stdio::null()).spawn().unwrap();
        let server = Self { process, port };
        while Client::open(server.url()).unwrap().get_connection().is_err() {
            std::thread::yield_now();
        }
        server
    }

    pub(crate) fn url(&self) -> String {
        format!("redis://127.0.0.1:{}", self.port)
    }

    pub(crate) fn store(&self, namespace: &str) -> RedisStore {
        RedisStore::connect(self.url(), namespace).unwrap()
    }

    pub(crate) fn connection(&self) -> Connection {
        Client::open(self.url()).unwrap().get_connection().unwrap()
    }

    /// A command of an operator.
    pub(crate) fn run<T: FromRedisValue>(&self, words: &[&str]) -> T {
        let mut command = redis::cmd(words[0]);
        command.arg(&words[1..]);
        command.query(&mut self.connection()).unwrap()
    }

    pub(crate) fn age(&self, by: Duration) {
        redis::Script::new(AGE).arg(by.as_micros() as u64).invoke::<()>(&mut self.connection()).unwrap();
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        _ = self.process.kill();
        _ = self.process.wait();
    }
}
