//! A third party checks an answer and its receipt. What one learns: which five things a recipient has in hand, what
//! the library says about them, and how an answer that was changed, or a log that witnesses have not seen, is noticed.
//!
//! The platform's side is played by fixtures: a log in a folder, and an answer with its headers. In life the folder
//! is fetched from the platform's server, and the key and the policy come from elsewhere than from the platform.
//!
//! ```text
//! cargo run -p countersign-verifier --example check_receipt
//! ```
#![expect(clippy::print_stdout, reason = "it is an example for people")]

use std::path::Path;

use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use countersign_domain::digest::Digest;
use countersign_domain::field::FieldSet;
use countersign_domain::person::PairwiseId;
use countersign_domain::relation::Relation;
use countersign_fixtures::at;
use countersign_fixtures::keys::{public_key, sign};
use countersign_fixtures::world::{ORIGIN, World, log_key};
use countersign_protocol::checkpoint::Checkpoint;
use countersign_protocol::cosignature::{WitnessKey, cosign};
use countersign_protocol::entry::Entry;
use countersign_protocol::merkle::leaf_hash;
use countersign_protocol::note::SignedNote;
use countersign_protocol::receipt::{RECEIPT_VERSION, Receipt, request_digest};
use countersign_protocol::record::{Record, Seed, records_root, request_commitment};
use countersign_protocol::witness_policy::Policy;
use countersign_verifier::log_check::Question;
use countersign_verifier::promise::{Promise, ReceivedAnswer, check_answer};
use countersign_verifier::site::FolderSite;
use sha2::{Digest as _, Sha256};

type Failure = Box<dyn std::error::Error>;

const URI: &str = "/v3.0/me?fields=id,name";
const NONCE: &str = "4711";
const WITNESS: &str = "witness.example";

/// What a recipient has in hand, and what time it is.
struct AnswerInHand {
    headers: String,
    body: String,
    now_s: u64,
}

pub(crate) fn main() -> Result<(), Failure> {
    let folder = tempfile::tempdir()?;
    let received = play_the_platform(folder.path())?;

    // The log's key, and whose word the recipient takes for everybody having seen the same log.
    let witness = WitnessKey::new(WITNESS, public_key(WITNESS))?;
    let policy = format!("log {}\nwitness w {witness}\nquorum w\n", log_key());
    println!("The answer: {}", received.body);
    let (promise, failures) = check(folder.path(), &received, &policy)?;
    println!("As received: {promise:?}, {} failures", failures.len());
    assert_eq!((promise, failures), (Promise::Kept, vec![]));

    // Somebody on the way wrote another name into it.
    let changed = AnswerInHand { body: received.body.replace("Vera", "Vero"), ..received };
    let (promise, failures) = check(folder.path(), &changed, &policy)?;
    println!("With another name in it: {promise:?}, {failures:?}");
    assert_eq!(failures, ["receipt_body"]);

    // The policy wants a witness who has not seen this log.
    let stranger = WitnessKey::new("stranger.example", public_key("stranger.example"))?;
    let policy = format!("log {}\nwitness s {stranger}\nquorum s\n", log_key());
    let received = AnswerInHand { body: changed.body.replace("Vero", "Vera"), ..changed };
    let (promise, failures) = check(folder.path(), &received, &policy)?;
    println!("Under the policy of another witness: {promise:?}, {failures:?}");
    assert_eq!(failures, ["witnesses"]);
    Ok(())
}

/// Whether the promise of the receipt was kept, and which rules failed.
fn check(
    log: &Path,
    received: &AnswerInHand,
    policy: &str,
) -> Result<(Promise, Vec<String>), Failure> {
    let (key, policy) = (log_key(), Policy::parse(policy.as_bytes())?);
    let question = Question { policy: Some(&policy), ..Question::new(&key, at(received.now_s)) };
    let answer = ReceivedAnswer {
        headers: &received.headers,
        body: received.body.as_bytes(),
        method: "GET",
        path_and_query: URI,
        request_body: b"",
        nonce: NONCE.as_bytes(),
    };
    let checked = check_answer(&FolderSite::new(log), &question, &answer, |_, _| {})?;
    let failed = checked.verdict.failures.iter().map(|failure| failure.rule.to_string());
    Ok((checked.promise, failed.collect()))
}

/// A platform answers, logs what it answered, signs the receipt, and publishes a log that a witness has seen.
fn play_the_platform(folder: &Path) -> Result<AnswerInHand, Failure> {
    let (viewer, seed) = (PairwiseId([1; 16]), Seed([5; 32]));
    let body = format!(r#"{{"id":"{viewer}","name":"Vera"}}"#);
    let request = request_digest("GET", URI, b"", NONCE.as_bytes());

    let mut world = World::governed();
    let mut disclosure = world.disclosure();
    let fields = FieldSet::from_bits(0b101);
    let record = Record { pairwise: viewer, relation: Relation::Viewer, fields };
    disclosure.records = records_root(&seed, [record]);
    disclosure.request = request_commitment(&seed, &request);
    (disclosure.people, disclosure.friend) = (1, Vec::new());
    disclosure.viewer = vec!["id".to_owned(), "name".to_owned()];
    let entry = Entry::Disclosure(disclosure.clone());
    let receipt = Receipt {
        agreements: disclosure.agreements,
        body: Some(Digest(Sha256::digest(&body).into())),
        build: disclosure.build,
        deadline: disclosure.time.plus_seconds(60),
        index: world.push(&entry),
        leaf: Digest(leaf_hash(&entry.to_bytes()?)),
        origin: ORIGIN.to_owned(),
        request,
        time: disclosure.time,
        v: RECEIPT_VERSION,
    };
    world.publish(folder);

    let note = world.checkpoint();
    let checkpoint = Checkpoint::parse(SignedNote::parse(note.as_bytes())?.text())?;
    let witness = WitnessKey::new(WITNESS, public_key(WITNESS))?;
    let line = cosign(&checkpoint, world.clock_s, &witness, |message| sign(WITNESS, message))?;
    std::fs::write(folder.join("checkpoint"), note + &line)?;

    let header = receipt.to_header(&sign("receipts", &receipt.message()?))?;
    let seed = BASE64_URL_SAFE_NO_PAD.encode(seed.0);
    let headers = format!(
        "HTTP/1.1 200 OK\r\ncountersign-receipt: {header}\r\ncountersign-seed: {seed}\r\ncountersign-viewer: {viewer}\r\n\r\n"
    );
    Ok(AnswerInHand { headers, body, now_s: world.clock_s + 60 })
}
