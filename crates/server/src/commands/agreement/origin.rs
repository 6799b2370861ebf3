//! Where an agreement comes from, a file or the log of an instance, and the field schema that it is read
//! with.

use std::convert::Infallible;
use std::path::{Path, PathBuf};
use std::str::FromStr;

use countersign_domain::agreement::{Agreement, AgreementDocument};
use countersign_domain::identifier::Identifier;
use countersign_domain::schema::FieldSchema;

use super::shipped;
use crate::commands::instance_dir::OptionalInstanceDir;
use crate::commands::reach::Reach;
use crate::commands::{Failure, files};

/// An agreement as a command is told of it.
#[derive(Clone, Debug)]
pub(super) struct Origin(String);

impl FromStr for Origin {
    type Err = Infallible;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Ok(Self(text.to_owned()))
    }
}

impl Origin {
    /// Name and folder, of an agreement that is in the log of an instance. A file of that name goes before.
    fn in_log(&self) -> Option<(Identifier, PathBuf)> {
        let (name, dir) = self.0.rsplit_once('@')?;
        let name = Identifier::parse(name).ok()?;
        (!Path::new(&self.0).exists() && !dir.is_empty()).then(|| (name, PathBuf::from(dir)))
    }

    /// The folder of the instance, if it is in a log.
    fn dir(&self) -> Option<PathBuf> {
        self.in_log().map(|(_, dir)| dir)
    }

    /// The agreement. A log's is taken as it was concluded; a file's is held to everything that
    /// `agreement check` looks at.
    pub(super) fn read(&self, schema: &FieldSchema) -> Result<Agreement, Failure> {
        let document: AgreementDocument = match self.in_log() {
            Some((name, dir)) => Reach::open(&dir)?.agreement(&name)?,
            None => files::read_agreement(Path::new(&self.0), schema)?,
        };
        Ok(Agreement::from_document(document, schema)?)
    }
}

/// The field schema that agreements are read with: of the instance that is given, or in whose log one of them is, or
/// that the command runs in; or the one that is shipped.
pub(super) fn schema<const N: usize>(
    instance: &OptionalInstanceDir,
    agreements: [&Origin; N],
) -> Result<FieldSchema, Failure> {
    if let Some(dir) = instance.given() {
        return shipped::schema(Some(dir));
    }
    match agreements.into_iter().find_map(Origin::dir) {
        Some(dir) => shipped::schema(Some(&dir)),
        None => shipped::schema(instance.found()),
    }
}
