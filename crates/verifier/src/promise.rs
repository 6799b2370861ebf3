//! Whether a receipt's promise was kept, and whether an answer is what was logged: what a recipient
//! checks with the answer in hand.

use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use countersign_domain::agreement::Delivery;
use countersign_domain::digest::Digest;
use countersign_domain::field::FieldSet;
use countersign_domain::identifier::Identifier;
use countersign_domain::person::PairwiseId;
use countersign_domain::register::Register;
use countersign_domain::relation::Relation;
use countersign_domain::rounding::rounded_up;
use countersign_domain::schema::FieldSchema;
use countersign_protocol::canonical;
use countersign_protocol::entry::{Disclosure, Entry};
use countersign_protocol::merkle::Hash;
use countersign_protocol::receipt::{
    RECEIPT_HEADER, Receipt, SEED_HEADER, VIEWER_HEADER, request_digest,
};
use countersign_protocol::record::{Record, Seed, records_root, request_commitment};
use sha2::{Digest as _, Sha256};

use crate::answer::{self, Context, Said};
use crate::headers::Headers;
use crate::log_check::{LogCheck, LogCheckError, Question};
pub use crate::promised_entry::Promise;
use crate::promised_entry::{
    PromisedEntry, SignedTree, check_log_at, check_origin, check_signed, is_unread,
};
use crate::site::Site;
use crate::state::State;
use crate::verdict::{Place, Rule, Verdict};

/// What a recipient of the weaker form has to know.
const BODY_UNBOUND: &str = "the platform sent this answer itself, after it was decided and logged: the receipt vouches for who and which fields are in it, not for the bytes";

/// An answer as its recipient has it, and the request that it answers.
#[derive(Clone, Copy, Debug)]
pub struct ReceivedAnswer<'a> {
    /// The answer's headers, as `curl -D` writes them.
    pub headers: &'a str,
    /// The answer's body.
    pub body: &'a [u8],
    /// The request's method.
    pub method: &'a str,
    /// The request's path and query, as sent.
    pub path_and_query: &'a str,
    /// The request's body.
    pub request_body: &'a [u8],
    /// The nonce that the request had.
    pub nonce: &'a [u8],
}

/// What a check of an answer came to.
#[derive(Debug)]
pub struct AnswerCheck {
    /// What was found, about the log and about the answer.
    pub verdict: Verdict,
    /// Where the promise stands.
    pub promise: Promise,
    /// The receipt, if it is in its form; whether it holds is in the verdict.
    pub receipt: Option<Receipt>,
    /// What to keep of the log for the next check.
    pub state: State,
}

/// What the answer carries beside its body.
struct Carried {
    header: String,
    receipt: Receipt,
    seed: Seed,
    viewer: PairwiseId,
}

/// The entry that an answer's receipt names, whoever signed it; `None` without a receipt.
#[must_use]
pub fn promised_index(headers: &str) -> Option<u64> {
    Carried::read(Headers(headers)).ok().map(|carried| carried.receipt.index)
}

/// Checks an answer against the log on this site. `progress` is called with the entries passed and
/// their number.
///
/// # Errors
/// [`LogCheckError`] when a file cannot be read.
pub fn check_answer<S: Site + ?Sized>(
    site: &S,
    question: &Question<'_>,
    received: &ReceivedAnswer<'_>,
    progress: impl FnMut(u64, u64),
) -> Result<AnswerCheck, LogCheckError> {
    let carried = Carried::read(Headers(received.headers));
    let index = carried.as_ref().ok().map(|carried| carried.receipt.index);
    let (log, at) = check_log_at(site, question, index, progress)?;
    let LogCheck { mut verdict, checkpoint, published, floor, register, state } = log;
    // What carries no receipt is signed by nobody.
    let why = carried.as_ref().err().cloned().unwrap_or_default();
    let otherwise = || (why.clone(), Rule::ReceiptForm.says().to_owned());
    let advice = || format!("{why}: give the headers as they came, or refuse the answer");
    let (rule, is_read) = (Rule::ReceiptForm, carried.is_ok());
    verdict.check_brought(rule, Place::WHOLE, is_read, otherwise, advice);
    let Ok(Carried { header, receipt, seed, viewer }) = carried else {
        return Ok(AnswerCheck { verdict, promise: Promise::Unchecked, receipt: None, state });
    };
    let signature = at
        .receipts_key
        .ok_or_else(|| "the log names no receipt key".to_owned())
        .and_then(|key| Receipt::from_header(&header, &key).map_err(|error| error.to_string()));
    if is_unread(&verdict)
        || !check_origin(&receipt.origin, question.key, signature.is_ok(), &mut verdict)
        || !check_signed((receipt.index, published), signature, &mut verdict)
    {
        let (promise, receipt) = (Promise::Unchecked, Some(receipt));
        return Ok(AnswerCheck { verdict, promise, receipt, state });
    }
    let seen = verdict.witnessed.map(|times| times.latest);
    let mut case = Case::new(&mut verdict, &receipt, received);
    let entry = at.entry.as_ref().filter(|_| at.leaf == Some(receipt.leaf.0));
    case.check_receipt(entry, &seed);
    let Receipt { index, leaf, time, deadline, .. } = receipt;
    let promised = PromisedEntry { index, leaf: leaf.0, time, deadline };
    promised.check_time(question.now, case.verdict);
    let tree = checkpoint.map(|checkpoint| SignedTree { checkpoint, published, floor, seen });
    let promise = match &tree {
        Some(tree) => promised.check(site, tree, at.leaf, question.now, case.verdict)?,
        None => Promise::Broken,
    };
    if promise == Promise::NotYet {
        case.check_unpublished(&register, viewer);
    }
    if let Some(leaf) = at.leaf.filter(|leaf| *leaf == receipt.leaf.0)
        && let Some(disclosure) = case.check_entry(leaf, at.entry.as_ref())
    {
        case.check_bound(disclosure);
        case.check_request(disclosure, &seed);
        if let Some(schema) = &at.schema
            && let Some(said) = case.read_body(schema, viewer, &disclosure.client)
        {
            case.check_records(disclosure, schema, &seed, &said.records);
            case.check_counted(disclosure, said.count);
        }
    }
    Ok(AnswerCheck { verdict, promise, receipt: Some(receipt), state })
}

impl Carried {
    fn read(headers: Headers<'_>) -> Result<Self, String> {
        let header = headers.one(RECEIPT_HEADER)?.to_owned();
        let decode = |name: &str, text: &str| {
            let decoded = BASE64_URL_SAFE_NO_PAD.decode(text);
            decoded.map_err(|_| format!("{name} is not of the form"))
        };
        let bytes = header.split_once('.').map(|(receipt, _)| decode(RECEIPT_HEADER, receipt));
        let bytes = bytes.ok_or_else(|| format!("{RECEIPT_HEADER} has no signature"))??;
        let receipt =
            canonical::from_bytes(&bytes).map_err(|e| format!("{RECEIPT_HEADER}: {e}"))?;
        let seed = decode(SEED_HEADER, headers.one(SEED_HEADER)?)?;
        let seed = seed.try_into().map_err(|_| format!("{SEED_HEADER} is not 32 bytes"))?;
        let viewer = PairwiseId::parse(headers.one(VIEWER_HEADER)?);
        let viewer = viewer.ok_or_else(|| format!("{VIEWER_HEADER} is not of the form"))?;
        Ok(Self { header, receipt, seed: Seed(seed), viewer })
    }
}

/// One receipt under examination, which this log signed.
struct Case<'a> {
    verdict: &'a mut Verdict,
    receipt: &'a Receipt,
    received: &'a ReceivedAnswer<'a>,
    /// Whether the receipt is for this body, and for this request. What it is not for, nobody signed.
    is_its_body: bool,
    is_its_request: bool,
}

/// What is known of a body that the receipt is not for.
const ANOTHER_BODY: &str = "the receipt is not for this body: the file was changed after it came, or is another answer's, or the platform sent what it did not sign. Give the bytes as they came, or refuse the answer";
/// What is known of a body whose bytes the receipt does not have, and that says other than the entry.
const UNBOUND_BODY: &str = "the answer says other than its entry, and the receipt binds none of its bytes: the file was changed after it came, or is another answer's, or the platform sent other than it logged. Give the bytes as they came, or refuse the answer";
/// What is known of a request that the receipt is not for.
const ANOTHER_REQUEST: &str = "the receipt is not for this request: check --method, --uri, --nonce and --request-body against what was sent. If they are right, refuse the answer";

impl<'a> Case<'a> {
    fn new(
        verdict: &'a mut Verdict,
        receipt: &'a Receipt,
        received: &'a ReceivedAnswer<'a>,
    ) -> Self {
        let (is_its_body, is_its_request) = (false, false);
        let mut case = Self { verdict, receipt, received, is_its_body, is_its_request };
        case.is_its_body = receipt.body == Some(Digest(Sha256::digest(received.body).into()));
        case.is_its_request = receipt.request == case.request();
        case
    }

    /// Compares what an entry says with the answer: only where the receipt is for that answer too, the platform has
    /// signed both.
    fn same_as_signed<T: PartialEq + std::fmt::Display>(
        &mut self,
        rule: Rule,
        (found, expected): (T, T),
        is_signed: bool,
        why: &str,
    ) {
        let (place, holds) = (Place::entry(self.receipt.index), found == expected);
        let otherwise = || (found.to_string(), expected.to_string());
        if is_signed {
            self.verdict.check(rule, place, holds, otherwise);
        } else {
            self.verdict.check_brought(rule, place, holds, otherwise, || why.to_owned());
        }
    }

    fn same_body<T: PartialEq + std::fmt::Display>(&mut self, rule: Rule, found: T, expected: T) {
        let why = if self.receipt.body.is_some() { ANOTHER_BODY } else { UNBOUND_BODY };
        self.same_as_signed(rule, (found, expected), self.is_its_body, why);
    }

    fn same<T: PartialEq + std::fmt::Display>(
        &mut self,
        rule: Rule,
        place: Place<'_>,
        found: T,
        expected: T,
    ) {
        self.verdict
            .check(rule, place, found == expected, || (found.to_string(), expected.to_string()));
    }

    fn check_receipt(&mut self, entry: Option<&Entry>, seed: &Seed) {
        let receipt = self.receipt;
        match receipt.body {
            Some(body) => {
                let sent = Digest(Sha256::digest(self.received.body).into());
                let otherwise = || (body.to_string(), sent.to_string());
                let (rule, why) = (Rule::ReceiptBody, || ANOTHER_BODY.to_owned());
                self.verdict.check_brought(rule, Place::WHOLE, body == sent, otherwise, why);
            }
            None => self.verdict.notice(None, BODY_UNBOUND.to_owned()),
        }
        let request = self.request();
        let otherwise = || (receipt.request.to_string(), request.to_string());
        // An entry that is for this request, under a receipt that is not, is signed twice.
        let is_of_entry = match entry {
            Some(Entry::Disclosure(disclosure)) => {
                disclosure.request == request_commitment(seed, &request)
            }
            _ => false,
        };
        let (rule, place, holds) = (Rule::ReceiptRequest, Place::WHOLE, self.is_its_request);
        if is_of_entry {
            self.verdict.check(rule, place, holds, otherwise);
        } else {
            let why = || ANOTHER_REQUEST.to_owned();
            self.verdict.check_brought(rule, place, holds, otherwise, why);
        }
    }

    /// The digest of the request that was sent, whatever the receipt says.
    fn request(&self) -> Digest {
        let ReceivedAnswer { method, path_and_query, request_body, nonce, .. } = *self.received;
        request_digest(method, path_and_query, request_body, nonce)
    }

    /// What can be said while the entry is not there: whether it could be.
    fn check_unpublished(&mut self, register: &Register, viewer: PairwiseId) {
        let Receipt { build, agreements, .. } = self.receipt;
        let name = register.builds().get(build).map(|build| &build.build.client);
        let client = name.and_then(|name| register.clients().get(name));
        let known = client.is_some_and(|client| {
            let has = |digest: &Digest| {
                client.contracts.values().any(|contract| contract.digest == *digest)
            };
            !agreements.is_empty() && agreements.iter().all(has)
        });
        let expected = "a build in the published register, and the agreements of its client";
        let otherwise =
            || (format!("build {build}, agreements {agreements:?}"), expected.to_owned());
        // The acts that make them so may be on their way with the entry.
        let why = || {
            format!(
                "the published register does not have build {build} with the agreements of the receipt: ask again when its entry is published"
            )
        };
        self.verdict.check_brought(Rule::ReceiptKnown, Place::WHOLE, known, otherwise, why);
        if let (Some(schema), Some(name)) = (register.schema(), name) {
            self.read_body(schema, viewer, name);
        }
    }

    fn read_body(
        &mut self,
        schema: &FieldSchema,
        viewer: PairwiseId,
        client: &Identifier,
    ) -> Option<Said> {
        let context = Context { schema, viewer, client, time: self.receipt.time };
        let said = answer::read(self.received.body, &context);
        let is_signed = self.is_its_body;
        self.verdict.check_read(Rule::AnswerForm, Place::WHOLE, said, |_| !is_signed)
    }

    /// The disclosure that the receipt speaks of.
    fn check_entry<'e>(&mut self, leaf: Hash, entry: Option<&'e Entry>) -> Option<&'e Disclosure> {
        let receipt = self.receipt;
        let place = Place::entry(receipt.index);
        let disclosure = match entry {
            Some(Entry::Disclosure(disclosure)) => Ok(disclosure),
            Some(entry) => Err(format!("an entry of kind {}", entry.kind())),
            None => Err(format!("{} is the leaf of something that is no entry", Digest(leaf))),
        };
        let disclosure = self.verdict.check_ok(Rule::ReceiptEntry, place, disclosure)?;
        let said = |build: &dyn std::fmt::Display, agreements: &[Digest], time| {
            format!("build {build}, agreements {agreements:?}, {time}")
        };
        let found = said(&disclosure.build, &disclosure.agreements, disclosure.time);
        let expected = said(&receipt.build, &receipt.agreements, receipt.time);
        self.same(Rule::ReceiptEntry, place, found, expected);
        Some(disclosure)
    }

    /// A receipt without a body binds no values; everybody can see for which entries that is so.
    fn check_bound(&mut self, disclosure: &Disclosure) {
        let is_bound = self.receipt.body.is_some();
        let expected = disclosure.delivery != Delivery::Decided;
        let place = Place::entry(self.receipt.index);
        self.verdict.check(Rule::ReceiptBody, place, is_bound == expected, || {
            let found = if is_bound { "a receipt with body" } else { "a receipt without body" };
            (
                found.to_owned(),
                format!("what is right for an entry with delivery {:?}", disclosure.delivery),
            )
        });
    }

    /// One entry vouches for one answer, or an operator could log once and answer often.
    fn check_request(&mut self, disclosure: &Disclosure, seed: &Seed) {
        let request = request_commitment(seed, &self.request());
        let is_signed = self.is_its_request;
        let both = (disclosure.request, request);
        self.same_as_signed(Rule::AnswerRequest, both, is_signed, ANOTHER_REQUEST);
    }

    fn check_records(
        &mut self,
        disclosure: &Disclosure,
        schema: &FieldSchema,
        seed: &Seed,
        records: &[Record],
    ) {
        let root = records_root(seed, records.iter().copied());
        self.same_body(Rule::AnswerRecords, disclosure.records, root);
        for (relation, names) in
            Relation::BOTH.into_iter().zip([&disclosure.viewer, &disclosure.friend])
        {
            let of_relation = records.iter().filter(|record| record.relation == relation);
            let fields =
                of_relation.fold(FieldSet::EMPTY, |fields, record| fields.or(record.fields));
            let held: Vec<_> = schema.names(fields).collect();
            let said = |names: &str| format!("{}: {names}", relation.name());
            self.same_body(Rule::AnswerFields, said(&names.join(", ")), said(&held.join(", ")));
        }
        let people = rounded_up(records.len() as u64);
        self.same_body(Rule::AnswerPeople, disclosure.people, people);
    }

    /// How many friends there are to be reached is more than the records say, so the entry says it too.
    fn check_counted(&mut self, disclosure: &Disclosure, count: Option<u64>) {
        let said = |counted: Option<u64>| {
            counted.map_or("no count".to_owned(), |counted| counted.to_string())
        };
        let rounded = count.map(rounded_up);
        self.same_body(Rule::AnswerCounted, said(disclosure.counted), said(rounded));
    }
}
