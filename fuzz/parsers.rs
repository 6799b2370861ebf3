//! What must hold of each parser whatever bytes it is fed. Fuzz targets and property tests share it.
#![allow(dead_code, reason = "each fuzz target is a program of its own and calls one of these")]
#![allow(unreachable_pub, reason = "it is a module of several programs")]

use countersign_domain::field::FieldId;
use countersign_domain::identifier::Identifier;
use countersign_domain::key::PublicKey;
use countersign_domain::person::PairwiseId;
use countersign_domain::time::Timestamp;
use countersign_fixtures::schema::small as schema;
use countersign_protocol::archive;
use countersign_protocol::blinded_lists::{self, BlindedLists, ListedItem};
use countersign_protocol::checkpoint::Checkpoint;
use countersign_protocol::consent::ConsentRecord;
use countersign_protocol::cosignature::{self, WitnessKey};
use countersign_protocol::directory::Growth;
use countersign_protocol::entry::Entry;
use countersign_protocol::evidence_pack::Pack;
use countersign_protocol::index_audit::IndexAudit;
use countersign_protocol::index_sample::Sample;
use countersign_protocol::json_check::{self, JsonProblem};
use countersign_protocol::ledger_bundle::Bundle;
use countersign_protocol::note::{NoteKey, SignedNote};
use countersign_protocol::person_index::{Label, Proof};
use countersign_protocol::receipt::Receipt;
use countersign_protocol::tile::{self, TilePath};
use countersign_protocol::witness_policy::{Policy, Quorum};
use countersign_verifier::answer::{self, Context, Said};
use countersign_verifier::batch;
use countersign_verifier::ledger::{self, Question};

/// The viewer whom the answers in the corpus are for.
const VIEWER: PairwiseId = PairwiseId([1; 16]);
/// When they were logged.
const TIME_S: u64 = 1_528_070_400;

/// An entry that is read is written again in the same bytes.
pub fn entry(bytes: &[u8]) {
    if let Ok(entry) = Entry::parse(bytes) {
        assert_eq!(entry.to_bytes().as_deref(), Ok(bytes));
    }
}

/// A consent record that is read is written again in the same bytes.
pub fn consent(bytes: &[u8]) {
    if let Ok(record) = ConsentRecord::parse(bytes) {
        assert_eq!(record.to_bytes().as_deref(), Ok(bytes));
    }
}

/// A checkpoint and a vkey that are read are written again in the same text.
pub fn note(bytes: &[u8]) {
    if let Ok(note) = SignedNote::parse(bytes) {
        assert!(bytes.starts_with(note.text().as_bytes()));
        assert_eq!(cosignature::verify(&note, &[]), Ok(Vec::new()));
        if let Ok(checkpoint) = Checkpoint::parse(note.text()) {
            assert_eq!(checkpoint.text(), note.text());
        }
    }
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    if let Ok(checkpoint) = Checkpoint::parse(text) {
        assert_eq!(checkpoint.text(), text);
    }
    if let Ok(key) = NoteKey::parse(text.trim_end()) {
        assert_eq!(NoteKey::parse(&key.to_string()), Ok(key));
    }
    if let Ok(key) = WitnessKey::parse(text.trim_end()) {
        assert_eq!(WitnessKey::parse(&key.to_string()), Ok(key));
    }
}

/// A path has one spelling; tiles and bundles that are read have as much in them as was asked for.
pub fn tile(bytes: &[u8]) {
    if let Ok(text) = std::str::from_utf8(bytes)
        && let Ok(path) = TilePath::parse(text)
    {
        assert_eq!(path.to_string(), text);
    }
    for width in [1, 2, 255, 256] {
        if let Ok(hashes) = tile::parse_hashes(bytes, width) {
            assert_eq!(hashes.concat(), bytes);
        }
        if let Ok(entries) = tile::parse_entries(bytes, width) {
            let mut again = Vec::new();
            assert!(entries.iter().all(|entry| tile::push_entry(&mut again, entry).is_some()));
            assert_eq!((entries.len(), again.as_slice()), (usize::from(width), bytes));
        }
    }
}

/// A pack is the bytes that it is read from.
pub fn evidence(bytes: &[u8]) {
    if let Ok(pack) = Pack::parse(bytes) {
        assert_eq!(pack.to_bytes(), bytes);
    }
}

/// A ledger bundle is the bytes that it is read from, and no bundle holds under a key that nobody has.
pub fn ledger(bytes: &[u8]) {
    if let Ok(bundle) = Bundle::parse(bytes) {
        assert_eq!(bundle.to_bytes(), bytes);
    }
    let Ok(key) = NoteKey::new("log.example", PublicKey([0; 32])) else { return };
    let at = Timestamp::from_seconds(TIME_S);
    let (verdict, _) = ledger::check(bytes, &Question::new(&key, at));
    assert!(!verdict.holds());
}

/// A proof of the person index that is read is written again in the same bytes, and leads to no root that
/// nobody made.
pub fn person_index(bytes: &[u8]) {
    if let Ok(proof) = Proof::parse(bytes) {
        assert_eq!(proof.to_bytes(), bytes);
        assert!(proof.verify(&[0; 32], &Label([0xa5; 32])).is_err());
    }
}

/// How a directory grew is written again in the same bytes, and has a root for each epoch if it holds.
pub fn directory_growth(bytes: &[u8]) {
    if let Ok(growth) = Growth::parse(bytes) {
        assert_eq!(growth.to_bytes(), bytes);
        assert_eq!(growth.last() - growth.first, growth.steps.len() as u64);
        if let Ok(roots) = growth.roots() {
            let shown = if growth.steps.is_empty() { 0 } else { growth.steps.len() + 1 };
            assert_eq!(roots.len(), shown);
        }
    }
}

/// Lists that are read have at least one item each, and a statement about an index has one spelling.
pub fn blinded_lists(bytes: &[u8]) {
    if let Ok(lists) = BlindedLists::open(bytes) {
        let (people, mut shown) = (lists.people(), 0_u64);
        let head = blinded_lists::head(lists.period(), people);
        assert!(bytes.starts_with(&head));
        let read = lists.read(|ListedItem { list, number, .. }| {
            assert_eq!(number, shown);
            shown += 1;
            assert!(list < people);
        });
        if let Ok(total) = read {
            assert_eq!(total.items, shown);
            assert!(people <= shown);
            assert_eq!(bytes.len() as u64, head.len() as u64 + 36 * people + 44 * shown);
        }
    }
    if let Ok(text) = std::str::from_utf8(bytes)
        && let Some(audit) = IndexAudit::parse(text)
    {
        assert_eq!(audit.text(), text);
    }
}

/// A sample is the bytes that it is read from.
pub fn index_sample(bytes: &[u8]) {
    if let Ok(sample) = Sample::parse(bytes) {
        assert_eq!(sample.to_bytes(), bytes);
    }
}

/// No bytes are taken for a receipt under a key that nobody has.
pub fn receipt(bytes: &[u8]) {
    if let Ok(header) = std::str::from_utf8(bytes) {
        assert!(Receipt::from_header(header, &PublicKey([0; 32])).is_err());
    }
}

/// An answer that is taken out of a batch has its status alone on the first line, and no header on two.
pub fn batch(bytes: &[u8]) {
    for number in 0..3 {
        if let Ok(answer) = batch::operation(bytes, number) {
            let headers = answer.headers.strip_suffix("\r\n").unwrap_or_default();
            assert!(headers.starts_with("HTTP/1.1 "));
            assert!(headers.split("\r\n").skip(1).all(|line| line.contains(": ")));
            assert!(headers.split("\r\n").all(|line| !line.contains(char::is_control)));
        }
    }
}

/// JSON that is taken is refused as two members of one key; what is refused has a place within it.
pub fn json_check(bytes: &[u8]) {
    let Err(fault) = json_check::check(bytes) else {
        let twice = [b"{\"a\":", bytes, b",\"a\":", bytes, b"}"].concat();
        let problem = json_check::check(&twice).err().map(|fault| fault.problem);
        let is_refused =
            matches!(problem, Some(JsonProblem::KeyTwice { .. } | JsonProblem::TooDeep));
        return assert!(is_refused, "{problem:?}");
    };
    let lines: Vec<_> = bytes.split(|byte| *byte == b'\n').collect();
    let line = fault.line.checked_sub(1).and_then(|line| lines.get(line));
    assert!(line.is_some_and(|line| fault.column <= line.len() + 1), "{fault}");
}

/// Whatever is taken for an answer has the viewer first and everybody once, with an id.
pub fn answer(bytes: &[u8]) {
    let (schema, client) = (schema(), client());
    let time = Timestamp::from_seconds(TIME_S);
    let context = Context { schema: &schema, viewer: VIEWER, client: &client, time };
    let Ok(Said { records, .. }) = answer::read(bytes, &context) else { return };
    assert_eq!(records.first().map(|record| record.pairwise), Some(VIEWER));
    assert!(records.iter().all(|record| record.fields.contains(FieldId::ID)));
    let mut people: Vec<_> = records.iter().map(|record| record.pairwise).collect();
    people.sort_unstable();
    people.dedup();
    assert_eq!(people.len(), records.len());
}

/// A policy that is read is content with nobody's cosignature only if it asks for none.
pub fn witness_policy(bytes: &[u8]) {
    if let Ok(policy) = Policy::parse(bytes) {
        assert!(matches!(policy.quorum(&[]), Quorum::NotAsked | Quorum::NotMet));
    }
}

/// The notes of an archive make the same file again, and none is a checkpoint under a key that nobody has.
pub fn archive(bytes: &[u8]) {
    if let Ok(notes) = archive::notes(bytes) {
        let mut again = Vec::new();
        for note in &notes {
            archive::push(&mut again, note);
        }
        assert_eq!(again, bytes);
        let (Ok(key), Ok(policy)) =
            (NoteKey::new("log.example", PublicKey([0; 32])), Policy::parse(b"quorum none\n"))
        else {
            return;
        };
        assert_eq!(archive::parse(bytes, &key, &policy).is_ok(), notes.is_empty());
    }
}

#[expect(clippy::unwrap_used, reason = "the name is written here")]
fn client() -> Identifier {
    Identifier::parse("aurora-home").unwrap()
}
