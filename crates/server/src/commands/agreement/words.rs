//! What an agreement means, in words, for those who are about to sign it.

use std::fmt::Write as _;

use countersign_domain::agreement::{AgreedDelivery, Agreement, AgreementDocument, Evidence, Wait};
use countersign_domain::budget::{BudgetDocument, Limit, Scope, Then};
use countersign_domain::obligation::OnwardTransfer;
use countersign_domain::route::ClientKind;

use crate::commands::describe;

/// Everything that an agreement means.
pub(super) fn in_words(agreement: &Agreement) -> String {
    let document = &agreement.document;
    let mut text = Text(String::new());
    parties(document, &mut text);
    term(agreement, &mut text);
    delivery(document, &mut text);
    certification(agreement, &mut text);
    for purpose in &document.purposes {
        text.line(format_args!("for {} ({})", purpose.purpose, purpose.dpv));
        text.line(format_args!("  of the viewer    {}", listed(&purpose.viewer)));
        text.line(format_args!(
            "  of each friend   {}, as far as that friend's settings allow",
            listed(&purpose.friend)
        ));
    }
    for step in &document.wind_down {
        text.line(format_args!("from {} {}", step.at, describe::end(step)));
    }
    obligations(document, &mut text);
    for budget in &document.budgets {
        text.line(format_args!("budget {}: {}", budget.budget, budget_in_words(budget)));
    }
    if !document.pledges.is_empty() {
        text.line(format_args!("it pledges of every request that"));
        for pledge in &document.pledges {
            text.line(format_args!("  {pledge}"));
        }
    }
    text.0
}

struct Text(String);

impl Text {
    fn line(&mut self, words: std::fmt::Arguments<'_>) {
        if !self.0.is_empty() {
            self.0.push('\n');
        }
        // Writing to a String cannot fail.
        let _ = self.0.write_fmt(words);
    }
}

fn parties(document: &AgreementDocument, text: &mut Text) {
    let kind = match document.kind {
        ClientKind::Device => "device integration",
        ClientKind::App => "app",
    };
    let AgreementDocument { agreement, platform, partner, client, .. } = document;
    text.line(format_args!(
        "Agreement {agreement}: {platform} and partner {partner}, through its {kind} {client}"
    ));
}

fn term(agreement: &Agreement, text: &mut Text) {
    let document = &agreement.document;
    let (from, until) = (document.not_before, document.not_after);
    text.line(format_args!("in force from {from} until {until}"));
    if let Some(renewal) = document.renewal {
        text.line(format_args!(
            "renews itself {} times by {} days, until {} at the latest",
            renewal.times,
            renewal.days,
            agreement.ends(agreement.wind_down().iter())
        ));
    }
    if document.territory.is_empty() {
        text.line(format_args!("wherever the partner and its ultimate parent have their seats"));
    } else {
        let countries: Vec<_> = document.territory.iter().map(ToString::to_string).collect();
        text.line(format_args!(
            "only while the seats of the partner and its ultimate parent are in {}",
            countries.join(", ")
        ));
    }
}

fn delivery(document: &AgreementDocument, text: &mut Text) {
    let delivered = match document.delivery {
        AgreedDelivery::Clear => "in the clear",
        AgreedDelivery::Sealed(Evidence::Software) => "sealed to a key that a device says it holds",
        AgreedDelivery::Sealed(Evidence::Vouched) => {
            "sealed to a key that an attested key vouches for"
        }
        AgreedDelivery::Sealed(Evidence::Hardware) => "sealed to an attested key of the device",
    };
    let wait = match document.wait {
        Wait::Durable => "their entry is durable",
        Wait::Published => "their entry is in a published checkpoint",
        Wait::Witnessed => "witnesses have cosigned a checkpoint with their entry",
    };
    text.line(format_args!("answers are delivered {delivered}, and wait until {wait}"));
    if document.query_token {
        text.line(format_args!("its tokens may stand in the query, as old clients send them"));
    }
}

fn certification(agreement: &Agreement, text: &mut Text) {
    let terms = agreement.document.certification;
    let types: Vec<_> = agreement.types().keys().map(String::as_str).collect();
    text.line(format_args!(
        "the partner certifies every {} days, and has {} days to make it good; what is not certified is cut: {}",
        terms.every_days,
        terms.cure_days,
        types.join(", ")
    ));
}

fn obligations(document: &AgreementDocument, text: &mut Text) {
    let obligations = &document.obligations;
    text.line(format_args!(
        "data is kept for {} days at most, and deleted within {} days after a person withdrew or was erased, and after the end",
        obligations.retention_days, obligations.deletion_days
    ));
    match &obligations.onward_transfer {
        OnwardTransfer::None => text.line(format_args!("data is passed on to nobody")),
        OnwardTransfer::To(names) => {
            text.line(format_args!("data may be passed on to {}", names.join(", ")));
        }
    }
}

fn budget_in_words(budget: &BudgetDocument) -> String {
    let whose = match budget.scope {
        Scope::Client => "the client",
        Scope::Partner => "all clients of the partner together",
    };
    let of = if budget.categories.is_empty() {
        String::new()
    } else {
        format!(", counting {}", budget.categories.join(", "))
    };
    let limit = match &budget.limit {
        Limit::People(people) => format!("{people} people"),
        Limit::Harvest { people_per_grant, people_free } => {
            format!("{people_per_grant} people for each who granted, beyond {people_free}")
        }
        Limit::LowestPresent(thresholds) => {
            let thresholds = thresholds.iter().map(|threshold| {
                format!("{} of {}", threshold.people_max, threshold.categories.join(", "))
            });
            let thresholds = thresholds.collect::<Vec<_>>().join("; ");
            format!("the lowest of those whose data was reached: {thresholds}")
        }
    };
    let then = match budget.then {
        Then::Deny => "then there are no more answers",
        Then::Alert => "then there is an alert",
    };
    let days = budget.window_days;
    format!("{whose} may reach within {days} days at most {limit}{of}; {then}")
}

fn listed(fields: &[String]) -> String {
    if fields.is_empty() { "nothing".to_owned() } else { fields.join(", ") }
}
