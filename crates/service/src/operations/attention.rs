//! What an operator has to look after: what ends, is due or waits, as far as the register tells.

use std::collections::BTreeMap;

use countersign_domain::build::BuildState;
use countersign_domain::contract::Contract;
use countersign_domain::identifier::Identifier;
use countersign_domain::obligation::Duty;
use countersign_domain::register::{Client, Register};
use countersign_domain::screening::Outcome;
use countersign_domain::time::{SECONDS_PER_DAY, Timestamp};
use countersign_domain::wind_down::Ends;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// How long before it something is told of, in days.
pub const AHEAD_DAYS: u64 = 30;

/// Something to look after.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Attention {
    /// What kind of thing it is.
    pub kind: AttentionKind,
    /// What it is about, as `partner:NAME`, `client:NAME`, `agreement:NAME` or `build:NAME`; empty, of the instance.
    pub subject: String,
    /// When it comes, or came.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(format = DateTime, nullable = false)]
    pub at: Option<String>,
    /// What it is, in words.
    pub says: String,
}

/// What kind of thing has to be looked after.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum AttentionKind {
    /// Nothing can be released now.
    NotReady,
    /// An obligation is overdue, so that its partner gets nothing.
    ObligationOverdue,
    /// Types of data are no longer certified, so that they are cut.
    CertificationLapsed,
    /// No agreement about a client is in force any more.
    AgreementOver,
    /// A screening has matches that nobody decided about, or there is none where one is needed.
    Screening,
    /// A period was not closed in time.
    CloseOverdue,
    /// Witnesses do not cosign.
    Witnesses,
    /// A build waits for its approval.
    BuildWaits,
    /// All approvals are paused.
    ReviewsPaused,
    /// A partner or client is suspended.
    Suspended,
    /// An obligation is due soon.
    ObligationDue,
    /// A certification lapses soon.
    CertificationLapses,
    /// An agreement ends soon.
    AgreementEnds,
    /// A step of a wind-down is due soon.
    WindDown,
}

/// What has to be looked after at this time, the most urgent kind first, and of a kind what comes first.
#[must_use]
pub fn attention(register: &Register, now: Timestamp) -> Vec<Attention> {
    let mut found =
        Collector { now, until: now.plus_seconds(AHEAD_DAYS * SECONDS_PER_DAY), all: vec![] };
    for (name, client) in register.clients() {
        found.client(register, name, client);
    }
    for partner in register.partners().keys() {
        found.partner(register, partner);
    }
    for (name, build) in register.builds() {
        if build.state == BuildState::Checked {
            let says = format!("build {name} waits for two reviewers since entry {}", build.index);
            found.say(AttentionKind::BuildWaits, format!("build:{name}"), None, says);
        }
    }
    for subject in register.suspended() {
        let says = format!("{subject} is suspended");
        found.say(AttentionKind::Suspended, subject.to_string(), None, says);
    }
    if register.reviews_paused() {
        let says = "approvals of builds are paused".to_owned();
        found.say(AttentionKind::ReviewsPaused, String::new(), None, says);
    }
    found.all.sort_by(|one, other| (one.kind, &one.at).cmp(&(other.kind, &other.at)));
    found.all
}

/// What was collected so far, by the times that it is collected for.
struct Collector {
    now: Timestamp,
    until: Timestamp,
    all: Vec<Attention>,
}

impl Collector {
    fn say(&mut self, kind: AttentionKind, subject: String, at: Option<Timestamp>, says: String) {
        self.all.push(Attention { kind, subject, at: at.map(|at| at.to_string()), says });
    }

    fn is_soon(&self, at: Timestamp) -> bool {
        self.now < at && at <= self.until
    }

    fn client(&mut self, register: &Register, name: &Identifier, client: &Client) {
        let is_running = |contract: &&Contract| self.now < contract.over();
        let running: Vec<&Contract> = client.contracts.values().filter(is_running).collect();
        for contract in &running {
            self.contract(register, name, contract);
        }
        let has_builds = register
            .builds()
            .values()
            .any(|it| it.build.client == *name && it.state == BuildState::Approved);
        let last = client.contracts.values().map(Contract::over).max();
        if let (true, true, Some(over)) = (running.is_empty(), has_builds, last) {
            let says = format!(
                "no agreement about client {name} is in force any more, since {over}: it gets nothing"
            );
            self.say(AttentionKind::AgreementOver, format!("client:{name}"), Some(over), says);
        }
    }

    fn contract(&mut self, register: &Register, client: &Identifier, contract: &Contract) {
        let agreement = &contract.agreement.document.agreement;
        let subject = || format!("agreement:{agreement}");
        let over = contract.over();
        if self.is_soon(over) {
            let says = format!("agreement {agreement} about client {client} ends at {over}");
            self.say(AttentionKind::AgreementEnds, subject(), Some(over), says);
        }
        for (step, entry) in contract.steps() {
            // What ends everything is the agreement's end, which is told already.
            if self.is_soon(step.at) && step.at < over {
                let ends = ends(step.ends, register);
                let says =
                    format!("agreement {agreement}: {ends} from {} on (entry {entry})", step.at);
                self.say(AttentionKind::WindDown, subject(), Some(step.at), says);
            }
        }
        if !contract.is_in_force(self.now) {
            return;
        }
        let mut cut: BTreeMap<Timestamp, Vec<&str>> = BTreeMap::new();
        for category in contract.agreement.types().keys() {
            let at = contract.cut_at(category).0;
            if at < over && at <= self.until {
                cut.entry(at).or_default().push(category);
            }
        }
        for (at, categories) in cut {
            let categories = categories.join(", ");
            let (kind, is) = if at <= self.now {
                (AttentionKind::CertificationLapsed, "was cut for want of a certification at")
            } else {
                (AttentionKind::CertificationLapses, "is cut unless it is certified before")
            };
            let says = format!("agreement {agreement}: {categories} {is} {at}");
            self.say(kind, subject(), Some(at), says);
        }
    }

    fn partner(&mut self, register: &Register, partner: &Identifier) {
        let subject = || format!("partner:{partner}");
        for owed in register.obligations(partner) {
            let what = match owed.what {
                Duty::Deletion => "deletion",
                Duty::Retention => "retention",
                Duty::OnwardTransfer => "onward transfer",
            };
            let (name, due) = (&owed.name, owed.due);
            if due <= self.now {
                let says = format!(
                    "partner {partner} owes {name} ({what}) since {due}, and gets nothing before it attests that"
                );
                self.say(AttentionKind::ObligationOverdue, subject(), Some(due), says);
            } else if self.is_soon(due) {
                let says = format!("partner {partner} owes {name} ({what}) until {due}");
                self.say(AttentionKind::ObligationDue, subject(), Some(due), says);
            }
        }
        let is_required = register.rules_document().is_some_and(|rules| rules.screening_required);
        let says = match register.screening(partner) {
            Some((Outcome::Undecided, entry)) => {
                format!(
                    "the screening of partner {partner} waits for a decision (entry {entry}); it gets nothing meanwhile"
                )
            }
            None if is_required => {
                format!("partner {partner} was not screened, so that it gets nothing")
            }
            Some((Outcome::Clear | Outcome::Refused, _)) | None => return,
        };
        self.say(AttentionKind::Screening, subject(), None, says);
    }
}

/// What a step ends.
fn ends(ends: Ends, register: &Register) -> String {
    match (ends, register.schema()) {
        (Ends::NewGrants, _) => "no new grants".to_owned(),
        (Ends::Renewal, _) => "no renewal".to_owned(),
        (Ends::Friends, _) => "nothing of friends".to_owned(),
        (Ends::Fields(fields), Some(schema)) => {
            format!("no more {}", schema.names(fields).collect::<Vec<_>>().join(", "))
        }
        (Ends::Fields(_), None) => "fewer fields".to_owned(),
        (Ends::All, _) => "nothing at all".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use countersign_domain::act::{Act, AgreementAct, Keys, Published, Review, ReviewOutcome};
    use countersign_domain::build::Build;
    use countersign_domain::digest::Digest;
    use countersign_domain::key::PublicKey;
    use countersign_domain::partner::{Country, Partner};
    use countersign_domain::register::Document;
    use countersign_domain::schema::{SCHEMA_VERSION, SchemaDocument};
    use countersign_policy::{agreement, instant};

    use super::*;
    use crate::people::schema::{self, DEFAULT_SCHEMA};

    const AGREEMENT: &str = r#"version = 2
platform = "Example Platform"
agreement = "aurora-2026"
partner = "aurora"
client = "aurora-home"
kind = "device"
not_before = 2026-01-01T00:00:00Z
not_after = 2027-01-01T00:00:00Z
delivery = "clear"
certification = { every_days = 180, cure_days = 30 }
obligations = { retention_days = 365, deletion_days = 30, onward_transfer = [] }

[[purpose]]
purpose = "service"
dpv = "dpv:ServiceProvision"
self = ["id", "friends", "name"]
friend = ["id", "name"]

[[wind_down]]
at = 2026-10-01T00:00:00Z
ends = "friends"
"#;

    fn name(text: &str) -> Identifier {
        Identifier::parse(text).unwrap()
    }

    /// A register with one agreement and an approved build, made when the agreement begins.
    fn register() -> Register {
        let schema = schema::parse(DEFAULT_SCHEMA).unwrap();
        let fields = schema.fields().to_vec();
        let agreement = agreement::read(AGREEMENT, &schema).unwrap();
        let (digest, country) = (Digest([0; 32]), Country::parse("NL").unwrap());
        let keys =
            Keys { root: PublicKey([1; 32]), receipts: PublicKey([2; 32]), reviewers: vec![] };
        let partner = Partner {
            id: name("aurora"),
            name: "Aurora".to_owned(),
            country,
            parent: None,
            parent_country: country,
            owners: Vec::new(),
            key: PublicKey([3; 32]),
        };
        let concluded = AgreementAct {
            agreement: name("aurora-2026"),
            partner: name("aurora"),
            client: name("aurora-home"),
            digest,
        };
        let build = Build {
            build: name("aurora-home@1"),
            client: name("aurora-home"),
            package: "com.example".to_owned(),
            signer: digest,
            version_code: 1,
            artifact: digest,
            purposes: vec![name("service")],
            viewer: vec!["id".to_owned()],
            friend: Vec::new(),
        };
        let review = Review { build: name("aurora-home@1"), outcome: ReviewOutcome::Approve };
        let document = SchemaDocument { version: SCHEMA_VERSION, fields };
        let begins = agreement.not_before;
        let mut register = Register::default();
        for (index, (act, document)) in [
            (Act::Keys(keys), None),
            (Act::FieldSchema(Published { digest }), Some(Document::Schema(document))),
            (Act::Partner(partner), None),
            (Act::Agreement(concluded), Some(Document::Agreement(Box::new(agreement)))),
            (Act::Build(build), None),
            (Act::Review(review), None),
        ]
        .into_iter()
        .enumerate()
        {
            register.apply(index as u64, begins, &act, document).unwrap();
        }
        register
    }

    #[test]
    fn attention_follows_an_agreement_through_its_life() {
        use AttentionKind::{
            AgreementEnds, AgreementOver, CertificationLapsed, CertificationLapses, ObligationDue,
            ObligationOverdue, WindDown,
        };
        let register = register();
        for (at, expected) in [
            ("2026-02-01T00:00:00Z", &[][..]),
            ("2026-07-10T00:00:00Z", &[CertificationLapses]),
            ("2026-08-15T00:00:00Z", &[CertificationLapsed]),
            ("2026-09-15T00:00:00Z", &[CertificationLapsed, WindDown]),
            ("2026-12-15T00:00:00Z", &[CertificationLapsed, AgreementEnds]),
            ("2027-01-15T00:00:00Z", &[AgreementOver, ObligationDue]),
            ("2027-02-15T00:00:00Z", &[ObligationOverdue, AgreementOver]),
        ] {
            let found = attention(&register, instant::parse(at).unwrap());
            let kinds: Vec<_> = found.iter().map(|one| one.kind).collect();
            assert_eq!(kinds, expected, "{at}: {found:?}");
        }
    }
}
