//! Evidence as an outsider gets it: what holds, what a changed byte comes to, and what bytes of nobody's do.

use std::path::Path;

use countersign_domain::act::{Act, ReviewOutcome};
use countersign_domain::field::{FieldId, FieldSet};
use countersign_domain::reason::Reason;
use countersign_domain::relation::Relation;
use countersign_protocol::consent_receipt::CommitmentTree;
use countersign_protocol::evidence_pack::{
    Body, LogPart, Pack, PersonPart, Refused, Subject, Withheld,
};
use countersign_protocol::ledger_bundle::ShownEntry;
use countersign_protocol::note::NoteKey;
use countersign_protocol::shared_proof::prove_shared;
use countersign_protocol::witness_policy::Policy;
use countersign_verifier::evidence::{Against, Evidence, Question, check, write};
use countersign_verifier::outcome::{Outcome, Unsaid};
use countersign_verifier::site::FolderSite;
use countersign_verifier::verdict::{Rule, Verdict};
use proptest::prelude::*;

use crate::verify_witnesses::{cosigned, policy_text};
use crate::verify_world::{
    BEGINNING_S, World, at, failed, golden, log_key, name, partner, public_key, review,
};

/// A log with three disclosures.
fn world() -> World {
    let mut world = World::governed();
    for _ in 0..3 {
        world.disclose(|_| {});
    }
    world
}

/// A pack of everything that this world's log holds.
fn pack(world: &World) -> Pack {
    let shown = world.entries.iter().zip(0..);
    let entries: Vec<_> =
        shown.map(|(bytes, index)| ShownEntry { index, bytes: bytes.clone() }).collect();
    let places: Vec<u64> = (0..world.size()).collect();
    let tree = CommitmentTree::of_leaves(world.hashes());
    let fields = FieldSet::of(FieldId::new(5).unwrap());
    let withheld = Withheld { reason: Reason::Settings, relation: Relation::Friend, fields };
    let log = LogPart {
        checkpoint: world.checkpoint().into_bytes(),
        documents: world.documents.values().cloned().collect(),
        entries,
        proof: prove_shared(&tree, &places, world.size()).unwrap(),
        refusals: Some(vec![Refused { index: world.size() - 1, withheld: vec![withheld] }]),
    };
    Pack {
        made: at(BEGINNING_S + 86_400),
        from: at(BEGINNING_S),
        until: at(BEGINNING_S + 86_400),
        body: Body::Log(Subject::Partner(name("aurora")), log),
    }
}

fn checked(file: &str) -> (Verdict, Option<Evidence>) {
    let key = log_key();
    let now = at(BEGINNING_S + 3 * 86_400);
    check(file.as_bytes(), &Question { key: &key, policy: None, now, at: None }, None).unwrap()
}

fn file(pack: &Pack) -> String {
    write(pack, &log_key()).0
}

fn broken(pack: &Pack) -> Vec<Rule> {
    failed(&checked(&file(pack)).0).into_iter().map(|(rule, _)| rule).collect()
}

fn log_of(pack: &mut Pack) -> &mut LogPart {
    let Body::Log(_, log) = &mut pack.body else { panic!("a pack of a person") };
    log
}

#[test]
fn evidence_of_a_good_log_holds_and_counts_what_went() {
    let world = world();
    let page = file(&pack(&world));
    let (verdict, evidence) = checked(&page);
    assert_eq!(verdict.failures, []);
    let evidence = evidence.unwrap();
    assert_eq!(evidence.sent.len(), 1);
    assert_eq!((evidence.sent[0].answers, evidence.sent[0].friend["work"]), (3, 3));
    assert_eq!(evidence.refused.unwrap()[0].reason, Reason::Settings);
    let folder = tempfile::tempdir().unwrap();
    world.publish(folder.path());
    let key = log_key();
    let now = at(BEGINNING_S + 3 * 86_400);
    let question = Question { key: &key, policy: None, now, at: None };
    let against = Against { site: &FolderSite::new(folder.path()), progress: &mut |_, _| () };
    let (verdict, _) = check(page.as_bytes(), &question, Some(against)).unwrap();
    assert_eq!(verdict.failures, []);
}

/// A page is a promise: files are checked years after they were made, and the check makes the page again. Whoever
/// changes how it looks or what it says makes a new version of the pack, and keeps this page for the old one.
#[test]
fn golden_page_of_version_1_stays_as_it_is() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../testdata/vectors/evidence");
    golden(&folder.join("partner.html"), file(&pack(&world())).as_bytes());
    golden(&folder.join("log.vkey"), format!("{}\n", log_key()).as_bytes());
}

#[test]
fn what_was_not_right_is_refused_by_the_rules_of_the_log() {
    let mut other = World::governed();
    other.disclose(|disclosure| disclosure.friend.push("religion".to_owned()));
    assert!(!broken(&pack(&other)).is_empty());
    let mut revoked = world();
    revoked.act(review("aurora-home@41", ReviewOutcome::Revoke), &["reviewer:ann"]);
    revoked.disclose(|_| {});
    assert_eq!(broken(&pack(&revoked)), [Rule::BuildNotRevoked]);
    // Without the revocation it would look right, and the log's files say that it is missing.
    let mut pack = pack(&revoked);
    let log = log_of(&mut pack);
    let place = log.entries.len() - 2;
    log.entries.remove(place);
    let places: Vec<u64> = log.entries.iter().map(|entry| entry.index).collect();
    let tree = CommitmentTree::of_leaves(revoked.hashes());
    log.proof = prove_shared(&tree, &places, revoked.size()).unwrap();
    let page = file(&pack);
    assert_eq!(checked(&page).0.failures, []);
    let folder = tempfile::tempdir().unwrap();
    revoked.publish(folder.path());
    let (key, now) = (log_key(), at(BEGINNING_S + 3 * 86_400));
    let question = Question { key: &key, policy: None, now, at: None };
    let against = Against { site: &FolderSite::new(folder.path()), progress: &mut |_, _| () };
    let (verdict, _) = check(page.as_bytes(), &question, Some(against)).unwrap();
    assert_eq!(failed(&verdict), [(Rule::EvidenceComplete, Some(revoked.size() - 2))]);
}

#[test]
fn an_old_copy_of_the_log_is_out_of_date_and_another_tree_is_not() {
    let world = world();
    let page = file(&pack(&world));
    let (key, now) = (log_key(), at(BEGINNING_S + 3 * 86_400));
    let question = Question { key: &key, policy: None, now, at: None };
    let against = |world: &World| {
        let folder = tempfile::tempdir().unwrap();
        world.publish(folder.path());
        let against = Against { site: &FolderSite::new(folder.path()), progress: &mut |_, _| () };
        check(page.as_bytes(), &question, Some(against)).unwrap().0
    };
    let mut older = world.clone();
    older.entries.pop();
    let verdict = against(&older);
    assert_eq!(failed(&verdict), [(Rule::EvidenceComplete, None)]);
    assert!(matches!(verdict.outcome(), Outcome::Unsaid(Unsaid::OutOfDate { .. })), "{verdict:?}");
    older.disclose(|disclosure| disclosure.people = 8);
    let verdict = against(&older);
    assert!(failed(&verdict).contains(&(Rule::EvidenceComplete, None)));
    assert_eq!(verdict.outcome(), Outcome::Fails);
}

/// What a check under the policy of witnesses says of a pack that they cosigned so long after its end, and that was
/// made so long after that.
fn broken_under_policy(seen_s: i64, made_s: u64) -> Vec<Rule> {
    let world = world();
    let mut pack = pack(&world);
    let seen_s = pack.until.seconds().saturating_add_signed(seen_s);
    let note = cosigned(&world.checkpoint(), &["one", "two"], seen_s);
    log_of(&mut pack).checkpoint = note.into_bytes();
    pack.made = at(pack.until.seconds() + made_s);
    let (key, policy) = (log_key(), Policy::parse(policy_text().as_bytes()).unwrap());
    let now = at(BEGINNING_S + 3_650 * 86_400);
    let question = Question { key: &key, policy: Some(&policy), now, at: None };
    let (verdict, evidence) = check(file(&pack).as_bytes(), &question, None).unwrap();
    assert_eq!(evidence.unwrap().age_s, now.seconds() - pack.made.seconds());
    failed(&verdict).into_iter().map(|(rule, _)| rule).collect()
}

#[test]
fn evidence_does_not_expire_and_is_of_a_time_that_was_over_when_it_was_made_and_witnessed() {
    for (seen_s, made_s, expected) in [
        (0, 0, &[][..]),
        (60, 86_460, &[]),
        (-1, 60, &[Rule::EvidenceTime]),
        (60, 86_461, &[Rule::EvidenceTime]),
        (961, 60, &[Rule::EvidenceTime]),
    ] {
        assert_eq!(broken_under_policy(seen_s, made_s), expected, "{seen_s} {made_s}");
    }
    let mut early = pack(&world());
    early.until = at(early.made.seconds() + 1);
    assert_eq!(broken(&early), [Rule::EvidenceTime]);
}

#[test]
fn what_the_log_published_behind_the_checkpoint_of_a_pack_is_missing_from_it() {
    let before = world();
    let (page, mut world) = (file(&pack(&before)), before.clone());
    let checked = |world: &World| {
        let folder = tempfile::tempdir().unwrap();
        before.publish(folder.path());
        world.publish(folder.path());
        let (key, now) = (log_key(), at(BEGINNING_S + 3 * 86_400));
        let question = Question { key: &key, policy: None, now, at: None };
        let against = Against { site: &FolderSite::new(folder.path()), progress: &mut |_, _| () };
        failed(&check(page.as_bytes(), &question, Some(against)).unwrap().0)
    };
    let late = world.disclose(|_| {});
    assert_eq!(checked(&world), [(Rule::EvidenceComplete, Some(late))]);
    world.entries.pop();
    world.clock_s = BEGINNING_S + 86_400;
    world.disclose(|_| {});
    assert_eq!(checked(&world), [], "what is behind its end is none of its business");
    world.entries.clear();
    world.disclose(|_| {});
    let rules: Vec<_> = checked(&world).into_iter().map(|(rule, _)| rule).collect();
    assert!(rules.contains(&Rule::EvidenceComplete), "{rules:?}");
}

#[test]
fn a_pack_has_its_documents_and_nothing_else() {
    let world = world();
    let mut without = pack(&world);
    log_of(&mut without).documents.clear();
    assert!(broken(&without).contains(&Rule::ActDocument));
    let mut more = pack(&world);
    log_of(&mut more).documents.push(b"{}".to_vec());
    assert_eq!(broken(&more), [Rule::Document]);
    let mut stray = pack(&world);
    log_of(&mut stray).refusals.as_mut().unwrap()[0].index = 0;
    assert_eq!(broken(&stray), [Rule::EvidenceForm]);
    let mut future = pack(&world);
    future.made = at(BEGINNING_S + 4 * 86_400);
    assert_eq!(broken(&future), [Rule::NotFuture]);
    let nobodys = PersonPart { consent: "letter 1".to_owned(), ledger: b"cs1ledg\n".to_vec() };
    let nobodys = Pack { body: Body::Person(nobodys), ..pack(&world) };
    assert_eq!(broken(&nobodys), [Rule::LedgerForm]);
}

#[test]
fn what_another_key_signed_is_refused_before_anything_of_it_is_read() {
    let other = NoteKey::new("another.example/log", public_key("log")).unwrap();
    let page = file(&pack(&world()));
    let question = Question { key: &other, policy: None, now: at(BEGINNING_S + 86_400), at: None };
    let (verdict, evidence) = check(page.as_bytes(), &question, None).unwrap();
    assert_eq!((failed(&verdict), evidence), (vec![(Rule::Checkpoint, None)], None));
}

#[test]
fn names_stay_text_on_the_page() {
    let mut world = World::governed();
    let mut renamed = partner();
    renamed.name = "</script><script>alert(1)</script> & \"Söhne\"".to_owned();
    world.act(Act::Partner(renamed), &["reviewer:ann", "reviewer:bob"]);
    world.disclose(|_| {});
    let page = file(&pack(&world));
    assert_eq!(checked(&page).0.failures, []);
    assert_eq!(page.matches("<script").count(), 1);
    assert!(
        page.contains(
            "&lt;/script&gt;&lt;script&gt;alert(1)&lt;/script&gt; &amp; &quot;Söhne&quot;"
        )
    );
}

#[test]
fn a_changed_byte_of_the_page_is_found_wherever_it_is() {
    let page = file(&pack(&world()));
    for place in (0..page.len()).step_by(97) {
        let mut changed = page.clone().into_bytes();
        changed[place] ^= 1;
        let Ok(changed) = String::from_utf8(changed) else { continue };
        assert!(!checked(&changed).0.holds(), "byte {place}");
    }
}

#[test]
fn a_changed_byte_of_the_pack_is_refused_or_the_operators_own_word() {
    let pack = pack(&world());
    let bytes = pack.to_bytes();
    assert_eq!(Pack::parse(&bytes).unwrap(), pack);
    for length in 0..bytes.len() {
        assert!(Pack::parse(&bytes[..length]).is_err(), "{length} bytes were read");
    }
    for place in 0..bytes.len() {
        let mut changed = bytes.clone();
        changed[place] ^= 1 << (place % 8);
        let Ok(changed_pack) = Pack::parse(&changed) else { continue };
        assert_eq!(changed_pack.to_bytes(), changed, "byte {place} has two spellings");
        // A page and a pack that fit: what is signed refuses it.
        if !checked(&file(&changed_pack)).0.holds() {
            continue;
        }
        let Pack { made, from, until, .. } = pack;
        let mut same = Pack { made, from, until, ..changed_pack };
        log_of(&mut same).refusals = log_of(&mut pack.clone()).refusals.clone();
        assert_eq!(same, pack, "byte {place}");
    }
}

proptest! {
    #[test]
    fn property_bytes_of_nobodys_are_refused(bytes in prop::collection::vec(any::<u8>(), 0..400)) {
        prop_assert!(Pack::parse(&bytes).is_err());
        let begun = [&b"cs1evid\n\0\0\0\x01"[..], &bytes].concat();
        if let Ok(pack) = Pack::parse(&begun) {
            prop_assert_eq!(pack.to_bytes(), begun);
            prop_assert!(!checked(&file(&pack)).0.holds());
        }
    }
}
