//! `countersign agreement certify`: a partner says that it keeps to an agreement.

use std::process::ExitCode;

use clap::{ArgGroup, Args};
use countersign_domain::act::{Act, Certification};
use countersign_domain::agreement::Agreement;
use countersign_domain::identifier::Identifier;
use countersign_service::clock;
use countersign_service::governance::Submission;

use crate::commands::instance_dir::InstanceDir;
use crate::commands::signing::Signing;
use crate::commands::{Failure, Output};

/// Certify that the partner keeps to an agreement, for types of data. The partner signs.
///
/// A type of data that is not certified in time, with the days to make it good, is cut by itself.
///
/// Example: countersign agreement certify aurora-2026 --all --sign partner:aurora=aurora.key
#[derive(Args)]
#[command(group(ArgGroup::new("types").required(true)))]
pub(crate) struct Certify {
    #[command(flatten)]
    instance: InstanceDir,
    /// The agreement's name.
    agreement: Identifier,
    /// A type of data, a category of the field schema as pd:Name. Can be given again.
    #[arg(long = "category", value_name = "CATEGORY", group = "types")]
    categories: Vec<String>,
    /// Every type of data that the agreement gives.
    #[arg(long, group = "types")]
    all: bool,
    #[command(flatten)]
    signing: Signing,
}

impl Certify {
    pub(super) fn run(self, output: Output) -> Result<ExitCode, Failure> {
        let reach = self.instance.reach()?;
        let agreement =
            Agreement::from_document(reach.agreement(&self.agreement)?, &reach.schema()?)?;
        let types: Vec<_> = agreement.types().keys().cloned().collect();
        if let Some(other) = self.categories.iter().find(|name| !types.contains(name)) {
            let types = types.join(", ");
            let name = &self.agreement;
            return Err(format!(
                "agreement {name} gives nothing of category {other:?}; it gives {types}"
            )
            .into());
        }
        let categories = if self.all { types } else { self.categories };
        let done =
            format!("Certified {} under agreement {}", categories.join(", "), self.agreement);
        let act = Act::Certification(Certification {
            agreement: self.agreement,
            client: agreement.document.client,
            partner: agreement.document.partner,
            categories,
        });
        self.signing.finish(&reach, Submission::of(act, clock::now()), &done, output)
    }
}
