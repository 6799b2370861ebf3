//! The log of an instance: opened alone, as a command does while no server runs, or as a part of the whole.

use std::sync::Arc;

use countersign_domain::time::Timestamp;
use countersign_log::about_people::stream_id;
use countersign_log::backend::posix::Posix;
use countersign_log::{Log, LogConfig, Recovered};
use countersign_people::data_dir::DataDir;
use countersign_people::keys::SecretKey;
use countersign_policy::budget::Budgets;
use countersign_protocol::chronology::ACT_SKEW_S;
use countersign_protocol::note::NoteKey;

use super::{ClockTrust, InstanceError};
use crate::admission::ByBudgets;
use crate::clock::{self, MachineClock};
use crate::file_signer::FileSigner;
use crate::recovery::RecoveryError;
use crate::server_address::ServerAddress;
use crate::settings::Settings;
use crate::start_files::{StartFileError, check_file_systems};

/// After so many seconds without an entry a start asks whether the clock is right.
const GAP_S: u64 = 7 * 86_400;

/// Opens the log of an instance alone, as a command does while no server runs.
///
/// # Errors
/// [`InstanceError`]; [`OpenError`](countersign_log::OpenError) says so when another process has the log open.
pub fn open(directory: &DataDir, settings: &Settings) -> Result<Log, InstanceError> {
    Ok(open_counting(directory, settings)?.0)
}

/// Opens the log of an instance alone, with the people whom its clients have reached.
///
/// # Errors
/// As [`open`].
pub fn open_counting(
    directory: &DataDir,
    settings: &Settings,
) -> Result<(Log, Budgets), InstanceError> {
    open_by(directory, settings, ClockTrust::Watched)
}

/// Opens a log that there is already: one that was lost is not made anew beside the people that it knows.
pub(super) fn open_by(
    directory: &DataDir,
    settings: &Settings,
    trust: ClockTrust,
) -> Result<(Log, Budgets), InstanceError> {
    check_file_systems(directory, settings).map_err(StartFileError::from)?;
    stream_id(&Posix::new(directory.log())).map_err(RecoveryError::from)?;
    open_or_make(directory, settings, trust)
}

/// INVARIANT: every log that this program appends to admits by budgets. Maintained here, the only place
/// that opens one.
pub(super) fn open_or_make(
    directory: &DataDir,
    settings: &Settings,
    trust: ClockTrust,
) -> Result<(Log, Budgets), InstanceError> {
    let signer = Arc::new(FileSigner::read(&directory.key("log"))?);
    let log = &settings.log;
    let config = LogConfig {
        origin: settings.origin.clone(),
        pool_wait_ms: log.pool_wait_ms,
        publish_interval_ms: log.publish_interval_ms,
        merge_delay_s: log.publish_deadline_s,
        clock_step_max_s: log.clock_step_max_s,
        accept_clock: trust == ClockTrust::Accepted,
    };
    let backend = Arc::new(Posix::new(directory.log()));
    let (clock, budgets) = (Arc::new(MachineClock), Budgets::default());
    let admission = Arc::new(ByBudgets(budgets.clone()));
    let (log, recovered) = Log::open_admitting(&config, backend, signer, clock, admission)?;
    ServerAddress::forget(directory);
    tracing::info!(entries = recovered.entries, newest = %recovered.newest, "the log is open");
    tell_gap(&recovered, clock::now());
    Ok((log, budgets))
}

/// Says when the clock is far from the newest entry: nobody else can tell whether it is right.
fn tell_gap(recovered: &Recovered, now: Timestamp) {
    let (newest, now_s) = (recovered.newest, now.seconds());
    if recovered.entries > 0 && now_s.saturating_sub(newest.seconds()) > GAP_S {
        tracing::warn!(%newest, %now, "the newest entry is old; if this machine's clock is wrong, stop and set it before anything is logged: times in the log never run back");
    }
    if newest.seconds().saturating_sub(now_s) > ACT_SKEW_S {
        tracing::warn!(%newest, %now, "the newest entry is from after now by this machine's clock; time in the log holds still until the clock has caught up");
    }
}

/// The log's key, as outsiders give it to a verifier.
///
/// # Errors
/// [`InstanceError`] if the key cannot be read.
pub fn key(directory: &DataDir, origin: &str) -> Result<String, InstanceError> {
    let key = SecretKey::read(&directory.key("log"))?;
    Ok(NoteKey::new(origin, key.public())?.to_string())
}
