//! Cedar, asked for every field of every friend: with the policies as the product renders them for proofs, and
//! with policies written by hand for this question alone.

use std::collections::{HashMap, HashSet};

use cedar_policy::{
    Authorizer, Decision, Entities, Entity, EntityUid, PolicySet, Request, RestrictedExpression,
};
use countersign_domain::field::{FieldId, FieldSet};
use countersign_domain::relation::Relation;
use countersign_domain::route::Route;
use countersign_policy::cedar::{Circumstances, Principal, Universe, render};

use crate::Trouble;
use crate::contender::{Contender, ask_each};
use crate::lists::Lists;
use crate::question::{NOW, PURPOSE, Question};

const BY_HAND: &str = include_str!("../policies/release.cedar");

/// The policies, and whether requests are made beforehand.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Variant {
    /// As rendered, every request made when it is asked.
    Rendered,
    /// As rendered, requests made beforehand.
    RenderedPrepared,
    /// By hand, requests made beforehand.
    ByHandPrepared,
}

/// Cedar.
pub(crate) struct Cedar<'a> {
    question: &'a Question,
    variant: Variant,
    authorizer: Authorizer,
    policies: PolicySet,
    universe: Universe,
    /// What policies by hand look up; others look up what the universe has.
    groups: Option<Entities>,
    /// Of people of full age, and of minors.
    circumstances: [Circumstances; 2],
    fields: Vec<FieldId>,
    /// Every request that there can be: by minor, setting, grant and the field's place.
    prepared: Vec<Request>,
}

impl<'a> Cedar<'a> {
    pub(crate) fn new(question: &'a Question, variant: Variant) -> Result<Self, Trouble> {
        let register = &question.register;
        let (_, contract) =
            register.contract(&"aurora-home-1".parse()?).ok_or("there is no agreement")?;
        let rules = register.rules().ok_or("there are no rules")?;
        let schema = &question.schema;
        let policies = match variant {
            Variant::ByHandPrepared => BY_HAND.to_owned(),
            Variant::Rendered | Variant::RenderedPrepared => {
                let platform = render::platform_rules(rules, schema);
                format!("{}{platform}", render::contract(contract, schema))
            }
        };
        let build = &register.builds()["aurora-home@1"];
        let principal = Principal {
            name: build.build.build.to_string(),
            approved: true,
            purposes: build.build.purposes.iter().map(ToString::to_string).collect(),
            declared: Relation::BOTH.map(|relation| build.declared(relation)),
        };
        let partner = &register.partners()["aurora"];
        let circumstances = [false, true].map(|minor| Circumstances {
            purpose: PURPOSE.to_owned(),
            relation: Relation::Friend,
            route: Route::FriendsDevice,
            country: partner.country,
            parent_country: partner.parent_country,
            minor,
            now: NOW,
        });
        let mut cedar = Self {
            question,
            variant,
            authorizer: Authorizer::new(),
            policies: policies.parse()?,
            universe: Universe::new(schema, &principal)?,
            groups: (variant == Variant::ByHandPrepared).then(|| groups(question)).transpose()?,
            circumstances,
            fields: question.fields(),
            prepared: Vec::new(),
        };
        if variant != Variant::Rendered {
            cedar.prepared = cedar.prepare()?;
        }
        Ok(cedar)
    }

    fn prepare(&self) -> Result<Vec<Request>, Trouble> {
        let mut prepared = Vec::new();
        for case in 0..8 {
            let [minor, setting, grant] = [4, 2, 1].map(|bit| case & bit != 0);
            for field in &self.fields {
                prepared.push(self.request(*field, minor, setting, grant)?);
            }
        }
        Ok(prepared)
    }

    fn request(
        &self,
        field: FieldId,
        minor: bool,
        setting: bool,
        grant: bool,
    ) -> Result<Request, Trouble> {
        let circumstances = &self.circumstances[usize::from(minor)];
        Ok(self.universe.request(field, circumstances, setting, grant)?)
    }

    fn allows(&self, request: &Request) -> bool {
        let entities = self.groups.as_ref().unwrap_or_else(|| self.universe.entities());
        let answer = self.authorizer.is_authorized(request, &self.policies, entities);
        answer.decision() == Decision::Allow
    }
}

impl Contender for Cedar<'_> {
    fn name(&self) -> &'static str {
        match self.variant {
            Variant::Rendered => "Cedar, policies as rendered, requests made in the time",
            Variant::RenderedPrepared => "Cedar, policies as rendered, requests made before",
            Variant::ByHandPrepared => "Cedar, policies by hand, requests made before",
        }
    }

    fn decide(&mut self) -> Result<Vec<FieldSet>, Trouble> {
        let granted = self.question.grant.friend;
        let friends = self.question.friends().iter().map(|friend| {
            let open = Question::open(friend);
            ask_each(&self.fields, |place, field| {
                let (setting, grant) = (open.contains(field), granted.contains(field));
                if self.variant == Variant::Rendered {
                    let request = self.request(field, friend.minor, setting, grant)?;
                    return Ok(self.allows(&request));
                }
                let case = [friend.minor, setting, grant]
                    .into_iter()
                    .fold(0, |case, bit| case << 1 | usize::from(bit));
                let request = self.prepared.get(case * self.fields.len() + place);
                Ok(self.allows(request.ok_or("a request was not prepared")?))
            })
        });
        friends.collect()
    }
}

/// Fields in the lists that policies by hand are about, and the build.
fn groups(question: &Question) -> Result<Entities, Trouble> {
    let lists = Lists::of(question)?;
    let lists = [
        ("agreed", lists.agreed),
        ("declared", lists.declared),
        ("ended", lists.ended),
        ("special", lists.special),
        ("minors", lists.minors),
    ];
    let uid = |kind: &str, name: &str| -> Result<EntityUid, Trouble> {
        Ok(format!("{kind}::\"{name}\"").parse()?)
    };
    let mut all = Vec::new();
    for (name, _) in lists {
        all.push(Entity::new_no_attrs(uid("List", name)?, HashSet::new()));
    }
    for field in &question.fields() {
        let within = lists.iter().filter(|(_, fields)| fields.contains(*field));
        let within = within.map(|(name, _)| uid("List", name)).collect::<Result<_, Trouble>>()?;
        let name = question.schema.name(*field).unwrap_or_default();
        all.push(Entity::new_no_attrs(uid("Field", name)?, within));
    }
    let purposes = [PURPOSE, "sharing"].map(|name| RestrictedExpression::new_string(name.into()));
    let attributes = HashMap::from([
        ("approved".to_owned(), RestrictedExpression::new_bool(true)),
        ("purposes".to_owned(), RestrictedExpression::new_set(purposes)),
    ]);
    all.push(Entity::new(uid("Build", "aurora-home@1")?, attributes, HashSet::new())?);
    Ok(Entities::from_entities(all, None)?)
}
