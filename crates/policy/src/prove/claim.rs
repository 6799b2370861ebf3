//! A pledge as a claim about requests: which request would break it, which one it has to leave possible so
//! that it says anything at all, and how an agreement looks that breaks it.

use countersign_domain::contract::Contract;
use countersign_domain::field::{FieldId, FieldSet};
use countersign_domain::pledge::PledgeDocument;
use countersign_domain::relation::Relation;
use countersign_domain::schema::FieldSchema;
use countersign_domain::time::{SECONDS_PER_DAY, Timestamp};
use countersign_domain::wind_down::Ends;

use crate::cedar::render::{Part, set_of_countries, set_of_fields};

/// A pledge of one agreement, in terms of requests. The conditions are Cedar expressions.
pub(super) struct Claim {
    /// What holds of a request that breaks the pledge.
    pub(super) breaks: String,
    /// What holds of a request that has to be allowed, or the pledge says nothing.
    pub(super) speaks_of: String,
    /// What is left out of the agreement to break it.
    pub(super) mutant: &'static [Part],
    /// Whether it is about certification as it stands. Otherwise the partner is taken to certify everything
    /// in time, which a pledge has to bear.
    pub(super) of_certification: bool,
}

const OF_FRIEND: &str = "context.relation == \"friend\"";
const OF_FRIEND_OR_LIST: &str =
    "(context.relation == \"friend\" || resource == Field::\"friends\")";
const ANYTHING: &str = "true";

/// The pledge in terms of requests to builds of the contract's client.
pub(super) fn claim(pledge: &PledgeDocument, contract: &Contract, schema: &FieldSchema) -> Claim {
    let claim = |breaks: String, speaks_of: &str, mutant: &'static [Part]| Claim {
        breaks,
        speaks_of: speaks_of.to_owned(),
        mutant,
        of_certification: matches!(pledge, PledgeDocument::CertifiedWithinDays(_)),
    };
    const TERM: &[Part] = &[Part::Until, Part::WindDown];
    match pledge {
        PledgeDocument::ApprovedBuilds => {
            claim("!principal.approved".to_owned(), ANYTHING, &[Part::Approved])
        }
        PledgeDocument::Validity => claim(outside_of_validity(contract, schema), ANYTHING, TERM),
        PledgeDocument::Consent => claim(
            format!("{OF_FRIEND} && !(context.setting_open && context.grant_open)"),
            OF_FRIEND,
            &[Part::Consent],
        ),
        PledgeDocument::NoSpecialCategories(purpose) => {
            let of_purpose = format!("context.purpose == \"{purpose}\"");
            let mutant = &[Part::Fields, Part::PlatformRules];
            claim(format!("{of_purpose} && resource.special"), &of_purpose, mutant)
        }
        PledgeDocument::Minors(fields) => {
            let of_minor = format!("{OF_FRIEND} && context.minor");
            let breaks = format!("{of_minor} && !{}.contains(resource)", named(fields));
            claim(breaks, &of_minor, &[Part::Fields, Part::PlatformRules])
        }
        PledgeDocument::Territory(within) => {
            let within = set_of_countries(within);
            let breaks = format!(
                "(!{within}.contains(context.country) || !{within}.contains(context.parent_country))"
            );
            claim(breaks, ANYTHING, &[Part::Territory])
        }
        PledgeDocument::EndsBy(at) => claim(from(*at), ANYTHING, TERM),
        PledgeDocument::FriendsEndBy(at) => {
            claim(format!("{} && {OF_FRIEND_OR_LIST}", from(*at)), OF_FRIEND, TERM)
        }
        PledgeDocument::Never(fields) => {
            let breaks = format!("{}.contains(resource)", named(fields));
            claim(breaks, ANYTHING, &[Part::Fields, Part::PlatformRules])
        }
        PledgeDocument::CertifiedWithinDays(days) => claim(
            uncertified(contract, schema, *days),
            ANYTHING,
            &[Part::Certification, Part::Until, Part::WindDown],
        ),
    }
}

/// The pledges that every agreement is held to, whether it makes them or not; the last one only where it
/// gives anything of friends.
pub(super) fn of_every_agreement(contract: &Contract) -> Vec<PledgeDocument> {
    let mut pledges = vec![PledgeDocument::ApprovedBuilds, PledgeDocument::Validity];
    let of_friends = |purpose| contract.agreement.fields(purpose, Relation::Friend);
    if contract.agreement.purposes().filter_map(of_friends).any(|fields| !fields.is_empty()) {
        pledges.push(PledgeDocument::Consent);
    }
    pledges
}

fn from(at: Timestamp) -> String {
    format!("context.now >= {}", at.seconds())
}

fn outside_of_validity(contract: &Contract, schema: &FieldSchema) -> String {
    let begins = contract.agreement.document.not_before.seconds();
    let mut outside = vec![format!("context.now < {begins}"), from(contract.ends())];
    outside.extend(contract.steps().filter_map(|(step, _)| {
        let ended = match step.ends {
            Ends::NewGrants | Ends::Renewal => return None,
            Ends::All => ANYTHING.to_owned(),
            Ends::Friends => OF_FRIEND_OR_LIST.to_owned(),
            Ends::Fields(fields) => format!("{}.contains(resource)", set(fields, schema)),
        };
        Some(format!("({} && {ended})", from(step.at)))
    }));
    format!("({})", outside.join(" || "))
}

/// What is released although its type was certified longer ago; of the id and the list of friends, though
/// no type was certified since.
fn uncertified(contract: &Contract, schema: &FieldSchema, days: u32) -> String {
    let within_s = u64::from(days) * SECONDS_PER_DAY;
    let frame = FieldSet::of(FieldId::ID).with(FieldId::FRIENDS);
    let types = contract.agreement.types();
    let lapses = |category: &String| contract.certified_at(category).0.plus_seconds(within_s);
    let mut lapsed: Vec<_> = types
        .iter()
        .map(|(category, fields)| (lapses(category), fields.without(frame)))
        .filter(|(_, fields)| !fields.is_empty())
        .map(|(at, fields)| format!("({} && {}.contains(resource))", from(at), set(fields, schema)))
        .collect();
    if let Some(last) = types.keys().map(lapses).max() {
        lapsed.push(from(last));
    }
    format!("({})", lapsed.join(" || "))
}

fn set(fields: FieldSet, schema: &FieldSchema) -> String {
    set_of_fields(schema.names(fields))
}

/// Fields by names that were checked against the schema.
fn named(fields: &[String]) -> String {
    set_of_fields(fields.iter().map(String::as_str))
}
