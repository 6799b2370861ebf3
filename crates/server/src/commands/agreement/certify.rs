//! `countersign agreement certify`: a partner says that it keeps to an agreement.

use std::path::Path;
use std::process::ExitCode;

use clap::{ArgGroup, Args};
use countersign_domain::act::{Act, Certification};
use countersign_domain::agreement::Agreement;
use countersign_domain::identifier::Identifier;
use countersign_service::clock;
use countersign_service::governance::Submission;

use super::shipped;
use crate::commands::signing::PartnerSigning;
use crate::commands::{Failure, Output, files};

/// Certify that the partner keeps to an agreement, for types of data. The partner signs.
///
/// A type of data that is not certified in time, with the days to make it good, is cut by itself. Where the instance
/// is elsewhere, --origin names its log, and the agreement is read from its file.
///
/// Example: countersign agreement certify aurora-2026 --all --sign partner:aurora=aurora.key
#[derive(Args)]
#[command(group(ArgGroup::new("types").required(true)))]
pub(crate) struct Certify {
    /// The agreement's name; with --origin, its TOML file.
    agreement: String,
    /// A type of data, a category of the field schema as pd:Name. Can be given again.
    #[arg(long = "category", value_name = "CATEGORY", group = "types")]
    categories: Vec<String>,
    /// Every type of data that the agreement gives.
    #[arg(long, group = "types")]
    all: bool,
    #[command(flatten)]
    signing: PartnerSigning,
}

impl Certify {
    pub(super) fn run(self, output: Output) -> Result<ExitCode, Failure> {
        let agreement = self.agreement()?;
        let name = &agreement.document.agreement;
        let types: Vec<_> = agreement.types().keys().cloned().collect();
        if let Some(other) = self.categories.iter().find(|name| !types.contains(name)) {
            let types = types.join(", ");
            return Err(format!(
                "agreement {name} gives nothing of category {other:?}; it gives {types}"
            )
            .into());
        }
        let categories = if self.all { types } else { self.categories };
        let done = format!("Certified {} under agreement {name}", categories.join(", "));
        let act = Act::Certification(Certification {
            agreement: agreement.document.agreement,
            client: agreement.document.client,
            partner: agreement.document.partner,
            categories,
        });
        self.signing.finish(Submission::of(act, clock::now()), &done, output)
    }

    /// The agreement, from the log or from its file.
    fn agreement(&self) -> Result<Agreement, Failure> {
        if self.signing.is_elsewhere() {
            let schema = shipped::schema(None)?;
            let document = files::read_agreement(Path::new(&self.agreement), &schema)?;
            return Ok(Agreement::from_document(document, &schema)?);
        }
        let reach = self.signing.reach()?;
        let name = Identifier::parse(&self.agreement)?;
        Ok(Agreement::from_document(reach.agreement(&name)?, &reach.schema()?)?)
    }
}
