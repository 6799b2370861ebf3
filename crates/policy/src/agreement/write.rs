//! Writes an agreement as the file that people edit. Read again it is the same document, whatever that
//! document says; what has its default is written out too, so that a reader need not know the defaults.

use std::fmt::{Display, Write as _};

use countersign_domain::agreement::{AgreedDelivery, AgreementDocument, Evidence, Wait};
use countersign_domain::budget::{BudgetDocument, Limit, Scope, Then};
use countersign_domain::obligation::OnwardTransfer;
use countersign_domain::pledge::PledgeDocument;
use countersign_domain::route::ClientKind;
use countersign_domain::wind_down::EndsDocument;

/// The file of an agreement.
#[must_use]
pub fn write(document: &AgreementDocument) -> String {
    let mut out = Out(String::new());
    head(&mut out, document);
    terms(&mut out, document);
    for purpose in &document.purposes {
        out.table("purpose");
        out.pair("purpose", quoted(purpose.purpose.as_str()));
        out.pair("dpv", quoted(&purpose.dpv));
        out.pair("self", list(purpose.viewer.iter().map(|name| quoted(name))));
        out.pair("friend", list(purpose.friend.iter().map(|name| quoted(name))));
    }
    for step in &document.wind_down {
        let (ends, fields) = match &step.ends {
            EndsDocument::NewGrants => ("new_grants", None),
            EndsDocument::Renewal => ("renewal", None),
            EndsDocument::Friends => ("friends", None),
            EndsDocument::Fields(fields) => ("fields", Some(fields)),
            EndsDocument::All => ("all", None),
        };
        out.table("wind_down");
        out.pair("at", step.at);
        out.pair("ends", quoted(ends));
        if let Some(fields) = fields {
            out.pair("fields", list(fields.iter().map(|name| quoted(name))));
        }
    }
    for budget in &document.budgets {
        write_budget(&mut out, budget);
    }
    out.0
}

fn head(out: &mut Out, document: &AgreementDocument) {
    out.pair("version", document.version);
    out.pair("agreement", quoted(document.agreement.as_str()));
    out.pair("platform", quoted(&document.platform));
    out.pair("partner", quoted(document.partner.as_str()));
    out.pair("client", quoted(document.client.as_str()));
    out.pair(
        "kind",
        quoted(match document.kind {
            ClientKind::Device => "device",
            ClientKind::App => "app",
        }),
    );
    out.pair("not_before", document.not_before);
    out.pair("not_after", document.not_after);
    if let Some(renewal) = document.renewal {
        let (days, times) = (renewal.days, renewal.times);
        out.pair("renewal", format_args!("{{ days = {days}, times = {times} }}"));
    }
    if !document.territory.is_empty() {
        let countries = document.territory.iter().map(|country| quoted(&country.to_string()));
        out.pair("territory", list(countries));
    }
}

fn terms(out: &mut Out, document: &AgreementDocument) {
    match document.delivery {
        AgreedDelivery::Clear => out.pair("delivery", quoted("clear")),
        AgreedDelivery::Sealed(evidence) => {
            let grade = match evidence {
                Evidence::Software => "software",
                Evidence::Vouched => "vouched",
                Evidence::Hardware => "hardware",
            };
            out.pair("delivery", format_args!("{{ sealed = {} }}", quoted(grade)));
        }
    }
    out.pair(
        "wait",
        quoted(match document.wait {
            Wait::Durable => "durable",
            Wait::Published => "published",
            Wait::Witnessed => "witnessed",
        }),
    );
    out.pair("query_token", document.query_token);
    let certification = document.certification;
    let (every, cure) = (certification.every_days, certification.cure_days);
    out.pair("certification", format_args!("{{ every_days = {every}, cure_days = {cure} }}"));
    if !document.pledges.is_empty() {
        out.pair(
            "pledges",
            format_args!("[{}\n]", document.pledges.iter().map(pledge).collect::<String>()),
        );
    }
    let obligations = &document.obligations;
    let to = match &obligations.onward_transfer {
        OnwardTransfer::None => &[][..],
        OnwardTransfer::To(names) => names,
    };
    out.0.push_str("\n[obligations]\n");
    out.pair("retention_days", obligations.retention_days);
    out.pair("deletion_days", obligations.deletion_days);
    out.pair("onward_transfer", list(to.iter().map(|name| quoted(name))));
}

fn pledge(pledge: &PledgeDocument) -> String {
    let names = |names: &[String]| list(names.iter().map(|name| quoted(name)));
    let with = |name: &str, value: String| format!("{{ {name} = {value} }}");
    let written = match pledge {
        PledgeDocument::ApprovedBuilds => quoted("approved_builds"),
        PledgeDocument::Validity => quoted("validity"),
        PledgeDocument::Consent => quoted("consent"),
        PledgeDocument::NoSpecialCategories(purpose) => {
            with("no_special_categories", quoted(purpose.as_str()))
        }
        PledgeDocument::Minors(fields) => with("minors", names(fields)),
        PledgeDocument::Territory(countries) => {
            let countries = countries.iter().map(|country| quoted(&country.to_string()));
            with("territory", list(countries))
        }
        PledgeDocument::EndsBy(at) => with("ends_by", at.to_string()),
        PledgeDocument::FriendsEndBy(at) => with("friends_end_by", at.to_string()),
        PledgeDocument::Never(fields) => with("never", names(fields)),
        PledgeDocument::CertifiedWithinDays(days) => {
            with("certified_within_days", days.to_string())
        }
    };
    format!("\n  {written},")
}

fn write_budget(out: &mut Out, budget: &BudgetDocument) {
    out.table("budget");
    out.pair("budget", quoted(budget.budget.as_str()));
    out.pair(
        "scope",
        quoted(match budget.scope {
            Scope::Client => "client",
            Scope::Partner => "partner",
        }),
    );
    let names = |names: &[String]| list(names.iter().map(|name| quoted(name)));
    if !budget.categories.is_empty() {
        out.pair("categories", names(&budget.categories));
    }
    out.pair("window_days", budget.window_days);
    let limit = match &budget.limit {
        Limit::People(people) => format!("{{ people = {people} }}"),
        Limit::Harvest { people_per_grant, people_free } => format!(
            "{{ harvest = {{ people_per_grant = {people_per_grant}, people_free = {people_free} }} }}"
        ),
        Limit::LowestPresent(thresholds) => {
            let thresholds = thresholds.iter().map(|threshold| {
                let (categories, most) = (names(&threshold.categories), threshold.people_max);
                format!("{{ categories = {categories}, people_max = {most} }}")
            });
            format!("{{ lowest_present = {} }}", list(thresholds))
        }
    };
    out.pair("limit", limit);
    out.pair(
        "then",
        quoted(match budget.then {
            Then::Deny => "deny",
            Then::Alert => "alert",
        }),
    );
}

/// A file as it grows.
struct Out(String);

impl Out {
    fn pair(&mut self, key: &str, value: impl Display) {
        // Writing to a String cannot fail.
        let _ = writeln!(self.0, "{key} = {value}");
    }

    fn table(&mut self, name: &str) {
        let _ = writeln!(self.0, "\n[[{name}]]");
    }
}

/// A text as a TOML string.
fn quoted(text: &str) -> String {
    let mut quoted = String::from('"');
    for character in text.chars() {
        match character {
            '"' | '\\' => quoted.extend(['\\', character]),
            // TOML wants these escaped; what turns a line around is escaped with them, for whoever reads.
            control if countersign_domain::text::controls(control) => {
                let _ = write!(quoted, "\\u{:04X}", u32::from(control));
            }
            other => quoted.push(other),
        }
    }
    quoted.push('"');
    quoted
}

fn list(items: impl Iterator<Item = String>) -> String {
    format!("[{}]", items.collect::<Vec<_>>().join(", "))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::agreement::read;
    use crate::agreement::testing::{WHOLE, documents, schema};

    #[test]
    fn a_file_that_is_written_out_in_full_is_written_as_it_is() {
        let document = read(WHOLE, &schema()).unwrap();
        assert_eq!(read(&write(&document), &schema()), Ok(document));
    }

    proptest! {
        #[test]
        fn property_what_is_written_is_read_as_the_same_document(document in documents()) {
            let text = write(&document);
            prop_assert_eq!(read(&text, &schema()), Ok(document), "{}", text);
        }
    }
}
