//! What ODRL has no words for. The list is part of every export, so that nobody takes the policy for the
//! agreement.

use countersign_domain::agreement::{AgreedDelivery, Agreement};
use countersign_domain::relation::Relation;
use countersign_domain::wind_down::Ends;

use super::NotExpressed;

/// What holds for every agreement.
const ALWAYS: [(&str, &str); 6] = [
    (
        "settings",
        "each person's own settings are a condition of every field about them, live and private; a policy cannot name them",
    ),
    (
        "grant",
        "nothing is released without the viewer's grant, which they can withdraw at any time",
    ),
    (
        "builds",
        "only approved builds get anything, and nothing beyond what they declared; suspensions and revocations stop them",
    ),
    (
        "platform rules",
        "special categories, minors, closed countries and screening bear on every answer, and are the platform's, not the agreement's",
    ),
    (
        "other agreements",
        "of several agreements about one client that are in force, the stricter holds",
    ),
    ("log", "no answer leaves before it stands in the log, and each comes with a receipt"),
];

/// What the policy of this agreement leaves out.
pub(super) fn unsaid(agreement: &Agreement) -> Vec<NotExpressed> {
    let document = &agreement.document;
    let mut unsaid = Vec::new();
    let mut say = |clause, what: String| unsaid.push(NotExpressed { clause, what });
    if let Some(renewal) = document.renewal {
        let (times, days) = (renewal.times, renewal.days);
        say(
            "renewal",
            format!(
                "it renews itself {times} times by {days} days; the policy is about its first term"
            ),
        );
    }
    if !document.territory.is_empty() {
        say(
            "territory",
            "odrl:spatial says where an action takes place; meant are the seats of the partner and of its ultimate parent".to_owned(),
        );
    }
    say("delivery", match document.delivery {
        AgreedDelivery::Clear => "answers are delivered in the clear".to_owned(),
        AgreedDelivery::Sealed(grade) => {
            format!("answers are sealed to a key of the device, with evidence of the grade {grade:?} at least")
                .to_lowercase()
        }
    });
    say("wait", format!("an answer waits until its entry is {:?}", document.wait).to_lowercase());
    let may = if document.query_token { "may" } else { "may not" };
    say("query_token", format!("a token {may} stand in the query"));
    let terms = document.certification;
    say(
        "certification",
        format!(
            "for each type of data the partner certifies every {} days, and has {} days to make it good; what lapses is cut by itself",
            terms.every_days, terms.cure_days
        ),
    );
    purposes(agreement, &mut say);
    wind_down(agreement, &mut say);
    say("obligations", "whoever owes something that is overdue gets nothing more".to_owned());
    for budget in &document.budgets {
        let name = &budget.budget;
        say(
            "budget",
            format!(
                "{name} limits distinct people over {} days; ODRL counts uses",
                budget.window_days
            ),
        );
    }
    for pledge in &document.pledges {
        say("pledges", format!("a promise about every request, to be proved: {pledge}"));
    }
    let always = ALWAYS.map(|(clause, what)| NotExpressed { clause, what: what.to_owned() });
    unsaid.extend(always);
    unsaid
}

fn purposes(agreement: &Agreement, say: &mut impl FnMut(&'static str, String)) {
    for purpose in agreement.purposes() {
        let gives = |relation| agreement.fields(purpose, relation).is_some_and(|f| !f.is_empty());
        if !Relation::BOTH.into_iter().any(gives) {
            say(
                "purpose",
                format!("{purpose} gives nothing, and so there is no permission for it"),
            );
        }
    }
}

fn wind_down(agreement: &Agreement, say: &mut impl FnMut(&'static str, String)) {
    for step in agreement.wind_down() {
        let at = step.at;
        let touches = Relation::BOTH.into_iter().any(|relation| {
            let ended = step.ends.fields(relation);
            let mut purposes = agreement.purposes();
            purposes.any(|name| {
                agreement.fields(name, relation).is_some_and(|f| !f.and(ended).is_empty())
            })
        });
        match step.ends {
            Ends::NewGrants | Ends::Renewal => {
                say("wind_down", format!("from {at} on there are no {} any more", step.ends));
            }
            _ if !touches => {
                say("wind_down", format!("the step at {at} ends nothing that is given"));
            }
            _ => {}
        }
    }
}
