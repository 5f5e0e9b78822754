//! A server that answers nonsense.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener};
use std::time::Duration;

use easy_cache_core::store::{Look, Mark, Store, Version};

use crate::world::{KEY, WITHIN, World, tags};

/// Greets like memcached, and then answers everything with these bytes, again and again.
fn liar(answer: &'static [u8]) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let Ok(mut stream) = stream else { return };
            std::thread::spawn(move || {
                let mut bytes = [0; 4096];
                let mut greeted = false;
                while let Ok(1..) = stream.read(&mut bytes) {
                    let answer = if greeted { answer } else { b"MN\r\n" };
                    greeted = true;
                    if stream.write_all(answer).is_err() {
                        return;
                    }
                }
            });
        }
    });
    address
}

#[tokio::test]
async fn nonsense_is_an_error_and_never_an_answer() {
    let timeout = Duration::from_millis(200);
    for answer in [
        b"EN\r\nEN\r\nEN\r\n".as_slice(),
        b"VA 5 c1 O0\r\nhello\r\nHD O1\r\nHD O2\r\nHD O3\r\n",
        b"HD\r\nHD\r\nHD\r\nHD\r\n",
        b"VA 99999999999 c1\r\n",
        b"ERROR\r\n",
        b"HTTP/1.1 400 Bad Request\r\n\r\n",
        b"\xff\x00\xfe\n\r\n\r",
        b"",
    ] {
        let world = World::with(&[liar(answer)], |builder| builder.timeout(timeout).connect_timeout(timeout));
        let (tags, shown) = (tags(&["t"]), String::from_utf8_lossy(answer));
        assert!(world.store.look(Look::new(KEY, &tags)).await.is_err(), "{shown}");
        assert!(world.store.invalidate(&tags, &[KEY]).await.is_err(), "{shown}");
        let mark = Mark::new(Version::from_bytes([1; 16]), Some(&tags));
        assert!(world.store.hold(mark, WITHIN).await.is_err(), "{shown}");
    }
}

#[tokio::test]
async fn what_does_not_greet_like_memcached_is_told_so() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    std::thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            let mut stream = stream;
            let _ = stream.write_all(b"-ERR unknown command 'mn'\r\n");
            let _ = stream.read(&mut [0; 64]);
        }
    });
    let world = World::at(&[address]);
    let error = world.store.look(Look::new(KEY, &[])).await.unwrap_err();
    let why = std::error::Error::source(&error).unwrap().to_string();
    assert!(why.contains("meta protocol"), "{why}");
}

#[tokio::test]
async fn bytes_of_others_under_our_names_are_misses_and_are_replaced() {
    let server = easy_cache_servers::Memcached::start();
    let world = World::at(&[server.address()]);
    world.warm(&["t"]).await;
    for item in crate::world::items(server.address()) {
        server.command(&format!("ms {item} 7\r\ngarbage"));
    }
    world.miss(&["t"]).await;
    world.invalidate(&["t"]).await;
    world.warm(&["t"]).await;
    world.hit(&["t"]).await;
}
