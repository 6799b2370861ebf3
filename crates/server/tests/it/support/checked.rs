//! A recipient who believes nothing: every answer that it gets, those within batches too, is held against its
//! receipt, its request and its entry.

use std::cell::RefCell;

use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use countersign_demo::client::Reply;
use countersign_domain::agreement::Delivery;
use countersign_domain::digest::Digest;
use countersign_domain::person::PairwiseId;
use countersign_protocol::entry::{Disclosure, Entry};
use countersign_protocol::receipt::{
    NONCE_HEADER, OPERATION_BODY_HEADER, OPERATION_URL_HEADER, SEED_HEADER, VIEWER_HEADER,
    operation_nonce, request_digest,
};
use countersign_protocol::record::{Seed, records_root, request_commitment};
use countersign_verifier::answer::{self, Context, Said};
use countersign_verifier::batch;
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

use crate::support::people::default_schema;
use crate::support::{Leaf, Serving, header, send};

/// A nonce that every request of a recipient carries.
const NONCE: &str = "nonce of the tests";

/// What a recipient keeps of an answer.
struct Kept {
    what: String,
    reply: Reply,
    request: Digest,
}

/// A recipient who asks with one token.
pub(crate) struct Recipient<'a> {
    pub(crate) serving: &'a Serving<'a>,
    token: String,
    kept: RefCell<Vec<Kept>>,
}

/// A request that is more than a path.
#[derive(Default)]
pub(crate) struct Asked<'a> {
    pub(crate) method: &'a str,
    pub(crate) path: &'a str,
    pub(crate) content_type: &'a str,
    pub(crate) body: &'a str,
}

impl<'a> Recipient<'a> {
    pub(crate) fn new(serving: &'a Serving<'a>, token: &str) -> Self {
        Self { serving, token: token.to_owned(), kept: RefCell::default() }
    }

    /// Sends a request; an answer is looked at and kept.
    pub(crate) fn ask(&self, asked: &Asked<'_>) -> Reply {
        let Asked { method, path, content_type, body } = *asked;
        let bearer = format!("Bearer {}", self.token);
        let mut headers = vec![(NONCE_HEADER, NONCE), ("authorization", &*bearer)];
        if !content_type.is_empty() {
            headers.push(("content-type", content_type));
        }
        let path_sent = path.replace('{', "%7B").replace('}', "%7D");
        let reply = send(&self.serving.world.url(), method, &path_sent, &headers, body);
        let is_batch = reply.body.starts_with(b"[");
        if reply.status == 200 && !is_batch {
            let request = request_digest(method, &path_sent, body.as_bytes(), NONCE.as_bytes());
            self.keep(&format!("{method} {path}"), &reply, request);
        } else {
            assert_eq!(header(&reply, "countersign-receipt"), None, "{method} {path}");
        }
        reply
    }

    /// `GET`, answered or not.
    pub(crate) fn get(&self, path: &str) -> Reply {
        self.ask(&Asked { method: "GET", path, ..Asked::default() })
    }

    /// `GET`, which has to be answered.
    pub(crate) fn read(&self, path: &str) -> Value {
        let reply = self.get(path);
        let body = reply.json().unwrap();
        assert_eq!(reply.status, 200, "{path}: {body}");
        body
    }

    /// A link of an answer, which has to be answered.
    pub(crate) fn follow(&self, link: &Value) -> Value {
        let url = self.serving.world.url();
        let path = link.as_str().and_then(|link| link.strip_prefix(&*url));
        self.read(path.unwrap_or_else(|| panic!("not a link to {url}: {link}")))
    }

    /// A batch as a JSON body; what each operation was answered.
    pub(crate) fn batch(&self, operations: &Value) -> Vec<Value> {
        let body = json!({ "batch": operations }).to_string();
        let reply = self.ask(&Asked {
            method: "POST",
            path: "/v3.0/",
            content_type: "application/json",
            body: &body,
        });
        self.batch_answered(operations, &reply)
    }

    /// Looks at the answer to a batch of these operations.
    pub(crate) fn batch_answered(&self, operations: &Value, reply: &Reply) -> Vec<Value> {
        let said = String::from_utf8_lossy(&reply.body);
        assert_eq!(reply.status, 200, "{said}");
        let answers: Vec<Value> = serde_json::from_slice(&reply.body).unwrap();
        let operations = operations.as_array().unwrap();
        assert_eq!(answers.len(), operations.len(), "{said}");
        for (number, (answer, operation)) in answers.iter().zip(operations).enumerate() {
            if answer["code"] == 200 {
                self.keep_operation(number, operation, reply);
            }
        }
        answers
    }

    fn keep_operation(&self, number: usize, operation: &Value, reply: &Reply) {
        let taken = batch::operation(&reply.body, number).unwrap();
        let (headers, body) = (taken.headers, taken.body.into_bytes());
        let alone = Reply { status: 200, headers, body };
        let sent = |key: &str| operation[key].as_str().unwrap_or_default().to_owned();
        let mut path = sent("relative_url");
        if !path.starts_with('/') {
            path.insert(0, '/');
        }
        let path = header(&alone, OPERATION_URL_HEADER).map_or(path, str::to_owned);
        let body = header(&alone, OPERATION_BODY_HEADER).map_or(sent("body"), str::to_owned);
        let method = operation["method"].as_str().unwrap_or("GET").to_uppercase();
        let nonce = operation_nonce(NONCE.as_bytes(), number);
        let request = request_digest(&method, &path, body.as_bytes(), &nonce);
        self.keep(&format!("operation {number}: {path}"), &alone, request);
    }

    fn keep(&self, what: &str, reply: &Reply, request: Digest) {
        let (headers, body) = (reply.headers.clone(), reply.body.clone());
        let reply = Reply { status: reply.status, headers, body };
        self.kept.borrow_mut().push(Kept { what: what.to_owned(), reply, request });
    }

    /// Holds everything that was kept against the published log; how many answers that were.
    pub(crate) fn check(&self) -> usize {
        let leaves = self.serving.world.verified(self.serving.head());
        let kept = self.kept.borrow();
        for one in kept.iter() {
            self.check_one(one, &leaves);
        }
        let mut indexes: Vec<_> =
            kept.iter().map(|one| self.serving.world.receipt(&one.reply).index).collect();
        indexes.sort_unstable();
        indexes.dedup();
        assert_eq!(indexes.len(), kept.len(), "two answers have one entry");
        kept.len()
    }

    fn check_one(&self, kept: &Kept, leaves: &[Leaf]) {
        let Kept { what, reply, request } = kept;
        let receipt = self.serving.world.receipt(reply);
        assert_eq!(receipt.body, Some(Digest(Sha256::digest(&reply.body).into())), "{what}");
        assert_eq!(receipt.request, *request, "{what}");
        let leaf = &leaves[receipt.index as usize];
        assert_eq!(receipt.leaf, Digest(leaf.hash), "{what}");
        let Entry::Disclosure(disclosure) = &leaf.entry else { panic!("{what}: an act") };
        let Disclosure { records: root, people, client, time, delivery, .. } = disclosure;
        assert_eq!(*delivery, Delivery::Clear, "{what}");
        let viewer = header(reply, VIEWER_HEADER).and_then(PairwiseId::parse).unwrap();
        let schema = default_schema();
        let context = Context { schema: &schema, viewer, client, time: *time };
        let said = String::from_utf8_lossy(&reply.body);
        let read = answer::read(&reply.body, &context);
        let Said { records, count } =
            read.unwrap_or_else(|error| panic!("{what}: {error}: {said}"));
        let seed = BASE64_URL_SAFE_NO_PAD.decode(header(reply, SEED_HEADER).unwrap()).unwrap();
        let seed = Seed(seed.try_into().unwrap());
        assert_eq!(disclosure.request, request_commitment(&seed, request), "{what}");
        assert_eq!(*root, records_root(&seed, records.iter().copied()), "{what}");
        assert_eq!(*people, (records.len() as u64).next_power_of_two(), "{what}");
        assert_eq!(disclosure.counted, count.map(u64::next_power_of_two), "{what}");
    }
}

/// The body of an operation's answer.
pub(crate) fn body(answer: &Value) -> Value {
    let text = answer["body"].as_str().unwrap_or_else(|| panic!("no body: {answer}"));
    serde_json::from_str(text).unwrap()
}
