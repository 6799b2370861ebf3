//! People of whom only the platform knows yet, for commands that work on the store while no server runs.

use std::sync::Arc;

use super::Failure;
use super::reach::Reach;
use crate::config::source::SourceKind;
use crate::people::beginning::Beginning;
use crate::source::{Naming, Source};
use crate::store::People;

/// Enrols those of these accounts whom the store has never seen and the platform knows. Nothing is asked of
/// anybody where the people are the image's, or known already.
pub(super) fn enrol(reach: &Reach, people: &Arc<People>, accounts: &[&str]) -> Result<(), Failure> {
    if reach.config.source.kind == SourceKind::Image {
        return Ok(());
    }
    let mut unknown = Vec::new();
    for account in accounts {
        if people.person_of_account(account)?.is_none() {
            unknown.push(*account);
        }
    }
    if unknown.is_empty() {
        return Ok(());
    }
    let (config, schema) = (&reach.config.source, reach.schema()?);
    let newcomers = Beginning::from(config.new_people()).choice(&schema, "");
    let naming = Naming::new(Arc::clone(people), newcomers);
    let folder = reach.directory.path();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(async {
        let source = Source::open(config, people, &naming, folder, &schema).await?;
        for account in unknown {
            let asked = source.person(&naming, account).await;
            asked.map_err(|error| {
                format!("{error}; try again, or look with `countersign source check`")
            })?;
        }
        Ok(())
    })
}
