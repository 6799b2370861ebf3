//! Agreements in ODRL, the language in which others write down who may do what with which data: as much of
//! an agreement as ODRL can say, written and read.
//!
//! What it is not: what is signed. That is the agreement's own document, which says more; what ODRL has no
//! words for is listed with every export, and told with every import.
//!
//! Spec: ODRL Information Model 2.2 and ODRL Vocabulary & Expression 2.2 (W3C Recommendations of 15 February
//! 2018), in JSON-LD under the context `http://www.w3.org/ns/odrl.jsonld`; purposes are DPV's, countries those
//! of DPV's extension LOC. The profile [`PROFILE`] adds the few terms below; docs/agreements.md describes it.

use std::fmt;

mod cursor;
mod export;
mod import;
mod rule;
mod steps;
mod unsaid;

pub use export::export;
pub use import::import;

use countersign_domain::agreement::AgreementDocument;
use serde::Serialize;
use serde_json::Value;

/// The context of ODRL's own terms.
pub const CONTEXT: &str = "http://www.w3.org/ns/odrl.jsonld";

/// The namespace of ODRL's own terms.
const ODRL: &str = "http://www.w3.org/ns/odrl/2/";

/// The profile that an export says it is of. It is a name; nothing is fetched from anywhere.
pub const PROFILE: &str = "urn:countersign:odrl:1";

/// What the prefixes of an export stand for. A policy may use these and no others.
const PREFIXES: [(&str, &str); 5] = [
    ("cs", "urn:countersign:odrl:1:"),
    ("dpv", crate::dpv::NAMESPACE),
    ("loc", "https://w3id.org/dpv/loc#"),
    ("odrl", ODRL),
    ("xsd", "http://www.w3.org/2001/XMLSchema#"),
];

/// What agreements, partners, clients and fields are called in ODRL.
const AGREEMENT: &str = "urn:countersign:agreement:";
const PARTNER: &str = "urn:countersign:partner:";
const CLIENT: &str = "urn:countersign:client:";
const FIELD: &str = "urn:countersign:field:";

/// The profile's terms.
mod term {
    /// Left operand: by which name a request gives its purpose.
    pub(super) const PURPOSE_NAME: &str = "cs:purposeName";
    /// Left operand: whose data, seen from the viewer.
    pub(super) const RELATION: &str = "cs:relation";
    /// Its values.
    pub(super) const SELF: &str = "cs:self";
    pub(super) const FRIEND: &str = "cs:friend";
    /// Left operand: through what kind of client.
    pub(super) const ROUTE: &str = "cs:route";
    /// Its values.
    pub(super) const DEVICE: &str = "cs:device";
    pub(super) const APP: &str = "cs:app";
    /// Event: the data was released.
    pub(super) const RELEASE: &str = "cs:release";
    /// Event: a person withdrew or was erased, or the agreement is over.
    pub(super) const WITHDRAWAL: &str = "cs:withdrawal";
}

/// An agreement in ODRL, and what of it ODRL cannot say.
#[derive(Clone, Debug)]
pub struct Exported {
    /// The policy, as JSON-LD.
    pub policy: Value,
    /// What it leaves out.
    pub not_expressed: Vec<NotExpressed>,
}

/// Something of an agreement, or of how it is kept, that ODRL has no words for.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct NotExpressed {
    /// What it is about: a key of the agreement, or what else bears on every answer.
    pub clause: &'static str,
    /// What is left unsaid.
    pub what: String,
}

impl fmt::Display for NotExpressed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.clause, self.what)
    }
}

/// An agreement that was read from ODRL, and what had to be assumed for it.
#[derive(Clone, Debug)]
pub struct Imported {
    /// The agreement.
    pub document: AgreementDocument,
    /// What the policy did not say, and what stands in its place.
    pub assumed: Vec<String>,
}

/// A policy of which something is not understood, so that nothing of it is taken.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{}: {message}", if pointer.is_empty() { "the policy" } else { pointer.as_str() })]
pub struct NotUnderstood {
    /// Where in the policy, as a JSON pointer (RFC 6901); nothing for the whole of it.
    pub pointer: String,
    /// What is not understood there, and what would be.
    pub message: String,
}

/// An IRI with its prefix written out.
fn expanded(iri: &str) -> String {
    let named = iri.split_once(':').and_then(|(prefix, rest)| {
        let (_, namespace) = PREFIXES.into_iter().find(|(name, _)| *name == prefix)?;
        Some(format!("{namespace}{rest}"))
    });
    named.unwrap_or_else(|| iri.to_owned())
}

#[cfg(test)]
mod tests;
