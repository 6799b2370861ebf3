//! Clients that take their time, and more of them than there is room for.

use std::io::{ErrorKind, Read as _, Write as _};
use std::net::TcpStream;
use std::time::{Duration, Instant};

use crate::support::{World, eventually};

/// How long the server waits for a client, in seconds, with room for a busy machine.
const WAITS_S: std::ops::Range<u64> = 8..30;

/// How long until the server closes a connection on which this was said.
fn closed_after(world: &World, said: &[u8]) -> Duration {
    let begun = Instant::now();
    let mut stream = TcpStream::connect(world.address).unwrap();
    stream.set_read_timeout(Some(Duration::from_secs(WAITS_S.end))).unwrap();
    stream.write_all(said).unwrap();
    let mut bytes = Vec::new();
    match stream.read_to_end(&mut bytes) {
        Ok(_) => {}
        Err(error) if error.kind() == ErrorKind::ConnectionReset => {}
        Err(error) => panic!("still open after {:?}: {error}", begun.elapsed()),
    }
    begun.elapsed()
}

#[test]
fn a_client_that_does_not_finish_its_request_is_not_waited_for() {
    let world = World::founded();
    let _serving = world.serve();
    let said: [&[u8]; 4] = [
        b"",
        b"GET /healthz HTTP/1.1\r\nhost: localhost\r\nx-slow: ",
        // It asked once, and then takes its time.
        b"GET /healthz HTTP/1.1\r\nhost: localhost\r\n\r\n",
        b"GET /healthz HTTP/1.1\r\nhost: localhost\r\n\r\nGET /he",
    ];
    std::thread::scope(|threads| {
        let closed = said.map(|said| threads.spawn(|| closed_after(&world, said)));
        for (closed, said) in closed.into_iter().zip(said) {
            let after = closed.join().unwrap();
            let said = String::from_utf8_lossy(said).into_owned();
            assert!(WAITS_S.contains(&after.as_secs()), "{said:?} was closed after {after:?}");
        }
    });
}

#[test]
fn a_connection_too_many_is_refused_and_room_is_found_again() {
    let world = World::founded();
    world.configure("connections = 10000", "connections = 3");
    let serving = world.serve();
    let answered = || {
        let mut stream = TcpStream::connect(world.address).unwrap();
        stream.set_read_timeout(Some(Duration::from_secs(5))).unwrap();
        let request = b"GET / HTTP/1.1\r\nhost: localhost\r\n\r\n";
        let mut bytes = [0; 12];
        let read = stream.write_all(request).and_then(|()| stream.read_exact(&mut bytes));
        (read.is_ok() && &bytes == b"HTTP/1.1 200").then_some(stream)
    };
    let mut held = Vec::new();
    eventually("three connections are answered", || {
        held.extend(answered());
        held.len() == 3
    });
    for _ in 0..5 {
        assert!(answered().is_none(), "a fourth one was answered");
    }
    held.pop();
    eventually("there is room again", || answered().is_some());
    drop(held);
    drop(serving);
}
