//! What a partner is told when there is no answer: a golden table, and real bodies to compare it with.

use countersign_demo::client::Reply;
use countersign_demo::world::{BUILD, PURPOSE};
use countersign_domain::act::{Act, Review, ReviewOutcome};
use countersign_domain::identifier::Identifier;
use countersign_domain::time::Timestamp;
use countersign_people::store::GrantId;
use countersign_service::clock;
use serde_json::Value;

use crate::support::people::shared_data;
use crate::support::{Serving, World, assert_golden, header, send};
use crate::support::{partners, village};

/// Like the demonstration's, but a token may not stand in the query, and nothing is new after its end.
const STRICT: &str = r#"version = 2
platform = "Example Platform"
agreement = "clover-desk-1"
partner = "clover"
client = "clover-desk"
kind = "device"
not_before = 2020-01-01T00:00:00Z
not_after = 2999-01-01T00:00:00Z
delivery = "clear"

[[purpose]]
purpose = "contacts"
dpv = "dpv:ServiceProvision"
self = ["id", "friends", "name"]
friend = ["id", "name"]
"#;

const UNKNOWN_ID: &str = "0123456789abcdef0123456789abcdef";

/// Tokens that a test asks with.
struct Held {
    good: String,
    strict: String,
    ended: String,
    expired: String,
    without_grant: String,
    grant_over: String,
    unknown_build: String,
    /// An app token of the good token's client, in the classic form.
    app: String,
}

impl Held {
    fn of(world: &World) -> Self {
        let hours_ago =
            |hours: u64| Timestamp::from_seconds(clock::now().seconds() - hours * 3_600);
        let name = |text: &str| Identifier::parse(text).unwrap();
        let mint = |build: &str| {
            let (client, build) = (name("aurora-home"), name(build));
            world.tokens().mint(&client, &build, GrantId([7; 16]), clock::now()).unwrap()
        };
        let of = |build, purpose| world.token_of(build, purpose, village::VIEWER, clock::now());
        Self {
            good: world.token(village::VIEWER),
            strict: of("desk@1", "contacts"),
            ended: of("old@1", "feed"),
            expired: world.token_of(BUILD, PURPOSE, village::VIEWER, hours_ago(2)),
            without_grant: mint(BUILD),
            grant_over: {
                let token = world.token_of(BUILD, PURPOSE, village::VIEWER, hours_ago(25));
                let access = world.tokens().inspect(&token).unwrap();
                let (client, build) = (name("aurora-home"), name(BUILD));
                world.tokens().mint(&client, &build, access.grant, clock::now()).unwrap()
            },
            app: format!("aurora-home|{}", world.client_secret("aurora-home")),
            unknown_build: {
                let token = world.token(village::VIEWER);
                let access = world.tokens().verify(&token, clock::now()).unwrap();
                let (client, build) = (name("aurora-home"), name("aurora-home@99"));
                world.tokens().mint(&client, &build, access.grant, clock::now()).unwrap()
            },
        }
    }
}

/// The village, with two agreements besides the demonstration's.
pub(crate) fn world() -> World {
    let world = village::founded();
    partners::register(&world, "clover");
    let strict = partners::conclude(&world, STRICT);
    partners::submit(&world, &strict, "desk@1", "contacts", &[]);
    partners::review(&world, "desk@1", ReviewOutcome::Approve);
    let ended = STRICT
        .replace("not_after = 2999", "not_after = 2021")
        .replace("clover-desk", "clover-old")
        .replace("contacts", "feed");
    let ended = partners::conclude(&world, &ended);
    partners::submit(&world, &ended, "old@1", "feed", &[]);
    partners::review(&world, "old@1", ReviewOutcome::Approve);
    world
}

/// One line of the table: what was asked, and what the envelope says. Asserts what every envelope has.
fn line(what: &str, reply: &Reply) -> String {
    let body = reply.json().unwrap();
    let error = body["error"].as_object().unwrap_or_else(|| panic!("{what}: {body}"));
    assert_eq!(body.as_object().unwrap().len(), 1, "{what}");
    let trace = error["fbtrace_id"].as_str().unwrap();
    assert_eq!((trace.len(), error.contains_key("type")), (16, true), "{what}");
    let kind = header(reply, "content-type").unwrap();
    assert!(kind.contains("json"), "{what}: {kind}");
    let version = header(reply, "facebook-api-version");
    assert!(version.is_some_and(|version| version.starts_with('v')), "{what}: {version:?}");
    assert_eq!(header(reply, "countersign-receipt"), None, "{what}");
    let challenge = header(reply, "www-authenticate").unwrap_or_default();
    let begins = r#"OAuth "Facebook Platform" "invalid_"#;
    assert_eq!(challenge.starts_with(begins), reply.status < 500, "{what}: {challenge}");
    let is_transient = error.get("is_transient").is_some();
    assert_eq!(is_transient, matches!(error["code"].as_u64(), Some(2 | 4)), "{what}");
    let subcode = error.get("error_subcode").map_or_else(|| "-".to_owned(), Value::to_string);
    let kind = error["type"].as_str().unwrap();
    let message = error["message"].as_str().unwrap().replace(UNKNOWN_ID, "ID");
    let (status, code) = (reply.status, &error["code"]);
    format!("{what:32}{status}  {code:>4}  {subcode:>3}  {kind:20}  {message}\n")
}

/// Questions that are wrong themselves, whoever asks them.
const WRONG: [(&str, &str); 39] = [
    ("a path without a node", "/v3.0"),
    ("an unknown edge", "/me/photos"),
    ("more behind the edge", "/me/friends/x"),
    ("a username", "/some.body"),
    ("a short id", "/4"),
    ("an unknown id", "/0123456789abcdef0123456789abcdef"),
    ("friends of another person", "/0123456789abcdef0123456789abcdef/friends"),
    ("friends of friends", "/me?fields=friends{friends}"),
    ("a nonexisting field", "/me?fields=id,shoe_size"),
    ("a nonexisting field of friends", "/me/friends?fields=shoe_size"),
    ("a field taken apart", "/me?fields=work{employer}"),
    ("friends twice", "/me?fields=friends,friends"),
    ("an unknown modifier", "/me?fields=friends.order(x)"),
    ("a limit below zero", "/me?fields=friends.limit(-1)"),
    ("a limit that is no number", "/me/friends?limit=all"),
    ("a cursor that is none", "/me/friends?after=MTAx"),
    ("a nested cursor that is none", "/me?fields=friends.after(x)"),
    ("an empty item", "/me?fields=id,,name"),
    ("an open brace", "/me?fields=friends%7Bid"),
    ("a brace too many", "/me?fields=id%7D"),
    ("a version that there is not", "/v99.0/me"),
    ("a renamed field", "/me?fields=name.as(x)"),
    ("a renamed edge", "/me?fields=friends.as(x)"),
    ("a field by two names", "/me?fields=about,bio"),
    ("both cursors", "/me/friends?after=ID&before=ID"),
    ("both nested cursors", "/me?fields=friends.after(ID).before(ID)"),
    ("a cursor before that is none", "/me/friends?before=x"),
    ("an unknown summary", "/me/friends?summary=order"),
    ("a friend by name", "/me/friends/zuck"),
    ("ids of nobody", "/?ids="),
    ("ids with an unknown one", "/?ids=me,ID"),
    ("ids with a username", "/?ids=zuck,me"),
    ("friends of several", "/?ids=me,ID&fields=friends{name}"),
    ("jsonp", "/me?callback=f"),
    ("another method in the query", "/me?method=delete"),
    ("a method that there is not", "/me?method=brew"),
    ("a batch that is none", "/?batch=x"),
    ("a batch of nothing", "/?batch=[]"),
    ("nested too deeply", "/me?fields=a%7Ba%7Ba%7Ba%7Ba%7Ba%7D%7D%7D%7D%7D"),
];

fn wrong_tokens(serving: &Serving<'_>, held: &Held) -> String {
    let url = serving.world.url();
    let good = format!("Bearer {}", held.good);
    let basic = [("authorization", "Basic eDp5")];
    let mut text = line("no token", &send(&url, "GET", "/me", &[], ""));
    text += &line("another scheme", &send(&url, "GET", "/me", &basic, ""));
    let alone = [("authorization", &*held.good)];
    text += &line("a token alone", &send(&url, "GET", "/me", &alone, ""));
    text += &line("an empty token", &serving.get("/me", ""));
    text += &line("a malformed token", &serving.get("/me", "x.y.z"));
    text += &line("an altered token", &serving.get("/me", &held.good.replace('.', ".A")));
    text += &line("an expired token", &serving.get("/me", &held.expired));
    text += &line("an ended grant", &serving.get("/me", &held.without_grant));
    text += &line("a grant whose time is over", &serving.get("/me", &held.grant_over));
    text += &line("an unknown build", &serving.get("/me", &held.unknown_build));
    text += &line("an ended agreement", &serving.get("/me", &held.ended));
    let in_query = format!("/me?access_token={}", held.strict);
    text += &line("a token in the query", &send(&url, "GET", &in_query, &[], ""));
    let headers = [("authorization", &*good)];
    for method in ["POST", "PUT", "DELETE"] {
        text += &line(&format!("{method} /me"), &send(&url, method, "/me", &headers, ""));
    }
    let nonce = "n".repeat(129);
    let headers = [("authorization", &*good), ("countersign-nonce", &*nonce)];
    text + &line("a nonce that is too long", &send(&url, "GET", "/me", &headers, ""))
}

/// One more than may be asked for by id.
fn many_ids() -> String {
    let ids: Vec<_> = (0..51).map(|number| format!("{number:032x}")).collect();
    format!("/?ids={}", ids.join(","))
}

/// What is wrong in a body, and not in path or query.
fn wrong_bodies(serving: &Serving<'_>, held: &Held) -> String {
    let (url, good) = (serving.world.url(), format!("Bearer {}", held.good));
    let post = |kind: &str, body: &str| {
        send(&url, "POST", "/", &[("authorization", &*good), ("content-type", kind)], body)
    };
    let json = "application/json";
    let of = |count: usize| {
        format!(r#"{{"batch":[{}]}}"#, vec![r#"{"relative_url":"me"}"#; count].join(","))
    };
    let twice = r#"{"batch":[{"relative_url":"a","name":"n"},{"relative_url":"b","name":"n"}]}"#;
    let mut text = line("no batch in a POST", &post(json, "{}"));
    text += &line("a body that is no JSON", &post(json, "[]"));
    text += &line("a body that is no form", &post("multipart/form-data; boundary=x", "--x"));
    text += &line("too many operations", &post(json, &of(51)));
    text + &line("two operations of one name", &post(json, twice))
}

/// What concerns clients' own tokens.
fn own_tokens(serving: &Serving<'_>, held: &Held) -> String {
    let url = serving.world.url();
    let by_id = format!("/{UNKNOWN_ID}");
    let secret = held.app.split_once('|').unwrap().1;
    let own = |grant: &str| {
        let client = format!("client_id=aurora-home&client_secret={secret}");
        format!("/oauth/access_token?{client}&grant_type={grant}")
    };
    let mut text = line("no token on an id", &send(&url, "GET", &by_id, &[], ""));
    for (what, path) in [
        ("me by an app token", "/me"),
        ("permissions by an app token", "/me/permissions"),
        ("an id by an app token", &by_id),
        ("nothing to debug", "/debug_token"),
    ] {
        text += &line(what, &serving.get(path, &held.app));
    }
    text += &line("a wrong app token", &serving.get("/debug_token", "aurora-home|x"));
    text += &line("a wrong proof", &serving.get("/me?appsecret_proof=0", &held.good));
    let permissions = format!("{by_id}/permissions");
    text += &line("permissions of another", &serving.get(&permissions, &held.good));
    for (what, path) in [
        ("no client", "/oauth/access_token".to_owned()),
        ("a wrong secret", own("client_credentials").replace(secret, "x")),
        ("an unknown client", own("client_credentials").replace("aurora-home", "x")),
        ("no grant type", own("")),
        ("a code", format!("{}&code=x", own("authorization_code"))),
        ("nothing to exchange", own("fb_exchange_token")),
        (
            "an expired one to exchange",
            format!("{}&fb_exchange_token={}", own("fb_exchange_token"), held.expired),
        ),
        (
            "another's to exchange",
            format!("{}&fb_exchange_token={}", own("fb_exchange_token"), held.strict),
        ),
    ] {
        text += &line(what, &send(&url, "GET", &path, &[], ""));
    }
    text + &line("PUT of a token", &send(&url, "PUT", "/oauth/access_token", &[], ""))
}

#[test]
fn golden_error_envelopes() {
    let world = world();
    let held = Held::of(&world);
    let serving = world.serve();
    let mut text = wrong_tokens(&serving, &held);
    text += &own_tokens(&serving, &held);
    for (what, path) in WRONG {
        let path = path
            .replace("=ID", &format!("={UNKNOWN_ID}"))
            .replace(",ID", &format!(",{UNKNOWN_ID}"));
        let path = path.replace("(ID", &format!("({UNKNOWN_ID}"));
        text += &line(what, &serving.get(&path, &held.good));
    }
    text += &line("too many ids", &serving.get(&many_ids(), &held.good));
    text += &wrong_bodies(&serving, &held);
    let long = format!("/me?fields={}", "id,".repeat(3_000));
    text += &line("fields that are too long", &serving.get(&long, &held.good));
    let many = format!("/me?fields=friends.limit({})", "9".repeat(40));
    let full_page = serving.get(&many, &held.good);
    assert_eq!(full_page.status, 200, "more than a page may hold is a full page");
    serving.suspend();
    text += &line("a suspended partner", &serving.get("/me", &held.good));
    serving.reinstate();
    let build = Identifier::parse(BUILD).unwrap();
    let revoke = Act::Review(Review { build, outcome: ReviewOutcome::Revoke });
    serving.submit(revoke, &["reviewer:ines"]).unwrap();
    text += &line("a revoked build", &serving.get("/me", &held.good));
    serving.stop();
    world.configure("calls_per_hour = 0", "calls_per_hour = 1");
    world.configure("require_appsecret_proof = false", "require_appsecret_proof = true");
    let serving = world.serve();
    text += &line("a missing proof", &serving.get("/me", &held.good));
    assert_eq!(serving.get("/me/permissions", &held.strict).status, 200);
    text += &line("an hour that is used up", &serving.get("/me", &held.strict));
    assert_golden("error_envelopes.txt", &text);
    let in_query = send(&world.url(), "GET", &format!("/me?access_token={}", held.strict), &[], "");
    let body = String::from_utf8(in_query.body).unwrap();
    assert!(!body.contains(&held.strict), "no error repeats a token");
}

#[test]
fn errors_have_the_shape_of_real_ones() {
    let test = "errors_have_the_shape_of_real_ones";
    let Some(data) = shared_data(test) else { return };
    let world = world();
    let held = Held::of(&world);
    let serving = world.serve();
    for (file, path, token) in [
        ("error-100-nonExistingFields.json", "/me?fields=fdsfds", &held.good),
        ("error-190-bogusAccessToken.json", "/me", &"bogus".to_owned()),
        ("error-190-tokenExpired.json", "/me", &held.expired),
        ("error-190-userRevokedToken.json", "/me", &held.without_grant),
        ("error-2500-bogusPath.json", "/me/bogus", &held.good),
        ("error-803-unknownAlias.json", "/sfdsafdasf", &held.good),
        ("error-10-permissionDenied.json", "/me?fields=friends{friends}", &held.good),
    ] {
        let real = std::fs::read(data.join("graph-fixtures").join(file)).unwrap();
        let real: Value = serde_json::from_slice(&real).unwrap();
        let ours = serving.get(path, token).json().unwrap();
        for member in ["type", "code", "error_subcode"] {
            assert_eq!(ours["error"][member], real["error"][member], "{file}: {ours}");
        }
        let text = |error: &Value| error["error"]["message"].as_str().unwrap().to_owned();
        // Where the real message goes on about its own request, the beginning is the same.
        let begins =
            |text: String| text.split([':', '.', '(']).next().unwrap_or_default().to_owned();
        assert_eq!(begins(text(&ours)), begins(text(&real)), "{file}");
    }
}
