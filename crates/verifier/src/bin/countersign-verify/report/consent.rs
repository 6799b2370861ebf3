//! How the verdict on the receipt for a choice is shown.

use countersign_protocol::consent_receipt::ConsentReceipt;
use countersign_verifier::consent_check::ConsentCheck;
use countersign_verifier::promise::Promise;
use countersign_verifier::verdict::Verdict;
use serde::Serialize;

use super::{CannotSay, Text, escaped, write, write_json};

/// What `--json` prints of the receipt for a choice.
#[derive(Serialize)]
struct Consented<'a> {
    holds: Option<bool>,
    #[serde(flatten)]
    verdict: &'a Verdict,
    promise: Promise,
    receipt: Option<&'a ConsentReceipt>,
}

/// Shows the verdict on the receipt for a choice.
pub(crate) fn consent(checked: &ConsentCheck, json: bool) -> Result<(), CannotSay> {
    let ConsentCheck { verdict, promise, receipt, .. } = checked;
    let holds = verdict.holds() && *promise == Promise::Kept;
    if json {
        let holds = verdict.outcome().holds().map(|_| holds);
        let (promise, receipt) = (*promise, receipt.as_ref());
        return write_json(&Consented { holds, verdict, promise, receipt });
    }
    let mut text = Text::new();
    if let Some(receipt) = receipt {
        text.line(&escaped(&format!("choice   {}, of {}", receipt.record, receipt.record.time)));
    }
    text.verdict(verdict);
    let conclusion = match (receipt, promise) {
        (Some(receipt), Promise::Kept) if holds => {
            format!("The promise was kept: the choice is in entry {}.", receipt.index)
        }
        (Some(receipt), Promise::NotYet) if verdict.holds() => format!(
            "Not yet: entry {} is promised for {}. Ask again then.",
            receipt.index, receipt.deadline
        ),
        (_, Promise::Broken) => "The promise is broken.".to_owned(),
        _ => "It does not hold.".to_owned(),
    };
    text.conclude(verdict, &conclusion);
    write(text.text.as_bytes())
}
