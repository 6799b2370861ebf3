//! `/decide` where platforms put it: in an axum service of theirs, and behind nginx.

use std::fs;
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use axum::http::HeaderMap;
use axum::routing::get;
use countersign_demo::client::Reply;
use countersign_demo::world;
use countersign_service::clock;
use countersign_verifier::log_check::Question;
use countersign_verifier::promise::{ReceivedAnswer, check_answer};
use countersign_verifier::site::FolderSite;
use serde_json::{Value, json};

use crate::support::village;
use crate::support::{World, eventually, ids, send};

const NONCE: &str = "the partner's own";

/// A program that ends with the test.
struct Running(Child);

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn free_address() -> SocketAddr {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap()
}

fn run(command: &mut Command, address: SocketAddr) -> Running {
    let running = Running(command.stdin(Stdio::null()).spawn().unwrap());
    eventually("the platform's server listens", || TcpStream::connect(address).is_ok());
    running
}

/// Checks an answer as the partner who got it.
fn assert_proved(world: &World, uri: &str, reply: &Reply) {
    let receipt = world.receipt(reply);
    world.verified(receipt.index + 1);
    let headers = format!("HTTP/1.1 200 OK\r\n{}", reply.headers);
    let received = ReceivedAnswer {
        headers: &headers,
        body: &reply.body,
        method: "GET",
        path_and_query: uri,
        request_body: b"",
        nonce: NONCE.as_bytes(),
    };
    let question = Question::new(&world.key, clock::now());
    let site = FolderSite::new(&world.directory.site());
    let check = check_answer(&site, &question, &received, |_, _| ()).unwrap();
    assert!(check.verdict.holds(), "{:?}", check.verdict.failures);
}

fn example() -> PathBuf {
    let tests = std::env::current_exe().unwrap();
    let example = tests.ancestors().nth(2).unwrap().join("examples/decide_axum");
    assert!(example.exists(), "build the example: cargo build -p countersign --examples");
    example
}

#[test]
fn an_axum_service_of_a_platform_answers_what_the_masks_permit() {
    let world = village::founded();
    let token = world.token(village::VIEWER);
    let visible = world.ids_toward(
        world::PARTNER,
        &village::visible().iter().map(String::as_str).collect::<Vec<_>>(),
    );
    let serving = world.serve();
    let address = free_address();
    let mut command = Command::new(example());
    command.arg(address.to_string()).arg(world.path().join("people.jsonl")).arg(world.url());
    command.arg(world.directory.decide_token()).arg(world::PURPOSE);
    let _platform = run(&mut command, address);

    let uri = "/api/friends?fields=name,work,religion";
    let ask = |session: &str, token: &str| {
        let bearer = format!("Bearer {token}");
        let headers =
            [("session", session), ("authorization", &*bearer), ("countersign-nonce", NONCE)];
        send(&format!("http://{address}"), "GET", uri, &headers, "")
    };
    let reply = ask(village::VIEWER, &token);
    assert_eq!(reply.status, 200);
    assert_proved(&world, uri, &reply);
    let body = reply.json().unwrap();
    assert_eq!(body["name"], village::value("name", village::VIEWER));
    let mut found = ids(&body["friends"]);
    found.sort();
    let mut expected = visible;
    expected.sort();
    assert_eq!(found, expected);
    let text = String::from_utf8(reply.body).unwrap();
    for outsider in village::outsiders() {
        assert!(!text.contains(&outsider), "{outsider} is in the answer");
    }
    assert!(!text.contains("religion"));

    let head = serving.head();
    let reply = ask(village::VIEWER, "no token");
    assert_eq!((reply.status, reply.json().unwrap()["error"]["code"].clone()), (400, json!(190)));
    assert_eq!(ask(&village::open(1), &token).status, 500, "a session and another's token");
    serving.suspend();
    assert_eq!(ask(village::VIEWER, &token).status, 403);
    assert_eq!(serving.head(), head + 1);
}

/// What the platform's own server behind nginx does: it sends what it is told.
async fn platform(headers: HeaderMap) -> axum::Json<Value> {
    let told = |name: &str| headers[name].to_str().unwrap().to_owned();
    let (account, id) = (told("countersign-account"), told("countersign-viewer"));
    let mut body = serde_json::Map::new();
    for field in told("countersign-fields").split(',') {
        let value = if field == "id" { id.clone() } else { village::value(field, &account) };
        body.insert(field.to_owned(), value.into());
    }
    axum::Json(body.into())
}

#[test]
fn interop_nginx_asks_before_it_lets_a_partner_through() {
    let Some(nginx) = std::env::var_os("COUNTERSIGN_NGINX") else {
        panic!("this test needs nginx: run cargo xtask test interop_nginx");
    };
    let world = village::founded();
    let token = world.token(village::VIEWER);
    let serving = world.serve();
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let behind = runtime.block_on(tokio::net::TcpListener::bind("127.0.0.1:0")).unwrap();
    let (front, back) = (free_address(), behind.local_addr().unwrap());
    runtime.spawn(async {
        axum::serve(behind, axum::Router::new().route("/api/me", get(platform))).await
    });

    let example = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/examples/nginx.conf");
    let decide = fs::read_to_string(world.directory.decide_token()).unwrap();
    let mut configuration = fs::read_to_string(example).unwrap();
    for (from, to) in [
        ("127.0.0.1:8080", world.address.to_string()),
        ("127.0.0.1:8081", front.to_string()),
        ("127.0.0.1:8082", back.to_string()),
        ("the content of keys/decide.token", decide),
    ] {
        assert!(configuration.contains(from), "the example has no {from:?}");
        configuration = configuration.replace(from, &to);
    }
    let folder = world.path().join("nginx");
    fs::create_dir(&folder).unwrap();
    let file = folder.join("nginx.conf");
    fs::write(&file, configuration).unwrap();
    let globals = format!(
        "daemon off; master_process off; pid {0}/pid; error_log {0}/errors;",
        folder.display()
    );
    let _nginx = run(
        Command::new(nginx).arg("-p").arg(&folder).arg("-c").arg(&file).args(["-g", &globals]),
        front,
    );

    let uri = "/api/me";
    let ask = |token: &str| {
        let bearer = format!("Bearer {token}");
        // A client that tells which fields it wants is not listened to.
        let headers = [
            ("authorization", &*bearer),
            ("countersign-nonce", NONCE),
            ("countersign-fields", "religion,work"),
        ];
        send(&format!("http://{front}"), "GET", uri, &headers, "")
    };
    let reply = ask(&token);
    assert_eq!(reply.status, 200);
    assert_proved(&world, uri, &reply);
    let value = |field| village::value(field, village::VIEWER);
    let expected = json!({ "id": reply.json().unwrap()["id"], "name": value("name"), "birthday": value("birthday") });
    assert_eq!(reply.json().unwrap(), expected);
    let head = serving.head();
    assert_eq!(ask("no token").status, 401);
    serving.suspend();
    assert_eq!(ask(&token).status, 403);
    assert_eq!(serving.head(), head + 1);
    assert_eq!(send(&format!("http://{front}"), "GET", "/countersign", &[], "").status, 404);
}
