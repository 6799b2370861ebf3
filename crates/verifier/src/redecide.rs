//! Re-decides a disclosure against the register as it stood before its entry. What the register allows
//! is asked of [`ruling`](mod@countersign_domain::ruling), the function that the gateway asks too; every
//! reason of a clause that it gives is a rule of the verdict.
//!
//! What it is not: it cannot look at what no outsider sees, which are people's settings, the viewer's
//! grant, whether a friend is a minor, and budgets; and it runs no Cedar, so that rules beyond those of the
//! register, which a platform wrote itself, are passed over.

use countersign_domain::agreement::{AgreedDelivery, Delivery};
use countersign_domain::build::BuildState;
use countersign_domain::clause::{Clause, Clauses, Says};
use countersign_domain::contract::Contract;
use countersign_domain::digest::Digest;
use countersign_domain::field::{FieldId, FieldSet};
use countersign_domain::reason::Reason;
use countersign_domain::register::{Client, Register, RegisteredBuild};
use countersign_domain::relation::Relation;
use countersign_domain::rounding::is_rounded;
use countersign_domain::ruling::{ruling, stops};
use countersign_domain::schema::FieldSchema;
use countersign_protocol::chronology::{AS_OF_AGE_S, Chronology};
use countersign_protocol::entry::Disclosure;

use crate::verdict::{Place, Rule, Verdict};

/// Checks the disclosure at `index` of the log against the register of the entries before it and what is known of
/// the log's clock, and notes every rule in the verdict. Its own time is checked elsewhere, since that needs no
/// register.
pub fn redecide(
    (register, chronology): (&Register, &Chronology),
    index: u64,
    disclosure: &Disclosure,
    verdict: &mut Verdict,
) {
    let mut case = Case { register, chronology, index, disclosure, verdict };
    case.check_as_of();
    case.check_people();
    case.check_counted();
    let Some(build) = case.check_build() else { return };
    let Some(client) = case.check_client(build) else { return };
    case.check_stops(client, build);
    case.check_agreements(client, build);
    if let Some(schema) = register.schema() {
        let released = Relation::BOTH.map(|relation| case.check_names(schema, relation));
        case.check_complete(released);
        for (relation, fields) in Relation::BOTH.into_iter().zip(released) {
            case.check_fields(schema, client, build, relation, fields);
        }
    }
}

/// One disclosure under examination.
struct Case<'a> {
    register: &'a Register,
    chronology: &'a Chronology,
    index: u64,
    disclosure: &'a Disclosure,
    verdict: &'a mut Verdict,
}

impl<'a> Case<'a> {
    fn check<F: ToString, E: ToString>(
        &mut self,
        rule: Rule,
        holds: bool,
        otherwise: impl FnOnce() -> (F, E),
    ) -> bool {
        self.verdict.check(rule, Place::entry(self.index), holds, || {
            let (found, expected) = otherwise();
            (found.to_string(), expected.to_string())
        })
    }

    fn check_as_of(&mut self) {
        let (index, as_of) = (self.index, self.disclosure.as_of);
        let last_act = self.register.last_act();
        let seen_acts = last_act.is_none_or(|last_act| last_act < as_of);
        self.check(Rule::AsOf, seen_acts, || {
            let oldest = last_act.map_or(0, |last_act| last_act + 1);
            (format!("as_of {as_of}"), format!("at least {oldest}, after the last act"))
        });
        self.check(Rule::AsOfPast, as_of <= index, || {
            (format!("as_of {as_of}"), format!("at most {index}, its own index"))
        });
        let as_of_min = self.chronology.as_of_min(self.disclosure.time);
        self.check(Rule::AsOfRecent, as_of >= as_of_min, || {
            let expected =
                format!("at least {as_of_min}: so many entries were over {AS_OF_AGE_S} s old");
            (format!("as_of {as_of}"), expected)
        });
    }

    /// A count is not below the friends who are in the answer.
    fn check_counted(&mut self) {
        let (counted, people) = (self.disclosure.counted, self.disclosure.people);
        let holds =
            counted.is_none_or(|count| count > 0 && is_rounded(count) && count >= people / 2);
        self.check(Rule::Counted, holds, || {
            let found = counted.map(|count| count.to_string()).unwrap_or_default();
            (found, format!("a power of two that {people} people with the viewer can be among"))
        });
    }

    fn check_people(&mut self) {
        let people = self.disclosure.people;
        let alone = self.disclosure.friend.is_empty();
        let holds = people > 0 && is_rounded(people) && (people == 1) == alone;
        self.check(Rule::People, holds, || {
            let expected = if alone {
                "1, since no field of a friend was released"
            } else {
                "a power of two above 1"
            };
            (people, expected)
        });
    }

    fn check_build(&mut self) -> Option<&'a RegisteredBuild> {
        let (register, disclosure) = (self.register, self.disclosure);
        let build = register.builds().get(&disclosure.build);
        self.check(Rule::BuildKnown, build.is_some(), || {
            (format!("build {}", disclosure.build), "a build that the register has")
        });
        build
    }

    fn check_client(&mut self, build: &RegisteredBuild) -> Option<&'a Client> {
        let (register, disclosure) = (self.register, self.disclosure);
        self.check(Rule::Client, build.build.client == disclosure.client, || {
            (
                &disclosure.client,
                format!("{}, the client of build {}", build.build.client, disclosure.build),
            )
        });
        let client = register.clients().get(&build.build.client)?;
        self.check(Rule::Partner, client.partner == disclosure.partner, || {
            (&disclosure.partner, format!("{}, whose client it is", client.partner))
        });
        Some(client)
    }

    /// What would have stopped every answer.
    fn check_stops(&mut self, client: &Client, build: &RegisteredBuild) {
        let stops = stops(self.register, client, build, self.disclosure.time);
        let stop = |rule| stops.iter().find(|clause| stopped_by(&clause.says) == Some(rule));
        for (rule, said_first) in STOPS {
            // Where the ruling names another cause of the same kind, it does not say whether this one holds.
            if said_first.and_then(stop).is_some() {
                continue;
            }
            let stop = stop(rule);
            self.check(rule, stop.is_none(), || (stop.map(words).unwrap_or_default(), rule.says()));
        }
    }

    fn check_agreements(&mut self, client: &Client, build: &RegisteredBuild) {
        let disclosure = self.disclosure;
        let in_force: Vec<_> = client.in_force(disclosure.time).collect();
        let digests: Vec<_> = in_force.iter().map(|contract| contract.digest).collect();
        self.check(Rule::AgreementDigest, disclosure.agreements == digests, || {
            (listed(&disclosure.agreements), listed(&digests))
        });
        self.check(Rule::AgreementTerm, !in_force.is_empty(), || {
            let term = |contract: &Contract| {
                let begins = contract.agreement.document.not_before;
                format!("from {begins} to before {}", contract.ends())
            };
            let terms: Vec<_> = client.contracts.values().map(term).collect();
            (disclosure.time, terms.join(", or "))
        });
        for contract in &in_force {
            let mut purposes = contract.agreement.purposes();
            let has_purpose = purposes.any(|purpose| *purpose == disclosure.purpose);
            self.check(Rule::Purpose, has_purpose, || {
                let purposes = contract.agreement.purposes().map(ToString::to_string);
                (&disclosure.purpose, one_of(&purposes.collect::<Vec<_>>()))
            });
            // What the platform sends itself is as clear as what it has sent for it.
            let agreed = contract.agreement.document.delivery;
            let as_agreed = match disclosure.delivery {
                Delivery::Clear | Delivery::Decided => agreed == AgreedDelivery::Clear,
            };
            self.check(Rule::Delivery, as_agreed, || {
                (format!("{:?}", disclosure.delivery), format!("{agreed:?}"))
            });
        }
        self.check(Rule::PurposeDeclared, build.has_purpose(&disclosure.purpose), || {
            let declared: Vec<_> = build.build.purposes.iter().map(ToString::to_string).collect();
            (&disclosure.purpose, one_of(&declared))
        });
    }

    /// The released fields of this relation as a set, once their names are checked.
    fn check_names(&mut self, schema: &FieldSchema, relation: Relation) -> FieldSet {
        let names = self.names(relation);
        let unknown = names.iter().find(|name| schema.by_name(name).is_none());
        self.check(Rule::FieldsKnown, unknown.is_none(), || {
            let name = unknown.map_or("", String::as_str);
            (format!("{}: {name:?}", relation.name()), "fields that the schema in force has")
        });
        let fields: FieldSet = names.iter().filter_map(|name| schema.by_name(name)).collect();
        let known = names.iter().filter(|name| schema.by_name(name).is_some());
        let ordered = known.map(String::as_str).eq(schema.names(fields));
        self.check(Rule::FieldsOrdered, ordered, || {
            let expected: Vec<_> = schema.names(fields).collect();
            (format!("{}: {}", relation.name(), names.join(", ")), expected.join(", "))
        });
        fields
    }

    const fn names(&self, relation: Relation) -> &'a Vec<String> {
        match relation {
            Relation::Viewer => &self.disclosure.viewer,
            Relation::Friend => &self.disclosure.friend,
        }
    }

    fn check_complete(&mut self, [viewer, friend]: [FieldSet; 2]) {
        let disclosure = self.disclosure;
        let friends = !disclosure.friend.is_empty();
        let friends_listed =
            friends == viewer.contains(FieldId::FRIENDS) && friends == friend.contains(FieldId::ID);
        let complete = viewer.contains(FieldId::ID) && friends_listed;
        self.check(Rule::FieldsComplete, complete, || {
            let found = format!(
                "self: {}; friend: {}",
                disclosure.viewer.join(", "),
                disclosure.friend.join(", ")
            );
            (found, "id of self; id of friend and friends of self exactly if there are fields of a friend")
        });
    }

    fn check_fields(
        &mut self,
        schema: &FieldSchema,
        client: &Client,
        build: &RegisteredBuild,
        relation: Relation,
        released: FieldSet,
    ) {
        let Disclosure { purpose, time, .. } = self.disclosure;
        // Nobody outside knows who is a minor.
        let people = (relation, false);
        let clauses = ruling(self.register, client, build, purpose, people, *time);
        for (rule, reason) in FIELDS {
            let (forbidden, by) = forbidden(&clauses, reason, released);
            self.check(rule, forbidden.is_empty(), || {
                let names: Vec<_> = schema.names(forbidden).collect();
                let by: Vec<_> = by.into_iter().map(words).collect();
                let expected = format!("none of them, since {}", by.join("; "));
                (format!("{}: {}", relation.name(), names.join(", ")), expected)
            });
        }
    }
}

/// The rules about what stops every answer; beside a rule, the one that the ruling gives in its place if both
/// do not hold.
const STOPS: [(Rule, Option<Rule>); 8] = [
    (Rule::PartnerNotSuspended, None),
    (Rule::ClientNotSuspended, None),
    (Rule::BuildNotRevoked, None),
    (Rule::BuildApproved, Some(Rule::BuildNotRevoked)),
    (Rule::Screening, None),
    (Rule::Territory, None),
    (Rule::AgreementTerritory, Some(Rule::Territory)),
    (Rule::Obligation, None),
];

/// The rule that forbids what this stops.
const fn stopped_by(says: &Says) -> Option<Rule> {
    Some(match says {
        Says::PartnerSuspended(_) => Rule::PartnerNotSuspended,
        Says::ClientSuspended(_) => Rule::ClientNotSuspended,
        Says::BuildState(_, BuildState::Revoked) => Rule::BuildNotRevoked,
        Says::BuildState(..) => Rule::BuildApproved,
        Says::NotScreened(_) | Says::Screened(..) => Rule::Screening,
        Says::NoRules | Says::NoPartner | Says::ClosedCountry(_) => Rule::Territory,
        Says::OutsideTerritory(..) => Rule::AgreementTerritory,
        Says::Overdue { .. } => Rule::Obligation,
        _ => return None,
    })
}

/// The rules about fields, by the reason of the clauses that withhold them.
const FIELDS: [(Rule, Reason); 5] = [
    (Rule::FieldsAgreed, Reason::Agreement),
    (Rule::WindDown, Reason::WindDown),
    (Rule::Certification, Reason::Certification),
    (Rule::FieldsDeclared, Reason::Build),
    (Rule::SpecialCategory, Reason::SpecialCategory),
];

/// What was released although clauses of this reason withhold it, and those clauses. What stops every answer is
/// told of once, by a rule of its own.
fn forbidden(clauses: &Clauses, reason: Reason, released: FieldSet) -> (FieldSet, Vec<&Clause>) {
    let withholds = |clause: &&Clause| {
        clause.reason == reason
            && !matches!(clause.says, Says::BuildState(..))
            && !released.without(clause.allowed).is_empty()
    };
    let by: Vec<_> = clauses.iter().filter(withholds).collect();
    let allowed = by.iter().fold(FieldSet::ALL, |allowed, clause| allowed.and(clause.allowed));
    (released.without(allowed), by)
}

/// What a clause says, and where the log says it.
fn words(clause: &Clause) -> String {
    match clause.index {
        Some(index) => format!("{} (entry {index})", clause.says),
        None => clause.says.to_string(),
    }
}

fn listed(digests: &[Digest]) -> String {
    digests.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ")
}

fn one_of(names: &[String]) -> String {
    format!("one of: {}", names.join(", "))
}
