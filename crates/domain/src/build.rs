//! A build: one released version of a client, with what it declares to need.

use serde::{Deserialize, Serialize};

use crate::digest::Digest;
use crate::identifier::Identifier;

/// A build as its partner submits it.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Build {
    /// The name under which entries and tokens speak of it.
    pub build: Identifier,
    /// The client that it is a version of.
    pub client: Identifier,
    /// The package name or app id that a device attests.
    pub package: String,
    /// The digest of the certificate that signed the package.
    pub signer: Digest,
    /// The version code that a device attests.
    pub version_code: u32,
    /// The digest of the artifact that reviewers looked at.
    pub artifact: Digest,
    /// The purposes that it declares.
    pub purposes: Vec<Identifier>,
    /// The fields of the viewer that it declares, by name.
    #[serde(rename = "self")]
    pub viewer: Vec<String>,
    /// The fields of friends that it declares, by name.
    pub friend: Vec<String>,
}

/// Where a build stands: submitted and checked, approved by two reviewers, revoked.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum BuildState {
    /// Submitted; its declarations were checked against the agreement.
    Checked,
    /// Approved by two different reviewers.
    Approved,
    /// Revoked, for good.
    Revoked,
}
