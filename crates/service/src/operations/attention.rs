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
        Found { now, until: now.plus_seconds(AHEAD_DAYS * SECONDS_PER_DAY), all: vec![] };
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

struct Found {
    now: Timestamp,
    until: Timestamp,
    all: Vec<Attention>,
}

impl Found {
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
