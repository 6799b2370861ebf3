//! The load generator: a closed loop of keep-alive connections, each of which asks, reads the whole
//! answer, and asks again. HTTP/1.1 over TCP by hand and one blocking thread a connection, because
//! what it burns is taken from the server beside it.
//!
//! What it is not: a general HTTP client. It expects 200 and a Content-Length, and says so otherwise.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::thread;
use std::time::{Duration, Instant};

use hdrhistogram::Histogram;
use serde::{Deserialize, Serialize};

use crate::bench::process;
use crate::failure::{Failure, Outcome, While};

/// One answer in so many is looked into for the number of people in it.
/// A prime, so that it meets every request of a file sooner or later.
const SAMPLE_EVERY: u64 = 61;

/// The arguments of `xtask load`.
#[derive(clap::Args, Clone)]
pub(crate) struct Load {
    /// The server.
    #[arg(long)]
    pub(crate) address: SocketAddr,
    /// A file of requests, a line each: path, tab, access token; and where it is a POST, tab, its body of JSON.
    #[arg(long)]
    pub(crate) requests: PathBuf,
    /// How many connections ask at once.
    #[arg(long, default_value_t = 32)]
    pub(crate) connections: usize,
    /// How long to measure.
    #[arg(long, default_value_t = 10.0)]
    pub(crate) seconds: f64,
    /// How long to ask before measuring.
    #[arg(long, default_value_t = 1.0)]
    pub(crate) warm_up_seconds: f64,
}

/// What was measured, printed as JSON.
#[derive(Serialize, Deserialize, Clone, Debug)]
pub(crate) struct Measured {
    /// Answers with status 200.
    pub(crate) answers: u64,
    /// Answers with another status.
    pub(crate) refused: u64,
    pub(crate) answers_per_s: f64,
    /// Of bodies.
    pub(crate) bytes_per_s: f64,
    pub(crate) body_bytes_mean: f64,
    pub(crate) head_bytes_mean: f64,
    /// Estimated from the people in every sampled byte.
    pub(crate) people_per_answer: f64,
    pub(crate) p50_us: u64,
    pub(crate) p90_us: u64,
    pub(crate) p99_us: u64,
    pub(crate) max_us: u64,
    /// CPU time that this process took, in cores.
    pub(crate) load_cores: f64,
    /// The first answer that was not 200: its status line and the beginning of its body.
    pub(crate) first_refusal: Option<String>,
}

impl Load {
    /// Measures, and prints [`Measured`]. Fails if any answer was not 200.
    pub(crate) fn run(&self) -> Outcome<ExitCode> {
        let measured = self.measure()?;
        let json = serde_json::to_string(&measured).during(|| "writing results".to_owned())?;
        println!("{json}");
        Ok(if measured.refused == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE })
    }

    fn measure(&self) -> Outcome<Measured> {
        let requests = rendered(&self.requests, self.address)?;
        let warm = Instant::now() + Duration::from_secs_f64(self.warm_up_seconds);
        let end = warm + Duration::from_secs_f64(self.seconds);
        let tallies = thread::scope(|scope| {
            let requests = requests.as_slice();
            let worker = |number: usize| {
                let first = number * requests.len() / self.connections.max(1);
                scope.spawn(move || Connection::open(self.address)?.ask(requests, first, warm, end))
            };
            let workers: Vec<_> = (0..self.connections).map(worker).collect();
            let stopped = || Failure::new("a connection's thread stopped");
            workers.into_iter().map(|w| w.join().map_err(|_| stopped())?).collect::<Vec<_>>()
        });
        let mut sum = Tally::new()?;
        for tally in tallies {
            sum.add(tally?);
        }
        Ok(sum.measured(self.seconds))
    }
}

/// Each request of a file as it goes over the wire.
fn rendered(file: &Path, address: SocketAddr) -> Outcome<Vec<Vec<u8>>> {
    let text = std::fs::read_to_string(file).during(|| format!("reading {}", file.display()))?;
    let render = |line: &str| {
        let mut parts = line.split('\t');
        let (path, token) = (parts.next()?.trim(), parts.next()?.trim());
        let headers = format!("Host: {address}\r\nAuthorization: Bearer {token}\r\n");
        let request = match parts.next() {
            None => format!("GET {path} HTTP/1.1\r\n{headers}\r\n"),
            Some(body) => format!(
                "POST {path} HTTP/1.1\r\n{headers}Content-Type: application/json\r\n\
                 Content-Length: {}\r\n\r\n{body}",
                body.len()
            ),
        };
        Some(request.into_bytes())
    };
    let requests: Option<Vec<_>> = text.lines().map(render).collect();
    match requests {
        Some(requests) if !requests.is_empty() => Ok(requests),
        _ => Err(Failure::new(format!("{}: lines of path, tab, token expected", file.display()))),
    }
}

/// The bodies of the answers to every so many-th request of a file, asked for once.
pub(crate) fn bodies(address: SocketAddr, file: &Path, every: usize) -> Outcome<Vec<Vec<u8>>> {
    let mut connection = Connection::open(address)?;
    let body = |request: &Vec<u8>| {
        connection.stream.write_all(request).during(|| "asking".to_owned())?;
        let answer = connection.answer()?;
        let (head, rest) = connection.buffer.split_at(answer.head_bytes);
        let body = rest[..answer.body_bytes].to_vec();
        if head.starts_with(b"HTTP/1.1 200 ") {
            Ok(body)
        } else {
            let (head, body) = (head.escape_ascii(), String::from_utf8_lossy(&body));
            Err(Failure::new(format!("an answer was not 200: {head} {body}")))
        }
    };
    rendered(file, address)?.iter().step_by(every.max(1)).map(body).collect()
}

/// What takes longer counts as this long: a minute.
const LATENCY_US_MAX: u64 = 60_000_000;

/// What one connection counted while it was measured.
struct Tally {
    /// In microseconds.
    latencies: Histogram<u64>,
    refused: u64,
    body_bytes: u64,
    head_bytes: u64,
    sampled_bytes: u64,
    people: u64,
    cpu_s: f64,
    first_refusal: Option<String>,
}

impl Tally {
    fn new() -> Outcome<Self> {
        Ok(Self {
            // Bounded, since a value is saturated at the bound, not at what was seen so far.
            latencies: Histogram::new_with_bounds(1, LATENCY_US_MAX, 3)
                .during(|| "counting durations".to_owned())?,
            refused: 0,
            body_bytes: 0,
            head_bytes: 0,
            sampled_bytes: 0,
            people: 0,
            cpu_s: 0.0,
            first_refusal: None,
        })
    }

    fn add(&mut self, other: Self) {
        self.latencies += other.latencies;
        self.refused += other.refused;
        self.body_bytes += other.body_bytes;
        self.head_bytes += other.head_bytes;
        self.sampled_bytes += other.sampled_bytes;
        self.people += other.people;
        self.cpu_s += other.cpu_s;
        self.first_refusal = self.first_refusal.take().or(other.first_refusal);
    }

    fn measured(self, seconds: f64) -> Measured {
        let answers = self.latencies.len();
        let per_answer = |sum: u64| sum as f64 / answers.max(1) as f64;
        Measured {
            answers,
            refused: self.refused,
            answers_per_s: answers as f64 / seconds,
            bytes_per_s: self.body_bytes as f64 / seconds,
            body_bytes_mean: per_answer(self.body_bytes),
            head_bytes_mean: per_answer(self.head_bytes),
            people_per_answer: self.people as f64 / self.sampled_bytes.max(1) as f64
                * per_answer(self.body_bytes),
            p50_us: self.latencies.value_at_quantile(0.5),
            p90_us: self.latencies.value_at_quantile(0.9),
            p99_us: self.latencies.value_at_quantile(0.99),
            max_us: self.latencies.max(),
            load_cores: self.cpu_s / seconds,
            first_refusal: self.first_refusal,
        }
    }
}

/// A keep-alive connection and the buffer that its answers are read into.
struct Connection {
    stream: TcpStream,
    buffer: Vec<u8>,
}

/// One answer in a connection's buffer.
struct Answer {
    head_bytes: usize,
    body_bytes: usize,
}

impl Connection {
    fn open(address: SocketAddr) -> Outcome<Self> {
        let connecting = || format!("connecting to {address}");
        let stream = TcpStream::connect(address).during(connecting)?;
        stream.set_nodelay(true).during(connecting)?;
        stream.set_read_timeout(Some(Duration::from_secs(60))).during(connecting)?;
        Ok(Self { stream, buffer: vec![0; 1 << 20] })
    }

    /// Asks until `end`; counts the answers that came between `warm` and `end`.
    fn ask(
        mut self,
        requests: &[Vec<u8>],
        first: usize,
        warm: Instant,
        end: Instant,
    ) -> Outcome<Tally> {
        let mut tally = Tally::new()?;
        let mut cpu_before_s = None;
        for request in requests.iter().cycle().skip(first) {
            let begun = Instant::now();
            if begun >= end {
                break;
            }
            self.stream.write_all(request).during(|| "asking".to_owned())?;
            let answer = self.answer()?;
            let done = Instant::now();
            if done < warm || done > end {
                continue;
            }
            cpu_before_s.get_or_insert_with(process::this_thread_cpu_s);
            self.count(&answer, done - begun, &mut tally);
        }
        tally.cpu_s = cpu_before_s.map_or(0.0, |before| process::this_thread_cpu_s() - before);
        Ok(tally)
    }

    fn count(&self, answer: &Answer, took: Duration, tally: &mut Tally) {
        let (head, rest) = self.buffer.split_at(answer.head_bytes);
        let body = &rest[..answer.body_bytes];
        if !head.starts_with(b"HTTP/1.1 200 ") {
            tally.refused += 1;
            tally.first_refusal.get_or_insert_with(|| {
                let line = head.split(|b| *b == b'\r').next().unwrap_or_default();
                let beginning = &body[..body.len().min(300)];
                format!("{} {}", line.escape_ascii(), String::from_utf8_lossy(beginning))
            });
            return;
        }
        tally.latencies.saturating_record(u64::try_from(took.as_micros()).unwrap_or(u64::MAX));
        tally.body_bytes += answer.body_bytes as u64;
        tally.head_bytes += answer.head_bytes as u64;
        if tally.latencies.len() % SAMPLE_EVERY == 1 {
            tally.sampled_bytes += body.len() as u64;
            tally.people += people_in(body);
        }
    }

    /// Reads one whole answer into the buffer.
    fn answer(&mut self) -> Outcome<Answer> {
        let mut filled: usize = 0;
        let head_bytes = loop {
            let searched = filled.saturating_sub(3);
            filled += self.read(filled)?;
            if let Some(at) = find(&self.buffer[searched..filled], b"\r\n\r\n") {
                break searched + at + 4;
            }
        };
        let body_bytes = content_length(&self.buffer[..head_bytes])
            .ok_or_else(|| Failure::new("an answer came without a Content-Length"))?;
        let all = head_bytes + body_bytes;
        if self.buffer.len() < all {
            self.buffer.resize(all, 0);
        }
        while filled < all {
            filled += self.read(filled)?;
        }
        if filled > all {
            return Err(Failure::new("the server sent more than was asked for"));
        }
        Ok(Answer { head_bytes, body_bytes })
    }

    fn read(&mut self, filled: usize) -> Outcome<usize> {
        match self.stream.read(&mut self.buffer[filled..]).during(|| "reading".to_owned())? {
            0 => Err(Failure::new("the server closed a connection in the middle of an answer")),
            read => Ok(read),
        }
    }
}

fn find(haystack: &[u8], needle: &[u8]) -> Option<usize> {
    haystack.windows(needle.len()).position(|window| window == needle)
}

fn content_length(head: &[u8]) -> Option<usize> {
    let head = std::str::from_utf8(head).ok()?;
    head.lines().find_map(|line| {
        let (name, value) = line.split_once(':')?;
        name.eq_ignore_ascii_case("content-length").then(|| value.trim().parse().ok())?
    })
}

/// How many people an answer holds: pairwise ids are 32 hexadecimal digits, which other ids are not.
fn people_in(body: &[u8]) -> u64 {
    const MARK: &[u8] = b"\"id\":\"";
    let mut count = 0;
    let mut rest = body;
    while let Some(at) = find(rest, MARK) {
        rest = &rest[at + MARK.len()..];
        let is_id = rest.get(32) == Some(&b'"') && rest[..32].iter().all(u8::is_ascii_hexdigit);
        count += u64::from(is_id);
    }
    count
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn latencies_are_told_as_they_were_and_at_most_a_minute() {
        let Ok(mut tally) = Tally::new() else { unreachable!("its bounds are constants") };
        for us in [900, 1_000, 40_000, 90_000_000] {
            tally.latencies.saturating_record(us);
        }
        let measured = tally.measured(1.0);
        assert!((1_000..1_010).contains(&measured.p50_us), "{}", measured.p50_us);
        assert!(measured.max_us >= LATENCY_US_MAX, "{}", measured.max_us);
    }

    #[test]
    fn a_request_with_a_body_is_a_post() {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("requests.tsv");
        let address = SocketAddr::from(([127, 0, 0, 1], 80));
        std::fs::write(&file, "/me\ttoken\n/graphql\ttoken\t{}\n").unwrap();
        let requests = rendered(&file, address).unwrap();
        let headers = "HTTP/1.1\r\nHost: 127.0.0.1:80\r\nAuthorization: Bearer token\r\n";
        assert_eq!(requests[0], format!("GET /me {headers}\r\n").as_bytes());
        let (head, body) = (String::from_utf8_lossy(&requests[1]), "\r\n\r\n{}");
        assert!(head.starts_with(&format!("POST /graphql {headers}")) && head.ends_with(body));
        assert!(head.contains("Content-Length: 2\r\n"));
        std::fs::write(&file, "/me\n").unwrap();
        assert!(rendered(&file, address).is_err());
    }

    #[test]
    fn only_pairwise_ids_are_counted_as_people() {
        let id = "0123456789abcdef0123456789abcdef";
        let body = format!(r#"{{"id":"{id}","work":[{{"id":"12345"}}],"data":[{{"id":"{id}"}}]}}"#);
        assert_eq!(people_in(body.as_bytes()), 2);
    }

    #[test]
    fn a_length_is_read_in_any_case_and_its_absence_is_noticed() {
        assert_eq!(content_length(b"HTTP/1.1 200 OK\r\nContent-LENGTH: 17\r\n\r\n"), Some(17));
        assert_eq!(content_length(b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n"), None);
    }
}
