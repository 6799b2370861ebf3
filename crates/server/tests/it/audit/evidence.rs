//! Evidence, from the operator's command to the outsider's verdict.

use std::path::PathBuf;
use std::process::Command;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use countersign_protocol::evidence_pack::{Body, LogPart, Pack};
use countersign_protocol::note::NoteKey;
use countersign_protocol::shared_proof::prove_shared;
use countersign_protocol::tile::TileReader;
use countersign_service::clock;
use countersign_verifier::evidence::{Against, Evidence, Question, check, write};
use countersign_verifier::ledger::Event;
use countersign_verifier::site::{FolderSite, SiteTiles};
use countersign_verifier::verdict::{Rule, Verdict};

use crate::support::log_key;
use crate::support::village;
use crate::support::{World, eventually, finish, program, verifier};

const OPENING: &str = "<script type=\"application/vnd.countersign.evidence\">\n";

/// A world in which a viewer's device was answered three times, and friends' fields were withheld.
fn answered() -> World {
    let world = village::founded();
    let serving = world.serve();
    let token = serving.token(village::VIEWER);
    serving.read("/me?fields=id,name", &token);
    serving.read("/me?fields=id,name,religion,friends{id,name}", &token);
    serving.suspend();
    serving.reinstate();
    serving.read("/me?fields=id,name,friends{id,name}", &token);
    let head = serving.head();
    eventually("everything is published", || world.checkpoint().size >= head);
    serving.stop();
    world
}

fn key(world: &World) -> NoteKey {
    log_key(&world.directory).parse().unwrap()
}

/// Runs the operator's command over all of the time so far, for what these arguments say.
fn made(world: &World, name: &str, arguments: &[&str]) -> Result<PathBuf, String> {
    let begun = clock::now();
    // What was answered in this second is of a time that is not over yet.
    eventually("the second is over", || clock::now() > begun);
    made_until(world, name, arguments, &clock::now().to_string())
}

fn made_until(
    world: &World,
    name: &str,
    arguments: &[&str],
    until: &str,
) -> Result<PathBuf, String> {
    let file = world.path().join(name);
    let mut command = program(&["audit", "evidence"]);
    command.arg("--dir").arg(world.path()).args(arguments).arg("--out").arg(&file);
    command.args(["--from", "1970-01-01T00:00:00Z", "--until", until]);
    let output = finish(&mut command);
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    if output.status.success() { Ok(file) } else { Err(said) }
}

fn checked(world: &World, file: &str, against: bool) -> (Verdict, Option<Evidence>) {
    let key = key(world);
    let question = Question { key: &key, policy: None, now: clock::now(), at: None };
    let site = FolderSite::new(&world.path().join("log"));
    let mut ignore = |_, _| ();
    let against = against.then_some(Against { site: &site, progress: &mut ignore });
    check(file.as_bytes(), &question, against).unwrap()
}

fn broken(world: &World, file: &str, against: bool) -> Vec<Rule> {
    checked(world, file, against).0.failures.iter().map(|failure| failure.rule).collect()
}

fn pack_of(file: &str) -> Pack {
    let (_, behind) = file.split_once(OPENING).unwrap();
    let (encoded, _) = behind.split_once("\n</script>").unwrap();
    Pack::parse(&STANDARD.decode(encoded).unwrap()).unwrap()
}

/// The file of a pack that was changed, with a page and a proof that fit.
fn changed(world: &World, file: &str, change: impl FnOnce(&mut LogPart)) -> String {
    let mut pack = pack_of(file);
    let Body::Log(_, log) = &mut pack.body else { panic!("a pack of a person") };
    change(log);
    let site = FolderSite::new(&world.path().join("log"));
    let size = world.checkpoint().size;
    let places: Vec<u64> = log.entries.iter().map(|entry| entry.index).collect();
    log.proof = prove_shared(&TileReader::new(SiteTiles(&site), size), &places, size).unwrap();
    write(&pack, &key(world)).0
}

fn is_disclosure(bytes: &[u8]) -> bool {
    String::from_utf8_lossy(bytes).contains("\"kind\":\"disclosure\"")
}

#[test]
fn a_partners_evidence_says_what_went_and_holds_against_the_public_log() {
    let world = answered();
    let serving = world.serve();
    let file = made(&world, "partner.html", &["--partner", "aurora"]).unwrap();
    let mode = std::os::unix::fs::PermissionsExt::mode(&file.metadata().unwrap().permissions());
    assert_eq!(mode & 0o777, 0o600);
    let again = made(&world, "partner.html", &["--partner", "aurora"]).unwrap_err();
    assert!(again.contains("--force writes over it"), "{again}");
    made(&world, "partner.html", &["--partner", "aurora", "--force"]).unwrap();
    let unknown = made(&world, "other.html", &["--partner", "borealis"]).unwrap_err();
    assert!(unknown.contains("the log has no partner:borealis; it has aurora"), "{unknown}");
    let page = std::fs::read_to_string(&file).unwrap();
    let (verdict, evidence) = checked(&world, &page, true);
    assert_eq!(verdict.failures, []);
    assert!(verdict.rule_holds(Rule::EvidenceComplete) && verdict.rule_holds(Rule::Root));
    let evidence = evidence.unwrap();
    assert_eq!((verdict.disclosures, evidence.of.as_str()), (3, "partner:aurora"));
    let names: Vec<_> = evidence.sent.iter().map(|line| line.viewer.get("name")).collect();
    assert!(names.contains(&Some(&3)), "{:?}", evidence.sent);
    let friends: u64 = evidence.sent.iter().filter_map(|line| line.friend.get("name")).sum();
    assert_eq!(friends, 2);
    let refused = evidence.refused.unwrap();
    assert!(refused.iter().any(|line| line.fields.contains_key("religion")), "{refused:?}");
    for account in village::visible().into_iter().chain([village::VIEWER.to_owned()]) {
        assert!(!page.contains(&village::value("name", &account)), "a value is on the page");
    }
    assert!(page.contains("was suspended"), "{page}");
    drop(serving);
}

#[test]
fn what_is_left_out_only_the_public_log_shows() {
    let world = answered();
    let file = made(&world, "all.html", &["--all"]).unwrap();
    let page = std::fs::read_to_string(file).unwrap();
    let shorter = changed(&world, &page, |log| {
        let place = log.entries.iter().position(|entry| is_disclosure(&entry.bytes)).unwrap();
        let index = log.entries.remove(place).index;
        log.refusals.as_mut().unwrap().retain(|refused| refused.index != index);
    });
    assert_eq!(broken(&world, &shorter, false), []);
    assert_eq!(broken(&world, &shorter, true), [Rule::EvidenceComplete]);
    // The suspension: what was sent after it would look right without the reinstatement as well.
    let unstopped = changed(&world, &page, |log| {
        log.entries.retain(|entry| !String::from_utf8_lossy(&entry.bytes).contains("suspension"));
    });
    assert!(broken(&world, &unstopped, true).contains(&Rule::EvidenceComplete));
}

#[test]
fn a_page_that_says_more_than_its_pack_is_refused() {
    let world = answered();
    let file = made(&world, "client.html", &["--client", "aurora-home"]).unwrap();
    let page = std::fs::read_to_string(file).unwrap();
    assert_eq!(broken(&world, &page, false), []);
    let more = page.replacen("<dd>3</dd>", "<dd>2</dd>", 1);
    assert_ne!(more, page);
    assert_eq!(broken(&world, &more, false), [Rule::EvidenceCover]);
    assert_eq!(broken(&world, &page.replacen('\n', "\r\n", 1), false), [Rule::EvidenceCover]);
    assert_eq!(broken(&world, &format!("{page} "), false), [Rule::EvidenceCover]);
    assert_eq!(broken(&world, "<html></html>", false), [Rule::EvidenceForm]);
    // Another entry in the place of one: the proof is of the old one.
    let pack = pack_of(&page);
    let mut swapped = pack.clone();
    let Body::Log(_, log) = &mut swapped.body else { panic!("a pack of a person") };
    let sent: Vec<usize> =
        (0..log.entries.len()).filter(|place| is_disclosure(&log.entries[*place].bytes)).collect();
    log.entries[sent[1]].bytes = log.entries[sent[0]].bytes.clone();
    let swapped = write(&swapped, &key(&world)).0;
    assert!(broken(&world, &swapped, false).contains(&Rule::EvidenceEntries));
    // What a pack is not about has no place in it.
    let mut later = pack;
    later.from = clock::now().plus_seconds(60);
    later.until = later.from.plus_seconds(60);
    let later = write(&later, &key(&world)).0;
    let found = broken(&world, &later, false);
    assert_eq!(found.iter().filter(|rule| **rule == Rule::EvidenceForm).count(), 3, "{found:?}");
}

#[test]
fn evidence_waits_until_what_it_is_about_is_published() {
    let world = village::founded();
    world.configure("publish_interval_ms = 100", "publish_interval_ms = 7000");
    let serving = world.serve();
    serving.read("/me?fields=id,name", &serving.token(village::VIEWER));
    for arguments in
        [&["--partner", "aurora"][..], &["--person", village::VIEWER, "--with-consent", "a letter"]]
    {
        let refused = made(&world, "early.html", arguments).unwrap_err();
        assert!(refused.contains("not in the published checkpoint yet"), "{refused}");
    }
}

#[test]
fn what_was_refused_stays_away_from_partners() {
    let world = answered();
    let file = made(&world, "partner.html", &["--partner", "aurora", "--without-refused"]).unwrap();
    let page = std::fs::read_to_string(file).unwrap();
    let (verdict, evidence) = checked(&world, &page, true);
    assert_eq!((verdict.failures, evidence.unwrap().refused), (vec![], None));
    assert!(!page.contains("religion"), "what was refused is on the page");
}

#[test]
fn a_persons_evidence_needs_their_consent_and_holds_by_itself() {
    let world = answered();
    let refused = made(&world, "ada.html", &["--person", village::VIEWER]).unwrap_err();
    assert!(refused.contains("--with-consent"), "{refused}");
    let closed = finish(program(&["log", "close"]).arg("--dir").arg(world.path()));
    assert!(closed.status.success(), "{}", String::from_utf8_lossy(&closed.stderr));
    let consent = ["--person", village::VIEWER, "--with-consent", "letter <4711>"];
    let file = made(&world, "ada.html", &consent).unwrap();
    let page = std::fs::read_to_string(&file).unwrap();
    assert!(page.contains("letter &lt;4711&gt;"));
    let (verdict, evidence) = checked(&world, &page, false);
    assert_eq!(verdict.failures, []);
    let ledger = evidence.unwrap().ledger.unwrap();
    let released = ledger.lines.iter().filter(|line| matches!(line.event, Event::Released(_)));
    assert_eq!((ledger.account.as_str(), released.count()), (village::VIEWER, 3));
    let more = page.replacen("letter &lt;4711&gt;", "letter &lt;4712&gt;", 1);
    assert_eq!(broken(&world, &more, false), [Rule::EvidenceCover]);
    let mut command = Command::new(verifier());
    command.arg("evidence").arg(&file).args(["--key", &key(&world).to_string()]);
    let output = finish(&mut command);
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{said}");
    let verdict = "The evidence holds. Complete since period 0 (closed ";
    assert!(said.starts_with(verdict), "{said}");
}
