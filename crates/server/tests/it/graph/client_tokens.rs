//! What a client may ask about its own tokens and grants, and how it shows that it is that client.

use std::collections::BTreeSet;

use aws_lc_rs::hmac;
use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use countersign_demo::client::Reply;
use countersign_demo::world::{BUILD, CLIENT, PURPOSE};
use countersign_domain::identifier::Identifier;
use countersign_domain::time::Timestamp;
use countersign_people::store::{GrantId, Way};
use countersign_service::clock;
use countersign_verifier::log_check::Question;
use countersign_verifier::promise::{Promise, ReceivedAnswer, check_answer};
use countersign_verifier::site::FolderSite;
use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};
use serde_json::{Value, json};

use crate::support::{Serving, World, header, send};
use crate::support::{partners, village};

/// Another client of another partner.
const OTHER: &str = r#"version = 2
platform = "Example Platform"
agreement = "clover-desk-1"
partner = "clover"
client = "clover-desk"
kind = "app"
not_before = 2020-01-01T00:00:00Z
not_after = 2999-01-01T00:00:00Z
delivery = "clear"

[[purpose]]
purpose = "contacts"
dpv = "dpv:ServiceProvision"
self = ["id", "friends", "name"]
friend = ["id", "name"]
"#;

pub(crate) fn with_other_client(world: &World) {
    partners::register(world, "clover");
    let agreement = partners::conclude(world, OTHER);
    partners::submit(world, &agreement, "desk@1", "contacts", &[]);
    partners::review(world, "desk@1", countersign_domain::act::ReviewOutcome::Approve);
}

fn ago(seconds: u64) -> Timestamp {
    Timestamp::from_seconds(clock::now().seconds() - seconds)
}

/// `appsecret_proof`, as clients make it.
pub(crate) fn proof(secret: &str, token: &str) -> String {
    let key = hmac::Key::new(hmac::HMAC_SHA256, secret.as_bytes());
    hmac::sign(&key, token.as_bytes()).as_ref().iter().map(|byte| format!("{byte:02x}")).collect()
}

/// A query of these parameters.
fn query(path: &str, parameters: &[(&str, &str)]) -> String {
    let mut query = form_urlencoded::Serializer::new(String::new());
    format!("{path}?{}", query.extend_pairs(parameters).finish())
}

impl Serving<'_> {
    /// `GET` without a header.
    fn ask(&self, path: &str, parameters: &[(&str, &str)]) -> Reply {
        send(&self.world.url(), "GET", &query(path, parameters), &[], "")
    }

    fn debug(&self, token: &str, input: &str) -> Value {
        let reply = self.get(&query("/debug_token", &[("input_token", input)]), token);
        assert_eq!(reply.status, 200, "{}", String::from_utf8_lossy(&reply.body));
        reply.json().unwrap()["data"].take()
    }

    fn permissions(&self, path: &str, token: &str) -> Vec<(String, String)> {
        let list = self.read(path, token);
        assert_eq!(list.as_object().unwrap().len(), 1);
        let text = |value: &Value| value.as_str().unwrap().to_owned();
        let one = |one: &Value| (text(&one["permission"]), text(&one["status"]));
        list["data"].as_array().unwrap().iter().map(one).collect()
    }
}

/// Status, code, subcode and message of an error.
fn error(reply: &Reply) -> (u16, u64, Option<u64>, String) {
    let body = reply.json().unwrap();
    let error = body["error"].as_object().unwrap_or_else(|| panic!("{body}"));
    let message = error["message"].as_str().unwrap().to_owned();
    let subcode = error.get("error_subcode").and_then(Value::as_u64);
    (reply.status, error["code"].as_u64().unwrap(), subcode, message)
}

/// What the verifier says of an answer, from the public files.
fn assert_proved(world: &World, reply: &Reply, path: &str) {
    world.verified(world.receipt(reply).index + 1);
    let received = ReceivedAnswer {
        headers: &format!("HTTP/1.1 200 OK\r\n{}", reply.headers),
        body: &reply.body,
        method: "GET",
        path_and_query: path,
        request_body: b"",
        nonce: b"",
    };
    let question = Question::new(&world.key, clock::now());
    let site = FolderSite::new(&world.directory.site());
    let check = check_answer(&site, &question, &received, |_, _| ()).unwrap();
    assert!(check.verdict.holds(), "{:?}", check.verdict.failures);
    assert!(matches!(check.promise, Promise::Kept), "{:?}", check.promise);
}

#[test]
fn an_app_token_is_had_in_each_way_and_ends_with_the_secret() {
    let world = village::founded();
    let secret = world.client_secret(CLIENT);
    let serving = world.serve();
    let head = serving.head();
    let url = world.url();
    let credentials =
        [("client_id", CLIENT), ("client_secret", &*secret), ("grant_type", "client_credentials")];
    let form = query("", &credentials)[1..].to_owned();
    let form_header = ("content-type", "application/x-www-form-urlencoded");
    let basic = format!("Basic {}", BASE64_STANDARD.encode(format!("{CLIENT}:{secret}")));
    let path = "/oauth/access_token";
    let basic_header = ("authorization", &*basic);
    let grant = "grant_type=client_credentials";
    let replies = [
        serving.ask(path, &credentials),
        serving.ask("/v2.8/oauth/access_token/", &credentials),
        send(&url, "POST", path, &[form_header], &form),
        send(&url, "POST", path, &[basic_header, form_header], grant),
        send(&url, "GET", &format!("{path}?{grant}"), &[basic_header], ""),
    ];
    let mut tokens = BTreeSet::new();
    for reply in &replies {
        let body = reply.json().unwrap();
        assert_eq!(reply.status, 200, "{body}");
        assert_eq!(body["token_type"], "bearer");
        assert_eq!(body.as_object().unwrap().len(), 2, "an app token does not end by itself");
        assert_eq!(header(reply, "cache-control"), Some("private, no-store"));
        assert_eq!(header(reply, "countersign-receipt"), None);
        tokens.insert(body["access_token"].as_str().unwrap().to_owned());
    }
    let [made] = tokens.into_iter().collect::<Vec<_>>().try_into().unwrap();
    assert!(!made.contains(&secret));
    let classic = format!("{CLIENT}|{secret}");
    let debugged = |token: &str| serving.debug(token, token)["type"].clone();
    assert_eq!((debugged(&made), debugged(&classic)), (json!("APP"), json!("APP")));
    assert_eq!(serving.head(), head, "nothing of it is a disclosure");
    serving.stop();
    let renewed = world.client_secret(CLIENT);
    let serving = world.serve();
    for old in [&made, &classic] {
        let reply = serving.get("/debug_token?input_token=x", old);
        let message = "Invalid OAuth access token signature.".to_owned();
        assert_eq!(error(&reply), (400, 190, None, message));
    }
    assert_eq!(serving.debug(&format!("{CLIENT}|{renewed}"), "x")["is_valid"], false);
}

#[test]
fn unauthorised_an_unknown_client_and_a_wrong_secret_sound_the_same() {
    let world = village::founded();
    with_other_client(&world);
    let secret = world.client_secret(CLIENT);
    let token = world.token(village::VIEWER);
    let serving = world.serve();
    let ask = |client: &str, secret: &str, grant: &str| {
        let parameters = [
            ("client_id", client),
            ("client_secret", secret),
            ("grant_type", grant),
            ("fb_exchange_token", &*token),
        ];
        error(&serving.ask("/oauth/access_token", &parameters))
    };
    let wrong = (400, 1, None, "Error validating client secret.".to_owned());
    let zeros = "0".repeat(64);
    for grant in ["client_credentials", "fb_exchange_token", "authorization_code", ""] {
        for (client, secret) in [
            ("nobody", &*secret),
            ("NOT A NAME", &secret),
            (CLIENT, "wrong"),
            (CLIENT, ""),
            (CLIENT, &secret[..63]),
            (CLIENT, &secret.to_uppercase()),
            // It has no secret, so that nothing is it.
            ("clover-desk", ""),
            ("clover-desk", &zeros),
        ] {
            assert_eq!(ask(client, secret, grant), wrong, "{client} {grant}");
        }
    }
    for (client, secret) in [("nobody", &*secret), (CLIENT, "wrong"), ("clover-desk", &zeros)] {
        let reply = serving.get("/debug_token?input_token=x", &format!("{client}|{secret}"));
        assert_eq!(error(&reply).3, "Invalid OAuth access token signature.");
    }
    let unsupported = ask(CLIENT, &secret, "authorization_code");
    assert_eq!((unsupported.0, unsupported.1), (400, 100));
    let nobody = error(&serving.ask("/oauth/access_token", &[("client_secret", &secret)]));
    assert_eq!(nobody, (400, 101, None, "Missing client_id parameter.".to_owned()));
    let said = serving.said();
    assert!(!said.contains(&secret) && !said.contains(&token));
}

#[test]
fn a_secret_stands_in_the_query_only_where_the_agreement_allows_tokens_there() {
    let world = village::founded();
    with_other_client(&world);
    let secret = world.client_secret("clover-desk");
    let serving = world.serve();
    let parameters = [
        ("client_id", "clover-desk"),
        ("client_secret", &*secret),
        ("grant_type", "client_credentials"),
    ];
    let path = "/oauth/access_token";
    assert_eq!(error(&serving.ask(path, &parameters)).1, 190);
    let form = query("", &parameters)[1..].to_owned();
    let headers = [("content-type", "application/x-www-form-urlencoded; charset=utf-8")];
    assert_eq!(send(&world.url(), "POST", path, &headers, &form).status, 200);
    let app = format!("clover-desk|{secret}");
    let in_query = [("access_token", &*app), ("input_token", &*app)];
    assert_eq!(error(&serving.ask("/debug_token", &in_query)).1, 190);
    assert_eq!(serving.debug(&app, &app)["app_id"], "clover-desk");
}

#[test]
fn all_of_a_batch_in_the_query_stands_in_the_query() {
    let world = village::founded();
    with_other_client(&world);
    let secret = world.client_secret("clover-desk");
    let token = world.token_of("desk@1", "contacts", village::VIEWER, ago(10));
    let _serving = world.serve();
    let credentials =
        format!("client_id=clover-desk&client_secret={secret}&grant_type=client_credentials");
    let in_body = format!("method=GET&access_token={token}");
    let batch = json!([
        { "relative_url": "me", "access_token": token },
        { "relative_url": "me", "method": "POST", "body": in_body },
        { "relative_url": "oauth/access_token", "method": "POST", "body": credentials },
    ]);
    let codes = |method, path: &str, headers: &[(&str, &str)], body: &str| {
        let reply = send(&world.url(), method, path, headers, body);
        let answers: Vec<Value> = serde_json::from_slice(&reply.body).unwrap();
        let code = |answer: &Value| {
            let body: Value = serde_json::from_str(answer["body"].as_str().unwrap()).unwrap();
            body.pointer("/error/code").and_then(Value::as_u64)
        };
        answers.iter().map(code).collect::<Vec<_>>()
    };
    let text = batch.to_string();
    let path = query("/", &[("batch", &*text)]);
    assert_eq!(codes("GET", &path, &[], ""), [Some(190); 3]);
    assert_eq!(codes("POST", &path, &[], ""), [Some(190); 3]);
    let json = [("content-type", "application/json")];
    let body = json!({ "batch": batch }).to_string();
    assert_eq!(codes("POST", "/", &json, &body), [None; 3]);
}

#[test]
fn a_token_is_exchanged_for_a_fresh_one_of_the_same_grant_and_no_longer() {
    let world = village::founded();
    with_other_client(&world);
    let secret = world.client_secret(CLIENT);
    let grant_ends = 86_400;
    let token = |build, purpose, age| world.token_of(build, purpose, village::VIEWER, ago(age));
    let fresh = token(BUILD, PURPOSE, 10);
    let expired = token(BUILD, PURPOSE, 7_200);
    let others = token("desk@1", "contacts", 10);
    let [near, over] = [grant_ends - 100, grant_ends + 10].map(|age| {
        let made = token(BUILD, PURPOSE, age);
        let access = world.tokens().inspect(&made).unwrap();
        let name = Identifier::parse(CLIENT).unwrap();
        world.tokens().mint(&name, &access.build, access.grant, clock::now()).unwrap()
    });
    let without_grant = {
        let [client, build] = [CLIENT, BUILD].map(|name| Identifier::parse(name).unwrap());
        world.tokens().mint(&client, &build, GrantId([7; 16]), clock::now()).unwrap()
    };
    let serving = world.serve();
    let exchange = |token: &str| {
        let parameters = [
            ("client_id", CLIENT),
            ("client_secret", &*secret),
            ("grant_type", "fb_exchange_token"),
            ("fb_exchange_token", token),
        ];
        serving.ask("/v3.0/oauth/access_token", &parameters)
    };
    let given = exchange(&fresh).json().unwrap();
    assert_eq!((&given["token_type"], &given["expires_in"]), (&json!("bearer"), &json!(3_600)));
    let renewed = given["access_token"].as_str().unwrap();
    assert_ne!(renewed, fresh);
    assert_eq!(serving.read("/me", renewed), serving.read("/me", &fresh));
    let short = exchange(&near).json().unwrap()["expires_in"].as_u64().unwrap();
    assert!((1..=100).contains(&short), "{short}");
    for (token, code, subcode) in [
        (&*expired, 190, Some(463)),
        (&over, 190, Some(458)),
        (&without_grant, 190, Some(466)),
        (&others, 190, None),
        ("bogus", 190, None),
        ("", 100, None),
    ] {
        let error = error(&exchange(token));
        assert_eq!((error.1, error.2), (code, subcode), "{error:?}");
    }
    assert_eq!(error(&exchange(&others)).3, error(&exchange("bogus")).3);
    serving.suspend();
    assert_eq!(error(&exchange(&fresh)).3, "(#10) This client is suspended.");
}

#[test]
fn a_proof_is_checked_wherever_it_is_given_and_asked_for_where_the_platform_says_so() {
    let world = village::founded();
    with_other_client(&world);
    let secret = world.client_secret(CLIENT);
    let token = world.token(village::VIEWER);
    let without_secret = world.token_of("desk@1", "contacts", village::VIEWER, clock::now());
    let right = proof(&secret, &token);
    let serving = world.serve();
    let paths = ["/me", "/me/friends", "/me/permissions", "/debug_token"];
    let ask = |serving: &Serving<'_>, path: &str, token: &str, proof: Option<&str>| {
        let parameters = proof.map(|proof| ("appsecret_proof", proof));
        let parameters: Vec<_> = parameters.into_iter().chain([("input_token", token)]).collect();
        serving.get(&query(path, &parameters), token)
    };
    let head = serving.head();
    for path in paths {
        for wrong in ["", "0", &right[..63], &right.to_uppercase(), &proof("other", &token)] {
            let reply = ask(&serving, path, &token, Some(wrong));
            let message = "Invalid appsecret_proof provided in the API argument".to_owned();
            assert_eq!(error(&reply), (400, 100, None, message), "{path} {wrong:?}");
            assert_eq!(reply.json().unwrap()["error"]["type"], "GraphMethodException");
        }
        let proved = proof(&"0".repeat(64), &without_secret);
        assert_eq!(ask(&serving, path, &without_secret, Some(&proved)).status, 400, "{path}");
    }
    assert_eq!(serving.head(), head, "nothing is released on a wrong proof");
    for path in paths {
        for proof in [Some(&*right), None] {
            assert_eq!(ask(&serving, path, &token, proof).status, 200, "{path}");
        }
    }
    serving.stop();
    world.configure("require_appsecret_proof = false", "require_appsecret_proof = true");
    let serving = world.serve();
    for path in paths {
        assert_eq!(ask(&serving, path, &token, Some(&right)).status, 200, "{path}");
        let missing = ask(&serving, path, &token, None);
        let message = "API calls from the server require an appsecret_proof argument".to_owned();
        assert_eq!(error(&missing), (400, 100, None, message), "{path}");
        // Whoever has no secret cannot prove it.
        assert_eq!(ask(&serving, path, &without_secret, None).status, 200, "{path}");
    }
    assert_eq!(serving.debug(&format!("{CLIENT}|{secret}"), &token)["is_valid"], true);
}

#[test]
fn permissions_tell_the_grant_by_me_without_an_entry_and_by_id_with_one() {
    let world = village::founded();
    let (ada, token) = (world.id(village::VIEWER), world.token(village::VIEWER));
    let friend = world.id(&village::open(1));
    let serving = world.serve();
    let head = serving.head();
    let expected: Vec<_> = [
        "user_friends",
        "public_profile",
        "user_birthday",
        "email",
        "user_hometown",
        "user_location",
        "user_education_history",
        "user_work_history",
        "friends_birthday",
        "friends_hometown",
        "friends_location",
        "friends_education_history",
        "friends_work_history",
    ]
    .map(|name| (name.to_owned(), "granted".to_owned()))
    .into();
    let told = serving.permissions("/v3.0/me/permissions", &token);
    let set = |list: &[(String, String)]| list.iter().cloned().collect::<BTreeSet<_>>();
    assert_eq!(set(&told), set(&expected));
    assert_eq!(told.len(), expected.len());
    let one = vec![("email".to_owned(), "granted".to_owned())];
    assert_eq!(serving.permissions("/me/permissions/email", &token), one);
    assert_eq!(serving.permissions("/me/permissions?permission=email", &token), one);
    assert_eq!(serving.permissions("/me/permissions/user_likes", &token), []);
    assert_eq!(serving.permissions("/me/permissions?status=declined", &token), []);
    let text = String::from_utf8(serving.get("/me/permissions", &token).body).unwrap();
    assert!(!text.contains(&ada));
    assert_eq!(serving.head(), head, "what names nobody is no disclosure");

    let path = format!("/{ada}/permissions");
    let reply = serving.get(&path, &token);
    assert_eq!(serving.head(), head + 1);
    assert_eq!(reply.json().unwrap(), serving.read("/me/permissions", &token));
    assert_proved(&world, &reply, &path);
    let nobody = error(&serving.get(&format!("/{friend}/permissions"), &token));
    assert_eq!((nobody.0, nobody.1, nobody.2), (400, 100, Some(33)));
    serving.close_to_own_device(village::VIEWER);
    let closed = error(&serving.get(&path, &token));
    assert_eq!(closed.3.replace(&ada, "ID"), nobody.3.replace(&friend, "ID"));
    assert_eq!(serving.permissions("/me/permissions", &token), told, "settings are not told");
    // The disclosure, and the choice.
    assert_eq!(serving.head(), head + 2);
}

#[test]
fn permissions_that_were_declared_and_not_granted_are_declined() {
    let world = village::founded();
    let token = world.token(village::VIEWER);
    let access = world.tokens().inspect(&token).unwrap();
    // The grant holds once the log was told of it.
    world.serve().stop();
    let people = world.people();
    let mut record = people.grant(access.grant).unwrap().unwrap();
    let schema = crate::support::people::default_schema();
    let fields = |names: &[&str]| names.iter().map(|name| schema.by_name(name).unwrap()).collect();
    record.grant.viewer = fields(&["id", "name", "friends", "work"]);
    record.grant.friend = fields(&["id", "birthday"]);
    people.put_grants(&[(access.grant, record)], Way::Command).unwrap();
    drop(people);
    let serving = world.serve();
    let told = serving.permissions("/me/permissions", &token);
    let status = |name: &str| told.iter().find(|(n, _)| n == name).map(|(_, status)| &**status);
    // First name, gender and more of it were declared.
    assert_eq!(status("public_profile"), Some("declined"));
    assert_eq!(status("user_friends"), Some("granted"));
    assert_eq!(status("user_work_history"), Some("granted"));
    assert_eq!(status("user_birthday"), Some("declined"));
    assert_eq!(status("friends_birthday"), Some("granted"));
    assert_eq!(status("friends_work_history"), Some("declined"));
    assert_eq!(status("user_likes"), None);
    let granted = serving.permissions("/me/permissions?status=granted", &token);
    let scopes = serving.debug(&token, &token)["scopes"].clone();
    let names: Vec<_> = granted.into_iter().map(|(name, _)| name).collect();
    assert_eq!(scopes, json!(names));
}

impl Serving<'_> {
    /// Closes everything of a person toward their own devices.
    fn close_to_own_device(&self, account: &str) {
        let path = format!("/admin/v1/people/{account}/settings");
        let reply = self.client.put(&path, &self.admin_token(), &json!({ "my_device": [] }));
        assert_eq!(reply.unwrap().status, 200);
    }
}

#[test]
fn a_token_is_explained_to_its_own_client_and_whose_it_is_stands_in_the_log() {
    let world = village::founded();
    with_other_client(&world);
    let secret = world.client_secret(CLIENT);
    let ada = world.id(village::VIEWER);
    let token = world.token_of(BUILD, PURPOSE, village::VIEWER, ago(60));
    let expired = world.token_of(BUILD, PURPOSE, village::VIEWER, ago(7_200));
    let over = world.token_of(BUILD, PURPOSE, village::VIEWER, ago(90_000));
    let others = world.token_of("desk@1", "contacts", village::VIEWER, ago(10));
    let access = world.tokens().inspect(&token).unwrap();
    let serving = world.serve();
    let app = format!("{CLIENT}|{secret}");

    let head = serving.head();
    let path = query("/debug_token", &[("input_token", &token)]);
    for asks in [&app, &token] {
        let reply = serving.get(&path, asks);
        let mut data = reply.json().unwrap()["data"].take();
        let scopes = data.as_object_mut().unwrap().remove("scopes").unwrap();
        assert!(scopes.as_array().unwrap().contains(&json!("friends_birthday")), "{scopes}");
        let issued = access.issued.seconds();
        let expected = json!({
            "app_id": CLIENT,
            "application": CLIENT,
            "type": "USER",
            "is_valid": true,
            "issued_at": issued,
            "expires_at": issued + 3_600,
            "data_access_expires_at": issued + 86_400,
            "user_id": ada,
        });
        assert_eq!(data, expected);
        assert_proved(&world, &reply, &path);
    }
    assert_eq!(serving.head(), head + 2, "each answer that says who the viewer is");

    let bogus = json!({
        "error": { "code": 190, "message": "The access token could not be decrypted" },
        "is_valid": false,
        "scopes": [],
    });
    for input in ["bogus", "nobody|x", &format!("{CLIENT}|wrong"), &others] {
        assert_eq!(serving.debug(&app, input), bogus, "{input}");
    }
    for (input, subcode) in [(&expired, 463), (&over, 458)] {
        let told = serving.debug(&app, input);
        assert_eq!((&told["is_valid"], &told["app_id"]), (&json!(false), &json!(CLIENT)));
        let error = &told["error"];
        assert_eq!((&error["code"], &error["subcode"]), (&json!(190), &json!(subcode)));
        assert_eq!(told.get("user_id"), None);
    }
    assert_eq!(
        error(&serving.get("/debug_token", &app)).3,
        "(#100) The parameter input_token is required"
    );
    assert_eq!(error(&serving.get(&path, &expired)).2, Some(463));
    serving.close_to_own_device(village::VIEWER);
    let told = serving.debug(&app, &token);
    assert_eq!((&told["is_valid"], told.get("user_id")), (&json!(true), None));
    // Two disclosures, and the choice.
    assert_eq!(serving.head(), head + 3, "what names nobody is no disclosure");
    serving.suspend();
    assert_eq!(error(&serving.get(&path, &app)).3, "(#10) This client is suspended.");
}

#[test]
fn what_needs_a_viewer_wants_a_users_token() {
    let world = village::founded();
    let secret = world.client_secret(CLIENT);
    let friend = world.id(&village::open(1));
    let serving = world.serve();
    let app = format!("{CLIENT}|{secret}");
    for (path, without, with_app) in [
        ("/me".to_owned(), 2500, 2500),
        ("/v2.8/me/friends".to_owned(), 2500, 2500),
        ("/me/permissions".to_owned(), 2500, 2500),
        (format!("/{friend}"), 104, 102),
        (format!("/{friend}/friends"), 104, 102),
        (format!("/{friend}/permissions"), 104, 102),
    ] {
        let found = error(&serving.ask(&path, &[]));
        assert_eq!((found.0, found.1), (400, without), "{path} without a token");
        let found = error(&serving.get(&path, &app));
        assert_eq!((found.0, found.1), (400, with_app), "{path} with an app token");
    }
    assert_eq!(error(&serving.ask("/debug_token", &[("input_token", "x")])).1, 104);
    assert_eq!(error(&send(&world.url(), "POST", "/debug_token", &[], "")).1, 100);
}

#[test]
fn a_client_reads_what_it_used_and_is_stopped_when_its_hour_is_used_up() {
    let world = village::founded();
    with_other_client(&world);
    let secret = world.client_secret(CLIENT);
    let token = world.token(village::VIEWER);
    let others = world.token_of("desk@1", "contacts", village::VIEWER, clock::now());
    world.configure("calls_per_hour = 0", "calls_per_hour = 4");
    let serving = world.serve();
    let used = |reply: &Reply| {
        let usage: Value = serde_json::from_str(header(reply, "x-app-usage")?).unwrap();
        assert_eq!((&usage["total_time"], &usage["total_cputime"]), (&json!(0), &json!(0)));
        usage["call_count"].as_u64()
    };
    assert_eq!(used(&serving.ask("/me", &[])), None, "nobody is known");
    assert_eq!(used(&serving.get("/me", &token)), Some(25));
    assert_eq!(used(&serving.get("/bogus", &token)), Some(50), "errors count too");
    assert_eq!(used(&serving.get("/me/permissions", &token)), Some(75));
    let credentials =
        [("client_id", CLIENT), ("client_secret", &*secret), ("grant_type", "client_credentials")];
    assert_eq!(used(&serving.ask("/oauth/access_token", &credentials)), Some(100));
    let head = serving.head();
    for path in ["/me", "/me/permissions", "/debug_token?input_token=x"] {
        let reply = serving.get(path, &token);
        let message = "(#4) Application request limit reached".to_owned();
        assert_eq!(error(&reply), (403, 4, None, message));
        assert_eq!(reply.json().unwrap()["error"]["is_transient"], true);
        assert_eq!(used(&reply), Some(100));
    }
    assert_eq!(serving.head(), head, "what is refused is not logged");
    assert_eq!(used(&serving.get("/me", &others)), Some(25), "another client has its own hour");
}

#[test]
fn property_whatever_is_asked_gets_an_answer_or_the_envelope() {
    let world = village::founded();
    let secret = world.client_secret(CLIENT);
    let token = world.token(village::VIEWER);
    let serving = world.serve();
    let app = format!("{CLIENT}|{secret}");
    let word = || {
        prop_oneof![
            Just(token.clone()),
            Just(app.clone()),
            Just(secret.clone()),
            Just(CLIENT.to_owned()),
            Just("client_credentials".to_owned()),
            Just("fb_exchange_token".to_owned()),
            "\\PC{0,12}",
        ]
    };
    let name = prop::sample::select(vec![
        "client_id",
        "client_secret",
        "grant_type",
        "fb_exchange_token",
        "input_token",
        "access_token",
        "appsecret_proof",
        "permission",
        "code",
    ]);
    let path = prop::sample::select(vec![
        "/oauth/access_token",
        "/v2.8/oauth/access_token",
        "/debug_token",
        "/me/permissions",
        "/me/permissions/%F0%9F%98%80",
        "/0123456789abcdef0123456789abcdef/permissions",
    ]);
    let parameters = prop::collection::vec((name, word()), 0..6);
    let method = prop::sample::select(vec!["GET", "POST", "PUT", "DELETE"]);
    let case = (path, method, parameters, any::<bool>());
    let mut runner =
        TestRunner::new(Config { cases: 200, failure_persistence: None, ..Config::default() });
    let ran = runner.run(&case, |(path, method, parameters, in_form)| {
        let pairs: Vec<_> = parameters.iter().map(|(name, value)| (*name, &**value)).collect();
        let all = query(path, &pairs);
        let form = [("content-type", "application/x-www-form-urlencoded")];
        let url = world.url();
        let reply = if in_form && method != "GET" {
            send(&url, method, path, &form, all.split_once('?').unwrap().1)
        } else {
            send(&url, method, &all, &[], "")
        };
        let body = reply.json().unwrap();
        prop_assert!(matches!(reply.status, 200 | 400 | 403), "{}: {body}", reply.status);
        if reply.status == 200 {
            prop_assert!(body.get("data").is_some() || body.get("access_token").is_some());
        } else {
            prop_assert!(body["error"]["code"].is_u64() && body["error"]["message"].is_string());
            prop_assert!(!body.to_string().contains(&secret));
        }
        Ok(())
    });
    ran.unwrap();
    assert!(!serving.said().contains("panicked"));
}
