//! The sample of a period that its auditor asks for: which accounts are behind the items that were drawn.

use std::sync::Arc;

use countersign_domain::digest::Digest;
use countersign_log::ledger::{LedgerError, SampledPerson};
use countersign_log::period::{PeriodError, PeriodHead};
use countersign_people::store::View;
use countersign_protocol::directory::{secret_commitment, verify_history};
use countersign_protocol::index_sample::{SAMPLE_BYTES_MAX, Sample, SampledAccount};

use super::{CloseError, Closes, SecretsOf};

impl Closes {
    /// Opens so many items of a period to an auditor, who may have added a challenge to the draw. The file has
    /// people's secrets in it. It blocks, for as long as it takes to read the period's lists, and nothing is closed
    /// meanwhile.
    ///
    /// # Errors
    /// [`CloseError::UnderWay`], [`CloseError::Period`], [`CloseError::Ledger`], [`CloseError::SampleTooLong`].
    pub fn sample(
        &self,
        number: u64,
        drawn: u32,
        challenge: Digest,
    ) -> Result<Vec<u8>, CloseError> {
        let periods = self.try_periods()?;
        let newest = periods.last().ok_or(PeriodError::NotClosed { number })?;
        let period = periods.period(number)?;
        let view = self.people.view();
        let secrets = SecretsOf(Arc::clone(&view));
        let opened = self.ledgers.sample(&period, (drawn, challenge), &secrets)?;
        let accounts = opened.people.iter().map(|person| self.sampled(&view, person, newest));
        let sample = Sample {
            draw: opened.draw,
            directory_close: newest.close.index,
            accounts: accounts.collect::<Result<_, _>>()?,
            items: opened.items,
        };
        let bytes = sample.to_bytes();
        if bytes.len() > SAMPLE_BYTES_MAX {
            return Err(CloseError::SampleTooLong { found: bytes.len() });
        }
        Ok(bytes)
    }

    /// A person's account, as the newest close's directory has it.
    fn sampled(
        &self,
        view: &View,
        person: &SampledPerson,
        newest: &PeriodHead,
    ) -> Result<SampledAccount, CloseError> {
        let SampledPerson { handle, secret } = person;
        let found = view.number_of(*handle).and_then(|number| view.person(number));
        let account = found.as_ref().and_then(|person| person.account());
        let account = account.ok_or(CloseError::UnknownAccount)?.to_owned();
        let history = self.directory.history(&account)?.ok_or(CloseError::NotClosedYet)?;
        let versions = verify_history(&account, &history.proof, &newest.directory);
        let versions =
            versions.map_err(|error| LedgerError::History { reason: error.to_string() })?;
        let value = secret_commitment(secret);
        let version = versions.iter().find(|version| version.value == value);
        let version = version.ok_or(CloseError::NotClosedYet)?.version;
        Ok(SampledAccount { account, history: history.proof, version, secret: secret.clone() })
    }
}
