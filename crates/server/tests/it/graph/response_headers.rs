//! The headers that every answer has, whoever asks and whatever comes of it.

use crate::attacks::unauthorised::endpoints;
use crate::network::tls::certify;
use crate::support::village;
use crate::support::{header, send};

#[test]
fn headers_for_browsers_and_caches_are_on_every_answer() {
    let world = village::founded();
    let token = format!("Bearer {}", world.token(village::VIEWER));
    let serving = world.serve();
    let admin = format!("Bearer {}", serving.admin_token());
    let mut with_people = 0;
    for endpoint in endpoints() {
        let path = endpoint
            .path
            .replace("{account}", village::VIEWER)
            .replace("{client}", "aurora-home")
            .replace("{number}", "1");
        // The log's files are public, and name nobody; the rest may not be kept.
        let is_public_file = path.starts_with("/log/");
        for authorization in [None, Some(&token), Some(&admin)] {
            let mut headers = vec![("content-type", "application/json")];
            headers.extend(authorization.map(|value| ("authorization", value.as_str())));
            let body = if endpoint.method == "GET" { "" } else { "{}" };
            let reply = send(&world.url(), &endpoint.method, &path, &headers, body);
            let said = |name| {
                let found = header(&reply, name);
                let method = &endpoint.method;
                found.unwrap_or_else(|| panic!("{method} {path} {}: no {name}", reply.status))
            };
            let policy = said("content-security-policy");
            for directive in ["default-src 'none'", "frame-ancestors 'none'", "base-uri 'none'"] {
                assert!(policy.contains(directive), "{path}: {policy}");
            }
            assert!(!policy.contains("unsafe"), "{path}: {policy}");
            assert_eq!(said("x-content-type-options"), "nosniff", "{path}");
            assert_eq!(said("referrer-policy"), "no-referrer", "{path}");
            let kept = said("cache-control");
            assert_eq!(kept.contains("no-store"), !is_public_file, "{path}: {kept}");
            assert_eq!(header(&reply, "strict-transport-security"), None, "{path}");
            let is_answer = reply.status == 200;
            with_people += usize::from(is_answer && authorization.is_some());
        }
    }
    assert!(with_people > 20, "{with_people} answers were there to look at");
    drop(serving);
}

#[test]
fn headers_of_a_server_with_tls_have_browsers_come_back_by_tls() {
    let world = village::founded();
    let trusted = certify(&world);
    let _serving = world.serve();
    for path in ["/", "/me", "/healthz", "/admin/v1/register", "/log/checkpoint"] {
        let agent = crate::network::tls::agent(&trusted);
        let reply = agent.get(format!("{}{path}", world.url())).call();
        let status = |error: ureq::Error| panic!("{path}: {error}");
        let reply = reply.unwrap_or_else(status);
        let found = reply.headers()["strict-transport-security"].to_str().unwrap();
        assert!(found.starts_with("max-age=63072000"), "{path}: {found}");
    }
}
