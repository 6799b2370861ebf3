//! An answer in its recipient's hands: a promise that was kept, and one lie a test.

use std::path::Path;

use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use countersign_domain::agreement::Delivery;
use countersign_domain::digest::Digest;
use countersign_domain::field::FieldSet;
use countersign_domain::person::PairwiseId;
use countersign_domain::relation::Relation;
use countersign_protocol::entry::{Disclosure, Entry};
use countersign_protocol::merkle::leaf_hash;
use countersign_protocol::receipt::{RECEIPT_VERSION, Receipt, operation_nonce, request_digest};
use countersign_protocol::record::{Record, Seed, records_root, request_commitment};
use countersign_verifier::log_check::Question;
use countersign_verifier::outcome::OutcomeName;
use countersign_verifier::promise::{AnswerCheck, Promise, ReceivedAnswer, check_answer};
use countersign_verifier::site::FolderSite;
use countersign_verifier::verdict::{Notice, Rule};
use sha2::{Digest as _, Sha256};

use crate::verify_world::{BEGINNING_S, ORIGIN, World, at, failed, log_key, name, sign};

pub(crate) const URI: &str = "/v3.0/me?fields=id,name,friends{name,work}";
pub(crate) const NONCE: &str = "4711";
const SEED: Seed = Seed([5; 32]);
const VIEWER: PairwiseId = PairwiseId([1; 16]);

/// An answer about a viewer and two friends, and the world in which it was logged.
pub(crate) struct Answered {
    pub(crate) world: World,
    receipt: Receipt,
    receipts_key: &'static str,
    viewer: PairwiseId,
    pub(crate) body: String,
}

fn friend(number: u8) -> PairwiseId {
    PairwiseId([number; 16])
}

fn body() -> String {
    let (two, three) = (friend(2), friend(3));
    format!(
        r#"{{"id":"{VIEWER}","name":"Vera","friends":{{"data":[{{"id":"{two}","name":"Two"}},{{"id":"{three}","work":[]}}]{}}}}}"#,
        paging()
    )
}

fn paging() -> String {
    let (two, three) = (friend(2), friend(3));
    format!(
        r#","paging":{{"cursors":{{"before":"{two}","after":"{three}"}},"next":"https://platform.example/v3.0/{VIEWER}/friends?limit=2&after={three}"}}"#
    )
}

fn request() -> Digest {
    request_digest("GET", URI, b"", NONCE.as_bytes())
}

fn records() -> Vec<Record> {
    let record = |pairwise, relation, fields| Record {
        pairwise,
        relation,
        fields: FieldSet::from_bits(fields),
    };
    vec![
        record(VIEWER, Relation::Viewer, 0b111),
        record(friend(2), Relation::Friend, 0b101),
        record(friend(3), Relation::Friend, 0b1001),
    ]
}

pub(crate) fn answered() -> Answered {
    answered_with(&body(), |_| {})
}

/// The same as the answer to an operation of a batch.
pub(crate) fn answered_operation(number: usize) -> Answered {
    let request = request_digest("GET", URI, b"", &operation_nonce(NONCE.as_bytes(), number));
    let mut answered = answered_with(&body(), |d| d.request = request_commitment(&SEED, &request));
    answered.receipt.request = request;
    answered
}

/// An answer whose entry is right but for this change, and whose receipt is the entry's.
fn answered_with(body: &str, change: impl FnOnce(&mut Disclosure)) -> Answered {
    let mut world = World::governed();
    world.clock_s += 100;
    world.disclose(|_| {});
    let mut disclosure = world.disclosure();
    disclosure.records = records_root(&SEED, records());
    disclosure.request = request_commitment(&SEED, &request());
    change(&mut disclosure);
    let entry = Entry::Disclosure(disclosure.clone());
    let receipt = Receipt {
        agreements: disclosure.agreements.clone(),
        body: Some(Digest(Sha256::digest(body).into())),
        build: disclosure.build,
        deadline: disclosure.time.plus_seconds(10),
        index: world.push(&entry),
        leaf: Digest(leaf_hash(&entry.to_bytes().unwrap())),
        origin: ORIGIN.to_owned(),
        request: request(),
        time: disclosure.time,
        v: RECEIPT_VERSION,
    };
    world.disclose(|_| {});
    Answered { world, receipt, receipts_key: "receipts", viewer: VIEWER, body: body.to_owned() }
}

impl Answered {
    pub(crate) fn headers(&self) -> String {
        let signature = sign(self.receipts_key, &self.receipt.message().unwrap());
        let receipt = self.receipt.to_header(&signature).unwrap();
        let seed = BASE64_URL_SAFE_NO_PAD.encode(SEED.0);
        let viewer = self.viewer;
        format!(
            "HTTP/1.1 302 Found\r\ncountersign-seed: AAAA\r\n\r\nHTTP/1.1 200 OK\r\ncontent-type: application/json\r\nCountersign-Receipt: {receipt}\r\ncountersign-seed: {seed}\r\ncountersign-viewer: {viewer}\r\n\r\n"
        )
    }

    /// The headers of a receipt of this second, which promises for a minute later.
    pub(crate) fn headers_of(&mut self, time_s: u64) -> String {
        self.receipt.time = at(time_s);
        self.receipt.deadline = at(time_s + 60);
        self.headers()
    }

    pub(crate) fn publish(&self, folder: &Path) {
        self.world.publish(folder);
    }

    pub(crate) fn received<'a>(&'a self, headers: &'a str) -> ReceivedAnswer<'a> {
        ReceivedAnswer {
            headers,
            body: self.body.as_bytes(),
            method: "GET",
            path_and_query: URI,
            request_body: b"",
            nonce: NONCE.as_bytes(),
        }
    }

    fn check_at(&self, now_s: u64) -> AnswerCheck {
        self.check_received(now_s, |_| {})
    }

    fn check_received(
        &self,
        now_s: u64,
        change: impl FnOnce(&mut ReceivedAnswer<'_>),
    ) -> AnswerCheck {
        let folder = tempfile::tempdir().unwrap();
        self.publish(folder.path());
        let headers = self.headers();
        let mut received = self.received(&headers);
        change(&mut received);
        let key = log_key();
        let question = Question::new(&key, at(now_s));
        check_answer(&FolderSite::new(folder.path()), &question, &received, |_, _| {}).unwrap()
    }

    fn check_unpublished(&mut self) -> AnswerCheck {
        self.world.entries.truncate(self.receipt.index as usize);
        let checked = self.check_at(self.receipt.time.seconds());
        assert_eq!(checked.promise, Promise::NotYet);
        checked
    }

    /// The rules that fail, long after the deadline.
    fn failing(&self) -> Vec<Rule> {
        rules(&self.check_at(BEGINNING_S + 86_400))
    }
}

fn rules(checked: &AnswerCheck) -> Vec<Rule> {
    let mut rules: Vec<_> = failed(&checked.verdict).into_iter().map(|(rule, _)| rule).collect();
    rules.dedup();
    rules
}

fn outcome(checked: &AnswerCheck) -> OutcomeName {
    checked.verdict.outcome().name()
}

#[test]
fn a_promise_that_was_kept_holds() {
    let checked = answered().check_at(BEGINNING_S + 86_400);
    assert_eq!(checked.verdict.failures, []);
    assert_eq!(checked.promise, Promise::Kept);
    for rule in [
        Rule::Inclusion,
        Rule::AnswerRequest,
        Rule::AnswerRecords,
        Rule::AnswerFields,
        Rule::ReceiptRequest,
        Rule::ReceiptTime,
    ] {
        assert!(checked.verdict.rule_holds(rule), "{rule} was not checked");
    }
}

#[test]
fn a_promise_is_kept_not_due_or_broken() {
    let mut answered = answered();
    answered.world.entries.truncate(answered.receipt.index as usize);
    let deadline_s = answered.receipt.deadline.seconds();
    let in_time = answered.check_at(deadline_s);
    assert_eq!((in_time.promise, rules(&in_time)), (Promise::NotYet, vec![]));
    assert_eq!(in_time.verdict.rules.get(&Rule::Promise), None, "counted before it was due");
    for rule in [Rule::ReceiptTime, Rule::ReceiptKnown, Rule::AnswerForm] {
        assert!(in_time.verdict.rule_holds(rule), "{rule} was not checked");
    }
    // A log that ends before the receipt was made may be an old copy of it.
    let late = answered.check_at(deadline_s + 1);
    assert_eq!((late.promise, rules(&late)), (Promise::Overdue, vec![Rule::Promise]));
    assert_eq!(outcome(&late), OutcomeName::OutOfDate);
    // What is dated later in its place has taken it for good.
    answered.world.clock_s = answered.receipt.time.seconds() + 1;
    answered.world.disclose(|_| {});
    answered.receipt.index += 1;
    let late = answered.check_at(deadline_s + 1);
    assert_eq!((late.promise, rules(&late)), (Promise::Broken, vec![Rule::Promise]));
    assert_eq!(outcome(&late), OutcomeName::Fails);
}

#[test]
fn a_receipt_under_another_key_is_named() {
    let mut answered = answered();
    answered.receipts_key = "log";
    assert_eq!(answered.failing(), [Rule::ReceiptSignature]);
}

#[test]
fn a_receipt_for_another_log_is_named() {
    let mut answered = answered();
    answered.receipt.origin = "log.example/other".to_owned();
    assert_eq!(answered.failing(), [Rule::ReceiptOrigin]);
}

#[test]
fn a_receipt_for_another_request_is_named() {
    let answered = answered();
    let changes: [fn(&mut ReceivedAnswer<'_>); 4] = [
        |received| received.method = "POST",
        |received| received.path_and_query = "/v3.0/me",
        |received| received.request_body = b"x",
        |received| received.nonce = b"4712",
    ];
    for change in changes {
        let checked = answered.check_received(BEGINNING_S + 86_400, change);
        assert_eq!(rules(&checked), [Rule::ReceiptRequest, Rule::AnswerRequest]);
        assert_eq!(outcome(&checked), OutcomeName::NotChecked);
    }
}

#[test]
fn another_request_or_body_accuses_nobody_unless_the_platform_signed_it() {
    let asked = |answered: &Answered, now_s| {
        answered.check_received(now_s, |received| received.nonce = b"4712")
    };
    let late_s = BEGINNING_S + 86_400;
    let mut unpublished = answered();
    unpublished.world.entries.truncate(unpublished.receipt.index as usize);
    assert_eq!(outcome(&asked(&unpublished, BEGINNING_S + 100)), OutcomeName::NotChecked);
    let mut changed = answered();
    changed.body = changed.body.replace("Vera", "Eva!");
    assert_eq!(outcome(&changed.check_at(late_s)), OutcomeName::NotChecked);
    assert_eq!(outcome(&asked(&changed, late_s)), OutcomeName::NotChecked, "another body too");
    // The receipt is for what the entry is not for.
    let mut signed = answered();
    signed.receipt.request = Digest([6; 32]);
    let checked = signed.check_at(late_s);
    assert_eq!(
        (rules(&checked), outcome(&checked)),
        (vec![Rule::ReceiptRequest], OutcomeName::Fails)
    );
    let records = answered_with(&body().replace(r#","work":[]"#, ""), |_| {});
    assert_eq!(outcome(&records.check_at(late_s)), OutcomeName::Fails, "it signed this body");
    let mut broken = answered();
    broken.receipt.index -= 1;
    assert_eq!(outcome(&asked(&broken, late_s)), OutcomeName::Fails, "another request, and a lie");
}

#[test]
fn one_entry_for_the_answers_to_two_requests_is_named() {
    let asked_again: [fn(&mut ReceivedAnswer<'_>); 4] = [
        |received| received.method = "POST",
        |received| received.path_and_query = "/v3.0/me?fields=id,name,friends{name,work}&x",
        |received| received.request_body = b"x",
        |received| received.nonce = b"4712",
    ];
    for ask in asked_again {
        let mut answered = answered();
        let mut asked = answered.received("");
        ask(&mut asked);
        let ReceivedAnswer { method, path_and_query, request_body, nonce, .. } = asked;
        answered.receipt.request = request_digest(method, path_and_query, request_body, nonce);
        let checked = answered.check_received(BEGINNING_S + 86_400, ask);
        assert_eq!(rules(&checked), [Rule::AnswerRequest], "the second receipt is properly signed");
        assert_eq!(outcome(&checked), OutcomeName::Fails);
    }
    let other = answered_with(&body(), |d| d.request = request());
    assert_eq!(
        other.failing(),
        [Rule::AnswerRequest],
        "without the seed it would be no commitment"
    );
}

#[test]
fn a_receipt_that_would_never_be_due_is_named() {
    for (time_s, deadline_s, now_s, holds) in [
        (0, 0, 0, true),
        (0, 86_400, 0, true),
        (0, 86_401, 0, false),
        (1, 0, 1, false),
        (900, 960, 0, true),
        (901, 960, 0, false),
    ] {
        let mut answered = answered();
        answered.world.entries.truncate(answered.receipt.index as usize);
        let start_s = answered.receipt.time.seconds();
        answered.receipt.time = at(start_s + time_s);
        answered.receipt.deadline = at(start_s + deadline_s);
        let checked = answered.check_at(start_s + now_s);
        let mut failing = rules(&checked);
        failing.retain(|rule| *rule != Rule::Promise);
        let expected: &[_] = if holds { &[] } else { &[Rule::ReceiptTime] };
        assert_eq!(failing, expected, "{time_s} {deadline_s} {now_s}");
    }
    let mut answered = answered();
    answered.receipt.deadline = at(BEGINNING_S + 10 * 86_400);
    assert_eq!(answered.failing(), [Rule::ReceiptTime], "even if the entry is there");
}

/// The rules that fail while the entry is not published yet.
fn failing_unpublished(mut answered: Answered) -> Vec<Rule> {
    rules(&answered.check_unpublished())
}

#[test]
fn an_answer_whose_entry_is_not_published_yet_is_looked_at_all_the_same() {
    assert_eq!(failing_unpublished(answered()), []);
    let unlogged = body().replacen(r#""Vera","#, r#""Vera","shoe_size":40,"#, 1);
    assert_eq!(failing_unpublished(answered_with(&unlogged, |_| {})), [Rule::AnswerForm]);
    let changes: [fn(&mut Receipt); 2] = [
        |receipt| receipt.build = name("aurora-home@40"),
        |receipt| receipt.agreements = vec![Digest([6; 32])],
    ];
    for change in changes {
        let mut answered = answered();
        change(&mut answered.receipt);
        assert_eq!(failing_unpublished(answered), [Rule::ReceiptKnown]);
    }
}

#[test]
fn paging_that_says_more_than_the_list_is_named() {
    let two = friend(2).to_string();
    for (from, to) in [
        (r#""cursors""#, r#""name":"Nine","cursors""#),
        (r#""before":"#, r#""name":"Nine","before":"#),
        (&format!(r#""before":"{two}""#), r#""before":"Nine""#),
        ("https:", "name:"),
        ("&after=", "&name="),
        ("&after=", "&religion=x&after="),
        ("example/", "example/nine/"),
        ("limit=2", "limit=19151210"),
    ] {
        let lie = body().replacen(from, to, 1);
        assert_ne!(lie, body());
        assert_eq!(answered_with(&lie, |_| {}).failing(), [Rule::AnswerForm], "{to}");
    }
}

#[test]
fn a_summary_or_link_that_says_more_than_the_list_is_named() {
    let (two, three) = (friend(2), friend(3));
    let entered = |from: &str, to: &str, counted: Option<u64>| {
        let changed = body().replacen(from, to, 1);
        assert_ne!(changed, body());
        answered_with(&changed, |d| d.counted = counted).failing()
    };
    let with = |from: &str, to: &str| entered(from, to, None);
    let end = "&after=03030303030303030303030303030303\"}";
    let summarised = |summary: &str| format!(r#"{end},"summary":{summary}"#);
    let summary = |summary: &str| with(end, &summarised(summary));
    for (count, counted) in [(2, 2), (477, 512), (512, 512)] {
        let said = summarised(&format!(r#"{{"total_count":{count}}}"#));
        assert_eq!(entered(end, &said, Some(counted)), []);
        for lie in [None, Some(counted * 2)] {
            assert_eq!(entered(end, &said, lie), [Rule::AnswerCounted]);
        }
    }
    for lie in [r#"{"total_count":1}"#, r#"{"total_count":2,"name":"Nine"}"#, r#"["Nine"]"#] {
        assert_eq!(summary(lie), [Rule::AnswerForm], "{lie}");
    }
    let previous = |query: &str| {
        with(
            r#""next""#,
            &format!(
                r#""previous":"https://platform.example/v3.0/{VIEWER}/friends?limit=2&{query}","next""#
            ),
        )
    };
    assert_eq!(previous(&format!("before={two}")), []);
    for lie in [format!("before={three}"), format!("after={two}"), "before=Nine".to_owned()] {
        assert_eq!(previous(&lie), [Rule::AnswerForm], "{lie}");
    }
}

#[test]
fn an_answer_by_ids_is_held_against_the_same_records() {
    let (two, three) = (friend(2), friend(3));
    let by_ids = format!(
        r#"{{"me":{{"id":"{VIEWER}","name":"Vera"}},"{two}":{{"id":"{two}","name":"Two"}},"{three}":{{"id":"{three}","work":[]}}}}"#
    );
    assert_eq!(answered_with(&by_ids, |_| {}).failing(), []);
    for (from, to, rules) in [
        (r#""me""#.to_owned(), format!(r#""{VIEWER}""#), &[][..]),
        (format!(r#""{two}":"#), format!(r#""{}":"#, friend(9)), &[Rule::AnswerForm]),
        (r#""me""#.to_owned(), r#""you""#.to_owned(), &[Rule::AnswerForm]),
        (r#""Two""#.to_owned(), r#""Two","work":1"#.to_owned(), &[Rule::AnswerRecords]),
    ] {
        let changed = by_ids.replacen(&from, &to, 1);
        assert_ne!(changed, by_ids);
        assert_eq!(answered_with(&changed, |_| {}).failing(), rules, "{to}");
    }
}

#[test]
fn a_body_that_was_changed_on_the_way_is_named() {
    let mut answered = answered();
    answered.body = answered.body.replace("Vera", "Eva!");
    assert_eq!(answered.failing(), [Rule::ReceiptBody]);
}

#[test]
fn a_receipt_without_body_is_for_an_entry_that_says_so_and_for_no_other() {
    for (delivery, is_bound, expected) in [
        (Delivery::Clear, true, &[][..]),
        (Delivery::Clear, false, &[Rule::ReceiptBody]),
        (Delivery::Decided, true, &[Rule::ReceiptBody]),
        (Delivery::Decided, false, &[]),
    ] {
        let mut answered = answered_with(&body(), |d| d.delivery = delivery);
        answered.receipt.body = answered.receipt.body.filter(|_| is_bound);
        assert_eq!(answered.failing(), expected, "{delivery:?} {is_bound}");
        if !is_bound {
            let unpublished = answered.check_unpublished();
            assert_eq!(rules(&unpublished), [], "nobody can say yet what the entry says");
            let unbound = |notice: &Notice| notice.says.contains("the platform sent this answer");
            assert!(unpublished.verdict.notices.iter().any(unbound));
        }
    }
}

#[test]
fn another_leaf_at_the_receipts_index_is_named() {
    let mut answered = answered();
    answered.receipt.leaf = Digest([4; 32]);
    let checked = answered.check_at(BEGINNING_S + 86_400);
    assert_eq!(rules(&checked), [Rule::ReceiptLeaf, Rule::Inclusion]);
    assert_eq!(checked.promise, Promise::Broken);
}

#[test]
fn an_entry_under_another_build_agreement_or_time_is_named() {
    let changes: [fn(&mut Receipt); 3] = [
        |receipt| receipt.build = name("aurora-home@40"),
        |receipt| receipt.agreements = vec![Digest([6; 32])],
        |receipt| receipt.time = receipt.time.plus_seconds(1),
    ];
    for change in changes {
        let mut answered = answered();
        change(&mut answered.receipt);
        assert_eq!(answered.failing(), [Rule::ReceiptEntry]);
    }
}

#[test]
fn a_receipt_for_an_act_is_named() {
    let mut answered = answered();
    answered.receipt.index = 3;
    answered.receipt.leaf = Digest(leaf_hash(&answered.world.entries[3]));
    assert_eq!(answered.failing(), [Rule::ReceiptEntry]);
}

/// An answer whose receipt covers its body, but whose entry commits to the records above.
fn answer_lies(from: &str, to: &str, expected: &[Rule]) {
    let truth = body().replacen(&paging(), "", 1);
    let lie = truth.replacen(from, to, 1);
    assert_ne!(lie, truth);
    assert_eq!(answered_with(&lie, |_| {}).failing(), expected, "{to}");
}

#[test]
fn an_answer_that_says_more_less_or_other_than_its_records_is_named() {
    let (two, three) = (friend(2).to_string(), friend(3).to_string());
    let nine = friend(9).to_string();
    answer_lies(r#""Two"}"#, r#""Two","work":1}"#, &[Rule::AnswerRecords]);
    answer_lies(r#","name":"Two"}"#, "}", &[Rule::AnswerRecords, Rule::AnswerFields]);
    answer_lies(&two, &nine, &[Rule::AnswerRecords]);
    answer_lies(
        r#""Vera","#,
        r#""Vera","religion":"x","#,
        &[Rule::AnswerRecords, Rule::AnswerFields],
    );
    answer_lies(
        r#""name":"Two"},"#,
        &format!(r#""name":"Two"}},{{"id":"{}"}},{{"id":"{nine}"}},"#, friend(8)),
        &[Rule::AnswerRecords, Rule::AnswerPeople],
    );
    let last = format!(r#",{{"id":"{three}","work":[]}}"#);
    answer_lies(&last, "", &[Rule::AnswerRecords, Rule::AnswerFields, Rule::AnswerPeople]);
}

#[test]
fn an_answer_that_could_be_read_in_two_ways_is_named() {
    answer_lies(r#""Two"}"#, r#""Two","name":2}"#, &[Rule::AnswerForm]);
    answer_lies(r#""Two"}"#, r#""Two","friends":{"data":[]}}"#, &[Rule::AnswerForm]);
    answer_lies(r#""Vera""#, r#""Vera","shoe_size":40"#, &[Rule::AnswerForm]);
}

#[test]
fn an_entry_that_says_less_than_its_records_is_named() {
    let less = answered_with(&body(), |d| drop(d.friend.pop()));
    assert_eq!(less.failing(), [Rule::AnswerFields]);
    let fewer = answered_with(&body(), |d| d.people = 2);
    assert_eq!(fewer.failing(), [Rule::AnswerPeople]);
    let counted = answered_with(&body(), |d| d.counted = Some(8));
    assert_eq!(counted.failing(), [Rule::AnswerCounted]);
    let other = answered_with(&body(), |d| d.records = Digest([1; 32]));
    assert_eq!(other.failing(), [Rule::AnswerRecords]);
}

#[test]
fn another_viewer_than_the_records_have_is_named() {
    let mut answered = answered();
    answered.viewer = friend(9);
    assert_eq!(answered.failing(), [Rule::AnswerForm], "the body would be a friend with friends");
}

#[test]
fn headers_that_are_missing_repeated_or_broken_are_named() {
    let answered = answered();
    let headers = answered.headers();
    let twice = headers.replace("content-type: application/json", "countersign-viewer: 00");
    for (changed, expected) in [
        (headers.replace("Countersign-Receipt", "x"), "the header countersign-receipt is missing"),
        (twice, "the header countersign-viewer stands there 2 times"),
        (
            headers.replace("countersign-seed: B", "countersign-seed: *"),
            "countersign-seed is not of the form",
        ),
        (
            headers.replace("countersign-viewer: 0", "countersign-viewer: X"),
            "countersign-viewer is not of the form",
        ),
    ] {
        let checked = answered
            .check_received(0, |received| received.headers = Box::leak(changed.into_boxed_str()));
        let found = checked.verdict.failures.iter().find(|f| f.rule == Rule::ReceiptForm).unwrap();
        assert_eq!(found.found, expected);
        assert_eq!(checked.promise, Promise::Unchecked);
    }
}

#[test]
fn an_answer_is_worth_nothing_in_a_log_that_does_not_hold() {
    let mut answered = answered();
    let index = answered.receipt.index;
    answered.world.disclose(|d| d.build = name("aurora-home@42"));
    let checked = answered.check_at(BEGINNING_S + 86_400);
    assert_eq!(checked.promise, Promise::Kept);
    assert_eq!(failed(&checked.verdict), [(Rule::BuildKnown, Some(index + 2))]);
}
