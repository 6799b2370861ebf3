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
use crate::entry::{ActSignature, SignedAct};

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
    #[error("it is signed by {by}, who is not in the register")]
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
        missing: Missing,
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

/// Everything that was found wrong with an act that is not taken. There is at least one thing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refused {
    first: Box<ReplayError>,
    others: Vec<ReplayError>,
}

impl Refused {
    /// What is wrong.
    pub fn errors(&self) -> impl Iterator<Item = &ReplayError> {
        std::iter::once(&*self.first).chain(&self.others)
    }
}

impl From<ReplayError> for Refused {
    fn from(error: ReplayError) -> Self {
        Self { first: Box::new(error), others: Vec::new() }
    }
}

/// Whose signature an act needs and does not have.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Missing {
    /// The root's.
    #[error("root")]
    Root,
    /// This partner's.
    #[error("partner:{0}")]
    Partner(Identifier),
    /// Those of more reviewers.
    #[error("{needed} different reviewers, found {found}")]
    Reviewers {
        /// How many have to sign.
        needed: usize,
        /// How many different ones have signed.
        found: usize,
    },
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
        let taken = self.examine(index, signed, document);
        taken.map_err(|errors| *errors.first)
    }

    /// The same as [`Replay::apply`], but with everything that is wrong with the act's signatures, and not
    /// with the first of it alone. What else is wrong is looked at only if they are right.
    ///
    /// # Errors
    /// [`Refused`]; the register is then as it was.
    pub fn examine(
        &mut self,
        index: u64,
        signed: &SignedAct,
        document: Option<&[u8]>,
    ) -> Result<(), Refused> {
        let message = signed.message(&self.origin).map_err(ReplayError::Form)?;
        let mut errors = self.signature_errors(signed, &message).into_iter();
        if let Some(first) = errors.next() {
            return Err(Refused { first: Box::new(first), others: errors.collect() });
        }
        self.take(index, signed, &message, document).map_err(Refused::from)
    }

    /// Takes an act whose signatures hold.
    fn take(
        &mut self,
        index: u64,
        signed: &SignedAct,
        message: &[u8],
        document: Option<&[u8]>,
    ) -> Result<(), ReplayError> {
        let said = Digest(Sha256::digest(message).into());
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

    /// Whose signatures this act needs, given the register before it.
    #[must_use]
    pub fn required(&self, act: &Act) -> Required {
        act.required(self.partner_concerned(act))
    }

    fn signature_errors(&self, signed: &SignedAct, message: &[u8]) -> Vec<ReplayError> {
        let required = self.required(&signed.act);
        let mut signers = BTreeSet::new();
        let mut errors = Vec::new();
        for signature in &signed.signatures {
            match self.check_signature(signature, signed, message, (&required, &signers)) {
                Ok(()) => {
                    signers.insert(&signature.by);
                }
                Err(error) => errors.push(error),
            }
        }
        let kind = signed.act.kind();
        let missing = missing(required, &signers).into_iter();
        errors.extend(missing.map(|missing| ReplayError::Missing { kind, missing }));
        errors
    }

    fn check_signature(
        &self,
        signature: &ActSignature,
        signed: &SignedAct,
        message: &[u8],
        (required, signers): (&Required, &BTreeSet<&Signer>),
    ) -> Result<(), ReplayError> {
        let by = &signature.by;
        if signers.contains(by) {
            return Err(ReplayError::SignedTwice { by: by.clone() });
        }
        if !may_sign(by, required) {
            return Err(ReplayError::NotForThem { kind: signed.act.kind(), by: by.clone() });
        }
        let key = self.key_for(by, &signed.act);
        let key = key.ok_or_else(|| ReplayError::UnknownSigner { by: by.clone() })?;
        if !verify(&key, message, &signature.sig) {
            return Err(ReplayError::BadSignature { by: by.clone() });
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

/// Whose signatures are not among those of these signers.
fn missing(required: Required, signers: &BTreeSet<&Signer>) -> Vec<Missing> {
    let mut missing = Vec::new();
    if required.root && !signers.contains(&Signer::Root) {
        missing.push(Missing::Root);
    }
    if let Some(partner) = required.partner
        && !signers.contains(&Signer::Partner(partner.clone()))
    {
        missing.push(Missing::Partner(partner));
    }
    let found = signers.iter().filter(|by| matches!(by, Signer::Reviewer(_))).count();
    if found < required.reviewers {
        missing.push(Missing::Reviewers { needed: required.reviewers, found });
    }
    missing
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
