//! Reads an agreement from an ODRL policy. What the policy says is taken as it is or refused with its place;
//! what it does not say gets the default of agreement files, and that is told.
//!
//! What it is not: a processor of JSON-LD. A policy has to be written with ODRL's own terms, as its context
//! has them, and the prefixes of an export; another context would give the same words another meaning.

use countersign_domain::agreement::{
    AGREEMENT_VERSION, AgreedDelivery, Agreement, AgreementDocument, CertificationDocument,
    PurposeDocument, Wait,
};
use countersign_domain::field::FieldSet;
use countersign_domain::identifier::Identifier;
use countersign_domain::obligation::{ObligationsDocument, OnwardTransfer};
use countersign_domain::relation::Relation;
use countersign_domain::schema::FieldSchema;
use countersign_domain::time::Timestamp;
use serde_json::Value;

use super::cursor::At;
use super::rule::{Delete, Distribute, Read, Rules};
use super::steps::{self, Given};
use super::{
    AGREEMENT, CLIENT, CONTEXT, Imported, NotUnderstood, ODRL, PARTNER, PREFIXES, PROFILE,
};
use crate::agreement::{DELETION_DAYS, RETENTION_DAYS};

/// The members of a policy.
const POLICY: [&str; 12] = [
    "@context",
    "@type",
    "type",
    "uid",
    "@id",
    "profile",
    "conflict",
    "assigner",
    "assignee",
    "permission",
    "prohibition",
    "obligation",
];

/// Reads an agreement from a policy, against the field schema in force.
///
/// # Errors
/// [`NotUnderstood`], with the place of the first thing that cannot be kept.
pub fn import(policy: &Value, schema: &FieldSchema) -> Result<Imported, NotUnderstood> {
    let whole = At::whole(policy);
    let mut assumed = Vec::new();
    whole.only(&POLICY, &mut assumed)?;
    check_head(&whole)?;
    let uid = whole.need(&["uid", "@id"])?;
    let agreement = named(&uid, AGREEMENT, "agreement", &mut assumed)?;
    let until = format!("{}:until", uid.iri()?);
    let mut rules = Rules { schema, until, passed_over: Vec::new() };
    let said = Said::of(&whole, &mut rules)?;
    assumed.append(&mut rules.passed_over);
    let (assigner, assignee) = parties(&whole)?;
    let partner = named(&assignee, PARTNER, "partner", &mut assumed)?;
    let first = said.agreeing(&whole)?;
    let client = named_by(&first.client, &whole, CLIENT, "client", &mut assumed)?;
    let not_after = said.not_after(&whole)?;
    let (purposes, given) = said.purposes(schema, not_after, &mut assumed)?;
    let obligations = said.obligations(&purposes, &mut assumed)?;
    let document = AgreementDocument {
        version: AGREEMENT_VERSION,
        agreement,
        platform: legal_name(&assigner, &mut assumed)?,
        partner,
        client,
        kind: first.kind,
        not_before: first.begins,
        not_after,
        renewal: None,
        territory: first.territory.clone(),
        delivery: AgreedDelivery::Clear,
        wait: Wait::Durable,
        query_token: false,
        certification: CertificationDocument::DEFAULT,
        purposes,
        wind_down: steps::steps(&given, schema)?,
        obligations,
        budgets: Vec::new(),
        pledges: Vec::new(),
    };
    assumed.extend(DEFAULTS.map(str::to_owned));
    Agreement::from_document(document.clone(), schema)
        .map_err(|error| whole.wrong(error.to_string()))?;
    Ok(Imported { document, assumed })
}

/// What no policy says.
const DEFAULTS: [&str; 6] = [
    "renewal: none",
    "delivery: \"clear\"",
    "wait: \"durable\", and no token in the query",
    "certification: every 365 days, with 30 to make it good",
    "budget: none",
    "pledges: none",
];

/// Context, type, profile and the strategy for conflicts.
fn check_head(whole: &At<'_>) -> Result<(), NotUnderstood> {
    for context in whole.need(&["@context"])?.items() {
        let is_odrl =
            |text: &str| text == CONTEXT || text == CONTEXT.replacen("http:", "https:", 1);
        if context.as_text().is_some_and(is_odrl) {
            continue;
        }
        if !context.is_object() {
            return Err(context.wrong(format!("{CONTEXT} is expected, and prefixes beside it")));
        }
        let names = PREFIXES.map(|(name, _)| name);
        context.only(&names, &mut Vec::new())?;
        for (name, namespace) in PREFIXES {
            if let Some(prefix) = context.get(&[name])?
                && prefix.as_text() != Some(namespace)
            {
                return Err(prefix.wrong(format!("{name} stands for {namespace} here")));
            }
        }
    }
    for (names, known) in [
        (&["@type", "type"][..], &["Agreement"][..]),
        (&["conflict"], &["prohibit", "invalid"]),
        (&["profile"], &[PROFILE]),
    ] {
        let Some(member) = whole.get(names)? else {
            if names.contains(&"@type") {
                return Err(whole.wrong("\"@type\" is missing; an Agreement is expected"));
            }
            continue;
        };
        let iri = member.iri()?;
        let name = iri.strip_prefix(ODRL).unwrap_or(&iri);
        if !known.contains(&name) {
            return Err(
                member.wrong(format!("{name:?} is not understood; {} is", known.join(" or ")))
            );
        }
    }
    Ok(())
}

/// The rules of a policy.
struct Said {
    reads: Vec<Read>,
    onward: Option<Distribute>,
    prohibited: Option<Distribute>,
    deletes: Vec<Delete>,
}

impl Said {
    fn of(whole: &At<'_>, rules: &mut Rules<'_>) -> Result<Self, NotUnderstood> {
        let mut said =
            Self { reads: Vec::new(), onward: None, prohibited: None, deletes: Vec::new() };
        for rule in whole.list("permission")? {
            match Rules::action(&rule)?.as_str() {
                "read" => said.reads.push(rules.read(&rule)?),
                "distribute" if said.onward.is_none() => {
                    let onward = rules.distribute(&rule)?;
                    if onward.recipients.is_empty() {
                        let message =
                            "passing data on to anybody cannot be agreed here; name the recipients";
                        return Err(rule.wrong(message));
                    }
                    said.onward = Some(onward);
                }
                other => {
                    return Err(
                        rule.wrong(format!("a (second) permission to {other} is not understood"))
                    );
                }
            }
        }
        for rule in whole.list("prohibition")? {
            let action = Rules::action(&rule)?;
            if action != "distribute" || said.prohibited.is_some() || said.onward.is_some() {
                return Err(rule.wrong(format!(
                    "a prohibition to {action} is not understood beside the other rules"
                )));
            }
            let prohibited = rules.distribute(&rule)?;
            if !prohibited.recipients.is_empty() || prohibited.purposes.is_some() {
                return Err(rule.wrong(
                    "data may be passed on to nobody, or to those whom a permission names",
                ));
            }
            said.prohibited = Some(prohibited);
        }
        for rule in whole.list("obligation")? {
            let action = Rules::action(&rule)?;
            if action != "delete" {
                return Err(rule.wrong(format!("an obligation to {action} is not understood")));
            }
            said.deletes.push(rules.delete(&rule)?);
        }
        Ok(said)
    }

    /// The first permission, if all others say the same about what holds for a whole agreement.
    fn agreeing(&self, whole: &At<'_>) -> Result<&Read, NotUnderstood> {
        let first =
            self.reads.first().ok_or_else(|| whole.wrong("there is no permission to read"))?;
        for read in &self.reads {
            let same = [
                ("client", read.client == first.client),
                ("kind of client", read.kind == first.kind),
                ("territory", read.territory == first.territory),
                ("beginning", read.begins == first.begins),
                ("naming of the end", read.until == first.until),
            ];
            if let Some((what, _)) = same.iter().find(|(_, same)| !same) {
                let message =
                    format!("another {what} than that of {}; an agreement has one", first.pointer);
                return Err(NotUnderstood { pointer: read.pointer.clone(), message });
            }
        }
        Ok(first)
    }

    /// The end of the agreement: the one that is named so, or else the last of those by which something ends.
    fn not_after(&self, whole: &At<'_>) -> Result<Timestamp, NotUnderstood> {
        let mut last = None;
        for read in &self.reads {
            let own = read.until.or_else(|| read.ends.iter().copied().min());
            let own = own.ok_or_else(|| NotUnderstood {
                pointer: read.pointer.clone(),
                message: "a constraint dateTime lt is missing; every agreement ends".to_owned(),
            })?;
            last = last.max(Some(own));
        }
        last.ok_or_else(|| whole.wrong("there is no permission to read"))
    }

    /// The purposes in the order in which they are first spoken of, and what is given for each.
    fn purposes(
        &self,
        schema: &FieldSchema,
        not_after: Timestamp,
        assumed: &mut Vec<String>,
    ) -> Result<(Vec<PurposeDocument>, Vec<Given>), NotUnderstood> {
        let (mut purposes, mut given) = (Vec::<PurposeDocument>::new(), Vec::<Given>::new());
        for read in &self.reads {
            let wrong = |message: String| NotUnderstood { pointer: read.pointer.clone(), message };
            let name = match &read.name {
                Some(name) => name.clone(),
                None => named_after(&read.dpv)
                    .ok_or_else(|| wrong("cs:purposeName is missing".to_owned()))?,
            };
            let place = purposes.iter().position(|purpose| purpose.purpose == name);
            let place = place.unwrap_or_else(|| {
                if read.name.is_none() {
                    assumed.push(format!("purpose: {} is called {name:?}", read.dpv));
                }
                let (viewer, friend) = (Vec::new(), Vec::new());
                purposes.push(PurposeDocument {
                    purpose: name.clone(),
                    dpv: read.dpv.clone(),
                    viewer,
                    friend,
                });
                purposes.len() - 1
            });
            if purposes.get(place).is_some_and(|purpose| purpose.dpv != read.dpv) {
                return Err(wrong(format!("purpose {name} is said to be two of DPV's")));
            }
            let before =
                given.iter().filter(|one| one.purpose == place && one.relation == read.relation);
            let before = before.fold(FieldSet::EMPTY, |fields, one| fields.or(one.fields));
            if let Some(twice) = schema.names(before.and(read.fields)).next() {
                return Err(wrong(format!("{twice} is permitted twice for {name}")));
            }
            // An end behind the agreement's own is none, unless it was written as a step.
            let ends =
                read.ends.iter().copied().filter(|at| read.until.is_some() || *at < not_after);
            given.push(Given {
                pointer: read.pointer.clone(),
                purpose: place,
                relation: read.relation,
                fields: read.fields,
                ends: ends.collect(),
            });
        }
        for (place, purpose) in purposes.iter_mut().enumerate() {
            let of = |relation| {
                let own =
                    given.iter().filter(|one| one.purpose == place && one.relation == relation);
                let fields = own.fold(FieldSet::EMPTY, |fields, one| fields.or(one.fields));
                schema.names(fields).map(str::to_owned).collect::<Vec<_>>()
            };
            (purpose.viewer, purpose.friend) = (of(Relation::Viewer), of(Relation::Friend));
        }
        Ok((purposes, given))
    }

    fn obligations(
        &self,
        purposes: &[PurposeDocument],
        assumed: &mut Vec<String>,
    ) -> Result<ObligationsDocument, NotUnderstood> {
        let mut days = |after_release, name: &str, default| {
            let mut of = self.deletes.iter().filter(|delete| delete.after_release == after_release);
            match (of.next(), of.next()) {
                (_, Some(second)) => {
                    let message = format!("{name} is said twice");
                    Err(NotUnderstood { pointer: second.pointer.clone(), message })
                }
                (Some(delete), None) => Ok(delete.days),
                (None, None) => {
                    assumed.push(format!("obligations: {name} = {default}"));
                    Ok(default)
                }
            }
        };
        let retention_days = days(true, "retention_days", RETENTION_DAYS)?;
        let deletion_days = days(false, "deletion_days", DELETION_DAYS)?;
        let given = self.given();
        if let Some(delete) = self.deletes.iter().find(|delete| delete.fields != given) {
            let message =
                "what has to be deleted is all that is given, and nothing else".to_owned();
            return Err(NotUnderstood { pointer: delete.pointer.clone(), message });
        }
        if let Some(rule) = self.onward.as_ref().or(self.prohibited.as_ref()) {
            self.check_onward(rule, purposes)?;
        } else {
            assumed.push("obligations: data may be passed on to nobody".to_owned());
        }
        let to = self.onward.as_ref().map(|onward| onward.recipients.clone());
        let onward_transfer = to.map_or(OnwardTransfer::None, OnwardTransfer::To);
        Ok(ObligationsDocument { retention_days, deletion_days, onward_transfer })
    }

    /// Every field that is given for any purpose, of anybody.
    fn given(&self) -> FieldSet {
        self.reads.iter().fold(FieldSet::EMPTY, |given, read| given.or(read.fields))
    }

    /// Whether data may be passed on holds for all of it, and for the purposes that there are.
    fn check_onward(
        &self,
        rule: &Distribute,
        purposes: &[PurposeDocument],
    ) -> Result<(), NotUnderstood> {
        let other = |purpose: &PurposeDocument| {
            rule.purposes.as_ref().is_some_and(|named| !named.contains(&purpose.dpv))
        };
        let more = |named: &Vec<String>| {
            named.iter().any(|dpv| !purposes.iter().any(|purpose| purpose.dpv == *dpv))
        };
        if rule.fields != self.given()
            || purposes.iter().any(other)
            || rule.purposes.as_ref().is_some_and(more)
        {
            let message = "whether data may be passed on is agreed for all fields and all purposes that are given, and not for others";
            return Err(NotUnderstood {
                pointer: rule.pointer.clone(),
                message: message.to_owned(),
            });
        }
        Ok(())
    }
}

/// Assigner and assignee: those of the policy, which every rule has to name too if it names any, or those
/// of its rules.
fn parties<'a>(whole: &At<'a>) -> Result<(At<'a>, At<'a>), NotUnderstood> {
    let mut found = [whole.get(&["assigner"])?, whole.get(&["assignee"])?];
    for kind in ["permission", "prohibition", "obligation"] {
        for rule in whole.list(kind)? {
            for (party, name) in found.iter_mut().zip(["assigner", "assignee"]) {
                let Some(of_rule) = rule.get(&[name])? else { continue };
                match party {
                    Some(party) if party_iri(party)? != party_iri(&of_rule)? => {
                        return Err(of_rule.wrong("an agreement has one assigner and one assignee"));
                    }
                    Some(_) => {}
                    None => *party = Some(of_rule),
                }
            }
        }
    }
    let [assigner, assignee] = found;
    let missing = |name| whole.wrong(format!("{name:?} is missing; an Agreement has one"));
    Ok((assigner.ok_or_else(|| missing("assigner"))?, assignee.ok_or_else(|| missing("assignee"))?))
}

fn party_iri(party: &At<'_>) -> Result<String, NotUnderstood> {
    if !party.is_object() {
        return party.iri();
    }
    party.only(&["@type", "type", "uid", "@id", "vcard:fn"], &mut Vec::new())?;
    party.need(&["uid", "@id"])?.iri()
}

fn legal_name(assigner: &At<'_>, assumed: &mut Vec<String>) -> Result<String, NotUnderstood> {
    if assigner.is_object()
        && let Some(name) = assigner.get(&["vcard:fn"])?
    {
        return Ok(name.literal("xsd:string")?.to_owned());
    }
    let iri = party_iri(assigner)?;
    assumed.push(format!("platform: {iri:?} stands for its legal name"));
    Ok(iri)
}

/// The name behind our own prefix, or one that is made of what stands last in another IRI.
fn named(
    at: &At<'_>,
    prefix: &str,
    what: &str,
    assumed: &mut Vec<String>,
) -> Result<Identifier, NotUnderstood> {
    named_by(&party_iri(at)?, at, prefix, what, assumed)
}

fn named_by(
    iri: &str,
    at: &At<'_>,
    prefix: &str,
    what: &str,
    assumed: &mut Vec<String>,
) -> Result<Identifier, NotUnderstood> {
    if let Some(name) = iri.strip_prefix(prefix) {
        return Identifier::parse(name).map_err(|error| at.wrong(error.to_string()));
    }
    let last = iri.rsplit(['/', '#', ':']).find(|part| !part.is_empty()).unwrap_or(iri);
    let allowed = |c: char| if c.is_ascii_alphanumeric() { c.to_ascii_lowercase() } else { '-' };
    let name: String = last.chars().map(allowed).collect();
    let name = Identifier::parse(name.trim_matches('-')).map_err(|_| {
        at.wrong(format!("no name can be made of {iri:?}; {prefix}NAME is expected"))
    })?;
    assumed.push(format!("{what}: {iri:?} is called {name:?} here"));
    Ok(name)
}

/// A name for a purpose that has none, as `service-provision`.
fn named_after(dpv: &str) -> Option<Identifier> {
    let term = dpv.strip_prefix(crate::dpv::PREFIX)?;
    let mut name = String::new();
    for letter in term.chars() {
        if letter.is_ascii_uppercase() && !name.is_empty() {
            name.push('-');
        }
        name.push(letter.to_ascii_lowercase());
    }
    Identifier::parse(&name).ok()
}
