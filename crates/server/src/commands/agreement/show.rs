//! `countersign agreement show`: an agreement in the log, and what came of it.

use std::fmt::Write as _;
use std::process::ExitCode;

use clap::Args;
use countersign_domain::agreement::{Agreement, AgreementDocument};
use countersign_domain::identifier::Identifier;
use countersign_service::operations::register::{ShownContract, ShownRegister, ShownStep};
use serde_json::json;

use super::{state_in_words, words};
use crate::commands::instance_dir::InstanceDir;
use crate::commands::table::listed;
use crate::commands::{Failure, Output};

/// Show an agreement that is in the log: everything that it means, whether it is in force, what the platform
/// scheduled since, and until when its types of data are certified.
///
/// Example: countersign agreement show aurora-2026
#[derive(Args)]
pub(crate) struct Show {
    #[command(flatten)]
    instance: InstanceDir,
    /// The agreement's name, or the number of the entry that concluded it.
    agreement: String,
}

impl Show {
    pub(super) fn run(self, output: Output) -> Result<ExitCode, Failure> {
        let reach = self.instance.reach()?;
        let register = reach.register()?;
        let found = self.find(&register).ok_or_else(|| reach.no_agreement(&self.agreement))?;
        let document: AgreementDocument = reach.document(found.digest)?;
        let agreement = Agreement::from_document(document, &reach.schema()?)?;
        let document = json!({ "agreement": agreement.document, "in_log": found });
        output.say(&document, &format!("{}\n{}", words::in_words(&agreement), of_log(found)));
        Ok(ExitCode::SUCCESS)
    }

    /// The one of this name, or of this entry, if there is none of the name.
    fn find<'a>(&self, register: &'a ShownRegister) -> Option<&'a ShownContract> {
        let named = Identifier::parse(&self.agreement).ok();
        let named = named.and_then(|name| register.agreement(&name));
        let of_entry = |entry: u64| register.agreements().find(|(_, it)| it.entry == entry);
        let found = named.or_else(|| of_entry(self.agreement.parse().ok()?));
        found.map(|(_, contract)| contract)
    }
}

/// What the log says of it.
fn of_log(contract: &ShownContract) -> String {
    let mut text = format!(
        "in the log since entry {}, document {}\n{}",
        contract.entry,
        contract.digest,
        state_in_words(contract)
    );
    for step in contract.wind_down.iter().filter(|step| step.entry != contract.entry) {
        let ShownStep { at, ends, fields, entry } = step;
        let fields = if fields.is_empty() { String::new() } else { format!(" {}", listed(fields)) };
        // Writing to a String cannot fail.
        let _ = write!(text, "\nthe platform ends {ends}{fields} from {at} on (entry {entry})");
    }
    for certified in &contract.certified {
        let _ = write!(
            text,
            "\n{} is certified since {}, and cut at {} unless it is certified anew",
            certified.category, certified.at, certified.cut_at
        );
    }
    text
}
