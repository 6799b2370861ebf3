//! The platform's own tokens: who may see the metrics, that nobody else can read the files, and that
//! commands hand them to nobody but the instance's own server.

use std::fs;
use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpListener};
use std::os::unix::fs::PermissionsExt as _;
use std::path::PathBuf;
use std::process::Output;
use std::thread::JoinHandle;
use std::time::Duration;

use countersign_demo::world::{BUILD, PURPOSE};
use serde_json::json;

use crate::support::village;
use crate::support::{World, program, send};

fn tokens(world: &World) -> [PathBuf; 2] {
    [world.directory.admin_token(), world.directory.metrics_token()]
}

#[test]
fn unauthorised_metrics_want_a_token_of_their_own() {
    let world = village::founded();
    let partners = world.token(village::VIEWER);
    let serving = world.serve();
    let [admin, metrics] = tokens(&world).map(|path| fs::read_to_string(path).unwrap());
    assert_ne!(admin, metrics);
    let status = |authorization: Option<String>| {
        let headers = authorization.as_deref().map(|value| ("authorization", value));
        let headers: Vec<_> = headers.into_iter().collect();
        let reply = send(&world.url(), "GET", "/metrics", &headers, "");
        let body = String::from_utf8(reply.body).unwrap();
        assert_eq!(reply.status == 200, body.contains("countersign_person_records"), "{body}");
        reply.status
    };
    for right in [&metrics, &admin] {
        assert_eq!(status(Some(format!("Bearer {right}"))), 200);
    }
    for wrong in [
        None,
        Some(format!("Bearer {partners}")),
        Some("Bearer ".to_owned()),
        Some(format!("Basic {metrics}")),
        Some(format!("Bearer {metrics}0")),
        Some(format!("Bearer {}", &metrics[1..])),
    ] {
        assert_eq!(status(wrong.clone()), 401, "{wrong:?}");
    }
    // It opens nothing else.
    let reply = serving.get("/admin/v1/register", &metrics);
    assert_eq!(reply.status, 401);
}

#[test]
fn unauthorised_a_token_that_others_can_read_is_refused_at_start() {
    let world = World::founded();
    // A server that reads the tokens nevertheless ends as well, for another reason.
    let _taken = TcpListener::bind(world.address).unwrap();
    for path in tokens(&world) {
        let name = path.file_name().unwrap().to_str().unwrap().to_owned();
        let mode = fs::metadata(&path).unwrap().permissions().mode() & 0o777;
        assert_eq!(mode, 0o600, "{name}");
        fs::set_permissions(&path, fs::Permissions::from_mode(0o640)).unwrap();
        let expected = format!("{name}: others than its owner may read this token (mode 640)");
        let refused = program(&["serve"]).arg("--dir").arg(world.path()).output().unwrap();
        assert_eq!(refused.status.code(), Some(1));
        let said = String::from_utf8(refused.stderr).unwrap();
        assert!(said.contains(&expected), "{said}");
        let checked = program(&["check"]).arg("--dir").arg(world.path()).output().unwrap();
        let said = String::from_utf8(checked.stdout).unwrap();
        assert!(said.contains(&expected) && said.matches("WRONG").count() == 1, "{said}");
        fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).unwrap();
        let text = fs::read_to_string(&path).unwrap();
        fs::write(&path, "\n").unwrap();
        let refused = program(&["serve"]).arg("--dir").arg(world.path()).output().unwrap();
        let said = String::from_utf8(refused.stderr).unwrap();
        assert!(said.contains(&format!("{name}: it is empty")), "{said}");
        fs::write(&path, text).unwrap();
    }
    world.assert_checks();
}

/// Somebody else, who listens at an address, answers everything with yes, and remembers what came.
struct Trap {
    address: SocketAddr,
    heard: JoinHandle<Vec<u8>>,
}

impl Trap {
    fn at(address: SocketAddr) -> Self {
        let listener = TcpListener::bind(address).unwrap();
        let address = listener.local_addr().unwrap();
        let heard = std::thread::spawn(move || {
            let mut heard = Vec::new();
            for stream in listener.incoming() {
                let mut stream = stream.unwrap();
                stream.set_read_timeout(Some(Duration::from_millis(300))).unwrap();
                let mut bytes = [0; 4096];
                let read = stream.read(&mut bytes).unwrap_or(0);
                if &bytes[..read] == b"end" {
                    break;
                }
                heard.extend_from_slice(&bytes[..read]);
                let _ = stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n");
            }
            heard
        });
        Self { address, heard }
    }

    fn assert_heard_nothing(self) {
        std::net::TcpStream::connect(self.address).unwrap().write_all(b"end").unwrap();
        let heard = String::from_utf8_lossy(&self.heard.join().unwrap()).into_owned();
        assert_eq!(heard, "");
    }
}

fn make_token(world: &World) -> Output {
    let mut command = program(&["people", "token"]);
    command.arg("--dir").arg(world.path()).args(["--account", village::VIEWER, "--build", BUILD]);
    command.args(["--purpose", PURPOSE]).output().unwrap()
}

#[test]
fn unauthorised_whoever_listens_while_no_server_runs_does_not_get_the_admin_token() {
    let world = village::founded();
    let trap = Trap::at(world.address);
    let made = make_token(&world);
    assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
    trap.assert_heard_nothing();
}

#[test]
fn unauthorised_whoever_is_at_the_public_url_does_not_get_the_admin_token() {
    let world = village::founded();
    let trap = Trap::at(SocketAddr::from(([127, 0, 0, 1], 0)));
    let url = format!("public_url = \"http://{}\"", world.address);
    world.configure(&url, &format!("public_url = \"http://{}\"", trap.address));
    let _serving = world.serve();
    let made = make_token(&world);
    assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
    trap.assert_heard_nothing();
}

#[test]
fn unauthorised_the_admin_token_is_not_sent_in_the_clear_where_there_is_tls() {
    let world = village::founded();
    let trap = Trap::at(SocketAddr::from(([127, 0, 0, 1], 0)));
    let serving = world.serve();
    let url = format!("public_url = \"http://{}\"", world.address);
    let tls = "[tls]\ncertificate = \"c.pem\"\nkey = \"k.pem\"\n";
    world.configure(&url, &format!("public_url = \"http://{}\"\n{tls}", trap.address));
    let refused = make_token(&world);
    let said = String::from_utf8(refused.stderr).unwrap();
    assert_eq!(refused.status.code(), Some(1), "{said}");
    assert!(said.contains("public_url: ") && said.contains("begins with https://"), "{said}");
    trap.assert_heard_nothing();
    drop(serving);
}

#[test]
fn unauthorised_login_by_the_name_of_another_site_is_refused() {
    let world = village::founded();
    let serving = world.serve();
    let body = json!({ "account": village::VIEWER, "build": BUILD, "purpose": PURPOSE });
    let port = world.address.port();
    let admin = format!("Bearer {}", serving.admin_token());
    let login = |host: &str| {
        let headers =
            [("content-type", "application/json"), ("host", host), ("authorization", &admin)];
        send(&world.url(), "POST", "/login", &headers, &body.to_string()).status
    };
    for host in ["127.0.0.1", "localhost", "[::1]"] {
        assert_eq!(login(&format!("{host}:{port}")), 200, "{host}");
    }
    for host in ["rebound.example", "127.0.0.1.rebound.example"] {
        assert_eq!(login(&format!("{host}:{port}")), 403, "{host}");
    }
}
