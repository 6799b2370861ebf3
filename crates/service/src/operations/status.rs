//! How an instance is, at a glance: its log, closes, witnesses, source, people, disk, and what has to be looked after.

use std::sync::Arc;

use countersign_domain::register::Register;
use countersign_domain::time::Timestamp;
use countersign_people::data_dir::DataDir;
use countersign_source::settings::SourceKind;
use serde::{Deserialize, Serialize};
use tokio::task::spawn_blocking;
use utoipa::ToSchema;

use super::Service;
use super::attention::{Attention, AttentionKind, attention};
use super::error::OperationError;
use super::periods::ShownPeriod;
use crate::screening::case_files::CaseFiles;

/// How an instance is.
#[derive(Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Status {
    /// When it was so, by the instance's clock.
    #[schema(format = DateTime)]
    pub at: String,
    /// The program's version.
    pub version: String,
    /// Why nothing can be released now; absent if it can.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub not_ready: Option<String>,
    /// The log.
    pub log: LogStatus,
    /// Who cosigns; absent without witnesses.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub witnesses: Option<WitnessesStatus>,
    /// Where people's data comes from.
    pub source: SourceStatus,
    /// The people who are known here.
    pub people: PeopleStatus,
    /// The log's disk.
    pub disk: DiskStatus,
    /// How much there is in the register.
    pub register: RegisterStatus,
    /// What has to be looked after, the most urgent first.
    pub attention: Vec<Attention>,
}

/// How a log is.
#[derive(Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct LogStatus {
    /// Its name.
    pub origin: String,
    /// Its key, as verifiers take it.
    pub key: String,
    /// How many entries are durable.
    pub entries: u64,
    /// How many are in the newest published checkpoint.
    pub published: u64,
    /// The last close; absent before the first.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub last_close: Option<ShownPeriod>,
    /// When a period closes next; absent of a log without entries, and while one is being closed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(format = DateTime, nullable = false)]
    pub next_close: Option<String>,
}

/// How the witnesses are.
#[derive(Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct WitnessesStatus {
    /// The size of the newest checkpoint since the start that a quorum cosigned; 0 before the first.
    pub witnessed: u64,
    /// Each of the policy.
    pub witnesses: Vec<ShownWitness>,
}

/// How a witness is.
#[derive(Serialize, Deserialize, ToSchema)]
#[schema(as = Witness)]
#[serde(deny_unknown_fields)]
pub struct ShownWitness {
    /// Its name.
    pub witness: String,
    /// When it cosigned last since the start.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(format = DateTime, nullable = false)]
    pub cosigned: Option<String>,
    /// Why it did not cosign when it was asked last.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub trouble: Option<String>,
}

/// How the source is.
#[derive(Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct SourceStatus {
    /// `image`, `postgres` or `http`.
    #[schema(pattern = "^(image|postgres|http)$")]
    pub kind: String,
    /// Why it cannot be asked; absent if it can.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub trouble: Option<String>,
}

/// How many people there are.
#[derive(Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct PeopleStatus {
    /// Those who are known here: with another source than the image, those who came up already.
    pub people: u64,
    /// Friendships in the image.
    pub friendships: u64,
    /// Those who are being erased.
    pub erasures: u64,
    /// Whether somebody has, or new people get, the settings `legacy-2014`.
    pub legacy_2014: bool,
}

/// How much room there is.
#[derive(Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct DiskStatus {
    /// Free bytes; absent if the system does not tell.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub free_bytes: Option<u64>,
    /// Bytes of them that are kept for acts, choices and erasures.
    pub reserve_bytes: u64,
}

/// How much there is in the register.
#[derive(Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct RegisterStatus {
    /// Partners.
    pub partners: u64,
    /// Clients.
    pub clients: u64,
    /// Agreements that are in force.
    pub agreements: u64,
    /// Builds, whatever their state.
    pub builds: u64,
    /// Canaries.
    pub canaries: u64,
}

impl Service {
    /// How the instance is now.
    ///
    /// # Errors
    /// [`OperationError`] if the people store or the periods cannot be read.
    pub async fn status(self: &Arc<Self>, now: Timestamp) -> Result<Status, OperationError> {
        let this = Arc::clone(self);
        // It may wait for the disk.
        let gathered = spawn_blocking(move || this.status_at(now));
        let mut status = gathered.await.map_err(OperationError::internal)??;
        status.source.trouble = self.source.ready().await.err().map(|error| error.to_string());
        let trouble = || status.source.trouble.as_ref().map(|why| format!("the source: {why}"));
        status.not_ready = status.not_ready.or_else(trouble);
        if let Some(why) = &status.not_ready {
            let says = format!("nothing can be released: {why}");
            status.attention.insert(0, of_instance(AttentionKind::NotReady, None, says));
        }
        Ok(status)
    }

    /// What can be told without asking the source.
    fn status_at(&self, now: Timestamp) -> Result<Status, OperationError> {
        self.disk.look();
        let register = self.log.register();
        let in_force =
            register.clients().values().map(|client| client.in_force(now).count() as u64);
        let log = self.log_status();
        let witnesses = self.witnesses_status();
        let mut all = attention(&register, now);
        all.extend(undecided_matches(&self.directory, &register)?);
        all.extend(late_close(&log, now));
        all.extend(witnesses.iter().flat_map(troubled_witnesses));
        all.sort_by_key(|one| one.kind);
        let counts = self.people.counts();
        Ok(Status {
            at: now.to_string(),
            version: env!("CARGO_PKG_VERSION").to_owned(),
            not_ready: self.log_trouble(),
            log,
            witnesses,
            source: SourceStatus {
                kind: kind(self.settings.source.kind).to_owned(),
                trouble: None,
            },
            people: PeopleStatus {
                people: counts.people,
                friendships: counts.friendships,
                erasures: self.people.erasures()?.len() as u64,
                legacy_2014: self.is_legacy_2014_on(),
            },
            disk: DiskStatus {
                free_bytes: self.disk.free_bytes(),
                reserve_bytes: self.disk.reserve_bytes(),
            },
            register: RegisterStatus {
                partners: register.partners().len() as u64,
                clients: register.clients().len() as u64,
                agreements: in_force.sum(),
                builds: register.builds().len() as u64,
                canaries: self.canaries.list().iter().filter(|one| one.is_planted()).count() as u64,
            },
            attention: all,
        })
    }

    /// While a period is being closed, nothing is said of closes.
    fn log_status(&self) -> LogStatus {
        let last = self.closes.last().ok().flatten();
        LogStatus {
            origin: self.settings.origin.clone(),
            key: self.log_key.clone(),
            entries: self.log.head(),
            published: self.log.metrics().checkpoint_size,
            last_close: last.as_ref().map(ShownPeriod::of),
            next_close: self.closes.next_due().ok().flatten().map(|due| due.to_string()),
        }
    }

    fn witnesses_status(&self) -> Option<WitnessesStatus> {
        let witnesses = self.witnesses.as_ref()?;
        let shown = witnesses.states().map(|(name, state)| ShownWitness {
            witness: name.to_owned(),
            cosigned: state.cosigned.map(|at| at.to_string()),
            trouble: state.trouble,
        });
        let witnessed = self.log.witnessed_size();
        Some(WitnessesStatus { witnessed, witnesses: shown.collect() })
    }
}

const fn kind(kind: SourceKind) -> &'static str {
    match kind {
        SourceKind::Image => "image",
        SourceKind::Postgres => "postgres",
        SourceKind::Http => "http",
    }
}

fn of_instance(kind: AttentionKind, at: Option<String>, says: String) -> Attention {
    Attention { kind, subject: String::new(), at, says }
}

/// Matches that nobody has decided about, which the log need not say yet.
fn undecided_matches(
    directory: &DataDir,
    register: &Register,
) -> Result<Vec<Attention>, OperationError> {
    let files = CaseFiles::new(directory);
    let mut found = Vec::new();
    for partner in register.partners().keys() {
        let case = files.read(partner).map_err(OperationError::internal)?;
        let count = case.map_or(0, |case| case.report.undecided().count());
        if count > 0 {
            let says = format!(
                "{count} matches in the screening of partner {partner} wait for a decision: countersign partner screening show {partner}"
            );
            let (kind, subject) = (AttentionKind::Screening, format!("partner:{partner}"));
            found.push(Attention { kind, subject, at: None, says });
        }
    }
    Ok(found)
}

/// A close that was due and did not come.
fn late_close(log: &LogStatus, now: Timestamp) -> Option<Attention> {
    let due = log.next_close.clone().filter(|due| *due <= now.to_string())?;
    let says = format!(
        "a period should have been closed at {due}; a running server closes it, or `countersign log close`"
    );
    Some(of_instance(AttentionKind::CloseOverdue, Some(due), says))
}

fn troubled_witnesses(status: &WitnessesStatus) -> Vec<Attention> {
    let says = |witness: &ShownWitness| {
        let why = witness.trouble.as_ref()?;
        let name = &witness.witness;
        Some(of_instance(
            AttentionKind::Witnesses,
            None,
            format!("witness {name} does not cosign: {why}"),
        ))
    };
    status.witnesses.iter().filter_map(says).collect()
}
