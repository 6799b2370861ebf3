//! An HTTP server that answers what a test says, to the byte: for what no honest server does.

use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;

/// The server, which ends with the test.
pub(crate) struct ScriptedApi {
    pub(crate) address: SocketAddr,
    seen: Arc<Seen>,
    accepting: Option<JoinHandle<()>>,
}

#[derive(Default)]
struct Seen {
    heads: Mutex<Vec<String>>,
    under_way: AtomicUsize,
    most_at_once: AtomicUsize,
    is_over: AtomicBool,
}

impl ScriptedApi {
    /// Answers the `n`th request, counted from zero, for this path, with these bytes; then closes the
    /// connection.
    pub(crate) fn start(answer: impl Fn(&str, usize) -> Vec<u8> + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).unwrap();
        let address = listener.local_addr().unwrap();
        let seen = Arc::new(Seen::default());
        let (answer, shared) = (Arc::new(answer), Arc::clone(&seen));
        let accepting = std::thread::spawn(move || {
            for stream in listener.incoming() {
                if shared.is_over.load(Ordering::SeqCst) {
                    return;
                }
                let (answer, seen) = (Arc::clone(&answer), Arc::clone(&shared));
                std::thread::spawn(move || seen.converse(stream.unwrap(), &*answer));
            }
        });
        Self { address, seen, accepting: Some(accepting) }
    }

    /// The paths that were asked for.
    pub(crate) fn paths(&self) -> Vec<String> {
        let heads = self.heads();
        let path = |head: &String| head.split(' ').nth(1).unwrap().to_owned();
        heads.iter().map(path).collect()
    }

    /// The requests as they came.
    pub(crate) fn heads(&self) -> Vec<String> {
        self.seen.heads.lock().unwrap().clone()
    }

    /// The most requests that were under way at once.
    pub(crate) fn most_at_once(&self) -> usize {
        self.seen.most_at_once.load(Ordering::SeqCst)
    }
}

impl Drop for ScriptedApi {
    fn drop(&mut self) {
        self.seen.is_over.store(true, Ordering::SeqCst);
        // The thread waits for a connection.
        drop(TcpStream::connect(self.address));
        self.accepting.take().unwrap().join().unwrap();
    }
}

impl Seen {
    fn converse(&self, mut stream: TcpStream, answer: &(dyn Fn(&str, usize) -> Vec<u8> + Sync)) {
        let mut head = Vec::new();
        let mut byte = [0];
        while !head.ends_with(b"\r\n\r\n") {
            match stream.read(&mut byte) {
                Ok(1) => head.push(byte[0]),
                // Whoever connected has nothing to ask any more.
                _ => return,
            }
        }
        let under_way = self.under_way.fetch_add(1, Ordering::SeqCst) + 1;
        self.most_at_once.fetch_max(under_way, Ordering::SeqCst);
        let head = String::from_utf8(head).unwrap();
        let path = head.split(' ').nth(1).unwrap().to_owned();
        let number = {
            let mut heads = self.heads.lock().unwrap();
            heads.push(head);
            heads.len() - 1
        };
        let bytes = answer(&path, number);
        self.under_way.fetch_sub(1, Ordering::SeqCst);
        // Nobody may be there to read it.
        let _ = stream.write_all(&bytes);
    }
}

/// An answer with this status, these further header lines and this body.
pub(crate) fn reply(status: u16, headers: &str, body: &str) -> Vec<u8> {
    let length = body.len();
    format!("HTTP/1.1 {status} X\r\ncontent-length: {length}\r\nconnection: close\r\n{headers}\r\n{body}")
        .into_bytes()
}

/// An answer of JSON.
pub(crate) fn json(body: &str) -> Vec<u8> {
    reply(200, "content-type: application/json\r\n", body)
}

/// The API of a platform of ada and her friends bob and cy. It tells of her at once, and of friends once `wait` has let
/// the question pass.
pub(crate) fn ada_and_friends<G: Send + Sync + 'static>(
    gate: &Arc<G>,
    wait: fn(&G),
) -> ScriptedApi {
    let gate = Arc::clone(gate);
    let person = |account: &str| {
        format!(
            "{{\"id\":\"{account}\",\"is_minor\":false,\"profile\":{{\"name\":\"{account}\"}}}}"
        )
    };
    ScriptedApi::start(move |path, _| match path.strip_prefix("/v1/users").unwrap() {
        "/ada" => json(&person("ada")),
        "/ada/friends" => {
            wait(&gate);
            json(r#"{"data":[{"id":"bob"},{"id":"cy"}]}"#)
        }
        _ => json(&format!("{{\"bob\":{},\"cy\":{}}}", person("bob"), person("cy"))),
    })
}
