//! Rego, on regorus: its virtual machine with the program compiled, data loaded once and the machine kept, and
//! its interpreter, which is what most programs that embed it call.

use std::collections::BTreeMap;

use countersign_domain::decide::Candidate;
use countersign_domain::field::{FieldId, FieldSet};
use regorus::languages::rego::compiler::Compiler;
use regorus::rvm::vm::RegoVM;
use regorus::{Engine, Value};

use crate::Trouble;
use crate::contender::{Contender, ask_each};
use crate::lists::Lists;
use crate::question::{NOW, PURPOSE, Question};

const POLICY: &str = include_str!("../policies/release.rego");
const RELEASED: &str = "data.release.released";
const ALLOW: &str = "data.release.allow";

/// How it is asked.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Variant {
    /// The virtual machine, a query a friend.
    Machine,
    /// The virtual machine, a query a field.
    MachineByField,
    /// The interpreter, a query a friend.
    Interpreter,
}

/// Rego.
pub(crate) struct Rego<'a> {
    question: &'a Question,
    variant: Variant,
    engine: Engine,
    machine: RegoVM,
    fields: Vec<FieldId>,
    /// For each friend, or every input that there can be for a field: by minor, setting, grant and place.
    inputs: Vec<Value>,
}

impl<'a> Rego<'a> {
    pub(crate) fn new(question: &'a Question, variant: Variant) -> Result<Self, Trouble> {
        let mut engine = Engine::new();
        engine.add_policy("release.rego".to_owned(), POLICY.to_owned())?;
        engine.add_data(data(question)?)?;
        let rule = if variant == Variant::MachineByField { ALLOW } else { RELEASED };
        let compiled = engine.compile_with_entrypoint(&rule.into())?;
        let mut machine = RegoVM::new();
        machine.load_program(Compiler::compile_from_policy(&compiled, &[rule])?);
        machine.set_data(data(question)?)?;
        // Its own limit guards against policies that never end; this one does.
        machine.set_max_instructions(10_000_000);
        let fields = question.fields();
        let inputs = match variant {
            Variant::MachineByField => by_field(question, &fields),
            Variant::Machine | Variant::Interpreter => {
                question.friends().iter().map(|friend| by_friend(question, friend)).collect()
            }
        };
        Ok(Self { question, variant, engine, machine, fields, inputs })
    }

    /// The fields of one friend, from one query.
    fn released(&mut self, place: usize) -> Result<FieldSet, Trouble> {
        let input = self.inputs.get(place).ok_or("an input was not prepared")?.clone();
        let released = if self.variant == Variant::Interpreter {
            self.engine.set_input(input);
            self.engine.eval_rule(RELEASED.to_owned())?
        } else {
            self.machine.set_input(input);
            self.machine.execute()?
        };
        let mut fields = FieldSet::EMPTY;
        for name in released.as_set()?.iter() {
            let field = self.question.schema.by_name(name.as_string()?);
            fields = fields.with(field.ok_or("a field that there is not")?);
        }
        // Who may not have the id has nothing.
        Ok(if fields.contains(FieldId::ID) { fields } else { FieldSet::EMPTY })
    }
}

impl Contender for Rego<'_> {
    fn name(&self) -> &'static str {
        match self.variant {
            Variant::Machine => "regorus, virtual machine, a query a friend",
            Variant::MachineByField => "regorus, virtual machine, a query a field",
            Variant::Interpreter => "regorus, interpreter, a query a friend",
        }
    }

    fn decide(&mut self) -> Result<Vec<FieldSet>, Trouble> {
        let question = self.question;
        if self.variant != Variant::MachineByField {
            return (0..question.friends().len()).map(|place| self.released(place)).collect();
        }
        let granted = question.grant.friend;
        let (fields, inputs, machine) = (&self.fields, &self.inputs, &mut self.machine);
        let friends = question.friends().iter().map(|friend| {
            let open = Question::open(friend);
            ask_each(fields, |place, field| {
                let case = [friend.minor, open.contains(field), granted.contains(field)]
                    .into_iter()
                    .fold(0, |case, bit| case << 1 | usize::from(bit));
                let input = inputs.get(case * fields.len() + place);
                machine.set_input(input.ok_or("an input was not prepared")?.clone());
                // What is not allowed is undefined.
                Ok(machine.execute()? == Value::from(true))
            })
        });
        friends.collect()
    }
}

fn object<'a>(members: impl IntoIterator<Item = (&'a str, Value)>) -> Value {
    let members = members.into_iter().map(|(name, value)| (Value::from(name), value));
    Value::from(members.collect::<BTreeMap<_, _>>())
}

/// Names that are there, to be looked up.
fn there<'a>(names: impl IntoIterator<Item = &'a str>) -> Value {
    object(names.into_iter().map(|name| (name, Value::from(true))))
}

fn data(question: &Question) -> Result<Value, Trouble> {
    let lists = Lists::of(question)?;
    let fields = |fields| there(question.names(fields));
    let purposes = there([PURPOSE, "sharing"]);
    Ok(object([
        ("build", object([("approved", Value::from(true)), ("purposes", purposes)])),
        ("territory", there(["NL", "SE"])),
        ("agreed", fields(lists.agreed)),
        ("declared", fields(lists.declared)),
        ("granted", fields(question.grant.friend)),
        ("special", fields(lists.special)),
        ("minors", fields(lists.minors)),
        ("ended", fields(lists.ended)),
    ]))
}

/// What is the same in every input.
fn common(minor: bool) -> [(&'static str, Value); 6] {
    [
        ("purpose", Value::from(PURPOSE)),
        ("relation", Value::from("friend")),
        ("country", Value::from("NL")),
        ("parent_country", Value::from("NL")),
        ("minor", Value::from(minor)),
        ("now", Value::from(NOW.seconds())),
    ]
}

fn by_friend(question: &Question, friend: &Candidate) -> Value {
    let open = there(question.names(Question::open(friend).and(question.asked)));
    object(common(friend.minor).into_iter().chain([("open", open)]))
}

fn by_field(question: &Question, fields: &[FieldId]) -> Vec<Value> {
    let mut inputs = Vec::new();
    for case in 0..8 {
        let [minor, setting, grant] = [4, 2, 1].map(|bit| case & bit != 0);
        for field in fields {
            let name = question.schema.name(*field).unwrap_or_default();
            let own = [
                ("field", Value::from(name)),
                ("setting_open", Value::from(setting)),
                ("grant_open", Value::from(grant)),
            ];
            inputs.push(object(common(minor).into_iter().chain(own)));
        }
    }
    inputs
}
