//! The commands as people run them: the program itself, on files, with exit codes and messages.

use std::fs;
use std::net::TcpListener;
use std::os::unix::fs::PermissionsExt as _;
use std::path::PathBuf;
use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant};

use serde_json::Value;
use tempfile::TempDir;

pub(crate) const AGREEMENT: &str = r#"version = 2
platform = "Example Platform"
agreement = "aurora-2026"
partner = "aurora"
client = "aurora-home"
kind = "device"
not_before = 2020-01-01T00:00:00Z
not_after = 2999-01-01T00:00:00Z
delivery = "clear"

[[purpose]]
purpose = "address-book"
dpv = "dpv:ServiceProvision"
self = ["id", "friends", "name"]
friend = ["id", "name"]
"#;

const BUILD: &str = r#"build = "aurora-home@1"
client = "aurora-home"
package = "com.example.aurora.home"
signer = "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
version_code = 1
artifact = "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb"
purposes = ["address-book"]
self = ["id", "friends", "name"]
friend = ["id", "name"]
"#;

pub(crate) const ANN: &str = "--sign=reviewer:ann=p/keys/reviewers/ann.key";
pub(crate) const BEN: &str = "--sign=reviewer:ben=p/keys/reviewers/ben.key";
pub(crate) const AURORA: &str = "--sign=partner:aurora=aurora.key";

/// A folder with an instance in `p/`, and the files of a partner.
pub(crate) struct Desk {
    folder: TempDir,
    url: String,
}

impl Desk {
    pub(crate) fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let desk = Self { folder, url: format!("http://127.0.0.1:{port}") };
        let listen = format!("127.0.0.1:{port}");
        let init = ["init", "--dir", "p", "--listen", &listen, "--reviewers", "ann,ben"];
        desk.done(&[&init[..], &["--without-harvest-budget"]].concat());
        let key = desk.done(&["key", "new", "aurora.key"]);
        assert_eq!(key, desk.done(&["key", "show", "aurora.key"]));
        desk.write("aurora.toml", &partner(key.trim()));
        desk.write("agreement.toml", AGREEMENT);
        desk.write("build.toml", BUILD);
        desk
    }

    /// An instance with an approved build.
    pub(crate) fn with_build() -> Self {
        let desk = Self::new();
        desk.done(&["partner", "register", "--dir", "p", "aurora.toml", ANN, BEN]);
        desk.done(&["agreement", "conclude", "--dir", "p", "agreement.toml", AURORA, ANN, BEN]);
        desk.done(&["partner", "build", "submit", "--dir", "p", "build.toml", AURORA]);
        desk.done(&["partner", "build", "approve", "--dir", "p", "aurora-home@1", ANN, BEN]);
        desk
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub(crate) fn write(&self, name: &str, text: &str) {
        fs::write(self.path(name), text).unwrap();
    }

    pub(crate) fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_countersign"));
        command
            .current_dir(self.folder.path())
            .env_remove("COUNTERSIGN_LOG")
            .env_remove("COUNTERSIGN_DIR")
            .args(arguments);
        command
    }

    pub(crate) fn run(&self, arguments: &[&str]) -> Output {
        self.command(arguments).output().unwrap()
    }

    /// Runs a command that has to succeed; what it said.
    pub(crate) fn done(&self, arguments: &[&str]) -> String {
        let output = self.run(arguments);
        let errors = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{arguments:?}: {errors}");
        assert!(errors.is_empty(), "{arguments:?}: {errors}");
        String::from_utf8(output.stdout).unwrap()
    }

    /// Runs a command that has to succeed; what it said to programs.
    pub(crate) fn json(&self, arguments: &[&str]) -> Value {
        let arguments = [arguments, &["--json"]].concat();
        serde_json::from_str(&self.done(&arguments)).unwrap()
    }

    /// Runs a command that has to be refused; why it was.
    pub(crate) fn refused(&self, arguments: &[&str]) -> String {
        let output = self.run(arguments);
        assert_eq!(output.status.code(), Some(1), "{arguments:?} was not refused");
        assert!(output.stdout.is_empty(), "{arguments:?}");
        String::from_utf8(output.stderr).unwrap()
    }

    /// The register's page, while it is served.
    pub(crate) fn page(&self) -> String {
        let agent: ureq::Agent = ureq::Agent::config_builder().proxy(None).build().into();
        let mut answer = agent.get(format!("{}/", self.url)).call().unwrap();
        answer.body_mut().read_to_string().unwrap()
    }

    pub(crate) fn serve(&self) -> Server {
        let mut command = self.command(&["serve", "--dir", "p"]);
        let child = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
        let server = Server(child);
        let begun = Instant::now();
        let address = self.url.strip_prefix("http://").unwrap();
        while std::net::TcpStream::connect(address).is_err() {
            assert!(begun.elapsed() < Duration::from_secs(30), "the server does not listen");
            std::thread::sleep(Duration::from_millis(20));
        }
        server
    }
}

/// A server that ends with the test.
pub(crate) struct Server(Child);

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn partner(key: &str) -> String {
    format!(
        r#"id = "aurora"
name = "Aurora Devices Ltd"
country = "IE"
parent_country = "IE"
owners = [{{ name = "Aurora Holding plc", country = "IE", percent = 100 }}]
key = "{key}"
"#
    )
}

#[test]
fn a_partner_is_registered_and_its_build_lives_and_is_stopped() {
    let desk = Desk::with_build();
    let meaning = desk.done(&["agreement", "check", "agreement.toml", "--dir", "p"]);
    assert!(meaning.contains("of each friend   id, name"), "{meaning}");
    let suspend = ["partner", "suspend", "--dir", "p", "partner:aurora", "--reason", "audit", ANN];
    assert_eq!(desk.json(&suspend)["index"], 7);
    let again = desk.refused(&[
        "partner",
        "suspend",
        "--dir",
        "p",
        "partner:aurora",
        "--reason",
        "again",
        ANN,
    ]);
    assert!(again.contains("partner:aurora is already suspended"), "{again}");
    desk.done(&[
        "partner",
        "reinstate",
        "--dir",
        "p",
        "partner:aurora",
        "--reason",
        "closed",
        ANN,
        BEN,
    ]);
    desk.done(&["partner", "build", "revoke", "--dir", "p", "aurora-home@1", ANN]);
    // The very same act counts once, and in the second of the first approval this would be the same.
    std::thread::sleep(Duration::from_millis(1_100));
    let approve =
        desk.refused(&["partner", "build", "approve", "--dir", "p", "aurora-home@1", ANN, BEN]);
    assert!(approve.contains("Revoked"), "{approve}");
    let checked = desk.json(&["check", "--dir", "p"]);
    assert_eq!(checked["ok"], true, "{checked}");
}

#[test]
fn unauthorised_an_act_without_its_signatures_is_refused_and_the_error_says_what_to_do() {
    let desk = Desk::new();
    let register = ["partner", "register", "--dir", "p", "aurora.toml"];
    for (signatures, expected) in [
        (&[][..], "missing: 2 different reviewers"),
        (&[ANN], "missing: one reviewer"),
        (&[ANN, ANN], "reviewer:ann is to sign twice"),
        (&[ANN, "--sign=reviewer:ben=aurora.key"], "the signature of reviewer:ben does not hold"),
        (&[ANN, "--sign=reviewer:eve=aurora.key"], "reviewer:eve, who is not in the register"),
    ] {
        let said = desk.refused(&[&register, signatures].concat());
        assert!(said.contains(expected), "{expected}: {said}");
    }
    let said = desk.refused(&["partner", "build", "approve", "--dir", "p", "x@1", ANN, BEN]);
    assert!(
        said.contains("there is no build x@1; submit it first: countersign partner build submit"),
        "{said}"
    );
    let said =
        desk.refused(&["partner", "suspend", "--dir", "p", "client:x", "--reason", "audit", ANN]);
    assert!(said.contains("there is no client x; conclude an agreement about it first"), "{said}");
    let said = desk.refused(&register);
    let next = "`countersign governance act sign FILE --sign SIGNER=KEYFILE --origin localhost/countersign`";
    assert!(said.contains(next), "{said}");
    desk.done(&["partner", "register", "--dir", "p", "aurora.toml", ANN, BEN]);
    let said = desk.refused(&["agreement", "conclude", "--dir", "p", "agreement.toml", ANN, BEN]);
    assert!(said.contains("missing: partner:aurora"), "{said}");
    desk.done(&["agreement", "conclude", "--dir", "p", "agreement.toml", ANN, BEN, AURORA]);
    let said = desk.refused(&["partner", "build", "submit", "--dir", "p", "build.toml"]);
    assert!(said.contains("needs the signature of partner:aurora"), "{said}");
    // Nothing of what was refused is in the log.
    assert_eq!(
        desk.json(&["partner", "build", "submit", "--dir", "p", "build.toml", AURORA])["index"],
        5
    );
}

#[test]
fn an_act_is_signed_in_one_place_after_the_other() {
    let desk = Desk::new();
    desk.done(&["partner", "register", "--dir", "p", "aurora.toml", ANN, BEN]);
    let conclude =
        ["agreement", "conclude", "--dir", "p", "agreement.toml", "--out", "act.json", AURORA];
    let written = desk.json(&conclude);
    assert_eq!(written["missing"], serde_json::json!(["2 different reviewers"]));
    desk.done(&["governance", "act", "sign", "act.json", "--origin", "localhost/countersign", ANN]);
    let said = desk.refused(&["governance", "act", "submit", "--dir", "p", "act.json"]);
    assert!(said.contains("missing: one reviewer"), "{said}");
    let other = ["governance", "act", "sign", "act.json", "--origin", "elsewhere.example/log", ANN];
    let said = desk.refused(&other);
    assert!(said.contains("the act is for the log \"localhost/countersign\", not for"), "{said}");
    // Whoever signed with the wrong key signs again, and nobody has to begin anew.
    desk.done(&[
        "governance",
        "act",
        "sign",
        "act.json",
        "--dir",
        "p",
        "--sign=reviewer:ben=aurora.key",
    ]);
    let said = desk.refused(&["governance", "act", "submit", "--dir", "p", "act.json"]);
    assert!(said.contains("the signature of reviewer:ben does not hold"), "{said}");
    desk.done(&["governance", "act", "sign", "act.json", "--dir", "p", BEN]);
    let shown = desk.done(&["governance", "act", "show", "act.json"]);
    assert!(shown.contains("put agreement aurora-2026 with partner aurora"), "{shown}");
    assert!(shown.contains("signed by   partner:aurora, reviewer:ann, reviewer:ben"), "{shown}");
    assert!(shown.contains("address-book"), "the signers see the document: {shown}");

    let act = fs::read_to_string(desk.path("act.json")).unwrap();
    desk.write("swapped.json", &act.replace("dpv:ServiceProvision", "dpv:Marketing"));
    let said = desk.refused(&["governance", "act", "submit", "--dir", "p", "swapped.json"]);
    assert!(said.contains("another one: its digest is"), "{said}");
    desk.write("moved.json", &act.replace("localhost/countersign", "elsewhere.example/log"));
    let said = desk.refused(&["governance", "act", "submit", "--dir", "p", "moved.json"]);
    assert!(said.contains("the act is for the log \"elsewhere.example/log\""), "{said}");
    assert_eq!(desk.json(&["governance", "act", "submit", "--dir", "p", "act.json"])["index"], 4);
}

#[test]
fn a_wrong_file_is_named_with_line_and_column() {
    let desk = Desk::new();
    for (command, file, from, to, expected) in [
        (
            &["agreement", "check", "wrong", "--dir", "p"][..],
            "agreement.toml",
            "friend = [\"id\", \"name\"]",
            "friend = [\"id\", \"nane\"]",
            "wrong:15:17: purpose.friend: there is no field \"nane\"; did you mean \"name\"?",
        ),
        (
            &["agreement", "conclude", "--dir", "p", "wrong"],
            "agreement.toml",
            "kind = \"device\"",
            "kind = \"phone\"",
            "wrong:6:8: kind: found \"phone\"; allowed: \"device\", \"app\"",
        ),
        (
            &["partner", "register", "--dir", "p", "wrong"],
            "aurora.toml",
            "country = \"IE\"",
            "country = \"Ireland\"",
            "wrong:3:11: country: \"Ireland\" is not a country code",
        ),
        (
            &["partner", "build", "submit", "--dir", "p", "wrong"],
            "build.toml",
            "version_code = 1",
            "version = 1",
            "wrong:5:1: version: unknown key; allowed: ",
        ),
    ] {
        let text = fs::read_to_string(desk.path(file)).unwrap();
        let changed = text.replacen(from, to, 1);
        assert_ne!(changed, text);
        desk.write("wrong", &changed);
        let said = desk.refused(command);
        assert!(said.contains(expected), "{expected}: {said}");
    }
    desk.write("wrong", "{\n  \"act\": 5\n}");
    let said = desk.refused(&["governance", "act", "show", "wrong"]);
    assert!(said.contains("wrong:2:"), "{said}");
}

#[test]
fn unauthorised_an_exposed_key_signs_nothing() {
    let desk = Desk::new();
    let key = desk.path("p/keys/reviewers/ann.key");
    fs::set_permissions(&key, fs::Permissions::from_mode(0o640)).unwrap();
    let said = desk.refused(&["partner", "register", "--dir", "p", "aurora.toml", ANN, BEN]);
    assert!(said.contains("ann.key: others than its owner may read this key (mode 640)"), "{said}");
    let checked = desk.run(&["check", "--dir", "p"]);
    assert_eq!(checked.status.code(), Some(1));
    let said = String::from_utf8(checked.stdout).unwrap();
    assert!(said.contains("WRONG key of reviewer ann: "), "{said}");
    assert_eq!(said.matches("WRONG").count(), 1, "{said}");
}

#[test]
fn a_file_that_the_site_has_lost_comes_back_as_a_check_advises() {
    let desk = Desk::with_build();
    fs::remove_file(desk.path("p/log/tile/entries/000.p/7")).unwrap();
    let checked = desk.run(&["check", "--dir", "p"]);
    assert_eq!(checked.status.code(), Some(1));
    let said = String::from_utf8(checked.stdout).unwrap();
    assert!(said.contains("000.p/7: there is no such file; restart the server"), "{said}");
    // Without the entries nobody knows the keys, and no backup is needed.
    assert!(!said.contains("names no keys") && !said.contains("backup"), "{said}");
    drop(desk.serve());
    assert_eq!(desk.json(&["check", "--dir", "p"])["ok"], true);
}

#[test]
fn a_check_sends_nobody_to_the_backup_for_a_file_of_the_site() {
    let desk = Desk::with_build();
    let tile = desk.path("p/log/tile/entries/000.p/7");
    let mut bytes = fs::read(&tile).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    fs::write(&tile, &bytes).unwrap();
    let said = String::from_utf8(desk.run(&["check", "--dir", "p"]).stdout).unwrap();
    assert!(said.contains("remove the named file below log/ and restart the server"), "{said}");
    assert!(!said.contains("backup"), "{said}");
    fs::remove_file(&tile).unwrap();
    drop(desk.serve());
    assert_eq!(desk.json(&["check", "--dir", "p"])["ok"], true);
}

#[test]
fn a_check_of_another_logs_name_or_key_says_so_and_no_more() {
    let desk = Desk::with_build();
    let config = desk.path("p/countersign.toml");
    let key = desk.path("p/keys/log.key");
    for (file, other) in [
        (
            &config,
            fs::read_to_string(&config).unwrap().replace("localhost/c", "elsewhere.example/c"),
        ),
        (&key, fs::read_to_string(desk.path("p/keys/root.key")).unwrap()),
    ] {
        let good = fs::read(file).unwrap();
        fs::write(file, other).unwrap();
        let checked = desk.run(&["check", "--dir", "p"]);
        fs::write(file, good).unwrap();
        assert_eq!(checked.status.code(), Some(1));
        let said = String::from_utf8(checked.stdout).unwrap();
        let advice = "WRONG log: origin or keys/log.key is not this log's: undo the change";
        assert!(said.contains(advice), "{said}");
        assert!(said.matches("WRONG").count() == 1 && !said.contains("backup"), "{said}");
    }
    assert_eq!(desk.json(&["check", "--dir", "p"])["ok"], true);
}

#[test]
fn a_refused_init_leaves_nothing_behind() {
    let desk = Desk::new();
    for (arguments, expected) in [
        (&["--reviewers", "ann"][..], "--reviewers: name at least two different reviewers"),
        (&["--reviewers", "ann,ann"], "--reviewers: name at least two different reviewers"),
        (
            &["--listen", "0.0.0.0:8080"],
            "--listen: begin with a loopback address or a socket file, then set listen",
        ),
        (&["--origin", "two words"], "origin: \"two words\" cannot name a log"),
        (&["--origin", "a\"b"], "nothing was made: origin: "),
    ] {
        let said = desk.refused(&[&["init", "--dir", "q"], arguments].concat());
        assert!(said.contains(expected), "{expected}: {said}");
        assert!(!desk.path("q").exists(), "{arguments:?}");
    }
    desk.done(&["init", "--dir", "q"]);
}

#[test]
fn a_check_passes_and_fails_after_any_byte_is_changed() {
    let desk = Desk::with_build();
    desk.done(&["people", "generate", "--dir", "p", "--people", "50"]);
    let checked = desk.json(&["check", "--dir", "p"]);
    assert_eq!(checked["ok"], true, "{checked}");
    let document =
        fs::read_dir(desk.path("p/log/documents")).unwrap().next().unwrap().unwrap().path();
    for (file, check) in [
        (desk.path("p/stream/stream"), "log and annex"),
        (desk.path("p/log/checkpoint"), "log and annex"),
        (desk.path("p/log/tile/entries/000.p/7"), "public log"),
        (document, "documents"),
        (desk.path("p/people/people-2.image"), "people"),
    ] {
        let good = fs::read(&file).unwrap();
        let mut bytes = good.clone();
        let middle = bytes.len() / 2;
        bytes[middle] ^= 1;
        fs::write(&file, &bytes).unwrap();
        let checked = desk.run(&["check", "--dir", "p", "--json"]);
        fs::write(&file, &good).unwrap();
        assert_eq!(checked.status.code(), Some(1), "{}", file.display());
        let checked: Value = serde_json::from_slice(&checked.stdout).unwrap();
        let lines = checked["checks"].as_array().unwrap();
        let line = lines.iter().find(|line| line["check"] == check).unwrap();
        assert_eq!(line["ok"], false, "{}: {checked}", file.display());
    }
    assert_eq!(desk.json(&["check", "--dir", "p"])["ok"], true);
}

#[test]
fn a_missing_image_is_made_again() {
    let desk = Desk::new();
    let made = desk.json(&["people", "generate", "--dir", "p", "--people", "50", "--seed", "3"]);
    fs::remove_file(desk.path("p/people/people-2.image")).unwrap();
    let said = desk.refused(&["people", "settings", "--dir", "p", "person-00000001"]);
    assert!(said.contains("`countersign people image` makes it again"), "{said}");
    let again = desk.json(&["people", "image", "--dir", "p"]);
    assert_eq!(again, made["store"]);
    desk.done(&["people", "settings", "--dir", "p", "person-00000001"]);
}

#[test]
fn settings_are_opened_and_closed_by_route() {
    let desk = Desk::new();
    desk.write("people.jsonl", "{\"account\":\"ada b/é\",\"profile\":{\"name\":\"Ada\"}}\n");
    let report = desk.json(&[
        "people",
        "import",
        "jsonl",
        "--dir",
        "p",
        "people.jsonl",
        "--settings",
        "closed",
    ]);
    assert_eq!(report["people_new"], 1);
    let settings = |changes: &[&str]| {
        desk.json(&[&["people", "settings", "--dir", "p", "ada b/é"], changes].concat())["open"]
            .clone()
    };
    let change = || settings(&["--open", "friends_device=id,name", "--open", "my_app=*"]);
    let directly = change();
    assert_eq!(directly["friends_device"], serde_json::json!(["id", "name"]));
    assert!(directly["my_app"].as_array().unwrap().len() > 20);
    assert_eq!(directly["my_device"], serde_json::json!([]));
    let closed = settings(&["--close", "friends_device", "--close", "my_app"]);
    assert_eq!(closed["friends_device"], serde_json::json!([]));

    let server = desk.serve();
    assert_eq!(change(), directly, "the same through the server");
    let said =
        desk.refused(&["people", "settings", "--dir", "p", "ada b/é", "--open", "my_app=nam"]);
    assert!(said.contains("did you mean \"name\"?"), "{said}");
    drop(server);
    assert_eq!(settings(&[]), directly, "what the server changed is durable");
}

#[test]
fn a_running_server_takes_acts_and_makes_tokens() {
    let desk = Desk::with_build();
    desk.done(&["people", "generate", "--dir", "p", "--people", "50"]);
    fn make<'a>(who: &[&'a str]) -> Vec<&'a str> {
        [
            &["people", "token", "--dir", "p"],
            who,
            &["--build", "aurora-home@1", "--purpose", "address-book"],
        ]
        .concat()
    }
    let many = desk.done(&make(&["--count", "10"]));
    let accounts: Vec<&str> = many.lines().map(|line| line.split_once('\t').unwrap().0).collect();
    assert_eq!(accounts.len(), 10);
    assert!(accounts.is_sorted_by(|a, b| a < b), "{accounts:?}");

    let _server = desk.serve();
    let one = desk.done(&make(&["--account", accounts[3]]));
    let me = |token: &str| {
        let agent: ureq::Agent = ureq::Agent::config_builder()
            .http_status_as_error(false)
            .timeout_global(Some(Duration::from_secs(30)))
            .proxy(None)
            .build()
            .into();
        let authorization = format!("Bearer {}", token.trim());
        let url = format!("{}/me?fields=id,name", desk.url);
        agent.get(url).header("authorization", authorization).call().unwrap().status().as_u16()
    };
    let (_, stored) = many.lines().nth(3).unwrap().split_once('\t').unwrap();
    assert_eq!((me(&one), me(stored)), (200, 200), "a token from either place is taken");
    let said = desk.refused(&make(&["--account", "nobody"]));
    assert!(said.contains("there is no such account"), "{said}");
    let said = desk.refused(&["people", "generate", "--dir", "p", "--people", "5"]);
    assert!(said.contains("another program has these people open"), "{said}");
    assert_eq!(desk.json(&["check", "--dir", "p"])["ok"], true);

    let said = desk.refused(&["partner", "build", "revoke", "--dir", "p", "aurora-home@1"]);
    assert!(said.contains("missing: one reviewer"), "{said}");
    desk.done(&[
        "partner",
        "suspend",
        "--dir",
        "p",
        "client:aurora-home",
        "--reason",
        "audit",
        ANN,
    ]);
    assert_ne!(me(&one), 200, "the very next request fails");
}

#[test]
fn unauthorised_a_server_takes_no_act_that_names_another_log() {
    let desk = Desk::new();
    desk.done(&["partner", "register", "--dir", "p", "aurora.toml", "--out", "act.json", ANN, BEN]);
    let act = fs::read_to_string(desk.path("act.json")).unwrap();
    let token = fs::read_to_string(desk.path("p/keys/admin.token")).unwrap();
    let _server = desk.serve();
    let post = |act: &str| {
        let agent: ureq::Agent = ureq::Agent::config_builder()
            .http_status_as_error(false)
            .timeout_global(Some(Duration::from_secs(30)))
            .proxy(None)
            .build()
            .into();
        let request = agent.post(format!("{}/admin/v1/acts", desk.url));
        let request = request.header("authorization", format!("Bearer {}", token.trim()));
        let request = request.header("content-type", "application/json");
        request.send(act).unwrap().status().as_u16()
    };
    assert_eq!(post(&act.replace("localhost/countersign", "elsewhere.example/log")), 422);
    assert_eq!(post(&act), 200, "the file is taken as it is");
}

#[test]
fn another_server_at_the_same_address_is_not_taken_for_ours() {
    let desk = Desk::new();
    let _server = desk.serve();
    let listen = desk.url.strip_prefix("http://").unwrap();
    let init = ["init", "--dir", "q", "--listen", listen, "--reviewers", "ann,ben"];
    desk.done(&[&init[..], &["--without-harvest-budget"]].concat());
    let ann = "--sign=reviewer:ann=q/keys/reviewers/ann.key";
    let ben = "--sign=reviewer:ben=q/keys/reviewers/ben.key";
    assert_eq!(
        desk.json(&["partner", "register", "--dir", "q", "aurora.toml", ann, ben])["index"],
        3
    );
}

#[test]
fn a_new_instance_begins_with_the_budgets_that_stop_a_harvest() {
    let desk = Desk::new();
    desk.done(&["init", "--dir", "q"]);
    let in_force = desk.json(&["governance", "budgets", "show", "--dir", "q"]);
    let budgets = in_force["document"]["budgets"].as_array().unwrap();
    let named: Vec<_> = budgets.iter().map(|one| one["budget"]["budget"].as_str()).collect();
    assert_eq!(named, [Some("harvest-alert"), Some("harvest")]);
    assert_eq!(budgets[1]["budget"]["then"], "deny");
    assert!(desk.json(&["governance", "budgets", "show", "--dir", "p"])["document"].is_null());
}

#[test]
fn the_agreement_in_the_help_is_one_that_is_taken() {
    let desk = Desk::new();
    for command in ["check", "conclude"] {
        let help = desk.done(&["agreement", command, "--help"]);
        let begin = help.find("  version = 2").unwrap();
        let end = help.find("The names of fields").unwrap();
        desk.write("helped.toml", &help[begin..end]);
        let meaning = desk.done(&["agreement", "check", "helped.toml", "--dir", "p"]);
        assert!(meaning.contains("from 2026-06-01T00:00:00Z no more name"), "{command}: {meaning}");
    }
}

#[test]
fn a_command_with_two_ways_names_both_when_neither_is_taken() {
    let list = "--list=us=list.csv";
    let commands: [(&[&str], [&str; 2]); 5] = [
        (&["people", "erase", "ada"], ["--export <FILE>", "--no-export"]),
        (&["people", "hold", "ada"], ["--until <INSTANT>", "--lift"]),
        (&["audit", "canary", "refresh"], ["ACCOUNT", "--all"]),
        (&["partner", "screening", "run", list], ["PARTNERS", "--all"]),
        (&["agreement", "certify", "a-2026"], ["--category <CATEGORY>", "--all"]),
    ];
    let desk = Desk::new();
    for (command, ways) in commands {
        let output = desk.run(command);
        let said = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(2), "{command:?}: {said}");
        let (missing, _) = said.split_once("Usage:").unwrap_or_default();
        assert!(ways.iter().all(|way| missing.contains(way)), "{command:?}: {said}");
    }
}
