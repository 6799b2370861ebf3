//! Every endpoint tried without rights. The list is read from the router's own source, so that no
//! endpoint can be added without somebody reviewing who may call it.

use std::fmt::Write as _;
use std::fs;
use std::io::{BufRead as _, BufReader};
use std::path::Path;
use std::process::Stdio;

use crate::support::village;
use crate::support::{assert_golden, program, send};

/// An endpoint as the router's source declares it.
pub(crate) struct Endpoint {
    pub(crate) method: String,
    pub(crate) path: String,
}

/// The endpoints in the source of the router. Routes of the admin API are those above its layer.
pub(crate) fn routes() -> Vec<Endpoint> {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("../http/src/router.rs");
    let source = fs::read_to_string(file).unwrap();
    let (_, router) = source.split_once("pub fn router(").unwrap();
    let (admin, rest) = router.split_once(".layer(axum::middleware").unwrap();
    assert!(admin.contains("let admin ="), "the admin API comes first");
    let mut endpoints = Vec::new();
    for (part, prefix) in [(admin, "/admin/v1"), (rest, "")] {
        for route in part.split(".route(\"").skip(1) {
            let (path, handlers) = route.split_once("\",").unwrap();
            let handlers = handlers.lines().next().unwrap();
            let known = ["get", "post", "put", "delete", "patch"];
            let methods: Vec<_> = known
                .into_iter()
                .filter(|method| {
                    [" ", "."].iter().any(|c| handlers.contains(&format!("{c}{method}(")))
                })
                .collect();
            assert!(!methods.is_empty(), "no method is known of {path}: {handlers}");
            for method in methods {
                let path = format!("{prefix}{path}");
                endpoints.push(Endpoint { method: method.to_uppercase(), path });
            }
        }
    }
    let other = |kind: &str| router.matches(kind).count();
    assert_eq!(other(".route("), source.matches(".route(").count(), "a route is elsewhere");
    assert_eq!((other(".nest("), other(".nest_service("), other(".fallback(")), (1, 1, 2));
    assert_eq!(other("merge("), 0, "this test does not see merged routers");
    endpoints
}

/// The endpoints, and some paths of those that are behind a prefix or a fallback.
pub(crate) fn endpoints() -> Vec<Endpoint> {
    let mut endpoints = routes();
    for path in [
        "/admin/v1/anything-else",
        "/log/checkpoint",
        "/log/../keys/admin.token",
        "/me",
        "/me/friends",
        "/me/permissions",
        "/debug_token?input_token=x",
        "/oauth/access_token?client_id=aurora-home&grant_type=client_credentials",
    ] {
        endpoints.push(Endpoint { method: "GET".to_owned(), path: path.to_owned() });
    }
    endpoints
}

#[test]
fn unauthorised_endpoints_are_those_that_were_reviewed() {
    let world = village::founded();
    let token = format!("Bearer {}", world.token(village::VIEWER));
    let wrong = format!("Bearer {}", "0".repeat(64));
    let serving = world.serve();
    let admin = format!("Bearer {}", serving.admin_token());
    // Nearly right is wrong: another case, a longer one, a part of it, another scheme.
    let near = [
        admin.to_uppercase(),
        format!("{admin}0"),
        admin[..admin.len() - 1].to_owned(),
        "Bearer ".to_owned(),
        admin.replace("Bearer", "Basic"),
    ];
    let head = serving.head();
    let mut text = String::from(
        "The status of every endpoint for who has no right to it. 401: a token of the platform's own is needed.\n",
    );
    writeln!(text, "{:40}{:>10}{:>10}{:>10}", "", "no token", "wrong", "partner's").unwrap();
    for Endpoint { method, path } in endpoints() {
        let url = path
            .replace("{account}", village::VIEWER)
            .replace("{client}", "aurora-home")
            .replace("{number}", "1");
        let status = |authorization: Option<&str>| {
            let mut headers = vec![("content-type", "application/json")];
            headers.extend(authorization.map(|value| ("authorization", value)));
            let body = if method == "GET" { "" } else { "{}" };
            send(&world.url(), &method, &url, &headers, body).status
        };
        let [none, wrong, partner] = [None, Some(&*wrong), Some(&*token)].map(&status);
        writeln!(text, "{:40}{none:>10}{wrong:>10}{partner:>10}", format!("{method} {path}"))
            .unwrap();
        if path.starts_with("/admin/") {
            assert_ne!(status(Some(&admin)), 401, "{method} {path} with the right token");
            for near in &near {
                assert_eq!(status(Some(near)), 401, "{method} {path}");
            }
        }
    }
    assert_golden("unauthorised.txt", &text);
    // Two answers to the partner's own token, and the close that the admin token asked for.
    let by_right = 2 + 1;
    assert_eq!(serving.head(), head + by_right, "something else was appended");
    assert!(!serving.said().contains(&admin["Bearer ".len()..]));
}

#[test]
fn unauthorised_login_is_there_only_where_the_configuration_says_so() {
    let world = village::founded();
    let body = r#"{"account":"ada","build":"aurora-home@41","purpose":"address-book"}"#;
    let login = |code: &str| {
        let bearer = format!("Bearer {code}");
        let headers = [("content-type", "application/json"), ("authorization", &*bearer)];
        send(&world.url(), "POST", "/login", &headers, body)
    };
    // Each start prints a code of its own, and the one before opens nothing any more.
    let mut last = String::new();
    for _ in 0..2 {
        let mut serve = program(&["serve", "--json"]);
        let mut serve =
            serve.arg("--dir").arg(world.path()).stdout(Stdio::piped()).spawn().unwrap();
        let mut said = String::new();
        BufReader::new(serve.stdout.take().unwrap()).read_line(&mut said).unwrap();
        let said: serde_json::Value = serde_json::from_str(&said).unwrap();
        let code = said["sign_in_code"].as_str().unwrap().to_owned();
        assert_eq!(login(&code).status, 200);
        assert_eq!(login(&last).status, 401);
        assert_eq!(login(&code[1..]).status, 401);
        serve.kill().unwrap();
        serve.wait().unwrap();
        last = code;
    }
    world.configure("demo_login = true", "demo_login = false");
    let _serving = world.serve();
    let refused = login(&last);
    assert_eq!((refused.status, refused.error_code()), (400, Some(100)));
}

#[test]
fn unauthorised_files_of_the_instance_are_not_part_of_the_public_site() {
    let world = village::founded();
    let serving = world.serve();
    world.verified(serving.head());
    let secret = fs::read_to_string(world.directory.admin_token()).unwrap();
    for path in [
        "/log/",
        "/log/../keys/admin.token",
        "/log/%2e%2e/keys/admin.token",
        "/log/..%2fkeys/admin.token",
        "/log//../../instance/keys/admin.token",
        "/log/tile/../../keys/log.key",
        "/log/tile/entries",
        "/log/documents/",
        "/log/%00",
        "/countersign.toml",
        "/stream/stream",
        "/people/data.mdb",
    ] {
        let reply = send(&world.url(), "GET", path, &[], "");
        assert!(matches!(reply.status, 400 | 404), "{path}: {}", reply.status);
        let body = String::from_utf8_lossy(&reply.body);
        assert!(!body.contains(secret.trim()) && !body.contains("PRIVATE KEY"), "{path}");
    }
}
