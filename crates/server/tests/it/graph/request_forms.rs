//! The ways in which clients send one and the same question.

use serde_json::Value;

use crate::support::checked::{Asked, Recipient};
use crate::support::send;
use crate::support::village;

const FORM: &str = "application/x-www-form-urlencoded";
const JSON: &str = "application/json";
const MULTIPART: &str = "multipart/form-data; boundary=cut";

fn multipart(parts: &[(&str, &str)]) -> String {
    let mut body = String::new();
    for (name, value) in parts {
        body +=
            &format!("--cut\r\ncontent-disposition: form-data; name=\"{name}\"\r\n\r\n{value}\r\n");
    }
    body + "--cut--\r\n"
}

#[test]
fn a_get_in_another_form_is_the_same_question() {
    let world = village::founded();
    let token = world.token(village::VIEWER);
    let serving = world.serve();
    let recipient = Recipient::new(&serving, &token);
    let expected = recipient.read("/me?fields=id,name,work");
    let parts = multipart(&[("method", "get"), ("fields", "id,name,work")]);
    for (method, path, content_type, body) in [
        ("POST", "/me?method=GET&fields=id,name,work", "", ""),
        ("POST", "/me?method=get", FORM, "fields=id%2Cname%2Cwork"),
        ("POST", "/me", FORM, "method=GET&fields=id,name,work"),
        ("POST", "/me", JSON, r#"{"method":"GET","fields":"id,name,work"}"#),
        ("POST", "/me", MULTIPART, &*parts),
        ("GET", "/me", FORM, "fields=id,name,work"),
        ("GET", "/me", JSON, r#"{"fields":["id","name","work"]}"#),
        ("GET", "/me?fields=id,name,work", FORM, "fields=religion&limit=0"),
        ("GET", "/me?fields=id,name,work", "text/plain", "fields=religion"),
        (
            "GET",
            "/me?fields=id,name,work&pretty=1&format=json&locale=de_DE&metadata=1&date_format=U&suppress_http_code=1&debug=all",
            "",
            "",
        ),
    ] {
        let reply = recipient.ask(&Asked { method, path, content_type, body });
        let said: Value = reply.json().unwrap();
        assert_eq!((reply.status, &said), (200, &expected), "{method} {path} {body}");
    }
    let ids = recipient.ask(&Asked {
        method: "GET",
        path: "/",
        content_type: JSON,
        body: r#"{"ids":["me"]}"#,
    });
    assert_eq!(ids.json().unwrap()["me"]["id"], expected["id"]);
    assert_eq!(recipient.check(), 12);
}

#[test]
fn what_is_no_read_is_refused() {
    let world = village::founded();
    let token = world.token(village::VIEWER);
    let serving = world.serve();
    let recipient = Recipient::new(&serving, &token);
    let head = serving.head();
    for (method, path, content_type, body) in [
        ("POST", "/me", "", ""),
        ("POST", "/", "", ""),
        ("POST", "/me/friends", FORM, "batch=[]"),
        ("POST", "/me", FORM, "method=DELETE"),
        ("GET", "/me?method=delete", "", ""),
        ("GET", "/me?method=post", "", ""),
        ("GET", "/me?method=brew", "", ""),
        ("PUT", "/me", FORM, "method=GET"),
        ("DELETE", "/me?method=GET", "", ""),
        ("GET", "/me?callback=f", "", ""),
        ("GET", "/me", JSON, "[]"),
        ("GET", "/me", MULTIPART, "--cut"),
    ] {
        let reply = recipient.ask(&Asked { method, path, content_type, body });
        assert_eq!((reply.status, reply.error_code()), (400, Some(100)), "{method} {path} {body}");
    }
    assert_eq!(serving.head(), head);
}

#[test]
fn a_token_may_stand_in_header_query_or_body() {
    let world = village::founded();
    let token = world.token(village::VIEWER);
    let _serving = world.serve();
    let url = world.url();
    let form = [("content-type", FORM)];
    let in_body = format!("method=GET&access_token={token}");
    for reply in [
        send(&url, "POST", "/me", &form, &in_body),
        send(&url, "GET", &format!("/me?access_token={token}"), &[], ""),
        send(&url, "GET", "/me", &form, &format!("access_token={token}")),
    ] {
        assert_eq!(reply.status, 200);
    }
    // The one in the header counts, then the one in the query.
    let bearer = [("authorization", "Bearer x.y.z"), ("content-type", FORM)];
    for reply in [
        send(&url, "POST", "/me", &bearer, &in_body),
        send(&url, "GET", "/me?access_token=x.y.z", &form, &in_body),
    ] {
        assert_eq!(reply.error_code(), Some(190));
    }
}
