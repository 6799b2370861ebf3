//! Replaying the log's acts into the register, with every signature checked. The server does it at
//! start and before it appends an act; outsiders do it with the same code.

use std::collections::{BTreeSet, HashSet};

use countersign_domain::act::{Act, Required, Signer};
use countersign_domain::digest::Digest;
use countersign_domain::identifier::Identifier;
use countersign_domain::key::{PublicKey, Signature};
use countersign_domain::register::{ActError, Document, Register};
use sha2::{Digest as _, Sha256};

use crate::canonical::{self, CanonicalError};
use crate::entry::SignedAct;

/// The register, and the origin whose acts it takes.
#[derive(Clone, Debug)]
pub struct Replay {
    origin: String,
    register: Register,
    /// What was said so far: an act counts once, or an old reinstatement would end a new suspension.
    said: HashSet<Digest>,
}

/// Why an act is not taken.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ReplayError {
    /// A signature by somebody whom the register does not know.
    #[error("it is signed by {by}, whom the register does not know")]
    UnknownSigner {
        /// Who is said to have signed.
        by: Signer,
    },
    /// A signature that does not hold.
    #[error("the signature of {by} does not hold")]
    BadSignature {
        /// Who is said to have signed.
        by: Signer,
    },
    /// The same signer twice.
    #[error("{by} signed twice; four eyes are two people")]
    SignedTwice {
        /// Who signed.
        by: Signer,
    },
    /// A signer who has no part in this kind of act.
    #[error("an act of kind {kind:?} is not for {by} to sign")]
    NotForThem {
        /// The act's kind.
        kind: &'static str,
        /// Who signed.
        by: Signer,
    },
    /// A signature that is missing.
    #[error("an act of kind {kind:?} needs the signature of {missing}")]
    Missing {
        /// The act's kind.
        kind: &'static str,
        /// Whose signature is missing.
        missing: String,
    },
    /// The very same act stands in the log already.
    #[error(
        "the very same act was taken before; an act counts once: sign it anew, with its own time"
    )]
    TakenBefore,
    /// The document is not the one that the entry names.
    #[error("the document for {digest} is {}", found.map_or_else(|| "missing".to_owned(), |found| format!("another one: its digest is {found}")))]
    Document {
        /// The digest in the entry.
        digest: Digest,
        /// The digest of the document found.
        found: Option<Digest>,
    },
    /// The document cannot be read.
    #[error("the document for {digest} cannot be read: {error}")]
    DocumentForm {
        /// The digest in the entry.
        digest: Digest,
        /// What is wrong.
        error: CanonicalError,
    },
    /// The act itself cannot be written as an entry.
    #[error(transparent)]
    Form(#[from] CanonicalError),
    /// Properly signed, and still not possible.
    #[error(transparent)]
    Act(#[from] ActError),
}

impl Replay {
    /// Begins with an empty register for the log of this origin.
    #[must_use]
    pub fn new(origin: &str) -> Self {
        Self { origin: origin.to_owned(), register: Register::default(), said: HashSet::new() }
    }

    /// The register so far.
    #[must_use]
    pub const fn register(&self) -> &Register {
        &self.register
    }

    /// The origin whose acts are taken.
    #[must_use]
    pub fn origin(&self) -> &str {
        &self.origin
    }

    /// Checks signatures and document of the act at `index` and applies it.
    ///
    /// # Errors
    /// [`ReplayError`]; the register is then as it was.
    pub fn apply(
        &mut self,
        index: u64,
        signed: &SignedAct,
        document: Option<&[u8]>,
    ) -> Result<(), ReplayError> {
        let message = signed.message(&self.origin)?;
        self.check_signatures(signed, &message)?;
        let said = Digest(Sha256::digest(&message).into());
        let document = read_document(&signed.act, document)?;
        if self.said.contains(&said) {
            // What the register has against it says more than that it was said before.
            self.register.clone().apply(index, signed.time, &signed.act, document)?;
            return Err(ReplayError::TakenBefore);
        }
        self.register.apply(index, signed.time, &signed.act, document)?;
        self.said.insert(said);
        Ok(())
    }

    fn check_signatures(&self, signed: &SignedAct, message: &[u8]) -> Result<(), ReplayError> {
        let kind = signed.act.kind();
        let required = signed.act.required(self.partner_concerned(&signed.act));
        let mut signers = BTreeSet::new();
        let mut reviewers = 0;
        for signature in &signed.signatures {
            let by = &signature.by;
            if !signers.insert(by) {
                return Err(ReplayError::SignedTwice { by: by.clone() });
            }
            if !may_sign(by, &required) {
                return Err(ReplayError::NotForThem { kind, by: by.clone() });
            }
            let key = self.key_for(by, &signed.act);
            let key = key.ok_or_else(|| ReplayError::UnknownSigner { by: by.clone() })?;
            if !verify(&key, message, &signature.sig) {
                return Err(ReplayError::BadSignature { by: by.clone() });
            }
            reviewers += usize::from(matches!(by, Signer::Reviewer(_)));
        }
        let missing = |missing: String| Err(ReplayError::Missing { kind, missing });
        if required.root && !signers.contains(&Signer::Root) {
            return missing(Signer::Root.to_string());
        }
        if let Some(partner) = required.partner.map(Signer::Partner)
            && !signers.contains(&partner)
        {
            return missing(partner.to_string());
        }
        if reviewers < required.reviewers {
            return missing(format!(
                "{} different reviewers, found {reviewers}",
                required.reviewers
            ));
        }
        Ok(())
    }

    /// The partner without whose signature the act would be somebody else's word about it.
    fn partner_concerned(&self, act: &Act) -> Option<&Identifier> {
        match act {
            Act::Build(build) => {
                self.register.clients().get(&build.client).map(|client| &client.partner)
            }
            Act::Partner(partner) => {
                let before = self.register.partners().get(&partner.id)?;
                (before.key != partner.key).then_some(&before.id)
            }
            _ => None,
        }
    }

    /// The key of a signer; the first `keys` act brings its own root, which nobody could announce.
    fn key_for(&self, by: &Signer, act: &Act) -> Option<PublicKey> {
        match (by, act, self.register.keys()) {
            (Signer::Root, Act::Keys(keys), None) => Some(keys.root),
            _ => self.register.key_of(by),
        }
    }
}

/// Whether the signer has a part in an act that needs these signatures.
fn may_sign(by: &Signer, required: &Required) -> bool {
    match by {
        Signer::Root => required.root,
        Signer::Partner(name) => required.partner.as_ref() == Some(name),
        Signer::Reviewer(_) => required.reviewers > 0,
    }
}

/// Whether an Ed25519 signature holds, after RFC 8032 with the strict rules of `ed25519-dalek`: no
/// small-order keys, no second spelling of a signature.
#[must_use]
pub fn verify(key: &PublicKey, message: &[u8], signature: &Signature) -> bool {
    ed25519_dalek::VerifyingKey::from_bytes(&key.0).is_ok_and(|key| {
        key.verify_strict(message, &ed25519_dalek::Signature::from_bytes(&signature.0)).is_ok()
    })
}

fn read_document(act: &Act, bytes: Option<&[u8]>) -> Result<Option<Document>, ReplayError> {
    let Some(digest) = act.document() else { return Ok(None) };
    let bytes = bytes.ok_or(ReplayError::Document { digest, found: None })?;
    let found = Digest(Sha256::digest(bytes).into());
    if found != digest {
        return Err(ReplayError::Document { digest, found: Some(found) });
    }
    let document = match act {
        Act::FieldSchema(_) => canonical::from_bytes(bytes).map(Document::Schema),
        Act::Rules(_) => canonical::from_bytes(bytes).map(Document::Rules),
        Act::Budgets(_) => canonical::from_bytes(bytes).map(Document::Budgets),
        _ => canonical::from_bytes(bytes).map(|document| Document::Agreement(Box::new(document))),
    };
    document.map(Some).map_err(|error| ReplayError::DocumentForm { digest, error })
}
