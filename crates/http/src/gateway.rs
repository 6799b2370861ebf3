//! What every endpoint shares.

use std::sync::Arc;

use countersign_people::keys::KeyError;
use countersign_service::operations::Service;

use crate::bearer::BearerToken;
use crate::metrics::Metrics;
use crate::network::answers::AnswerBudget;
use crate::settings::Settings;
use crate::start_files::StartFiles;

/// What every endpoint shares.
pub struct Gateway {
    /// The instance that answers.
    pub service: Arc<Service>,
    /// How it is served.
    pub settings: Settings,
    /// With which files.
    pub files: StartFiles,
    /// The counters.
    pub metrics: Metrics,
    /// What the answers that are not sent yet may come to, those of unfinished batches among them.
    pub unsent_answers: Arc<AnswerBudget>,
    /// What opens the demonstration's sign-in, where there is one; new at every start.
    pub sign_in_code: Option<BearerToken>,
}

impl Gateway {
    /// What serves this instance.
    ///
    /// # Errors
    /// [`KeyError::Randomness`].
    pub fn new(service: Service, settings: Settings, files: StartFiles) -> Result<Self, KeyError> {
        let demo_login = service.settings.tokens.demo_login;
        let sign_in_code = demo_login.then(BearerToken::random).transpose();
        let sign_in_code = sign_in_code.map_err(KeyError::Randomness)?;
        let witnesses = service.witnesses.as_deref();
        let metrics =
            Metrics::of(&service.source, &service.closes, service.tokens.metrics(), witnesses);
        let unsent_answers = AnswerBudget::new(settings.network.unsent_answers_bytes_max);
        Ok(Self {
            service: Arc::new(service),
            settings,
            files,
            metrics,
            unsent_answers: Arc::new(unsent_answers),
            sign_in_code,
        })
    }

    /// Whether this token is one of those whose holder may know how the server fares.
    #[must_use]
    pub fn is_operator(&self, presented: &str) -> bool {
        self.files.metrics_token.opens_for(presented) | self.files.admin_token.opens_for(presented)
    }
}
