//! What comes before a request is whole: handshakes and heads, how long they may be and how long they may take.
//! Deadlines are short here; nothing is asserted about how long anything took.

use std::io::Write as _;
use std::net::SocketAddr;

use crate::network::limits::{assert_kept, connect_from, limited, rest_of};
use crate::network::tls::certify;
use crate::support::World;

/// The answer to a request for health with a head of so many bytes, in so many headers.
fn asked(server: SocketAddr, bytes: usize, headers: usize) -> String {
    let mut stream = connect_from(2, server, None);
    let begin = "GET /healthz HTTP/1.1\r\nhost: x\r\nconnection: close\r\n".to_owned();
    let mut head = begin + &"a: b\r\n".repeat(headers - 3);
    let filling = bytes - head.len() - "z: \r\n\r\n".len();
    head = format!("{head}z: {}\r\n\r\n", "z".repeat(filling));
    assert_eq!((head.len(), head.lines().count()), (bytes, headers + 2));
    // It may be refused before all of it is sent.
    let _ = stream.write_all(head.as_bytes());
    rest_of(&mut stream)
}

#[test]
fn network_a_head_has_64_kib_and_100_headers_at_most() {
    let world = World::founded();
    let serving = world.serve();
    let begins = |answer: &str, status: u16| answer.starts_with(&format!("HTTP/1.1 {status} "));
    for (bytes, headers, status) in
        [(65_536, 4, 200), (1_024, 100, 200), (65_537, 4, 431), (1_024, 101, 431)]
    {
        let answer = asked(world.address, bytes, headers);
        assert!(begins(&answer, status), "{bytes} bytes in {headers} headers: {answer}");
        // hyper makes some of these answers itself: there is nothing in them that a browser could show or keep.
        let is_empty = answer.contains("\r\ncontent-length: 0\r\n");
        assert!(is_empty || answer.contains("\r\ncontent-security-policy: "), "{answer}");
    }
    // One that has used up its room and does not end.
    let mut stream = connect_from(2, world.address, None);
    let begin = "GET /healthz HTTP/1.1\r\nhost: x\r\nz: ";
    let endless = format!("{begin}{}", "z".repeat(65_536 - begin.len()));
    stream.write_all(endless.as_bytes()).unwrap();
    assert!(begins(&rest_of(&mut stream), 431));
    let counted = "countersign_network_refusals_total{reason=\"head_too_large\"} 3\n";
    let metrics = serving.metrics();
    assert!(metrics.contains(counted), "{metrics}");
}

/// Opens connections on each of which this was said, and waits until the server has closed all of them.
fn assert_closed(server: SocketAddr, said: &[u8]) {
    let mut held: Vec<_> = (0..50)
        .map(|_| {
            let mut stream = connect_from(2, server, None);
            stream.write_all(said).unwrap();
            stream
        })
        .collect();
    for stream in &mut held {
        rest_of(stream);
    }
}

#[test]
fn network_connections_with_half_a_head_or_nothing_more_are_closed() {
    let world = limited(&[("head_timeout_ms", "500")]);
    let serving = world.serve();
    let half: [&[u8]; 5] = [
        b"",
        b"GET /healthz HTTP/1.1\r\nhost: x\r\nx-slow: ",
        // One request, and then nothing, or half of another.
        b"GET /healthz HTTP/1.1\r\nhost: x\r\n\r\n",
        b"GET /healthz HTTP/1.1\r\nhost: x\r\n\r\nGET /he",
        // HTTP/2, whose client says nothing after its settings.
        b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0",
    ];
    for said in half {
        assert_closed(world.address, said);
        assert_kept(&serving, 3);
    }
}

#[test]
fn network_half_a_handshake_is_closed() {
    let world = limited(&[("head_timeout_ms", "500")]);
    certify(&world);
    let _serving = world.serve();
    // The head of a record with a ClientHello of 256 bytes, of which none comes.
    let half: [&[u8]; 2] = [b"", b"\x16\x03\x01\x01\x00\x01"];
    for said in half {
        assert_closed(world.address, said);
    }
}
