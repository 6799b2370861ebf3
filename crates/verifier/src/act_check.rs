//! Which rule of the verdict each pledge about an act is, and the notes about one act, rule by rule.
//!
//! What it is not: the checks themselves, which are [`replay`](mod@countersign_protocol::replay)'s and the register's.

use countersign_domain::act::{Act, Required, Signer};
use countersign_domain::register::ActError;
use countersign_protocol::entry::SignedAct;
use countersign_protocol::replay::{Missing, Replay, ReplayError};

use crate::verdict::{Place, Rule, Verdict};

/// How many reviewers have to sign what opens something.
const FOUR_EYES: usize = 2;

/// Takes the act at `index` into the register if it may be taken, and notes every rule about it: those that
/// hold, and each that does not, once. `true` if it was taken.
pub(crate) fn take(
    replay: &mut Replay,
    index: u64,
    signed: &SignedAct,
    document: Option<&[u8]>,
    verdict: &mut Verdict,
) -> bool {
    let place = Place::entry(index);
    let mut asked = signature_rules(&replay.required(&signed.act));
    let refused = replay.examine(index, signed, document).err();
    // What the register has to say is not looked at behind a signature that is wrong, and of what it says
    // the first thing alone.
    if refused.is_none() {
        asked.extend(register_rules(&signed.act));
    }
    let mut broken = Vec::new();
    for error in refused.iter().flat_map(|refused| refused.errors()) {
        let rule = rule_of(error);
        if !broken.contains(&rule) {
            broken.push(rule);
            verdict.check(rule, place, false, || {
                (format!("{}: {error}", signed.act.kind()), rule.says().to_owned())
            });
        }
    }
    for rule in asked.into_iter().filter(|rule| !broken.contains(rule)) {
        verdict.check(rule, place, true, Default::default);
    }
    refused.is_none()
}

/// The rules about the signatures of an act that needs these.
fn signature_rules(required: &Required) -> Vec<Rule> {
    let mut rules = vec![Rule::ActSignatures];
    rules.extend(required.root.then_some(Rule::RootSigned));
    rules.extend(required.partner.as_ref().map(|_| Rule::PartnerSigned));
    rules.extend(match required.reviewers {
        0 => None,
        1 => Some(Rule::ReviewerSigned),
        _ => Some(Rule::FourEyes),
    });
    rules
}

/// The rules that hold of an act once the register has taken it.
fn register_rules(act: &Act) -> Vec<Rule> {
    let mut rules = vec![Rule::ActOnce, Rule::Act];
    rules.extend(act.document().map(|_| Rule::ActDocument));
    rules.extend(match act {
        Act::Keys(_) | Act::Partner(_) => Some(Rule::KeysApart),
        Act::Build(_) => Some(Rule::BuildDeclares),
        Act::Review(_) => Some(Rule::BuildReview),
        Act::WindDown(_) => Some(Rule::WindDownAhead),
        _ => None,
    });
    rules
}

/// The rule that is broken by what this says.
const fn rule_of(error: &ReplayError) -> Rule {
    match error {
        ReplayError::SignedTwice { by: Signer::Reviewer(_) } => Rule::FourEyes,
        ReplayError::UnknownSigner { .. }
        | ReplayError::BadSignature { .. }
        | ReplayError::SignedTwice { .. }
        | ReplayError::NotForThem { .. } => Rule::ActSignatures,
        ReplayError::Missing { missing, .. } => match missing {
            Missing::Root => Rule::RootSigned,
            Missing::Partner(_) => Rule::PartnerSigned,
            Missing::Reviewers { needed: FOUR_EYES.., .. } => Rule::FourEyes,
            Missing::Reviewers { .. } => Rule::ReviewerSigned,
        },
        ReplayError::TakenBefore => Rule::ActOnce,
        ReplayError::Document { .. } | ReplayError::DocumentForm { .. } => Rule::ActDocument,
        ReplayError::Form(_) => Rule::Act,
        ReplayError::Act(error) => rule_of_register(error),
    }
}

const fn rule_of_register(error: &ActError) -> Rule {
    match error {
        ActError::DocumentMissing { .. } | ActError::DocumentDiffers { .. } => Rule::ActDocument,
        ActError::RootChanged
        | ActError::ReviewerTwice { .. }
        | ActError::ReceiptsKeyTaken
        | ActError::KeyTaken { .. } => Rule::KeysApart,
        ActError::BeyondAgreement { .. } => Rule::BuildDeclares,
        ActError::WrongState { .. } | ActError::ReviewsPaused => Rule::BuildReview,
        ActError::StepInPast { .. } => Rule::WindDownAhead,
        _ => Rule::Act,
    }
}
