//! A clock that was set forward while the server was away, as the whole program sees it. The machine's
//! clock cannot be set in a test, so what was seen of it is set back instead: the difference is the same.

use std::fs;
use std::thread::sleep;
use std::time::Duration;

use countersign_demo::client::Reply;
use countersign_demo::world::{BUILD, CLIENT, PURPOSE};
use countersign_domain::time::Timestamp;
use countersign_service::clock;
use serde_json::json;

use crate::audit::ledger::close;
use crate::support::village;
use crate::support::{Serving, World, finish, program, send};

const READ: &str = "/v3.0/me?fields=name,friends.limit(400){name}";

/// Lets it look as if the clock had been set forward by so many seconds since the server ran last.
fn set_forward(world: &World, seconds: i64) {
    let path = world.path().join("stream/clock");
    let text = fs::read_to_string(&path).unwrap();
    let (head, ahead) = text.trim_end().rsplit_once('\n').unwrap();
    let ahead: i64 = ahead.parse().unwrap();
    fs::write(&path, format!("{head}\n{}\n", ahead - seconds)).unwrap();
}

/// What `/oauth/access_token` says to a token that still holds.
fn exchanged(serving: &Serving<'_>, token: &str, secret: &str) -> Reply {
    let path = format!(
        "/oauth/access_token?client_id={CLIENT}&client_secret={secret}&grant_type=fb_exchange_token&fb_exchange_token={token}"
    );
    send(&serving.world.url(), "GET", &path, &[], "")
}

/// No grant and no token is dated by a clock that is not believed, and whoever asks is told.
fn assert_nothing_is_granted(serving: &Serving<'_>, token: &str, secret: &str) {
    let wanted = json!({ "account": village::VIEWER, "build": BUILD, "purpose": PURPOSE });
    let bearer = format!("Bearer {}", serving.admin_token());
    let headers = [("authorization", &*bearer), ("content-type", "application/json")];
    for path in ["/admin/v1/tokens", "/login"] {
        let reply = send(&serving.world.url(), "POST", path, &headers, &wanted.to_string());
        let said = String::from_utf8(reply.body).unwrap();
        assert_eq!(reply.status, 500, "{path}: {said}");
        assert!(said.contains("the clock was set forward"), "{path}: {said}");
    }
    let reply = exchanged(serving, token, secret);
    assert_eq!((reply.status, reply.error_code()), (500, Some(1)));
}

#[test]
fn crash_clock_set_forward_stops_releases_until_an_operator_says_so() {
    let world = village::founded();
    let token = world.token(village::VIEWER);
    let secret = world.client_secret(CLIENT);
    let made = Timestamp::from_seconds(clock::now().seconds() - 7_200);
    let late = world.token_of(BUILD, PURPOSE, village::VIEWER, made);
    let serving = world.serve();
    serving.read(READ, &token);
    assert_eq!(serving.get(READ, &late).error_code(), Some(190));
    assert!(serving.stop().success());

    // Some seconds are a step of NTP's and nobody's business.
    set_forward(&world, 30);
    let serving = world.serve();
    serving.read(READ, &token);
    assert!(serving.stop().success());

    set_forward(&world, 3_600);
    for _ in 0..2 {
        let serving = world.serve();
        let head = serving.head();
        let reply = serving.get(READ, &token);
        assert_eq!((reply.status, reply.error_code()), (500, Some(1)));
        // It may be late by a clock that is wrong, and then its client would drop a session that holds.
        assert_eq!(serving.get(READ, &late).error_code(), Some(1));
        let ready = serving.get("/readyz", "");
        let said = String::from_utf8(ready.body).unwrap();
        assert_eq!(ready.status, 503);
        assert!(said.contains("the clock was set forward"), "{said}");
        assert!(said.contains("countersign serve --accept-clock"), "{said}");
        assert_eq!(serving.page("/healthz"), "ok\n");
        assert!(serving.said().contains("the clock was set forward"));
        assert_nothing_is_granted(&serving, &token, &secret);
        // By what stands in the log it is this late already, so acts are dated well.
        serving.suspend();
        serving.reinstate();
        assert_eq!(serving.head(), head + 2);
        assert!(serving.stop().success());
        let mut command = program(&["people", "token"]);
        command.arg("--dir").arg(world.path()).args(["--account", village::VIEWER]);
        let made = finish(command.args(["--build", BUILD, "--purpose", PURPOSE]));
        let said = String::from_utf8_lossy(&made.stderr).into_owned();
        assert!(!made.status.success() && said.contains("the clock was set forward"), "{said}");
        let check = finish(program(&["check"]).arg("--dir").arg(world.path()));
        let said = String::from_utf8_lossy(&check.stdout).into_owned();
        let wrong: Vec<_> = said.lines().filter(|line| line.starts_with("WRONG")).collect();
        assert!(matches!(wrong[..], [line] if line.starts_with("WRONG clock: ")), "{said}");
    }

    let serving =
        world.serve_with(program(&["serve", "--accept-clock"]).arg("--dir").arg(world.path()));
    serving.read(READ, &token);
    assert_eq!(serving.page("/readyz"), "ready\n");
    assert!(serving.stop().success());
    let serving = world.serve();
    serving.read(
        READ,
        exchanged(&serving, &token, &secret).json().unwrap()["access_token"].as_str().unwrap(),
    );
    serving.read(READ, &serving.token(village::VIEWER));
    serving.suspend();
    assert!(serving.stop().success());
    world.assert_checks();
}

/// Whose erasure is asked for and not done.
fn asked(serving: &Serving<'_>) -> serde_json::Value {
    let reply = serving.client.get("/admin/v1/erasures", &serving.admin_token()).unwrap();
    reply.json().unwrap()["erasures"].clone()
}

#[test]
fn a_clock_that_was_set_forward_ends_no_hold_and_destroys_nobody() {
    let world = village::founded();
    let serving = world.serve();
    let person = format!("/admin/v1/people/{}", village::VIEWER);
    let until = json!({ "until": clock::now().plus_seconds(3).to_string() });
    let held = serving.client.put(&format!("{person}/hold"), &serving.admin_token(), &until);
    assert_eq!(held.unwrap().status, 200);
    let bearer = format!("Bearer {}", serving.admin_token());
    let headers = [("authorization", &*bearer), ("content-type", "application/json")];
    let erasure = json!({ "export": "waived" }).to_string();
    let path = format!("{person}/erasure");
    assert_eq!(send(&world.url(), "POST", &path, &headers, &erasure).status, 202);
    assert!(serving.stop().success());
    // By the clock the hold is over, and no answer can come any more that was decided before.
    sleep(Duration::from_secs(12));

    set_forward(&world, 3_600);
    let serving = world.serve();
    close(&serving);
    assert_eq!(asked(&serving).as_array().unwrap().len(), 1, "a clock that is not believed");
    assert_eq!(asked(&serving)[0]["is_due"], false);
    let lifted = send(&world.url(), "DELETE", &format!("{person}/hold"), &headers, "");
    let said = String::from_utf8(lifted.body).unwrap();
    assert!(lifted.status == 500 && said.contains("the clock was set forward"), "{said}");
    assert!(serving.stop().success());

    let serving =
        world.serve_with(program(&["serve", "--accept-clock", "--dir"]).arg(world.path()));
    close(&serving);
    assert_eq!(asked(&serving), json!([]));
    assert!(serving.stop().success());
    world.assert_checks();
}
