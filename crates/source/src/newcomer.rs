//! Somebody of whom only the platform knows yet, who is named before any question was about them: who signs in
//! for the first time, or chooses settings before anybody asked.

use countersign_domain::person::Handle;
use countersign_people::store::ACCOUNT_BYTES_MAX;

use super::{Naming, Source, SourceError};

impl Source {
    /// The person of this account. Whom the store has never seen, the platform is asked about, and they are
    /// enrolled if there is such a person; of the image the store knows everybody itself.
    ///
    /// # Errors
    /// [`SourceError`]; then nobody was enrolled.
    pub async fn person(
        &self,
        naming: &Naming,
        account: &str,
    ) -> Result<Option<Handle>, SourceError> {
        if account.is_empty() || account.len() > ACCOUNT_BYTES_MAX {
            return Ok(None);
        }
        let known = naming.person(account)?;
        if known.is_some() || matches!(self, Self::Image(_)) {
            return Ok(known);
        }
        let chosen = match self {
            Self::Postgres(source) => match source.look_up(account).await? {
                Some(chosen) => chosen,
                None => return Ok(None),
            },
            _ if self.knows(account).await? => None,
            _ => return Ok(None),
        };
        naming.enrol(account, chosen.as_deref()).await.map(Some)
    }
}
