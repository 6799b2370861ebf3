//! The agreements under which something went: which document it was, and who signed it.

use std::collections::BTreeSet;

use countersign_domain::act::{Act, AgreementAct};
use countersign_domain::agreement::{AgreedDelivery, AgreementDocument, Evidence};
use countersign_domain::digest::Digest;
use countersign_domain::time::Timestamp;
use countersign_protocol::entry::SignedAct;

use super::super::facts::Facts;
use super::entry;
use super::governance::signed_by;
use super::html::{Html, instant, section, sha256, table};

pub(super) fn section_of(facts: &Facts<'_>) -> Html {
    let named: BTreeSet<&Digest> = facts.sent.iter().flat_map(|(_, one)| &one.agreements).collect();
    let rows = facts.acts.iter().filter_map(|(index, act)| {
        let Act::Agreement(concluded) = &act.act else { return None };
        named.contains(&concluded.digest).then(|| row(facts, *index, act, concluded))
    });
    let heads = ["Agreement", "Term", "For", "Delivery", "Signed by"];
    section(
        "Agreements that were in force",
        [table(&heads, rows.collect(), "Nothing went, and so under no agreement.")],
    )
}

fn row(facts: &Facts<'_>, index: u64, act: &SignedAct, concluded: &AgreementAct) -> Vec<Html> {
    let name = [
        Html::with("strong", &concluded.agreement),
        Html::text(format!("{} with {}", concluded.client, concluded.partner)),
        sha256(concluded.digest),
    ];
    let signed = [Html::text(signed_by(act)), entry(index), instant(act.time)];
    let (term, purposes, delivery) = match facts.agreement(&concluded.digest) {
        Some(document) => terms(&document),
        None => Default::default(),
    };
    vec![Html::stacked(name), term, purposes, delivery, Html::stacked(signed)]
}

fn terms(document: &AgreementDocument) -> (Html, Html, Html) {
    let end = match document.not_after {
        Timestamp::MAX => Html::text("without an end"),
        end => Html::all([Html::text("to before "), instant(end)]),
    };
    let renewal = document.renewal.as_ref().map(|renewal| {
        Html::text(format!("renews itself by {} days, {} times", renewal.days, renewal.times))
    });
    let term = [Html::all([Html::text("from "), instant(document.not_before)]), end];
    let purposes = document.purposes.iter().map(|purpose| {
        Html::stacked([
            Html::text(&purpose.purpose),
            Html::with("span class=\"soft\"", &purpose.dpv),
        ])
    });
    let delivery = match document.delivery {
        AgreedDelivery::Clear => "clear",
        AgreedDelivery::Sealed(Evidence::Software) => "sealed, software",
        AgreedDelivery::Sealed(Evidence::Vouched) => "sealed, vouched",
        AgreedDelivery::Sealed(Evidence::Hardware) => "sealed, hardware",
    };
    let term = Html::stacked(term.into_iter().chain(renewal));
    (term, Html::stacked(purposes), Html::text(delivery))
}
