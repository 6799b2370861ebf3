//! The rules of a policy as they are read: each constraint is one that this server keeps, or the policy is
//! refused.

use countersign_domain::field::FieldSet;
use countersign_domain::identifier::Identifier;
use countersign_domain::partner::Country;
use countersign_domain::relation::Relation;
use countersign_domain::route::ClientKind;
use countersign_domain::schema::FieldSchema;
use countersign_domain::time::Timestamp;

use super::cursor::At;
use super::{FIELD, NotUnderstood, ODRL, expanded, term};
use crate::dpv;

/// The members of every rule.
const RULE: [&str; 8] = ["uid", "@id", "@type", "type", "target", "action", "assigner", "assignee"];

/// A permission to read.
#[derive(Clone, Debug)]
pub(super) struct Read {
    /// Where it stands.
    pub(super) pointer: String,
    /// By which name a request gives the purpose, if that is said.
    pub(super) name: Option<Identifier>,
    /// The purpose, with its prefix.
    pub(super) dpv: String,
    pub(super) relation: Relation,
    pub(super) kind: ClientKind,
    /// The IRI of the client.
    pub(super) client: String,
    pub(super) territory: Vec<Country>,
    pub(super) begins: Timestamp,
    /// The end of the agreement, if it is named so.
    pub(super) until: Option<Timestamp>,
    /// The other ends.
    pub(super) ends: Vec<Timestamp>,
    pub(super) fields: FieldSet,
}

/// A permission to pass data on.
#[derive(Clone, Debug)]
pub(super) struct Distribute {
    pub(super) pointer: String,
    pub(super) recipients: Vec<String>,
    /// The purposes for which, if some are named.
    pub(super) purposes: Option<Vec<String>>,
    pub(super) fields: FieldSet,
}

/// An obligation to delete.
#[derive(Clone, Debug)]
pub(super) struct Delete {
    pub(super) pointer: String,
    /// Whether it is counted from the release, and not from a withdrawal.
    pub(super) after_release: bool,
    pub(super) days: u32,
    pub(super) fields: FieldSet,
}

/// What rules are read with.
pub(super) struct Rules<'a> {
    pub(super) schema: &'a FieldSchema,
    /// The name of the constraint that is the agreement's own end.
    pub(super) until: String,
    pub(super) passed_over: Vec<String>,
}

/// A constraint, its operands' names written out.
struct Constraint<'a> {
    at: At<'a>,
    uid: Option<&'a str>,
    left: String,
    right: At<'a>,
}

impl Rules<'_> {
    /// The action of a rule, without its namespace.
    pub(super) fn action(rule: &At<'_>) -> Result<String, NotUnderstood> {
        let action = rule.need(&["action"])?;
        let text = action.as_text().ok_or_else(|| {
            action.wrong("one action is expected, by its name alone, without refinements")
        })?;
        let iri = expanded(text);
        let name = iri.strip_prefix(ODRL).unwrap_or(&iri);
        match name {
            "read" | "distribute" | "delete" => Ok(name.to_owned()),
            other => Err(action.wrong(format!(
                "the action {other:?} is not one that is kept here; read, distribute and delete are"
            ))),
        }
    }

    pub(super) fn read(&mut self, rule: &At<'_>) -> Result<Read, NotUnderstood> {
        let constraints = self.constraints(rule)?;
        let mut found = Found { of: rule, constraints };
        let purpose = found.one("purpose", "eq")?;
        let (at, right) = (purpose.right.clone(), purpose.right.iri()?);
        let dpv = purpose_of(&at, &right)?;
        let name = found.maybe(term::PURPOSE_NAME, "eq")?;
        let name = name.map(|name| {
            let text = name.right.literal("xsd:string")?;
            Identifier::parse(text).map_err(|error| name.right.wrong(error.to_string()))
        });
        let relation = found.choice(
            term::RELATION,
            [(term::SELF, Relation::Viewer), (term::FRIEND, Relation::Friend)],
        )?;
        let kind = found.choice(
            term::ROUTE,
            [(term::DEVICE, ClientKind::Device), (term::APP, ClientKind::App)],
        )?;
        let client = found.one("product", "eq")?.right.iri()?;
        let spatial = found.any_of("spatial")?;
        let countries = spatial.iter().map(country).collect::<Result<Vec<_>, _>>()?;
        let begins = instant(&found.one("dateTime", "gteq")?.right)?;
        let (mut until, mut ends) = (None, Vec::new());
        while let Some(end) = found.maybe("dateTime", "lt")? {
            let at = instant(&end.right)?;
            if end.uid == Some(self.until.as_str()) && until.is_none() {
                until = Some(at);
            } else {
                ends.push(at);
            }
        }
        found.finish()?;
        Ok(Read {
            pointer: rule.pointer().to_owned(),
            name: name.transpose()?,
            dpv,
            relation,
            kind,
            client,
            territory: countries,
            begins,
            until,
            ends,
            fields: self.fields(rule)?,
        })
    }

    /// A permission to pass data on, or a prohibition, which names no recipients.
    pub(super) fn distribute(&mut self, rule: &At<'_>) -> Result<Distribute, NotUnderstood> {
        let constraints = self.constraints(rule)?;
        let mut found = Found { of: rule, constraints };
        let recipients = found.any_of("recipient")?;
        let recipients = recipients.iter().map(|name| Ok(name.literal("xsd:string")?.to_owned()));
        let recipients = recipients.collect::<Result<_, _>>()?;
        let purposes = found.any_of("purpose")?;
        let named = purposes.iter().map(|purpose| purpose_of(purpose, &purpose.iri()?));
        let named = named.collect::<Result<Vec<_>, _>>()?;
        found.finish()?;
        let purposes = (!named.is_empty()).then_some(named);
        let (pointer, fields) = (rule.pointer().to_owned(), self.fields(rule)?);
        Ok(Distribute { pointer, recipients, purposes, fields })
    }

    pub(super) fn delete(&mut self, rule: &At<'_>) -> Result<Delete, NotUnderstood> {
        let constraints = self.constraints(rule)?;
        let mut found = Found { of: rule, constraints };
        let event = found.one("event", "gt")?;
        let named = event.right.iri()?;
        let after_release = [(term::RELEASE, true), (term::WITHDRAWAL, false)]
            .into_iter()
            .find_map(|(word, after)| (expanded(word) == named).then_some(after))
            .ok_or_else(|| {
                let (release, withdrawal) = (term::RELEASE, term::WITHDRAWAL);
                event.right.wrong(format!("{release} or {withdrawal} is expected"))
            })?;
        let within = found.one("elapsedTime", "lteq")?;
        let text = within.right.literal("xsd:duration")?;
        let days = text.strip_prefix('P').and_then(|text| text.strip_suffix('D'));
        let days = days.and_then(|days| days.parse().ok()).ok_or_else(|| {
            within.right.wrong(format!("a duration in days is expected, as P30D; found {text:?}"))
        })?;
        found.finish()?;
        let (pointer, fields) = (rule.pointer().to_owned(), self.fields(rule)?);
        Ok(Delete { pointer, after_release, days, fields })
    }

    fn fields(&self, rule: &At<'_>) -> Result<FieldSet, NotUnderstood> {
        let mut fields = FieldSet::EMPTY;
        for target in rule.need(&["target"])?.items() {
            let iri = target.iri()?;
            let name = iri.strip_prefix(FIELD).ok_or_else(|| {
                target.wrong(format!("a field is expected, as {FIELD}name; found {iri:?}"))
            })?;
            let field = self.schema.resolve(&[name]);
            fields = fields.or(field.map_err(|error| target.wrong(error.to_string()))?);
        }
        Ok(fields)
    }

    fn constraints<'a>(&mut self, rule: &At<'a>) -> Result<Vec<Constraint<'a>>, NotUnderstood> {
        let known = [&RULE[..], &["constraint"]].concat();
        rule.only(&known, &mut self.passed_over)?;
        let of = rule.list("constraint")?;
        of.into_iter().map(|at| self.constraint(at)).collect()
    }

    fn constraint<'a>(&mut self, at: At<'a>) -> Result<Constraint<'a>, NotUnderstood> {
        let known = ["uid", "@id", "@type", "leftOperand", "operator", "rightOperand"];
        at.only(&known, &mut self.passed_over)?;
        let uid = at.get(&["uid", "@id"])?.and_then(|uid| uid.as_text());
        let left = name_of(&at.need(&["leftOperand"])?)?;
        let right = at.need(&["rightOperand"])?;
        Ok(Constraint { at, uid, left, right })
    }
}

/// The constraints of a rule, taken out one by one, so that what is left is what nobody understood.
struct Found<'r, 'a> {
    of: &'r At<'a>,
    constraints: Vec<Constraint<'a>>,
}

impl<'a> Found<'_, 'a> {
    fn maybe(
        &mut self,
        left: &str,
        operator: &str,
    ) -> Result<Option<Constraint<'a>>, NotUnderstood> {
        let left = without_namespace(&expanded(left));
        for (place, constraint) in self.constraints.iter().enumerate() {
            let found = name_of(&constraint.at.need(&["operator"])?)?;
            if constraint.left == left && found == operator {
                return Ok(Some(self.constraints.swap_remove(place)));
            }
        }
        Ok(None)
    }

    fn one(&mut self, left: &str, operator: &str) -> Result<Constraint<'a>, NotUnderstood> {
        let missing = format!("a constraint {left} {operator} is missing");
        let found = self.maybe(left, operator)?;
        found.ok_or_else(|| self.of.wrong(missing))
    }

    /// One of two words.
    fn choice<T: Copy>(&mut self, left: &str, words: [(&str, T); 2]) -> Result<T, NotUnderstood> {
        let right = self.one(left, "eq")?.right;
        let found = right.iri()?;
        let choice = words.iter().find(|(word, _)| expanded(word) == found);
        choice.map(|(_, meaning)| *meaning).ok_or_else(|| {
            let [one, other] = words.map(|(word, _)| word);
            right.wrong(format!("{one} or {other} is expected"))
        })
    }

    /// The values of which any will do; none, if nothing is said.
    fn any_of(&mut self, left: &str) -> Result<Vec<At<'a>>, NotUnderstood> {
        let one = self.maybe(left, "eq")?.map(|constraint| vec![constraint.right]);
        let any = self.maybe(left, "isAnyOf")?;
        match (one, any) {
            (Some(_), Some(any)) => Err(any.at.wrong(format!("{left} is constrained twice"))),
            (Some(one), None) => Ok(one),
            (None, Some(any)) => {
                let items = any.right.items();
                let empty = || any.right.wrong("an empty list allows nothing");
                if items.is_empty() { Err(empty()) } else { Ok(items) }
            }
            (None, None) => Ok(Vec::new()),
        }
    }

    fn finish(self) -> Result<(), NotUnderstood> {
        let Some(first) = self.constraints.first() else { return Ok(()) };
        let operator = name_of(&first.at.need(&["operator"])?)?;
        let left = &first.left;
        Err(first.at.wrong(format!(
            "a constraint {left} {operator} cannot be kept here, or is there twice; docs/agreements.md lists those that can"
        )))
    }
}

/// A term of ODRL's or of the profile's, of ODRL's without its namespace.
fn name_of(at: &At<'_>) -> Result<String, NotUnderstood> {
    Ok(without_namespace(&at.iri()?))
}

fn without_namespace(iri: &str) -> String {
    iri.strip_prefix(ODRL).unwrap_or(iri).to_owned()
}

fn purpose_of(at: &At<'_>, iri: &str) -> Result<String, NotUnderstood> {
    let term = iri.strip_prefix(dpv::NAMESPACE);
    let written = term.map_or_else(|| iri.to_owned(), |term| format!("{}{term}", dpv::PREFIX));
    dpv::check(&written).map_err(|error| at.wrong(error.to_string()))?;
    Ok(written)
}

fn country(at: &At<'_>) -> Result<Country, NotUnderstood> {
    let iri = at.iri()?;
    let code = iri.strip_prefix(&expanded("loc:")).ok_or_else(|| {
        at.wrong(format!("a country of DPV's extension LOC is expected, as loc:NL; found {iri:?}"))
    })?;
    Country::parse(code).map_err(|error| at.wrong(error.to_string()))
}

fn instant(at: &At<'_>) -> Result<Timestamp, NotUnderstood> {
    let text = at.literal("xsd:dateTime")?;
    crate::instant::parse(text).map_err(|error| at.wrong(error.to_string()))
}
