//! Paths that nobody documents and everybody asks for: what browsers and crawlers fetch, and admin calls mistyped.

use crate::support::World;
use crate::support::send;

#[test]
fn browsers_and_crawlers_get_what_they_ask_every_host_for() {
    let world = World::founded();
    let _serving = world.serve();
    let mark = send(&world.url(), "GET", "/favicon.ico", &[], "");
    assert_eq!(mark.status, 200);
    assert!(mark.headers.contains("content-type: image/svg+xml"), "{}", mark.headers);
    assert!(mark.body.starts_with(b"<svg "));
    let robots = send(&world.url(), "GET", "/robots.txt", &[], "");
    assert_eq!(robots.status, 200);
    assert!(robots.headers.contains("content-type: text/plain"), "{}", robots.headers);
    assert!(robots.body.ends_with(b"Disallow: /\n"));
}

#[test]
fn a_mistyped_admin_call_is_an_admin_error_that_names_the_nearest() {
    let world = World::founded();
    let serving = world.serve();
    let bearer = format!("Bearer {}", serving.admin_token());
    let headers = [("authorization", &*bearer)];
    for (path, meant) in [
        ("/admin/v1/registr", Some("/admin/v1/register")),
        ("/admin/v1/people/ada/setings", Some("/admin/v1/people/ada/settings")),
        ("/admin/v1/nothing-like-it", None),
        ("/admin/register", Some("/admin/v1/register")),
        ("/admin/v2/closes", Some("/admin/v1/closes")),
        ("/admin/v3.0/closes", Some("/admin/v1/closes")),
        ("/admin", None),
        ("/admin/", None),
    ] {
        for headers in [&headers[..], &[]] {
            let reply = send(&world.url(), "GET", path, headers, "");
            let error = reply.json().unwrap()["error"].as_str().unwrap().to_owned();
            if headers.is_empty() && path.starts_with("/admin/v1/") {
                assert!(reply.status == 401 && error.contains("admin.token"), "{path}: {error}");
                continue;
            }
            assert_eq!(reply.status, 404, "{path}");
            let says = format!("there is no admin call {path}");
            let says =
                says + &meant.map_or(".".to_owned(), |meant| format!("; did you mean {meant}?"));
            assert!(error.starts_with(&says), "{error}");
            assert!(
                error.contains("GET register, GET status, GET and POST people/feed"),
                "{error}"
            );
        }
    }
}
