//! The verdict: what was checked, how often, and what did not hold, with the reason. It is data; how
//! it is shown is the binary's business.

use std::collections::BTreeMap;

use countersign_domain::digest::Digest;
use countersign_domain::time::Timestamp;
use countersign_protocol::witness_policy::QuorumTimes;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::outcome::{Outcome, Unsaid};

/// The most failures of each rule that a verdict keeps unless its caller says otherwise; more are only
/// counted. It is a limit per rule so that many failures of one cannot hide those of another.
pub const FAILURES_KEPT_MAX: u64 = 20;

macro_rules! rules {
    ($($variant:ident $name:literal $says:literal)*) => {
        /// A rule that an outsider checks. Its name is what reports and scripts speak of.
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
        pub enum Rule {
            $(#[doc = $says] $variant,)*
        }

        impl Rule {
            /// Every rule, in the order of reports.
            pub const ALL: &[Self] = &[$(Self::$variant,)*];

            /// The rule's name.
            #[must_use]
            pub const fn name(self) -> &'static str {
                match self { $(Self::$variant => $name,)* }
            }

            /// The rule of this name.
            #[must_use]
            pub fn named(name: &str) -> Option<Self> {
                Self::ALL.iter().copied().find(|rule| rule.name() == name)
            }

            /// What the rule asks, in a sentence.
            #[must_use]
            pub const fn says(self) -> &'static str {
                match self { $(Self::$variant => $says,)* }
            }
        }
    };
}

rules! {
    Checkpoint "checkpoint" "The checkpoint is in its one form and signed by the log's key."
    Witnesses "witnesses" "Enough witnesses cosigned the checkpoint, by the policy, and no cosignature is forged."
    WitnessTime "witness_time" "No entry is later than the time at which witnesses saw it."
    Root "root" "The tree computed from the entries has the root that the checkpoint signs."
    HashTile "hash_tile" "Each hash tile holds the hashes computed from the tile below."
    EntryBundle "entry_bundle" "Each entry bundle holds the entries that the tree was built from."
    NotShrunk "not_shrunk" "The log has no fewer entries than a checkpoint of it that was kept earlier."
    Consistency "consistency" "The tree begins with the tree of the checkpoint kept earlier."
    Fresh "fresh" "The newest entry is not older than asked."
    NotFuture "not_future" "No entry comes from the future."
    Document "document" "Each published document is the one that its digest names."
    EntryForm "entry_form" "Each entry is read in its one spelling."
    ActSignatures "act_signatures" "Every signature under an act holds, and is by somebody who has a part in it."
    RootSigned "root_signed" "The root signed each act about keys."
    PartnerSigned "partner_signed" "The partner signed what binds it: agreements, builds, certifications, attestations, its new key."
    FourEyes "four_eyes" "Two different reviewers signed each act that opens something."
    ReviewerSigned "reviewer_signed" "A reviewer signed each act that closes something."
    ActOnce "act_once" "No act counts twice."
    ActDocument "act_document" "The document of an act can be read, and is about what the act is about."
    KeysApart "keys_apart" "The root key stays the same, and no key belongs to two."
    BuildDeclares "build_declares" "A build declares only what an agreement of its client gives."
    BuildReview "build_review" "A build is approved once submitted, not while reviews are paused, and never once revoked."
    WindDownAhead "wind_down_ahead" "No wind-down step lies before the act that schedules it."
    Act "act" "Each act was possible when it was done."
    ActTime "act_time" "No act is dated back before what stood in the log already."
    DisclosureTime "disclosure_time" "The times of disclosures never go back."
    OwnTime "own_time" "The times of consents and closes never go back."
    CloseOrder "close_order" "Each close has the next number and names the close before; the directory never goes back."
    CloseRange "close_range" "Each close covers the entries from where the one before ended to some entry before itself."
    CloseLate "close_late" "From the first close on, the next is made within 24 hours."
    AsOf "as_of" "The decision had seen every act before the disclosure."
    AsOfPast "as_of_past" "The decision had seen nothing but what stands before the disclosure."
    AsOfRecent "as_of_recent" "The decision had seen everything that was more than two seconds old."
    BuildKnown "build_known" "The build is in the register."
    BuildApproved "build_approved" "Two reviewers approved the build."
    BuildNotRevoked "build_not_revoked" "Nobody revoked the build."
    Client "client" "The client is the build's."
    Partner "partner" "The partner is the client's."
    PartnerNotSuspended "partner_not_suspended" "The partner is not suspended."
    ClientNotSuspended "client_not_suspended" "The client is not suspended."
    Screening "screening" "No screening of the partner is undecided or went against it."
    Obligation "obligation" "The partner owes nothing that is overdue."
    AgreementDigest "agreement_digest" "The agreements are those in force for the client at the disclosure's time."
    AgreementTerm "agreement_term" "Some agreement was in force at the disclosure's time."
    Purpose "purpose" "Every agreement in force has the purpose."
    PurposeDeclared "purpose_declared" "The build declared the purpose."
    Delivery "delivery" "It was delivered as the agreement says, or, where that is clear, by the platform itself."
    Territory "territory" "The platform rules leave the countries of the partner and its parent open."
    AgreementTerritory "agreement_territory" "Every agreement in force reaches the countries of the partner and its parent."
    FieldsKnown "fields_known" "The field schema in force has the fields."
    FieldsOrdered "fields_ordered" "The fields stand in the schema's order, each once."
    FieldsComplete "fields_complete" "Whoever is in an answer is there with an id; the viewer's list is there exactly if a friend is."
    FieldsAgreed "fields_agreed" "Every agreement in force gives the fields for the purpose."
    WindDown "wind_down" "No wind-down step had ended the fields."
    Certification "certification" "The partner's certification for the fields had not lapsed."
    FieldsDeclared "fields_declared" "The build declared the fields."
    SpecialCategory "special_category" "Of friends, no field that the platform rules close as a special category."
    People "people" "The number of people is a power of two, and one exactly when no friend is in the answer."
    Counted "counted" "A count is rounded up to a power of two, and not below the friends in the answer."
    ReceiptForm "receipt_form" "The answer carries one receipt, seed and viewer, each in its form."
    ReceiptSignature "receipt_signature" "The receipt is signed by the receipt key in force."
    ReceiptOrigin "receipt_origin" "The receipt is for this log."
    ReceiptBody "receipt_body" "The receipt is for this body; it has none exactly if the entry says that the platform sent the answer itself."
    ReceiptRequest "receipt_request" "The receipt is for this request."
    ReceiptTime "receipt_time" "The receipt is not from the future, and its deadline is within a day of its time."
    ReceiptKnown "receipt_known" "While the entry is not published: the register has the receipt's build and agreements."
    Promise "promise" "The entry was in a published checkpoint by the deadline."
    ReceiptLeaf "receipt_leaf" "The leaf at the receipt's index is the receipt's."
    Inclusion "inclusion" "The leaf is proved to be in the tree that the checkpoint signs."
    ReceiptEntry "receipt_entry" "The entry is a disclosure under the receipt's build, agreements and time."
    AnswerRequest "answer_request" "The entry vouches for the answer to this request."
    AnswerForm "answer_form" "The body says which fields of which person it holds, in one way."
    AnswerRecords "answer_records" "The entry's records are those of the answer: no more, no less, no other."
    AnswerFields "answer_fields" "The entry's fields are those of the answer."
    AnswerPeople "answer_people" "The entry's number of people is the answer's, rounded up."
    AnswerCounted "answer_counted" "The entry has a count exactly if the answer tells one, rounded up."
    ConsentForm "consent_form" "The consent receipt is read in its one form."
    ConsentRecord "consent_record" "The receipt's record, as this person's, is under the root of the entry that it names."
    ConsentLedger "consent_ledger" "The person's ledger holds, and shows the record where the receipt says."
    IndexClose "index_close" "The lists are those of a close of this log: its period, its entries."
    IndexRoot "index_root" "The lists come to the person index that the close signs."
    IndexPeople "index_people" "The number of lists, rounded up, is the number of people of the close."
    IndexItem "index_item" "Each item stands at an entry of the period, where that has a commitment."
    IndexOnce "index_once" "No commitment is in two lists."
    IndexEntryPeople "index_entry_people" "The commitments of each disclosure are in a list each, and their number, rounded up, is its number of people."
    IndexComplete "index_complete" "The lists have all commitments of each entry, and no other: they come to its root."
    SampleForm "sample_form" "The sample is read in its one form."
    SampleDrawn "sample_drawn" "The sample opens the items that are drawn by the close and the auditor's challenge, and no others."
    SampleDirectory "sample_directory" "The directory has the secret of each account that is opened, and had it in the period."
    SampleOpening "sample_opening" "Each item that is opened stands under its account's label, and is what was committed to."
    SampleErased "sample_erased" "Of the items drawn, no more than the auditor bears are of people who were erased."
    LedgerForm "ledger_form" "The ledger is read in its one form, and says up to where it was searched."
    LedgerCloses "ledger_closes" "The closes that it shows are entries of a log, one behind the other."
    LedgerCurrent "ledger_current" "The newest close is of the last 24 hours before witnesses saw the checkpoint first and last, and they saw it last within 24 hours of now, so that none is left out."
    LedgerEntries "ledger_entries" "Every entry shown, the newest close included, is in the tree that the checkpoint signs."
    LedgerDocuments "ledger_documents" "The field schema and the agreements that entries speak of are shown."
    LedgerDirectory "ledger_directory" "The directory of the newest close has the account with this history."
    LedgerSecrets "ledger_secrets" "There is a secret, and those shown are the directory's of the account: none is missing, and none took another's place without an erasure."
    LedgerComplete "ledger_complete" "In every period the index has, under every secret, what is shown, and nothing else."
    LedgerOpening "ledger_opening" "Everything shown is what its entry commits to."
    LedgerChoices "ledger_choices" "The person's choices are numbered without a gap, no number says two things, and none is behind an erasure."
    LedgerSettings "ledger_settings" "Nothing was released that the person had closed."
    LedgerGrant "ledger_grant" "What was released through the person's own client is what they granted it."
    LedgerFields "ledger_fields" "Each entry names the fields that were released of the person."
    LedgerSince "ledger_since" "The first close since the reader had the account has it in its directory."
    LedgerAccount "ledger_account" "The account is the reader's, byte for byte."
    LedgerReceipt "ledger_receipt" "The consent receipts that the reader brought are under a secret shown, and their records are in the ledger."
    EvidenceForm "evidence_form" "The evidence is read in its one form, and shows only what it is about."
    EvidenceEntries "evidence_entries" "Every entry shown is in the tree that the checkpoint signs."
    EvidenceTime "evidence_time" "Nothing of the time that it is about came later: it was made, and witnesses saw its checkpoint, after the end."
    EvidenceCover "evidence_cover" "The cover page is the one that the pack makes, to the byte."
    EvidenceComplete "evidence_complete" "Every act of the log is shown, and every disclosure that the evidence is about."
    DirectoryForm "directory_form" "The directory's growth is read in its one form."
    DirectoryGrowth "directory_growth" "Each epoch of the directory has everything that the one before had, unchanged."
    DirectoryCloses "directory_closes" "Every close from the first epoch shown on, the newest included, has the directory's root of its epoch."
}

impl Rule {
    /// The rules about a log, whatever answer is held against it: all but those of answers and their receipts.
    pub fn of_log() -> impl Iterator<Item = Self> {
        Self::ALL.iter().copied().take_while(|rule| *rule < Self::ReceiptForm)
    }

    /// The rules about the person index of a period, and those about the files that it is checked from.
    pub fn of_index() -> impl Iterator<Item = Self> {
        let of_files =
            [Self::Checkpoint, Self::Root, Self::HashTile, Self::EntryBundle, Self::EntryForm];
        let of_index = Self::ALL.iter().copied().skip_while(|rule| *rule < Self::IndexClose);
        let of_index = of_index.take_while(|rule| *rule < Self::LedgerForm);
        of_files.into_iter().chain(of_index)
    }

    /// The rules about a person's ledger.
    pub fn of_ledger() -> impl Iterator<Item = Self> {
        const SHARED: [Rule; 7] = [
            Rule::Checkpoint,
            Rule::Witnesses,
            Rule::EntryForm,
            Rule::OwnTime,
            Rule::CloseOrder,
            Rule::CloseRange,
            Rule::CloseLate,
        ];
        let own = Self::ALL.iter().copied().skip_while(|rule| *rule < Self::LedgerForm);
        SHARED.into_iter().chain(own.take_while(|rule| *rule < Self::EvidenceForm))
    }

    /// The rules about evidence of what went to somebody: those of a log's acts and disclosures, and its own.
    /// A person's evidence has those of their ledger in their place.
    pub fn of_evidence() -> impl Iterator<Item = Self> {
        const OF_THE_WHOLE_LOG: [Rule; 8] = [
            Rule::WitnessTime,
            Rule::NotShrunk,
            Rule::Consistency,
            Rule::Fresh,
            Rule::OwnTime,
            Rule::CloseOrder,
            Rule::CloseRange,
            Rule::CloseLate,
        ];
        let own = Self::ALL.iter().copied().skip_while(|rule| *rule < Self::EvidenceForm);
        let own = own.take_while(|rule| *rule < Self::DirectoryForm);
        Self::of_log().filter(|rule| !OF_THE_WHOLE_LOG.contains(rule)).chain(own)
    }
}

impl std::fmt::Display for Rule {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.name())
    }
}

impl Serialize for Rule {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.name())
    }
}

impl<'de> Deserialize<'de> for Rule {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let name = String::deserialize(deserializer)?;
        let unknown = || serde::de::Error::custom(format!("{name:?} is no rule of this program"));
        Self::named(&name).ok_or_else(unknown)
    }
}

/// Something that does not hold.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Failure {
    /// The rule.
    pub rule: Rule,
    /// The index of the entry, where it is about one.
    pub entry: Option<u64>,
    /// The file under the log's root, where it is about one.
    pub file: Option<String>,
    /// What was found.
    pub found: String,
    /// What was expected.
    pub expected: String,
}

/// A lie that an earlier check found, and what the log signed then. It counts however the log looks now.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Remembered {
    /// What did not hold.
    pub failure: Failure,
    /// When it was found.
    pub at: Timestamp,
    /// The checkpoint that the log showed then, with its signature.
    pub checkpoint: String,
}

/// Something that holds, and that those whom it concerns should look at.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Notice {
    /// The index of the entry, where it is about one.
    pub entry: Option<u64>,
    /// What it is.
    pub says: String,
}

/// How often a rule was checked, and how often it did not hold.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Tally {
    /// How often it was checked.
    pub checked: u64,
    /// How often it did not hold.
    pub failed: u64,
}

/// What an outsider's check came to.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct Verdict {
    /// The log's name.
    pub origin: String,
    /// The number of entries that the checkpoint covers.
    pub size: u64,
    /// The root that the checkpoint signs.
    pub root: Option<Digest>,
    /// The acts among the entries.
    pub acts: u64,
    /// The disclosures among the entries.
    pub disclosures: u64,
    /// The partners in the register at the end.
    pub partners: u64,
    /// SHA-256 of the page with which people check their ledgers, as the rules in force name it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ledger_page: Option<Digest>,
    /// The time of the newest entry.
    pub newest: Option<Timestamp>,
    /// When the quorum of the verifier's policy cosigned the checkpoint.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub witnessed: Option<QuorumTimes>,
    /// Every rule about a log, those that nothing in it called for included, and those of an answer that were
    /// checked.
    pub rules: BTreeMap<Rule, Tally>,
    /// The first failures of each rule, in the order in which they were found.
    pub failures: Vec<Failure>,
    /// How many there are altogether.
    pub failure_count: u64,
    /// What holds and is worth a look: keys that changed, an empty log, where the check had to stop.
    pub notices: Vec<Notice>,
    /// What earlier checks found and a kept state remembers, beside what this one found.
    pub remembered: Vec<Remembered>,
    #[serde(skip)]
    pub(crate) kept_max: u64,
    /// Of the failures those that say nothing about the log.
    #[serde(skip)]
    pub(crate) unsaid: Vec<Unsaid>,
}

/// What a failure is about.
#[derive(Clone, Copy, Debug, Default)]
pub struct Place<'a> {
    /// An entry.
    pub entry: Option<u64>,
    /// A file.
    pub file: Option<&'a str>,
}

impl Place<'_> {
    /// The log or the answer as a whole.
    pub const WHOLE: Self = Self { entry: None, file: None };

    /// The entry at this index.
    #[must_use]
    pub const fn entry(index: u64) -> Self {
        Self { entry: Some(index), file: None }
    }
}

impl<'a> Place<'a> {
    /// The file at this path under the log's root.
    #[must_use]
    pub const fn file(path: &'a str) -> Self {
        Self { entry: None, file: Some(path) }
    }
}

impl Verdict {
    /// A verdict on a log before anything was checked.
    #[must_use]
    pub fn new(origin: &str, kept_max: u64) -> Self {
        Self::of(origin, Rule::of_log(), kept_max)
    }

    /// A verdict by these rules before anything was checked.
    #[must_use]
    pub fn of(origin: &str, rules: impl Iterator<Item = Rule>, kept_max: u64) -> Self {
        Self {
            origin: origin.to_owned(),
            size: 0,
            root: None,
            acts: 0,
            disclosures: 0,
            partners: 0,
            ledger_page: None,
            newest: None,
            witnessed: None,
            rules: rules.map(|rule| (rule, Tally::default())).collect(),
            failures: Vec::new(),
            failure_count: 0,
            notices: Vec::new(),
            remembered: Vec::new(),
            kept_max,
            unsaid: Vec::new(),
        }
    }

    /// Whether everything held, now and as far as is remembered.
    #[must_use]
    pub const fn holds(&self) -> bool {
        self.failure_count == 0 && self.remembered.is_empty()
    }

    /// What it came to. It cannot be said as long as nothing was found but what says nothing about the log.
    #[must_use]
    pub fn outcome(&self) -> Outcome {
        let is_all = self.failure_count == self.unsaid.len() as u64 && self.remembered.is_empty();
        let is_other = |unsaid: &&Unsaid| matches!(unsaid, Unsaid::NotChecked(_));
        match self.unsaid.iter().find(is_other).or_else(|| self.unsaid.first()) {
            _ if self.holds() => Outcome::Holds,
            Some(unsaid) if is_all => Outcome::Unsaid(unsaid.clone()),
            _ => Outcome::Fails,
        }
    }

    /// Whether a ledger is what the log holds, and all that fails is what the platform did.
    #[must_use]
    pub fn tells_of_the_platform(&self) -> bool {
        const OF_THE_PLATFORM: [Rule; 8] = [
            Rule::OwnTime,
            Rule::CloseOrder,
            Rule::CloseRange,
            Rule::CloseLate,
            Rule::LedgerChoices,
            Rule::LedgerSettings,
            Rule::LedgerGrant,
            Rule::LedgerFields,
        ];
        let of_platform: u64 = OF_THE_PLATFORM.iter().map(|rule| self.failed(*rule)).sum();
        of_platform > 0 && of_platform == self.failure_count
    }

    /// How often this rule did not hold.
    #[must_use]
    pub fn failed(&self, rule: Rule) -> u64 {
        self.rules.get(&rule).map_or(0, |tally| tally.failed)
    }

    /// The verdict without what these rules came to, and without what is said of the log as a whole.
    pub(crate) fn without(mut self, rules: &[Rule]) -> Self {
        for rule in rules {
            let tally = self.rules.insert(*rule, Tally::default()).unwrap_or_default();
            self.failure_count -= tally.failed;
        }
        self.failures.retain(|failure| !rules.contains(&failure.rule));
        self.notices.retain(|notice| notice.entry.is_some());
        self.remembered.clear();
        self.unsaid.clear();
        self.witnessed = None;
        self
    }

    /// Whether this rule was checked and always held.
    #[must_use]
    pub fn rule_holds(&self, rule: Rule) -> bool {
        self.rules.get(&rule).is_some_and(|tally| tally.checked > 0 && tally.failed == 0)
    }

    /// Notes something that is worth a look, whatever holds.
    pub fn notice(&mut self, entry: Option<u64>, says: String) {
        self.notices.push(Notice { entry, says });
    }

    /// Notes the outcome of one check and hands it back; `otherwise` says what was found and what was expected.
    pub fn check(
        &mut self,
        rule: Rule,
        place: Place<'_>,
        holds: bool,
        otherwise: impl FnOnce() -> (String, String),
    ) -> bool {
        let tally = self.rules.entry(rule).or_default();
        tally.checked += 1;
        if holds {
            return true;
        }
        tally.failed += 1;
        self.failure_count += 1;
        if tally.failed <= self.kept_max {
            let (found, expected) = otherwise();
            let (entry, file) = (place.entry, place.file.map(str::to_owned));
            self.failures.push(Failure { rule, entry, file, found, expected });
        }
        false
    }

    /// Notes that a check came to an error, or did not, and hands on what it gave.
    pub fn check_ok<T, E: std::fmt::Display>(
        &mut self,
        rule: Rule,
        place: Place<'_>,
        outcome: Result<T, E>,
    ) -> Option<T> {
        match outcome {
            Ok(value) => {
                self.check(rule, place, true, Default::default);
                Some(value)
            }
            Err(error) => {
                self.check(rule, place, false, || (error.to_string(), rule.says().to_owned()));
                None
            }
        }
    }

    /// The same of what was read, where an error may mean that it is of another kind, or another log's.
    pub(crate) fn check_read<T, E: std::fmt::Display>(
        &mut self,
        rule: Rule,
        place: Place<'_>,
        outcome: Result<T, E>,
        is_other: impl FnOnce(&E) -> bool,
    ) -> Option<T> {
        if let Err(error) = outcome.as_ref()
            && is_other(error)
        {
            self.unsaid.push(Unsaid::NotChecked(error.to_string()));
        }
        self.check_ok(rule, place, outcome)
    }

    /// Notes a check that nobody is accused by if it does not hold: no signature of the log is on what was found.
    /// `why` says what is known.
    pub(crate) fn check_brought(
        &mut self,
        rule: Rule,
        place: Place<'_>,
        holds: bool,
        otherwise: impl FnOnce() -> (String, String),
        why: impl FnOnce() -> String,
    ) -> bool {
        if !holds {
            self.unsaid.push(Unsaid::NotChecked(why()));
        }
        self.check(rule, place, holds, otherwise)
    }

    /// Notes that a file of the log is missing or cut off, which whoever copied it may have done.
    pub(crate) fn lacks(&mut self, rule: Rule, file: &str, found: &str, expected: String) {
        let says = format!("{file}: {found}; this copy of the log is not whole, so fetch it again");
        let otherwise = || (found.to_owned(), expected);
        self.check_brought(rule, Place::file(file), false, otherwise, || says);
    }

    /// Notes whether what is held against something newer reaches as far; if not, it is out of date, and says
    /// nothing after `until`.
    pub(crate) fn check_reaches(
        &mut self,
        rule: Rule,
        place: Place<'_>,
        reaches: bool,
        until: impl std::fmt::Display,
        otherwise: impl FnOnce() -> (String, String),
    ) -> bool {
        if reaches {
            return self.check(rule, place, true, otherwise);
        }
        let (found, expected) = otherwise();
        let (until, why) = (until.to_string(), format!("found {found}; expected {expected}"));
        self.unsaid.push(Unsaid::OutOfDate { until, why });
        self.check(rule, place, false, || (found, expected))
    }
}
