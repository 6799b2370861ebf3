//! The ruling: everything that the register says about one build, purpose and relation at an instant,
//! clause by clause. The gateway and the verifier compute it with this one code. A platform's own rules in Cedar,
//! and people's settings and grants, are applied after it.

use crate::build::BuildState;
use crate::clause::{Clause, Clauses, Says};
use crate::field::FieldSet;
use crate::identifier::Identifier;
use crate::reason::Reason;
use crate::register::{Client, Register, RegisteredBuild};
use crate::relation::Relation;
use crate::screening::Outcome;
use crate::terms::terms;
use crate::time::Timestamp;

/// What the register says about answers to `build` for `purpose`, as far as people of this `relation` go who
/// are, or are not, minors. In the order of reasons: what stops everything, the agreements, what the build
/// declared, the platform's rules.
#[must_use]
pub fn ruling(
    register: &Register,
    client: &Client,
    build: &RegisteredBuild,
    purpose: &Identifier,
    (relation, minor): (Relation, bool),
    now: Timestamp,
) -> Clauses {
    let mut clauses =
        stops(register, client, build, now).and(terms(&client.contracts, purpose, relation, now));
    let declared =
        if build.has_purpose(purpose) { build.declared(relation) } else { FieldSet::EMPTY };
    clauses.push(Clause {
        reason: Reason::Build,
        allowed: declared,
        index: Some(build.index),
        says: Says::Declared(build.build.build.clone()),
    });
    let (Some(rules), Relation::Friend) = (register.rules(), relation) else { return clauses };
    let index = register.rules_index();
    let (reason, says) = (Reason::SpecialCategory, Says::SpecialOfFriends);
    let allowed = FieldSet::ALL.without(rules.special_of_friends);
    clauses.push(Clause { reason, allowed, index, says });
    if minor {
        let (reason, says) = (Reason::Minor, Says::MinorFriend);
        clauses.push(Clause { reason, allowed: rules.minor_friend_fields, index, says });
    }
    clauses
}

/// What stops every answer to a build, whatever is asked.
#[must_use]
pub fn stops(
    register: &Register,
    client: &Client,
    build: &RegisteredBuild,
    now: Timestamp,
) -> Clauses {
    let mut stops = Clauses::default();
    let mut stop = |reason, index, says| {
        stops.push(Clause { reason, allowed: FieldSet::EMPTY, index, says });
    };
    let name = &build.build.client;
    if let Some(index) = register.partner_suspended(&client.partner) {
        stop(Reason::Suspended, Some(index), Says::PartnerSuspended(client.partner.clone()));
    }
    if let Some(index) = register.client_suspended(name) {
        stop(Reason::Suspended, Some(index), Says::ClientSuspended(name.clone()));
    }
    if build.state != BuildState::Approved {
        let says = Says::BuildState(build.build.build.clone(), build.state);
        stop(Reason::Build, Some(build.index), says);
    }
    for (reason, index, says) in
        screening(register, client).into_iter().chain(territory(register, client, now))
    {
        stop(reason, index, says);
    }
    stops.and(obligations(register, client, now))
}

type Stop = (Reason, Option<u64>, Says);

/// An undecided match gets no data, and one that is true none either.
fn screening(register: &Register, client: &Client) -> Option<Stop> {
    let partner = client.partner.clone();
    match register.screening(&client.partner) {
        Some((Outcome::Clear, _)) => None,
        Some((outcome, index)) => {
            Some((Reason::Screening, Some(index), Says::Screened(partner, outcome)))
        }
        None if register.rules().is_some_and(|rules| rules.screening_required) => {
            Some((Reason::Screening, register.rules_index(), Says::NotScreened(partner)))
        }
        None => None,
    }
}

/// The countries of partner and ultimate parent. Without rules nobody has said what holds for everybody,
/// so nothing is open; nobody can say where an unknown partner is, so nothing is open to it.
fn territory(register: &Register, client: &Client, now: Timestamp) -> Option<Stop> {
    let Some(rules) = register.rules() else {
        return Some((Reason::Territory, None, Says::NoRules));
    };
    let Some(partner) = register.partners().get(&client.partner) else {
        return Some((Reason::Territory, None, Says::NoPartner));
    };
    let countries = [partner.country, partner.parent_country];
    if let Some(country) = countries.into_iter().find(|country| rules.closes(*country)) {
        let index = register.rules_index();
        return Some((Reason::Territory, index, Says::ClosedCountry(country)));
    }
    client.contracts.values().filter(|contract| contract.is_in_force(now)).find_map(|contract| {
        let document = &contract.agreement.document;
        let reaches =
            |country| document.territory.is_empty() || document.territory.contains(country);
        let outside = countries.iter().find(|country| !reaches(country))?;
        let says = Says::OutsideTerritory(document.agreement.clone(), *outside);
        Some((Reason::Territory, Some(contract.index), says))
    })
}

/// Whoever owes something that is overdue gets nothing more, through none of its clients.
fn obligations(register: &Register, client: &Client, now: Timestamp) -> Clauses {
    let mut clauses = Clauses::default();
    for obligation in register.obligations(&client.partner) {
        clauses.boundary(obligation.due, now);
        if obligation.due <= now {
            clauses.push(Clause {
                reason: Reason::Obligation,
                allowed: FieldSet::EMPTY,
                index: Some(obligation.index),
                says: Says::Overdue { obligation: obligation.name, due: obligation.due },
            });
        }
    }
    clauses
}
