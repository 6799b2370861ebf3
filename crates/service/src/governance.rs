//! Governance as engineers do it: an act is written, signed by those who act, and submitted, to the
//! running server or to the log itself. The first acts of a log come from here too.

use countersign_domain::act::{Act, Keys, Published, Signer};
use countersign_domain::budget::BudgetsDocument;
use countersign_domain::digest::Digest;
use countersign_domain::rules::RulesDocument;
use countersign_domain::schema::SchemaDocument;
use countersign_domain::text::NotPlainText;
use countersign_domain::time::Timestamp;
use countersign_log::Log;
use countersign_log::append::ActError;
use countersign_people::keys::{KeyError, SecretKey};
use countersign_policy::cedar::rules::{Rules, RulesError};
use countersign_protocol::canonical::{self, CanonicalError};
use countersign_protocol::entry::{ActSignature, SignedAct};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use sha2::{Digest as _, Sha256};
use utoipa::ToSchema;

/// An act with the document that it publishes, ready to be signed or submitted.
#[derive(Clone, Debug)]
pub struct Submission {
    /// The act and its signatures so far.
    pub act: SignedAct,
    /// The document's bytes in canonical form.
    pub document: Option<Vec<u8>>,
}

/// An act that cannot be submitted.
#[derive(Debug, thiserror::Error)]
pub enum GovernanceError {
    /// It holds something that an entry cannot.
    #[error(transparent)]
    Form(#[from] CanonicalError),
    /// It holds text that cannot be shown as it is.
    #[error(transparent)]
    Text(#[from] NotPlainText),
    /// Its document is not the one that it names.
    #[error(
        "the act names the document {named}, and with it came another one: its digest is {found}; do not sign it"
    )]
    AnotherDocument {
        /// The digest in the act.
        named: Digest,
        /// The digest of the document that came with it.
        found: Digest,
    },
    /// Its document did not come with it.
    #[error("an act of kind {kind:?} comes with its document, and {named} is missing")]
    NoDocument {
        /// The act's kind.
        kind: &'static str,
        /// The digest in the act.
        named: Digest,
    },
    /// A document came with an act that publishes none.
    #[error("an act of kind {kind:?} publishes nothing, and a document came with it")]
    DocumentTooMany {
        /// The act's kind.
        kind: &'static str,
    },
    /// The log does not take it.
    #[error(transparent)]
    Refused(#[from] ActError),
    /// The system gives no thread to wait in.
    #[error("the system gives no runtime: {0}")]
    Runtime(std::io::Error),
    /// The platform's own rules, which the log does not read and nothing is released under if nobody can.
    #[error(transparent)]
    Rules(#[from] RulesError),
    /// A key to sign with.
    #[error(transparent)]
    Key(#[from] KeyError),
}

impl Submission {
    /// An act as it came, its document still as JSON. Signers decide by the document that they see,
    /// so it has to be the one that their signature is about.
    ///
    /// # Errors
    /// [`GovernanceError`] if the document cannot be written in canonical form, is missing, or is not
    /// the one that the act names; and if the act holds text that cannot be shown as it is.
    pub fn new(act: SignedAct, document: Option<Value>) -> Result<Self, GovernanceError> {
        act.act.check_texts()?;
        let document = document.map(|document| canonical::to_bytes(&document)).transpose()?;
        let found = document.as_ref().map(|bytes| Digest(Sha256::digest(bytes).into()));
        let named = act.act.document();
        if named != found {
            let kind = act.act.kind();
            return Err(match (named, found) {
                (Some(named), Some(found)) => GovernanceError::AnotherDocument { named, found },
                (Some(named), None) => GovernanceError::NoDocument { kind, named },
                (None, _) => GovernanceError::DocumentTooMany { kind },
            });
        }
        Ok(Self { act, document })
    }

    /// An act that publishes nothing.
    #[must_use]
    pub const fn of(act: Act, now: Timestamp) -> Self {
        Self { act: SignedAct::unsigned(act, now), document: None }
    }

    /// An act that publishes a document; `act` gets the document's digest.
    ///
    /// # Errors
    /// [`GovernanceError::Form`] if the document cannot be written in canonical form.
    pub fn publishing<T: Serialize>(
        document: &T,
        act: impl FnOnce(Digest) -> Act,
        now: Timestamp,
    ) -> Result<Self, GovernanceError> {
        let document = canonical::to_bytes(document)?;
        let digest = Digest(Sha256::digest(&document).into());
        let act = SignedAct::unsigned(act(digest), now);
        Ok(Self { act, document: Some(document) })
    }

    /// Reads the Cedar in platform rules, if it is these that are submitted.
    ///
    /// # Errors
    /// [`RulesError`], naming the rule that cannot be taken.
    pub fn check_rules(&self) -> Result<(), GovernanceError> {
        let (Act::Rules(_), Some(document)) = (&self.act.act, &self.document) else {
            return Ok(());
        };
        let document: RulesDocument = canonical::from_bytes(document)?;
        Rules::read(&document.cedar)?;
        Ok(())
    }

    /// Adds the signature of `by`.
    ///
    /// # Errors
    /// [`GovernanceError::Form`] if the act cannot be written as an entry.
    pub fn sign(
        &mut self,
        origin: &str,
        by: Signer,
        key: &SecretKey,
    ) -> Result<(), GovernanceError> {
        let sig = key.sign(&self.act.message(origin)?);
        self.act.signatures.push(ActSignature { by, sig });
        Ok(())
    }
}

/// Where an act stands now.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize, ToSchema)]
pub struct Taken {
    /// The index of its entry, or of the one that says the same already.
    pub index: u64,
    /// Whether the act was appended; if not, the register says already what it says, and nothing was added.
    pub is_new: bool,
}

/// Appends an act to the log, unless the register says already what it says.
///
/// # Errors
/// [`GovernanceError`] when the log refuses it: not signed as it has to be, untimely, or impossible.
pub async fn submit(log: &Log, submission: Submission) -> Result<Taken, GovernanceError> {
    submission.check_rules()?;
    if let Some(index) = log.register().stands(&submission.act.act) {
        return Ok(Taken { index, is_new: false });
    }
    let index = log.append_act(submission.act, submission.document, None).await?.index;
    Ok(Taken { index, is_new: true })
}

/// [`submit`] for commands, which run outside of any runtime.
///
/// # Errors
/// As [`submit`].
pub fn submit_blocking(log: &Log, submission: Submission) -> Result<Taken, GovernanceError> {
    tokio::runtime::Builder::new_current_thread()
        .build()
        .map_err(GovernanceError::Runtime)?
        .block_on(submit(log, submission))
}

/// The keys that a new log begins with.
pub struct Founders {
    /// Signs the `keys` act.
    pub root: SecretKey,
    /// The reviewers, by name.
    pub reviewers: Vec<(Signer, SecretKey)>,
}

/// What a new log publishes.
pub struct FirstDocuments<'a> {
    /// The field schema.
    pub schema: &'a SchemaDocument,
    /// The platform's rules.
    pub rules: &'a RulesDocument,
    /// The platform's budgets, if it begins with any.
    pub budgets: Option<&'a BudgetsDocument>,
}

/// The first acts of a log: keys, field schema, platform rules, budgets.
///
/// # Errors
/// [`GovernanceError::Form`] if one cannot be written as an entry.
pub fn founding_acts(
    origin: &str,
    founders: &Founders,
    keys: Keys,
    documents: &FirstDocuments<'_>,
    now: Timestamp,
) -> Result<Vec<Submission>, GovernanceError> {
    let mut first = Submission::of(Act::Keys(keys), now);
    first.sign(origin, Signer::Root, &founders.root)?;
    let FirstDocuments { schema, rules, budgets } = documents;
    let schema =
        Submission::publishing(schema, |digest| Act::FieldSchema(Published { digest }), now)?;
    let rules = Submission::publishing(rules, |digest| Act::Rules(Published { digest }), now)?;
    let budgets = budgets.map(|budgets| {
        Submission::publishing(budgets, |digest| Act::Budgets(Published { digest }), now)
    });
    let mut acts = vec![first];
    for mut submission in [schema, rules].into_iter().chain(budgets.transpose()?) {
        for (reviewer, key) in &founders.reviewers {
            submission.sign(origin, reviewer.clone(), key)?;
        }
        acts.push(submission);
    }
    Ok(acts)
}
