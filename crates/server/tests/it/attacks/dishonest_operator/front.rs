//! A front of the cheating operator's: it stands where the server is thought to be, passes requests on, and
//! changes what comes back.

use std::io::{BufRead as _, BufReader, Write as _};
use std::net::{TcpListener, TcpStream};

use countersign_demo::client::{Client, Reply};

/// Stands in front of the server at this URL and tells this lie; its own URL. It ends with the process.
pub(super) fn before(url: &str, lie: impl Fn(&mut Reply) + Send + 'static) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let own = format!("http://{}", listener.local_addr().unwrap());
    let server = Client::new(url);
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            pass_on(stream.unwrap(), &server, &lie);
        }
    });
    own
}

fn pass_on(mut stream: TcpStream, server: &Client, lie: &impl Fn(&mut Reply)) {
    let lines = BufReader::new(&stream).lines().map(Result::unwrap);
    let head: Vec<String> = lines.take_while(|line| !line.is_empty()).collect();
    let path = head[0].split(' ').nth(1).unwrap();
    let bearer = head.iter().find_map(|line| line.strip_prefix("authorization: Bearer ")).unwrap();
    let mut reply = server.get(path, bearer).unwrap();
    lie(&mut reply);
    let of_the_connection = |line: &&str| {
        ["content-length:", "transfer-encoding:", "connection:"]
            .iter()
            .any(|&name| line.starts_with(name))
    };
    let headers = reply.headers.lines().filter(|line| !line.is_empty() && !of_the_connection(line));
    for line in headers {
        write!(stream, "{line}\r\n").unwrap();
    }
    let length = reply.body.len();
    write!(stream, "content-length: {length}\r\nconnection: close\r\n\r\n").unwrap();
    stream.write_all(&reply.body).unwrap();
}
