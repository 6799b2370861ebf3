//! How the verdict on the receipt for a choice is shown.

use countersign_protocol::consent_receipt::ConsentReceipt;
use countersign_verifier::consent_check::ConsentCheck;
use countersign_verifier::promise::Promise;
use countersign_verifier::verdict::Verdict;
use serde::Serialize;

use super::{CannotSay, Conclusion, DOES_NOT_HOLD, Text, escaped, not_yet, write_json};

/// What `--json` prints of the receipt for a choice.
#[derive(Serialize)]
struct Consented<'a> {
    #[serde(flatten)]
    conclusion: Conclusion,
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
        let (promise, receipt) = (*promise, receipt.as_ref());
        let conclusion = Conclusion::of_promise(verdict, promise);
        return write_json(&Consented { conclusion, verdict, promise, receipt });
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
        (Some(receipt), Promise::NotYet) if verdict.holds() => {
            not_yet(receipt.index, receipt.deadline)
        }
        (_, Promise::Broken) => "The promise is broken.".to_owned(),
        _ => DOES_NOT_HOLD.to_owned(),
    };
    text.conclude(verdict, &conclusion);
    text.write()
}
