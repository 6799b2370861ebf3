//! What the source over HTTP does when the API does not do as it should.

use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use countersign_domain::decide::People as _;
use countersign_domain::field::FieldSet;
use countersign_domain::identifier::Identifier;
use countersign_people::store::People;
use countersign_service::clock;
use countersign_source::http::{BreakerState, HttpSource};
use countersign_source::settings::http::HttpSettings;
use countersign_source::{Naming, Question, SourceError};
use prometheus_client::encoding::text::encode;
use prometheus_client::registry::Registry;
use tempfile::TempDir;

use crate::source::conformance::everything_open;
use crate::source::http::{base_url, config, source, write_mapping};
use crate::support::eventually;
use crate::support::people;
use crate::support::scripted_api::{ScriptedApi, json, reply};
use crate::support::source_people::VIEWER;

const ADA: &str = r#"{"id":"ada","is_minor":false,"profile":{"name":"Ada"}}"#;

/// A source over a scripted API.
struct Stage {
    source: Arc<HttpSource>,
    store: Arc<People>,
    runtime: tokio::runtime::Runtime,
    _folder: TempDir,
}

impl Stage {
    fn new(api: &ScriptedApi, change: impl FnOnce(&mut HttpSettings)) -> Self {
        Self::of(&base_url(api.address), change, |_| {})
    }

    fn of(url: &str, change: impl FnOnce(&mut HttpSettings), prepare: impl FnOnce(&Path)) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let store = Arc::new(people::open(&folder.path().join("people")));
        store.enrol([VIEWER], everything_open()).unwrap();
        let mut config = config(write_mapping(folder.path(), url, None));
        prepare(folder.path());
        change(&mut config);
        let source = Arc::new(source(&config, folder.path(), &store));
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(2)
            .enable_all()
            .build()
            .unwrap();
        Self { source, store, runtime, _folder: folder }
    }

    /// The accounts of an answer, the viewer's first.
    fn ask(&self) -> Result<Vec<String>, SourceError> {
        self.ask_for(Some(FieldSet::ALL))
    }

    fn ask_viewer(&self) -> Result<Vec<String>, SourceError> {
        self.ask_for(None)
    }

    fn ask_for(&self, friend_fields: Option<FieldSet>) -> Result<Vec<String>, SourceError> {
        let partner = Identifier::parse("aurora").unwrap();
        let viewer = self.store.person_of_account(VIEWER).unwrap().unwrap();
        let viewer_fields = FieldSet::ALL;
        let question = Question { viewer, partner: &partner, viewer_fields, friend_fields };
        let people = self.runtime.block_on(async {
            let fetched = self.source.fetch(&question).await?;
            self.source.circle(fetched, &question).await
        })?;
        let account = |one: &countersign_domain::decide::Candidate| {
            self.store.account_of(one.handle).unwrap()
        };
        Ok(people.candidates().iter().map(account).collect())
    }

    fn metrics(&self) -> String {
        let mut registry = Registry::with_prefix("countersign_source");
        self.source.metrics().register(&mut registry);
        let mut text = String::new();
        encode(&mut text, &registry).unwrap();
        text
    }
}

/// An API that answers about the viewer as `viewer` says, and has these friends.
fn with_friends(accounts: &[&str], viewer: fn(usize) -> Vec<u8>) -> ScriptedApi {
    let items: Vec<_> =
        accounts.iter().map(|account| format!("{{\"id\":\"{account}\"}}")).collect();
    let list = format!("{{\"data\":[{}]}}", items.join(","));
    ScriptedApi::start(move |path, number| match path {
        "/v1/users/ada" => viewer(number),
        "/v1/users/ada/friends" => json(&list),
        _ => {
            let asked = path.strip_prefix("/v1/users?ids=").unwrap().split(',');
            let there = asked.filter(|account| !account.starts_with("gone"));
            let document = |account: &str| {
                format!("\"{account}\":{{\"id\":\"{account}\",\"is_minor\":false}}")
            };
            let people: Vec<_> = there.map(document).collect();
            json(&format!("{{{}}}", people.join(",")))
        }
    })
}

fn is_unavailable(error: &SourceError) -> bool {
    matches!(error, SourceError::Unavailable { .. })
}

fn is_nonsense(error: &SourceError) -> bool {
    matches!(error, SourceError::Nonsense { .. })
}

/// What the API says of whom it does not have.
fn nobody() -> Vec<u8> {
    reply(404, "content-type: application/json\r\n", "{\"error\":\"not found\"}")
}

/// An API about the viewer alone.
fn scripted(viewer: impl Fn(usize) -> Vec<u8> + Send + Sync + 'static) -> ScriptedApi {
    ScriptedApi::start(move |_, number| viewer(number))
}

#[test]
fn what_may_be_gone_the_next_moment_is_asked_again() {
    let torn_before_a_byte = || {
        b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 9\r\n\r\n".to_vec()
    };
    let failures: [fn() -> Vec<u8>; 6] = [
        || reply(502, "", "x"),
        || reply(503, "retry-after: 0\r\n", ""),
        || reply(504, "retry-after: Wed, 21 Oct 2015 07:28:00 GMT\r\n", ""),
        Vec::new,
        torn_before_a_byte,
        || b"HTTP/1.1 garbage".to_vec(),
    ];
    for failure in failures {
        let api = scripted(move |number| if number < 2 { failure() } else { json(ADA) });
        let stage = Stage::new(&api, |config| config.retries = 2);
        assert_eq!(stage.ask_viewer().unwrap(), [VIEWER]);
        assert_eq!(api.paths(), ["/v1/users/ada"; 3]);
        let api = scripted(move |_| failure());
        let stage = Stage::new(&api, |config| config.retries = 2);
        assert!(is_unavailable(&stage.ask_viewer().unwrap_err()));
        assert_eq!(api.paths().len(), 3, "no more often than it may be");
        assert!(stage.metrics().contains("source_retries_total 2\n"), "{}", stage.metrics());
    }
}

/// What it is, the answer to the byte, and what the error has to be.
type Case = (&'static str, Vec<u8>, fn(&SourceError) -> bool);

#[test]
fn what_will_not_be_better_is_asked_once() {
    let torn_after_a_byte = || {
        let head =
            "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 900\r\n\r\n{";
        head.as_bytes().to_vec()
    };
    let json_type = "content-type: application/json\r\n";
    let mut not_utf_8 = json(ADA);
    let name = not_utf_8.len() - "a\"}}".len();
    not_utf_8[name] = 0xff;
    let cases: Vec<Case> = vec![
        ("500", reply(500, "", ""), is_unavailable),
        ("429", reply(429, "retry-after: 0\r\n", ""), is_unavailable),
        ("torn", torn_after_a_byte(), is_unavailable),
        ("retry later", reply(503, "retry-after: 3600\r\n", ""), is_unavailable),
        ("retry never", reply(503, &format!("retry-after: {}\r\n", u64::MAX), ""), is_unavailable),
        ("after that", reply(503, &format!("retry-after: 9{}\r\n", u64::MAX), ""), is_unavailable),
        (
            "retry after a date",
            reply(503, "retry-after: Fri, 31 Dec 2999 23:59:59 GMT\r\n", ""),
            is_unavailable,
        ),
        ("retry after what", reply(503, "retry-after: soon\r\n", ""), is_unavailable),
        ("400", reply(400, "", ""), is_nonsense),
        ("401", reply(401, "", ""), is_nonsense),
        ("201", reply(201, json_type, ADA), is_nonsense),
        ("206", reply(206, json_type, ADA), is_nonsense),
        ("302", reply(302, "location: /v1/users/bob\r\n", ""), is_nonsense),
        ("html", reply(200, "content-type: text/html\r\n", ADA), is_nonsense),
        ("no type", reply(200, "", ADA), is_nonsense),
        ("gzip", reply(200, &format!("{json_type}content-encoding: gzip\r\n"), ADA), is_nonsense),
        ("not UTF-8", not_utf_8, is_nonsense),
        ("half a document", json("{\"id\":\"ada\""), is_nonsense),
        ("two documents", json(&format!("{ADA}{ADA}")), is_nonsense),
        ("a list", json("[]"), is_nonsense),
        ("null", json("null"), is_nonsense),
        ("another person", json(&ADA.replace("ada", "eve")), is_nonsense),
        ("no account", json("{\"is_minor\":false}"), is_nonsense),
        ("an account that is none", json("{\"id\":{},\"is_minor\":false}"), is_nonsense),
        ("minor or not", json("{\"id\":\"ada\",\"is_minor\":\"no\"}"), is_nonsense),
        ("a key twice", json(&ADA.replacen('{', "{\"id\":\"ada\",", 1)), is_nonsense),
        (
            "a key twice, far below",
            json(&ADA.replacen('{', "{\"x\":[{\"y\":1,\"y\":2}],", 1)),
            is_nonsense,
        ),
        ("half a surrogate", json(&ADA.replace("\"Ada\"", "\"\\ud800\"")), is_nonsense),
    ];
    for (what, bytes, is_expected) in cases {
        let api = scripted(move |_| bytes.clone());
        let stage = Stage::new(&api, |_| {});
        let error = stage.ask_viewer().unwrap_err();
        assert!(is_expected(&error), "{what}: {error:?}");
        assert_eq!(api.paths(), ["/v1/users/ada"], "{what}");
        let said = format!("{error} {error:?}");
        let told = ["users/ada", "Ada", "\"ada", "\"eve", "platform-api-token"];
        assert!(!told.iter().any(|told| said.contains(told)), "{said}");
    }
}

#[test]
fn a_request_holds_the_token_and_no_trace_of_it_is_printed() {
    let api = scripted(|_| json(ADA));
    let stage = Stage::new(&api, |_| {});
    stage.ask_viewer().unwrap();
    let head = api.heads().remove(0).to_ascii_lowercase();
    assert!(head.contains("authorization: bearer platform-api-token\r\n"), "{head}");
    assert!(head.contains("accept: application/json\r\n"), "{head}");
    assert!(head.contains(&format!("host: {}\r\n", api.address)), "{head}");
    assert!(!format!("{:?}", stage.source).contains("platform-api-token"));
}

#[test]
fn a_key_to_the_api_that_others_may_read_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let store = Arc::new(people::open(&folder.path().join("people")));
    let config = config(write_mapping(folder.path(), "http://127.0.0.1:9", None));
    let naming = Naming::new(Arc::clone(&store), everything_open());
    let schema = people::default_schema();
    let open = |store| {
        HttpSource::open(store, naming.clone(), &config, folder.path(), &schema, clock::now)
    };
    open(Arc::clone(&store)).unwrap();
    let token = folder.path().join("keys/platform-api.token");
    std::fs::set_permissions(&token, std::fs::Permissions::from_mode(0o640)).unwrap();
    let error = open(store).unwrap_err().to_string();
    assert!(error.contains("mapping.toml:") && error.contains("chmod 600"), "{error}");
    assert!(!error.contains("platform-api-token"), "{error}");
}

#[test]
fn friends_who_left_are_passed_over_and_a_viewer_who_left_is_unknown() {
    let api = with_friends(&["bob", "gone-1", "cy", "gone-2"], |_| json(ADA));
    let mut seen = Stage::new(&api, |_| {}).ask().unwrap();
    seen[1..].sort();
    assert_eq!(seen, [VIEWER, "bob", "cy"]);
    let api = with_friends(&["bob"], |_| nobody());
    let error = Stage::new(&api, |_| {}).ask().unwrap_err();
    assert!(matches!(error, SourceError::UnknownPerson), "{error:?}");
}

#[test]
fn a_404_is_nobody_only_where_the_api_itself_says_it() {
    let html = "content-type: text/html\r\n";
    let problem = reply(404, "content-type: application/problem+json\r\n", "{}");
    for (what, bytes, bare_404, is_nobody) in [
        ("no route of a proxy", reply(404, html, "<h1>Not Found</h1>"), false, false),
        ("no body", reply(404, "", ""), false, false),
        ("no body, as the mapping has it", reply(404, "", ""), true, true),
        ("a problem", problem, false, true),
        ("JSON", nobody(), false, true),
    ] {
        let api = scripted(move |_| bytes.clone());
        let prepare = |folder: &Path| {
            let path = folder.join("mapping.toml");
            let text = std::fs::read_to_string(&path).unwrap();
            let person = format!("[person]\nbare_404 = {bare_404}\n");
            std::fs::write(&path, text.replacen("[person]\n", &person, 1)).unwrap();
        };
        let stage = Stage::of(&base_url(api.address), |_| {}, prepare);
        let error = stage.ask_viewer().unwrap_err();
        let known = stage.runtime.block_on(stage.source.knows("eve"));
        if is_nobody {
            assert!(matches!(error, SourceError::UnknownPerson), "{what}: {error:?}");
            assert!(!known.unwrap(), "{what}");
        } else {
            assert!(is_nonsense(&error) && is_nonsense(&known.unwrap_err()), "{what}: {error:?}");
        }
    }
}

#[test]
fn a_404_in_the_place_of_friends_is_not_the_absence_of_friends() {
    let friends = "/v1/users/ada/friends";
    for missing in [friends, "/v1/users?ids=bob"] {
        let api = ScriptedApi::start(move |path, _| match path {
            "/v1/users/ada" => json(ADA),
            path if path == missing => nobody(),
            path if path == friends => json("{\"data\":[{\"id\":\"bob\"}]}"),
            _ => json("{}"),
        });
        let error = Stage::new(&api, |_| {}).ask().unwrap_err();
        assert!(is_nonsense(&error) && error.to_string().contains("404"), "{missing}: {error:?}");
    }
}

#[test]
fn an_answer_that_cannot_be_leaves_nobody_in_the_store() {
    let people_twice = r#"{"data":[{"user":{"id":"bob"}},{"user":{"id":"bob"}}]}"#;
    let whole = |folder: &Path| {
        let path = folder.join("mapping.toml");
        let text = std::fs::read_to_string(&path).unwrap();
        let (before, _) = text.split_once("[friends]").unwrap();
        let friends = "path = \"/users/{account}/friends\"\nlist = \"/data\"\npeople = \"/user\"";
        std::fs::write(&path, format!("{before}[friends]\n{friends}\n")).unwrap();
    };
    let twice = ScriptedApi::start(move |path, _| match path {
        "/v1/users/ada" => json(ADA),
        _ => json(people_twice),
    });
    let stage = Stage::of(&base_url(twice.address), |_| {}, whole);
    let error = stage.ask().unwrap_err();
    assert!(error.to_string().contains("somebody stands there twice"), "{error}");
    assert_eq!(stage.store.view().people_count(), 1);
}

#[test]
fn friend_whose_record_cannot_be_is_left_out_and_nobody_else() {
    for (what, list, people, left_out) in [
        (
            "the viewer",
            r#"{"id":"bob"},{"id":"ada"}"#,
            r#""bob":{"id":"bob"},"ada":{"id":"ada"}"#,
            1,
        ),
        ("no account", r#"{"id":"bob"},null"#, r#""bob":{"id":"bob"}"#, 1),
        ("listed twice", r#"{"id":"bob"},{"id":"bob"}"#, r#""bob":{"id":"bob"}"#, 0),
        (
            "a minor or not",
            r#"{"id":"bob"},{"id":"cy"}"#,
            r#""bob":{"id":"bob"},"cy":{"id":"cy","is_minor":"no"}"#,
            1,
        ),
        (
            "half a surrogate",
            r#"{"id":"bob"},{"id":"cy"}"#,
            r#""bob":{"id":"bob"},"cy":{"id":"cy","profile":{"name":"\ud800"}}"#,
            1,
        ),
        (
            "a document without an account",
            r#"{"id":"bob"},{"id":"cy"}"#,
            r#""bob":{"id":"bob"},"cy":{"name":"cy"}"#,
            1,
        ),
        (
            "two documents of one",
            r#"{"id":"bob"},{"id":"cy"}"#,
            r#""bob":{"id":"bob"},"cy":{"id":"cy"},"cz":{"id":"cy"}"#,
            1,
        ),
    ] {
        let list = format!("{{\"data\":[{list}]}}");
        let people = format!("{{{people}}}");
        let api = ScriptedApi::start(move |path, _| match path {
            "/v1/users/ada" => json(ADA),
            "/v1/users/ada/friends" => json(&list),
            _ => json(&people),
        });
        let stage = Stage::new(&api, |_| {});
        assert_eq!(stage.ask().unwrap(), [VIEWER, "bob"], "{what}");
        assert_eq!(stage.source.left_out().get(), left_out, "{what}");
    }
}

#[test]
fn somebody_is_known_by_the_spelling_of_their_account() {
    let api = ScriptedApi::start(|path, _| match path {
        // The API is not particular about capital letters.
        "/v1/users/ada" | "/v1/users/ADA" => json(ADA),
        "/v1/users/broken" => reply(500, "", ""),
        _ => nobody(),
    });
    let stage = Stage::new(&api, |_| {});
    let knows = |account| stage.runtime.block_on(stage.source.knows(account));
    assert!(knows("ada").unwrap());
    for nobody in ["ADA", "eve", "", "..", "a/../ada"] {
        assert!(!knows(nobody).unwrap(), "{nobody}");
    }
    assert!(is_unavailable(&knows("broken").unwrap_err()));
    let paths = api.paths();
    assert_eq!(paths.last().unwrap(), "/v1/users/broken");
    assert!(paths.contains(&"/v1/users/a%2F..%2Fada".to_owned()), "{paths:?}");
}

#[test]
fn nothing_is_larger_than_it_may_be() {
    let api = with_friends(&["a", "b", "c", "d"], |_| json(ADA));
    let error = Stage::new(&api, |config| config.friends_max = 3).ask().unwrap_err();
    assert!(error.to_string().ends_with("a viewer has more than 3 friends"), "{error}");
    assert_eq!(Stage::new(&api, |config| config.friends_max = 4).ask().unwrap().len(), 5);
    // Each answer fits, and all of them together do not.
    let error = Stage::new(&api, |config| config.answer_bytes_max = 200).ask().unwrap_err();
    let expected = "the answers to one question have more than 200 bytes";
    assert!(error.to_string().contains(expected), "{error}");
    let endless = scripted(|_| {
        let head = "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\n\r\n";
        let mut bytes = head.as_bytes().to_vec();
        bytes.resize(4_000_000, b' ');
        bytes
    });
    let error = Stage::new(&endless, |config| config.answer_bytes_max = 10_000).ask_viewer();
    assert!(matches!(error.unwrap_err(), SourceError::Misconfigured { .. }));
}

#[test]
fn nobody_but_the_host_of_the_mapping_is_asked() {
    let elsewhere = scripted(|_| json(ADA));
    let link = format!("http://{}/v1/users/ada/friends", elsewhere.address);
    for page in [
        format!("{{\"data\":[],\"paging\":{{\"next\":\"{link}\"}}}}"),
        format!("{{\"data\":[],\"paging\":{{\"next\":\"{}\"}}}}", link.replacen("http:", "", 1)),
    ] {
        let api = ScriptedApi::start(move |path, _| match path {
            "/v1/users/ada" => json(ADA),
            _ => json(&page),
        });
        let error = Stage::new(&api, |_| {}).ask().unwrap_err();
        assert!(
            error.to_string().ends_with("the next page of friends is at another host"),
            "{error}"
        );
        let moved = format!("location: {link}\r\n");
        let api = scripted(move |_| reply(307, &moved, ""));
        assert!(is_nonsense(&Stage::new(&api, |_| {}).ask_viewer().unwrap_err()));
    }
    assert_eq!(elsewhere.paths(), Vec::<String>::new());
}

#[test]
fn pages_that_go_in_a_circle_end() {
    let api = ScriptedApi::start(|path, _| match path {
        "/v1/users/ada" => json(ADA),
        "/v1/users/ada/friends" => json(r#"{"data":[],"paging":{"next":"/v1/more"}}"#),
        _ => json(r#"{"data":[],"paging":{"next":"/v1/users/ada/friends"}}"#),
    });
    let error = Stage::new(&api, |_| {}).ask().unwrap_err();
    assert!(error.to_string().ends_with("go in a circle"), "{error}");
    assert_eq!(api.paths().len(), 3);
}

#[test]
fn no_more_requests_are_under_way_than_may_be() {
    let accounts: Vec<String> = (0..2_000).map(|number| format!("p{number}")).collect();
    let accounts: Vec<&str> = accounts.iter().map(String::as_str).collect();
    let api = with_friends(&accounts, |_| {
        std::thread::sleep(Duration::from_millis(20));
        json(ADA)
    });
    let stage = Stage::new(&api, |config| config.concurrency = 3);
    std::thread::scope(|threads| {
        for _ in 0..3 {
            threads.spawn(|| assert_eq!(stage.ask().unwrap().len(), 2_001));
        }
    });
    assert!(api.most_at_once() <= 3, "{}", api.most_at_once());
    assert_eq!(api.paths().len(), 3 * (2 + 2_000 / 50));
}

#[test]
fn an_api_that_fails_is_left_alone_until_it_answers_again() {
    let is_well = Arc::new(std::sync::atomic::AtomicBool::new(false));
    let switch = Arc::clone(&is_well);
    let api = scripted(move |_| match switch.load(std::sync::atomic::Ordering::SeqCst) {
        true => json(ADA),
        false => reply(500, "", ""),
    });
    let stage = Stage::new(&api, |config| {
        config.breaker.failures = 3;
        config.breaker.open_ms = 1_000;
    });
    for _ in 0..3 {
        assert_eq!(stage.source.breaker_state(), BreakerState::Closed);
        assert!(is_unavailable(&stage.ask_viewer().unwrap_err()));
    }
    assert_eq!(stage.source.breaker_state(), BreakerState::Open);
    let error = stage.ask_viewer().unwrap_err();
    assert!(error.to_string().ends_with("left alone for a while"), "{error}");
    assert!(is_unavailable(&stage.source.ready().unwrap_err()));
    assert_eq!(api.paths().len(), 3, "the API is left alone");
    assert!(stage.metrics().contains("source_breaker 2\n"), "{}", stage.metrics());
    is_well.store(true, std::sync::atomic::Ordering::SeqCst);
    eventually("one question is passed on, and answered", || stage.ask_viewer().is_ok());
    assert_eq!(stage.source.breaker_state(), BreakerState::Closed);
    assert_eq!(api.paths().len(), 4);
    stage.source.ready().unwrap();
    let metrics = stage.metrics();
    assert!(metrics.contains("source_breaker 0\n"), "{metrics}");
    assert!(metrics.contains("kind=\"late\"} 0\n"), "{metrics}");
    assert!(metrics.contains("source_requests_total 4\n"), "{metrics}");
}

#[test]
fn an_instance_that_nobody_asks_is_ready_again_when_the_api_may_be_asked() {
    let api = scripted(|_| reply(500, "", ""));
    let stage = Stage::new(&api, |config| {
        config.breaker.failures = 1;
        config.breaker.open_ms = 1_000;
    });
    assert!(is_unavailable(&stage.ask_viewer().unwrap_err()));
    assert!(is_unavailable(&stage.source.ready().unwrap_err()));
    // Whoever is told so asks elsewhere: no question comes that would end it.
    eventually("it is ready", || stage.source.ready().is_ok());
    assert_eq!(stage.source.breaker_state(), BreakerState::HalfOpen);
    assert!(stage.metrics().contains("source_breaker 1\n"), "{}", stage.metrics());
    assert_eq!(api.paths().len(), 1);
}

#[test]
fn nonsense_does_not_open_the_breaker() {
    let api = scripted(|_| json("[]"));
    let stage = Stage::new(&api, |config| config.breaker.failures = 2);
    for _ in 0..5 {
        assert!(is_nonsense(&stage.ask_viewer().unwrap_err()));
    }
    assert_eq!(stage.source.breaker_state(), BreakerState::Closed);
    assert!(
        stage.metrics().contains("failures_total{kind=\"nonsense\"} 5\n"),
        "{}",
        stage.metrics()
    );
}

#[test]
fn waiting_for_a_turn_counts_against_the_time() {
    let api = scripted(|_| {
        std::thread::sleep(Duration::from_millis(900));
        json(ADA)
    });
    let stage = Stage::new(&api, |config| {
        (config.concurrency, config.timeout_ms) = (1, 300);
        config.breaker.failures = 100;
    });
    std::thread::scope(|threads| {
        for _ in 0..4 {
            threads.spawn(|| {
                let error = stage.ask_viewer().unwrap_err();
                assert!(matches!(error, SourceError::Late { limit_ms: 300 }), "{error:?}");
            });
        }
    });
    assert!(stage.metrics().contains("kind=\"late\"} 4\n"), "{}", stage.metrics());
}

#[test]
fn tls_is_believed_by_the_certificates_that_the_mapping_names_alone() {
    let made = |name: &str| rcgen::generate_simple_self_signed([name.to_owned()]).unwrap();
    let (own, other) = (made("localhost"), made("localhost"));
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let handle = axum_server::Handle::<std::net::SocketAddr>::new();
    let certificate = own.cert.pem().into_bytes();
    let key = own.signing_key.serialize_pem().into_bytes();
    let address = runtime.block_on(async {
        // Another test of this process may have installed it before: it is the same one.
        let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
        let tls = axum_server::tls_rustls::RustlsConfig::from_pem(certificate, key).await.unwrap();
        let server = axum_server::bind_rustls(([127, 0, 0, 1], 0).into(), tls);
        let answer = || async { ([("content-type", "application/json")], ADA) };
        let router = axum::Router::new().fallback(answer);
        let server = server.handle(handle.clone()).serve(router.into_make_service());
        tokio::spawn(async move { server.await.unwrap() });
        handle.listening().await.unwrap()
    });
    let url = format!("https://localhost:{}/v1", address.port());
    let believing = |pem: Option<String>| {
        Stage::of(
            &url,
            |config| config.retries = 0,
            |folder| {
                let Some(pem) = pem else { return };
                let path = folder.join("mapping.toml");
                let text = std::fs::read_to_string(&path).unwrap();
                std::fs::write(&path, text.replacen("[headers]", "ca = \"ca.pem\"\n[headers]", 1))
                    .unwrap();
                std::fs::write(folder.join("ca.pem"), pem).unwrap();
            },
        )
    };
    assert_eq!(believing(Some(own.cert.pem())).ask_viewer().unwrap(), [VIEWER]);
    for stage in [believing(Some(other.cert.pem())), believing(None)] {
        let error = stage.ask_viewer().unwrap_err();
        assert!(is_unavailable(&error) && error.to_string().contains("certificate"), "{error}");
    }
    handle.shutdown();
}
