//! A web host that serves a log's folder, and draws out whatever it is told to.

use std::io::{Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};
use std::time::Duration;

/// How a file is served.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Manner {
    /// As it is.
    Served,
    /// As it is, after so many milliseconds.
    After(u64),
    /// The head at once, and then a byte now and then.
    Trickled,
    /// Nothing, on a connection that stays open.
    Silent,
}

/// How long a byte of a trickled file takes.
const BYTE: Duration = Duration::from_millis(100);

type Manners = Arc<Mutex<fn(&str) -> Manner>>;

/// A host that runs until the test ends.
pub(crate) struct Host {
    url: String,
    manners: Manners,
    asked: Arc<Mutex<Vec<String>>>,
}

impl Host {
    pub(crate) fn of(folder: &Path) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let manners: Manners = Arc::new(Mutex::new(|_| Manner::Served));
        let asked = Arc::new(Mutex::new(Vec::new()));
        let host = Self { url, manners: Arc::clone(&manners), asked: Arc::clone(&asked) };
        let folder = folder.to_owned();
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let (folder, manners) = (folder.clone(), Arc::clone(&manners));
                let asked = Arc::clone(&asked);
                // Whoever asked may be gone by the time that it is answered.
                std::thread::spawn(move || answer(stream, &folder, &manners, &asked));
            }
        });
        host
    }

    pub(crate) fn url(&self) -> &str {
        &self.url
    }

    /// From now on files are served so.
    pub(crate) fn serve(&self, manner: fn(&str) -> Manner) {
        *self.manners.lock().unwrap() = manner;
    }

    /// What was asked for since this was asked last.
    pub(crate) fn asked(&self) -> Vec<String> {
        std::mem::take(&mut self.asked.lock().unwrap())
    }
}

fn answer(
    mut stream: TcpStream,
    folder: &Path,
    manners: &Manners,
    asked: &Mutex<Vec<String>>,
) -> Option<()> {
    let mut head = Vec::new();
    let mut byte = [0];
    while !head.ends_with(b"\r\n\r\n") {
        stream.read_exact(&mut byte).ok()?;
        head.push(byte[0]);
    }
    let head = String::from_utf8(head).ok()?;
    let path = head.split(' ').nth(1)?.trim_start_matches('/').to_owned();
    let manner = manners.lock().unwrap()(&path);
    asked.lock().unwrap().push(path.clone());
    let file: PathBuf = folder.join(&path);
    let (status, body) = match std::fs::read(file) {
        Ok(body) => ("200 OK", body),
        Err(_) => ("404 Not Found", Vec::new()),
    };
    let head =
        format!("HTTP/1.1 {status}\r\ncontent-length: {}\r\nconnection: close\r\n\r\n", body.len());
    match manner {
        Manner::Served => {}
        Manner::After(milliseconds) => std::thread::sleep(Duration::from_millis(milliseconds)),
        Manner::Silent => {
            // Until the other side has had enough.
            let _ = stream.read(&mut byte);
            return None;
        }
        Manner::Trickled => {
            stream.write_all(head.as_bytes()).ok()?;
            for byte in body {
                stream.write_all(&[byte]).ok()?;
                std::thread::sleep(BYTE);
            }
            return Some(());
        }
    }
    stream.write_all(head.as_bytes()).ok()?;
    stream.write_all(&body).ok()
}
