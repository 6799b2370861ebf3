//! Screening end to end: lists that we wrote, the commands, a server, and what the public sees of it. All
//! names but those of the official list in the last test are invented.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use countersign_demo::world::PARTNER;
use countersign_domain::act::{Act, Published};
use countersign_domain::identifier::Identifier;
use countersign_domain::partner::{Country, Owner, Partner};
use countersign_domain::screening::{Outcome, ScreeningAct};
use countersign_people::keys::SecretKey;
use countersign_protocol::canonical;
use countersign_protocol::entry::Entry;
use countersign_service::clock;
use countersign_service::governance::Submission;
use countersign_service::screening::report::{CaseFile, commitment};
use serde_json::Value;

use crate::support::people::shared_data;
use crate::support::village;
use crate::support::{Leaf, Serving, World, finish, program};

const READ: &str = "/v3.0/me?fields=name,friends.limit(400){name}";
const REVIEWERS: [&str; 2] = ["reviewer:ines", "reviewer:omar"];
const HEADER: &str = "_id,source,entity_number,type,programs,name,title,addresses,alt_names,citizenships,nationalities";
const QUILLON: &str =
    "7,Invented List,7,Entity,TEST,Quillon Marrow Trading Company Limited,,,Quillon Trade,,";
const PERSON: &str = "9,Invented List,9,Individual,TEST,Josefina Marrowby,,,,XX,";
const REASON: &str = "founded elsewhere by others";

/// A world whose partner has an owner that an invented list has too, and where nobody gets anything
/// unscreened.
struct Desk {
    world: World,
}

impl Desk {
    fn new() -> Self {
        let desk = Self { world: village::founded() };
        desk.register("Quillon Marrow Trading Co", "NL");
        let log = desk.world.log();
        let mut rules = log.register().rules_document().unwrap().clone();
        log.shutdown();
        rules.screening_required = true;
        let act = |digest| Act::Rules(Published { digest });
        let submission = Submission::publishing(&rules, act, clock::now()).unwrap();
        desk.world.act(submission, &REVIEWERS);
        desk.list("v1.csv", &[QUILLON]);
        desk
    }

    /// Registers the partner, with one owner of this name who holds 60 percent.
    fn register(&self, owner: &str, country: &str) {
        self.world.act(Submission::of(self.partner(owner, country), clock::now()), &REVIEWERS);
    }

    fn partner(&self, owner: &str, country: &str) -> Act {
        let key = SecretKey::read(&self.world.directory.key("partner-aurora")).unwrap().public();
        let seat = Country::parse("NL").unwrap();
        let country = Country::parse(country).unwrap();
        Act::Partner(Partner {
            id: Identifier::parse(PARTNER).unwrap(),
            name: "Aurora Devices B.V.".to_owned(),
            country: seat,
            parent: None,
            parent_country: seat,
            owners: vec![Owner { name: owner.to_owned(), country, percent: 60 }],
            key,
        })
    }

    fn path(&self, name: &str) -> PathBuf {
        self.world.path().with_file_name(name)
    }

    fn list(&self, name: &str, rows: &[&str]) {
        fs::write(self.path(name), format!("{HEADER}\n{}\n", rows.join("\n"))).unwrap();
    }

    /// `countersign partner screening …` on the instance; its exit code, and what it said to programs or people.
    fn screening(&self, command: &str, arguments: &[&str]) -> (Option<i32>, Value, String) {
        let mut program = program(&["partner", "screening", command]);
        program.arg("--dir").arg(self.world.path()).args(arguments).arg("--json");
        let output = finish(program.current_dir(self.path("")));
        let said = serde_json::from_slice(&output.stdout).unwrap_or_default();
        (output.status.code(), said, String::from_utf8(output.stderr).unwrap())
    }

    /// Screens the partner; the exit code and the JSON about it.
    fn run(&self, list: &str, more: &[&str]) -> (Option<i32>, Value) {
        let list = format!("invented={list}");
        let arguments = [&[PARTNER, "--list", &list], more].concat();
        let (code, said, errors) = self.screening("run", &arguments);
        assert_eq!(errors, "", "run {arguments:?}");
        (code, said["partners"][0].clone())
    }

    fn decide(&self, asked: &str, verdict: &str) -> Value {
        let arguments = [PARTNER, asked, verdict, "--reason", REASON, "--by", "ines"];
        let (code, said, errors) = self.screening("decide", &arguments);
        assert_eq!((code, errors.as_str()), (Some(0), ""));
        said
    }

    /// Concludes with the signatures of these; the index, or what is said against it.
    fn conclude(&self, reviewers: &[&str]) -> Result<u64, String> {
        let sign = |name: &&str| {
            let key = self.world.directory.key(&format!("reviewers/{name}"));
            format!("--sign=reviewer:{name}={}", key.display())
        };
        let signatures: Vec<_> = reviewers.iter().map(sign).collect();
        let mut arguments = vec![PARTNER];
        arguments.extend(signatures.iter().map(String::as_str));
        let (code, said, errors) = self.screening("conclude", &arguments);
        if code == Some(0) { Ok(said["index"].as_u64().unwrap()) } else { Err(errors) }
    }

    fn case(&self) -> CaseFile {
        let path = self.world.directory.screening().join(format!("{PARTNER}.json"));
        canonical::from_bytes(&fs::read(path).unwrap()).unwrap()
    }

    /// What the log says of a screening can be opened as long as its file is here, and check says so.
    fn assert_opened_while_the_files_are_here(&self) {
        self.world.assert_checks();
        let folder = self.world.directory.screening().join("concluded");
        let away = folder.with_file_name("away");
        fs::rename(&folder, &away).unwrap();
        let checked = finish(program(&["check"]).arg("--dir").arg(self.world.path()));
        let said = String::from_utf8_lossy(&checked.stdout).into_owned();
        assert!(!checked.status.success() && said.contains("screening/concluded/"), "{said}");
        fs::rename(&away, &folder).unwrap();
    }

    fn stage(&self, more: &[&str]) -> (Option<i32>, Value) {
        let (code, said, errors) = self.screening("status", more);
        assert_eq!(errors, "");
        (code, said["partners"][0].clone())
    }
}

#[test]
fn screening_against_a_list_with_a_stray_quote_is_refused_and_clears_nobody() {
    let desk = Desk::new();
    let open = QUILLON.replace("Quillon Trade", "\"Quillon Trade");
    desk.list("stray.csv", &[PERSON, &open, PERSON]);
    let arguments = [PARTNER, "--list", "invented=stray.csv"];
    let (code, said, _) = desk.screening("run", &arguments);
    let error = said["error"].as_str().unwrap_or_default();
    assert_eq!(code, Some(1), "{said}");
    assert!(error.contains("stray.csv: row 3: the quote that opens cell 9 never closes"), "{said}");
    assert!(!desk.world.directory.screening().join(format!("{PARTNER}.json")).exists());
    desk.list("whole.csv", &[PERSON, QUILLON, PERSON]);
    assert_eq!(desk.run("whole.csv", &[]).0, Some(3));
}

#[test]
fn screening_that_waits_is_told_by_status() {
    let desk = Desk::new();
    let told = || {
        let output = finish(program(&["--json", "status", "--dir"]).arg(desk.world.path()));
        let status: Value = serde_json::from_slice(&output.stdout).unwrap();
        let all = status["attention"].as_array().unwrap().clone();
        let of_screening = all.iter().filter(|one| one["kind"] == "screening");
        of_screening.map(|one| one["says"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
    };
    let unscreened = "partner aurora was not screened, so that it gets nothing";
    assert_eq!(told(), [unscreened]);
    assert_eq!(desk.run("v1.csv", &[]).0, Some(3));
    let waits = "1 matches in the screening of partner aurora wait for a decision: countersign partner screening show aurora";
    assert_eq!(told(), [unscreened, waits]);
}

fn assert_refused(serving: &Serving<'_>, token: &str) {
    let reply = serving.get(READ, token);
    let error = reply.json().unwrap()["error"].clone();
    assert_eq!((reply.status, reply.error_code()), (403, Some(10)), "{error}");
    assert_eq!(error["message"], "(#10) This partner may not receive data.");
}

fn screening_at(leaves: &[Leaf], index: u64) -> &ScreeningAct {
    let Entry::Act(signed) = &leaves[index as usize].entry else {
        panic!("entry {index} is no act")
    };
    let Act::Screening(act) = &signed.act else { panic!("entry {index} is no screening") };
    act
}

/// Every byte of the public site.
fn site(folder: &Path) -> Vec<u8> {
    let mut bytes = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        bytes.extend(if path.is_dir() { site(&path) } else { fs::read(path).unwrap() });
    }
    bytes
}

#[test]
fn a_partner_gets_data_once_people_cleared_it_and_none_from_the_next_undecided_match_on() {
    let desk = Desk::new();
    let token = desk.world.token(village::VIEWER);
    let serving = desk.world.serve();
    // Nobody has screened it.
    assert_refused(&serving, &token);
    fs::write(
        desk.path("private.toml"),
        "partner = \"aurora\"\nowners = [{ name = \"Josefina Marrowby\", country = \"NL\", percent = 30 }]\n",
    )
    .unwrap();
    let (code, ran) = desk.run("v1.csv", &["--subject", "private.toml"]);
    assert_eq!((code, &ran["new"][0]["name"]), (Some(3), &"Quillon Marrow Trading Co".into()));
    let undecided = desk.conclude(&["ines"]).unwrap();
    assert_refused(&serving, &token);

    // `check` looks at what is published.
    desk.world.verified(undecided + 1);
    desk.assert_opened_while_the_files_are_here();

    desk.decide("1", "--false-positive");
    let alone = desk.conclude(&["ines"]).unwrap_err();
    assert!(alone.contains("missing: one reviewer"), "{alone}");
    let clear = desk.conclude(&["ines", "omar"]).unwrap();
    assert_eq!(serving.get(READ, &token).status, 200);
    assert_eq!(desk.stage(&["--list", "invented=v1.csv"]).0, Some(0));

    // The list changes: a person on it may be an owner of whom the platform was told privately.
    desk.list("v2.csv", &[QUILLON, PERSON]);
    let (code, standing) = desk.stage(&["--list", "invented=v2.csv"]);
    assert_eq!((code, &standing["stage"]), (Some(3), &"screen".into()));
    let (code, ran) = desk.run("v2.csv", &[]);
    assert_eq!(
        (code, ran["matches"].as_u64(), ran["undecided"].as_u64()),
        (Some(3), Some(2), Some(1))
    );
    assert_eq!(ran["new"][0]["name"], "Josefina Marrowby");
    assert_eq!(serving.get(READ, &token).status, 200, "the log does not say so yet");
    let again = desk.conclude(&["omar"]).unwrap();
    assert_refused(&serving, &token);
    let (code, standing) = desk.stage(&[]);
    assert_eq!((code, &standing["stage"]), (Some(3), &"undecided".into()));
    assert_eq!(standing["concluded"], true);

    desk.decide("2", "--true-match");
    let refused = desk.conclude(&["omar"]).unwrap();
    assert_refused(&serving, &token);
    let leaves = desk.world.verified(refused + 1);
    let outcomes = [undecided, clear, again, refused].map(|at| screening_at(&leaves, at).outcome);
    use Outcome::{Clear, Refused, Undecided};
    assert_eq!(outcomes, [Undecided, Clear, Undecided, Refused]);

    let public = String::from_utf8_lossy(&site(&desk.world.directory.site())).into_owned();
    assert!(public.contains("\"kind\":\"screening\""), "the site was read");
    for private in ["Marrowby", "Quillon Trade", "score", REASON, "false_positive", "salt"] {
        assert!(!public.contains(private), "the public site says {private:?}");
    }
    // Every commitment in the log can be opened with what was kept.
    for index in [undecided, clear, again, refused] {
        let act = screening_at(&leaves, index);
        let kept = desk.world.directory.screening().join(format!("concluded/{}.json", act.report));
        assert_eq!(fs::metadata(&kept).unwrap().permissions().mode() & 0o777, 0o600);
        let case: CaseFile = canonical::from_bytes(&fs::read(kept).unwrap()).unwrap();
        assert_eq!((case.commitment().unwrap(), case.act().unwrap()), (act.report, act.clone()));
    }
}

#[test]
fn a_commitment_fails_with_any_byte_of_report_or_salt_changed() {
    let desk = Desk::new();
    desk.run("v1.csv", &[]);
    let case = desk.case();
    let committed = case.act().unwrap().report;
    let report = canonical::to_bytes(&case.report).unwrap();
    assert_eq!(commitment(&case.salt, &report), committed);
    for at in 0..report.len() {
        let mut changed = report.clone();
        changed[at] ^= 1;
        assert_ne!(commitment(&case.salt, &changed), committed, "byte {at}");
    }
    let mut salt = case.salt;
    salt.0[31] ^= 1;
    assert_ne!(commitment(&salt, &report), committed);
    // A change of the report comes under a new salt, which says nothing about the old one.
    desk.decide("1", "--false-positive");
    assert_ne!(desk.case().salt, case.salt);
}

#[test]
fn decisions_survive_a_new_list_exactly_where_the_listing_is_the_same() {
    let desk = Desk::new();
    desk.run("v1.csv", &[]);
    desk.decide("1", "--false-positive");
    let decided = desk.case();
    // Nothing is new: the report that was concluded, or will be, stays.
    assert_eq!(desk.run("v1.csv", &[]).0, Some(0));
    assert_eq!(desk.case(), decided);
    for (change, (from, to), waits) in [
        ("another programme", ("TEST", "OTHER"), 0),
        ("another alternative name", ("Quillon Trade", "Quillon Works"), 1),
        ("another id", ("7,", "8,"), 1),
        ("another kind", ("Entity", "Individual"), 1),
        ("the same again", ("TEST", "TEST"), 0),
    ] {
        desk.list("v2.csv", &[&QUILLON.replacen(from, to, 1)]);
        let (code, ran) = desk.run("v2.csv", &[]);
        assert_eq!(ran["undecided"], waits, "{change}");
        assert_eq!(code, Some(if waits == 0 { 0 } else { 3 }), "{change}");
        assert_eq!(desk.case().report.decisions, decided.report.decisions, "{change}");
    }
    // Another list is told apart by its header, and a file that is neither is named.
    let header = "id,schema,name,aliases,birth_date,countries,sanctions,dataset";
    let row = "q-1,Company,Quillon Marrow Trading Company Limited,,,nl,,Invented";
    fs::write(desk.path("open.csv"), format!("{header}\n{row}\n")).unwrap();
    assert_eq!(desk.run("open.csv", &[]).1["undecided"], 1);
    fs::write(desk.path("none.csv"), "a,b\n1,2\n").unwrap();
    let (code, _, said) = desk.screening("run", &["--all", "--list", "invented=none.csv"]);
    assert!(code == Some(1) && said.contains("none.csv: the header is neither"), "{said}");
}

#[test]
fn a_changed_partner_is_screened_again() {
    let desk = Desk::new();
    desk.run("v1.csv", &[]);
    desk.decide("1", "--false-positive");
    desk.conclude(&["ines", "omar"]).unwrap();
    assert_eq!(desk.stage(&[]).0, Some(0));
    desk.register("Halvorsen Somewhere AS", "NO");
    let (code, standing) = desk.stage(&[]);
    let said = (&standing["stage"], &standing["outdated"][0], &standing["in_log"]["outcome"]);
    assert_eq!((code, said), (Some(3), (&"screen".into(), &"partner".into(), &"undecided".into())));
    let stale = desk.conclude(&["ines", "omar"]).unwrap_err();
    assert!(stale.contains("the register says something else of the partner since"), "{stale}");
    let token = desk.world.token(village::VIEWER);
    let serving = desk.world.serve();
    assert_refused(&serving, &token);
    assert_eq!(desk.run("v1.csv", &[]).0, Some(0));
    desk.conclude(&["ines", "omar"]).unwrap();
    assert_eq!(serving.get(READ, &token).status, 200);
    let index = serving.submit(desk.partner("Ekeberg Elsewhere AS", "NO"), &REVIEWERS);
    assert!(index.is_ok(), "{index:?}");
    assert_refused(&serving, &token);
}

#[test]
fn control_is_shown_by_every_rule_and_the_setting_is_part_of_the_report() {
    let desk = Desk::new();
    desk.register("Quillon Marrow Trading Co", "RU");
    desk.run("v1.csv", &[]);
    let control = || {
        let (_, shown, _) = desk.screening("show", &[PARTNER]);
        let of = |rule: usize| {
            let control = &shown["ownership"][rule]["control"];
            (control["by_listed"].as_bool().unwrap(), control["from_country_of_concern"] == true)
        };
        [of(0), of(1), of(2)]
    };
    assert_eq!(control(), [(false, true); 3], "nobody has confirmed the match");
    desk.world.configure("preset = \"us_dsp_50\"", "preset = \"us_dsp_50\"\npercent_min = 61");
    let stale = desk.conclude(&["ines"]).unwrap_err();
    assert!(stale.contains("the setting for ownership has changed"), "{stale}");
    desk.run("v1.csv", &[]);
    let decided = desk.decide("1", "--true-match");
    assert_eq!(decided["outcome"], "refused");
    assert_eq!(control(), [(false, false), (true, true), (true, true)]);
    // Whoever was wrong decides again: the last decision counts, and the first one stays on file.
    let id = decided["match"].as_str().unwrap().to_owned();
    assert_eq!(desk.decide(&id[..8], "--false-positive")["outcome"], "clear");
    assert_eq!(desk.case().report.decisions.len(), 2);
}

#[test]
fn what_cannot_be_screened_or_decided_is_named_and_nothing_changes() {
    let desk = Desk::new();
    desk.run("v1.csv", &[]);
    let before = desk.case();
    let owner = |text: &str| {
        let text = format!("partner = \"aurora\"\nowners = [{text}]\n");
        fs::write(desk.path("private.toml"), text).unwrap();
    };
    owner("{ name = \"Quillon Marrow Trading Co\", country = \"NL\", percent = 61 }");
    let run = ["aurora", "--list", "invented=v1.csv", "--subject", "private.toml"];
    let verdict = ["--false-positive", "--by", "ines", "--reason"];
    for (command, arguments, expected) in [
        ("run", run.to_vec(), "with another country or share than the subject file"),
        ("run", vec!["nobody", "--list", "invented=v1.csv"], "there is no partner nobody"),
        (
            "run",
            vec!["aurora", "--list", "x=v1.csv", "--list", "x=v1.csv"],
            "two files have this name",
        ),
        ("show", vec!["nobody"], "there is no report on nobody yet"),
        ("decide", [&["aurora", "2"], &verdict[..], &["x"]].concat(), "has no match \"2\""),
        ("decide", [&["aurora", "0"], &verdict[..], &["x"]].concat(), "has no match \"0\""),
        (
            "decide",
            [&["aurora", "1"], &verdict[..], &[""]].concat(),
            "the reason is not plain text",
        ),
    ] {
        let (code, _, said) = desk.screening(command, &arguments);
        assert_eq!(code, Some(1), "{arguments:?}");
        assert!(said.contains(expected), "{expected}: {said}");
    }
    assert_eq!(desk.case(), before);
    let path = desk.world.directory.screening().join("aurora.json");
    let good = fs::read_to_string(&path).unwrap();
    for (from, to, expected) in [
        ("\"version\":1", "\"version\":2", "version 2 of a report is not known"),
        ("\"matches\"", " \"matches\"", "not in canonical form"),
    ] {
        fs::write(&path, good.replacen(from, to, 1)).unwrap();
        let (code, _, said) = desk.screening("show", &[PARTNER]);
        assert!(code == Some(1) && said.contains(expected), "{expected}: {said}");
    }
    fs::write(&path, good).unwrap();
    fs::set_permissions(&path, fs::Permissions::from_mode(0o644)).unwrap();
    let (code, _, said) = desk.screening("show", &[PARTNER]);
    assert!(code == Some(1) && said.contains("others than its owner may read"), "{said}");
}

/// The Federal Register (84 FR 22961, 21 May 2019) put this company on the US Entity List as an affiliate of
/// Huawei; the list itself is what is read here. Nothing else is said of it.
#[test]
fn a_partner_of_a_name_on_the_real_list_is_found() {
    let test = "a_partner_of_a_name_on_the_real_list_is_found";
    let Some(data) = shared_data(test) else { return };
    let list = data.join("screening/consolidated-screening-list-sample-2019-12.csv");
    if !list.is_file() {
        return println!("skipped: {test}: {} is not there", list.display());
    }
    let desk = Desk::new();
    let Act::Partner(aurora) = desk.partner("Quillon Marrow Trading Co", "NL") else { panic!() };
    let key = SecretKey::generate().unwrap().public();
    let country = Country::parse("CN").unwrap();
    let name = "Gui'an New District Huawei Investment Co., Ltd.".to_owned();
    let id = Identifier::parse("listed").unwrap();
    let (parent_country, owners) = (country, Vec::new());
    let listed = Partner { id, name, country, parent_country, owners, key, ..aurora };
    desk.world.act(Submission::of(Act::Partner(listed), clock::now()), &REVIEWERS);
    let list = format!("us-csl={}", list.display());
    let (code, said, errors) = desk.screening("run", &["--all", "--list", &list]);
    assert_eq!((code, errors.as_str()), (Some(3), ""));
    let of_listed = &said["partners"][1];
    assert_eq!((&of_listed["partner"], of_listed["matches"].as_u64()), (&"listed".into(), Some(1)));
    let found = &of_listed["new"][0];
    assert!(found["listed_name"].as_str().unwrap().contains("Huawei Investment"), "{found}");
    assert_eq!(said["lists"][0]["entries"], 115);
    let (_, shown, _) = desk.screening("show", &["listed"]);
    assert_eq!(shown["ownership"][0]["control"]["from_country_of_concern"], true);
}
