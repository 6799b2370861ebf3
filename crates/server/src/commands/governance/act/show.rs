//! `countersign governance act show`: what an act does, and whose signature is missing.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::Args;
use countersign_domain::text::controls;
use countersign_protocol::chronology::ACT_SKEW_S;
use countersign_service::governance::Submission;
use countersign_service::operations::acts::Posted;
use serde_json::json;

use crate::commands::{Failure, Output, describe, files, signing};

/// Show what an act does, who signed it, and whose signature is missing.
///
/// Example: countersign governance act show approve.json
#[derive(Args)]
pub(in crate::commands) struct Show {
    /// The file of the act.
    file: PathBuf,
}

impl Show {
    pub(super) fn run(self, output: Output) -> Result<ExitCode, Failure> {
        let Posted { origin, act, document } = files::read_json(&self.file)?;
        let posted = Posted { origin, ..Posted::of(Submission::new(act, document)?)? };
        let signed = &posted.act;
        let what = describe::act(&signed.act);
        let missing = signing::missing(signed);
        let by: Vec<String> = signed.signatures.iter().map(|s| s.by.to_string()).collect();
        let until = signed.time.plus_seconds(ACT_SKEW_S);
        let or_nobody = |names: &[String]| {
            if names.is_empty() { "nobody".to_owned() } else { names.join(", ") }
        };
        let mut text = format!(
            "{what}\nsigned for {}, to be handed in until {until}\nsigned by   {}\nmissing     {}",
            signed.time,
            or_nobody(&by),
            or_nobody(&missing)
        );
        if let Some(origin) = &posted.origin {
            text = format!("{text}\nfor the log {origin:?}");
        }
        if let Some(document) = &posted.document {
            text = format!("{text}\ndocument\n{}", shown(document)?);
        }
        let document = json!({
            "origin": posted.origin, "act": posted.act, "document": posted.document, "what": what,
            "signed_by": by, "missing": missing, "until": until.to_string(),
        });
        output.say(&document, &text);
        Ok(ExitCode::SUCCESS)
    }
}

/// A document as it can be read on a terminal, its characters of control as JSON escapes them.
fn shown(document: &serde_json::Value) -> serde_json::Result<String> {
    let mut shown = String::new();
    for character in serde_json::to_string_pretty(document)?.chars() {
        if controls(character) && character != '\n' {
            shown.push_str(&format!("\\u{:04x}", u32::from(character)));
        } else {
            shown.push(character);
        }
    }
    Ok(shown)
}
