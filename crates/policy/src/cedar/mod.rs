//! Cedar, as far as this project uses it: one schema, platform rules that a platform writes in it, and
//! agreements rendered in it for proofs and for the test that holds masks, terms and Cedar equal.
//!
//! What it is not: on the request path. Rules are asked when masks are compiled, and never again.
//!
//! Spec: the Cedar policy language, version 4.

use std::collections::{HashMap, HashSet};
use std::sync::LazyLock;

use cedar_policy::{
    Context, Entities, Entity, EntityId, EntityTypeName, EntityUid, Request, RestrictedExpression,
    Schema,
};
use countersign_domain::field::{FieldId, FieldSet};
use countersign_domain::partner::Country;
use countersign_domain::relation::Relation;
use countersign_domain::route::Route;
use countersign_domain::schema::{Field, FieldSchema, Sensitivity};
use countersign_domain::time::Timestamp;

pub mod lint;
pub mod render;
pub mod rules;

/// The schema's text.
pub const SCHEMA: &str = include_str!("schema.cedarschema");

/// Cedar did not take what this code made for it: the two do not fit together.
#[derive(Debug, Clone, thiserror::Error)]
#[error("Cedar cannot be asked: {reason}")]
pub struct CedarTrouble {
    /// What Cedar says.
    pub reason: String,
}

impl CedarTrouble {
    fn new(error: impl std::fmt::Display) -> Self {
        Self { reason: error.to_string() }
    }
}

/// The schema, read once.
///
/// # Errors
/// [`CedarTrouble`] if the text above is not a schema.
pub fn schema() -> Result<&'static Schema, CedarTrouble> {
    static READ: LazyLock<Result<Schema, CedarTrouble>> = LazyLock::new(|| {
        let (schema, _) = Schema::from_cedarschema_str(SCHEMA).map_err(CedarTrouble::new)?;
        Ok(schema)
    });
    READ.as_ref().map_err(Clone::clone)
}

/// The circumstances of a request, everything in the context but the person's and the viewer's own word.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct Circumstances {
    /// What the data is for.
    pub purpose: String,
    /// Of whom.
    pub relation: Relation,
    /// By which way.
    pub route: Route,
    /// The country of the partner's seat.
    pub country: Country,
    /// The country of its ultimate parent.
    pub parent_country: Country,
    /// Whether the person is a minor.
    pub minor: bool,
    /// The second.
    pub now: Timestamp,
}

/// A build, as policies see it.
#[derive(Clone, Debug)]
pub struct Principal {
    /// Its name.
    pub name: String,
    /// Whether it is approved.
    pub approved: bool,
    /// The purposes that it declared.
    pub purposes: Vec<String>,
    /// What it declared of the viewer and of friends.
    pub declared: [FieldSet; 2],
}

/// What can be asked for, as entities: a field schema and a build.
pub struct Universe {
    entities: Entities,
    fields: Vec<EntityUid>,
    principal: EntityUid,
    action: EntityUid,
}

impl Universe {
    /// The fields of `schema`, and the build that asks for them.
    ///
    /// # Errors
    /// [`CedarTrouble`].
    pub fn new(schema: &FieldSchema, build: &Principal) -> Result<Self, CedarTrouble> {
        let fields: Vec<_> =
            schema.fields().iter().map(|field| uid("Field", &field.name)).collect();
        let fields = fields.into_iter().collect::<Result<Vec<_>, _>>()?;
        let set = |declared: FieldSet| {
            let declared = declared.iter().filter_map(|field| fields.get(field.number()));
            RestrictedExpression::new_set(
                declared.map(|field| RestrictedExpression::new_entity_uid(field.clone())),
            )
        };
        let purposes = build.purposes.iter().cloned().map(RestrictedExpression::new_string);
        let [viewer, friend] = build.declared;
        let principal = uid("Build", &build.name)?;
        let attributes = HashMap::from([
            ("approved".to_owned(), RestrictedExpression::new_bool(build.approved)),
            ("purposes".to_owned(), RestrictedExpression::new_set(purposes)),
            ("declared_self".to_owned(), set(viewer)),
            ("declared_friend".to_owned(), set(friend)),
        ]);
        let asks = Entity::new(principal.clone(), attributes, HashSet::new());
        let mut all = vec![asks.map_err(CedarTrouble::new)?];
        for (field, uid) in schema.fields().iter().zip(&fields) {
            let entity = Entity::new(uid.clone(), attributes_of(field), HashSet::new());
            all.push(entity.map_err(CedarTrouble::new)?);
        }
        let entities =
            Entities::from_entities(all, Some(self::schema()?)).map_err(CedarTrouble::new)?;
        Ok(Self { entities, fields, principal, action: uid("Action", "release")? })
    }

    /// The entities.
    #[must_use]
    pub const fn entities(&self) -> &Entities {
        &self.entities
    }

    /// The request for one field. `setting_open` and `grant_open` say what the person and the viewer say
    /// about it.
    ///
    /// # Errors
    /// [`CedarTrouble`], for a field that the schema does not have too.
    pub fn request(
        &self,
        field: FieldId,
        circumstances: &Circumstances,
        setting_open: bool,
        grant_open: bool,
    ) -> Result<Request, CedarTrouble> {
        let no_field = || CedarTrouble::new("there is no such field");
        let field = self.fields.get(field.number()).ok_or_else(no_field)?;
        let text = |text: &str| RestrictedExpression::new_string(text.to_owned());
        let now = i64::try_from(circumstances.now.seconds()).map_err(CedarTrouble::new)?;
        let context = Context::from_pairs([
            ("purpose".to_owned(), text(&circumstances.purpose)),
            ("relation".to_owned(), text(circumstances.relation.name())),
            ("route".to_owned(), text(circumstances.route.name())),
            ("country".to_owned(), text(&circumstances.country.to_string())),
            ("parent_country".to_owned(), text(&circumstances.parent_country.to_string())),
            ("minor".to_owned(), RestrictedExpression::new_bool(circumstances.minor)),
            ("now".to_owned(), RestrictedExpression::new_long(now)),
            ("setting_open".to_owned(), RestrictedExpression::new_bool(setting_open)),
            ("grant_open".to_owned(), RestrictedExpression::new_bool(grant_open)),
        ]);
        let context = context.map_err(CedarTrouble::new)?;
        let (principal, action) = (self.principal.clone(), self.action.clone());
        Request::new(principal, action, field.clone(), context, Some(schema()?))
            .map_err(CedarTrouble::new)
    }
}

fn uid(kind: &str, name: &str) -> Result<EntityUid, CedarTrouble> {
    let kind: EntityTypeName = kind.parse().map_err(CedarTrouble::new)?;
    Ok(EntityUid::from_type_name_and_id(kind, EntityId::new(name)))
}

fn attributes_of(field: &Field) -> HashMap<String, RestrictedExpression> {
    let text = |text: &str| RestrictedExpression::new_string(text.to_owned());
    HashMap::from([
        ("category".to_owned(), text(&field.category)),
        ("sensitivity".to_owned(), text(sensitivity(field.sensitivity))),
        ("special".to_owned(), RestrictedExpression::new_bool(field.special)),
    ])
}

/// The word for it in policies.
const fn sensitivity(sensitivity: Sensitivity) -> &'static str {
    match sensitivity {
        Sensitivity::Low => "low",
        Sensitivity::Medium => "medium",
        Sensitivity::High => "high",
    }
}
