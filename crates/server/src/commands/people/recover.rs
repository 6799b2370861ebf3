//! `countersign people recover`: applies again what the log has and an older `people/` lacks.

use std::process::ExitCode;
use std::sync::Arc;

use clap::Args;
use countersign_log::backend::posix::Posix;
use countersign_log::period::{Limits, Periods};
use countersign_people::store::{People, StoreOptions};
use countersign_service::canaries::Canaries;
use countersign_service::closes::{self, SecretsOf};
use countersign_service::consents::Receipts;
use countersign_service::file_signer::FileSigner;
use countersign_service::recovery::{self, Recovered};
use countersign_service::start_files::compare_receipts_key;
use serde_json::json;

use crate::commands::instance_dir::InstanceDir;
use crate::commands::{Failure, Output};

/// Apply again what the log has of people and a `people/` from an older backup lacks: choices, grants, holds and
/// erasures. No server runs meanwhile; one that starts refuses such people.
///
/// Who came after the backup cannot be brought back: their accounts and secrets were in `people/` alone. Nor can
/// canaries, of which `canaries.json` alone knows. What is lost is said, and nothing is changed unless `--accept-loss`
/// is given. Profiles and friendships come again with the platform's feed, from the sequence on that `people upsert`
/// says. Where people were lost, run `countersign log close` after the feed and before the server.
///
/// Example: countersign people recover
#[derive(Args)]
pub(in crate::commands) struct Recover {
    #[command(flatten)]
    instance: InstanceDir,
    /// Go on without what cannot be brought back, for good.
    #[arg(long)]
    accept_loss: bool,
}

impl Recover {
    pub(super) fn run(self, output: Output) -> Result<ExitCode, Failure> {
        let reach = self.instance.reach()?;
        if reach.has_server() {
            return Err(
                "a server runs on this instance, and has these people open: stop it first".into()
            );
        }
        let directory = &reach.directory;
        let people = People::open_existing(&directory.people(), StoreOptions::default())?;
        let backend = Arc::new(Posix::new(directory.log()));
        // Which label an erased person has depends on the period, so none may be missing.
        let mut periods = Periods::open(backend.clone(), Limits::default())?;
        let log = reach.log().ok_or("the log is not open")?;
        periods.catch_up(log, &SecretsOf(people.view()))?;
        // All parts are read before one is changed.
        let accounts = closes::open_directory(directory, &periods)?;
        let canaries = Canaries::open(directory, None)?;
        let signer = Arc::new(FileSigner::read(&directory.key("receipts"))?);
        compare_receipts_key(directory, &signer, &log.register())?;
        let receipts = Receipts::new(reach.config.origin(), signer);
        let parts = recovery::Parts {
            people: &people,
            backend: &*backend,
            periods: &periods,
            receipts: &receipts,
            accounts: &accounts,
            canaries: &canaries,
        };
        let recovered = recovery::recover(&parts, self.accept_loss)?;
        if self.accept_loss {
            accounts.accept_people(&people.view())?;
            people.put_canary_changes(canaries.changes_count())?;
        }
        let Recovered { choices, erased, entries, lost } = recovered;
        let document = json!({
            "choices": choices,
            "erased": erased,
            "entries": entries,
            "lost": {
                "people": lost.people,
                "choices": lost.contradicted,
                "canaries": lost.canaries,
            },
        });
        let lost = match lost {
            lost if lost == recovery::Lost::default() => String::new(),
            lost => format!(" Lost for good: {lost}."),
        };
        let text = format!(
            "Applied {choices} choices again and erased {erased} people once more: people/ agrees with the log up to entry {entries}.{lost}"
        );
        output.say(&document, &text);
        Ok(ExitCode::SUCCESS)
    }
}
