//! What a request would be answered, and for each withheld field the clause that withholds it, in words. Nothing is
//! released and nothing logged: no value of a field is read.

use countersign_domain::decide::{Candidate, People as _};
use countersign_domain::field::FieldSet;
use countersign_domain::grant::Grant;
use countersign_domain::identifier::Identifier;
use countersign_domain::person::Handle;
use countersign_domain::register::{Client, RegisteredBuild};
use countersign_domain::relation::Relation;
use countersign_domain::route::Route;
use countersign_domain::schema::FieldSchema;
use countersign_domain::time::Timestamp;
use countersign_policy::explain::{Asked, Explained, explain, of_relation};
use countersign_policy::mask::Masks;
use countersign_source::Question;
use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::Number;
use utoipa::openapi::RefOr;
use utoipa::openapi::schema::{AllOfBuilder, AnyOfBuilder, ObjectBuilder, Schema};
use utoipa::{PartialSchema, ToSchema};

use super::Service;
use super::documents;
use super::error::OperationError;
use super::masks::Compiled;
use super::optional::given;
use super::token::Access;
use super::vocabulary::{FieldName, Name};
use crate::clock;

/// What is to be explained: a build and a purpose, or the token of a real request.
#[derive(Clone, Default, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Wanted {
    /// The build that would ask; that of the token, if there is one.
    #[serde(default, deserialize_with = "given", skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Name>, nullable = false)]
    pub build: Option<String>,
    /// What for; that of the token's grant, if there is one.
    #[serde(default, deserialize_with = "given", skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Name>, nullable = false)]
    pub purpose: Option<String>,
    /// The access token of a real request. Its grant is then looked at.
    #[serde(default, deserialize_with = "given", skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub token: Option<String>,
    /// The viewer, by account; that of the token, if there is one. Their settings are then looked at.
    #[serde(default, deserialize_with = "given", skip_serializing_if = "Option::is_none")]
    #[schema(min_length = 1, nullable = false)]
    pub account: Option<String>,
    /// One of the viewer's friends, by account.
    #[serde(default, deserialize_with = "given", skip_serializing_if = "Option::is_none")]
    #[schema(min_length = 1, nullable = false)]
    pub friend: Option<String>,
    /// The fields; all, if none is named.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schema(value_type = Vec<FieldName>)]
    pub fields: Vec<String>,
    /// The second, since 1970, under the register of today; now, if it is not given.
    #[serde(default, deserialize_with = "whole", skip_serializing_if = "Option::is_none")]
    #[schema(maximum = 253402300799_u64, nullable = false)]
    pub at: Option<u64>,
}

/// The API document's schema of [`Wanted`], with what no member says by itself: which of them are needed.
pub struct ToExplain;

impl PartialSchema for ToExplain {
    fn schema() -> RefOr<Schema> {
        let with = |names: &[&str]| {
            names.iter().fold(ObjectBuilder::new(), |object, name| object.required(*name))
        };
        let either = AnyOfBuilder::new().item(with(&["token"])).item(with(&["build", "purpose"]));
        let both = AllOfBuilder::new().item(Wanted::schema()).item(either);
        let description = "A build and a purpose, or the token of a real request.";
        Schema::from(both.description(Some(description))).into()
    }
}

impl ToSchema for ToExplain {
    fn schemas(schemas: &mut Vec<(String, RefOr<Schema>)>) {
        Wanted::schemas(schemas);
    }
}

/// Reads a whole number, as JSON writes it: `366.0` is one.
fn whole<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<u64>, D::Error> {
    let number = Number::deserialize(deserializer)?;
    let of_float = || {
        let float = number.as_f64().filter(|float| float.fract() == 0.0)?;
        (0.0..9e15).contains(&float).then_some(float as u64)
    };
    let whole = number.as_u64().or_else(of_float);
    let refuse = || D::Error::custom("a second since 1970 is expected");
    whole.map(Some).ok_or_else(refuse)
}

/// What a request would be answered.
#[derive(Clone, Serialize, Deserialize, ToSchema)]
pub struct Explanation {
    /// How many entries of the log were seen.
    pub as_of: u64,
    /// The second.
    #[schema(format = DateTime)]
    pub at: String,
    /// Until when this stays so, as far as the register goes.
    #[schema(format = DateTime)]
    pub holds_until: String,
    /// The build.
    #[schema(value_type = Name)]
    pub build: String,
    /// What for.
    #[schema(value_type = Name)]
    pub purpose: String,
    /// What nobody was asked about, and was taken to be open: `grant`, `settings`.
    pub assumed: Vec<String>,
    /// The viewer.
    #[serde(rename = "self")]
    #[schema(value_type = Vec<documents::Explained>)]
    pub viewer: Vec<Explained>,
    /// The friend, or any friend.
    #[schema(value_type = Vec<documents::Explained>)]
    pub friend: Vec<Explained>,
    /// Any friend who is a minor; absent where a friend is named.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schema(value_type = Vec<documents::Explained>)]
    pub minor_friend: Vec<Explained>,
}

struct OfToken {
    viewer: Handle,
    build: String,
    grant: Grant,
}

impl Service {
    /// Explains.
    ///
    /// # Errors
    /// [`OperationError`] for a build, purpose, account or friend that there is not, a token that does not hold, a
    /// field that there is not, and if the source of people's data cannot tell.
    pub async fn explain(&self, wanted: &Wanted) -> Result<Explanation, OperationError> {
        let view = self.log.view();
        let now = wanted.at.map_or_else(clock::now, Timestamp::from_seconds);
        let compiled = self.masks.of(&view.register);
        let of_token = self.behind_token(wanted)?;
        let (build, purpose) = named(wanted, of_token.as_ref())?;
        let viewer = match (&wanted.account, &of_token) {
            (Some(account), _) => Some(self.person(account).await?),
            (None, Some(of_token)) => Some(of_token.viewer),
            (None, None) => None,
        };
        let subject = Subject::of(&compiled, &build, &purpose, now, view.as_of)?;
        let people = match viewer {
            Some(viewer) => {
                Some(self.asked_people(&subject, viewer, wanted.friend.as_deref()).await?)
            }
            None => None,
        };
        let grant = of_token.as_ref().map(|of_token| &of_token.grant);
        subject.explain(&wanted.fields, grant, people.as_ref())
    }

    /// The grant behind the token, if one was given.
    fn behind_token(&self, wanted: &Wanted) -> Result<Option<OfToken>, OperationError> {
        let Some(token) = &wanted.token else { return Ok(None) };
        let access = self.access_of(token, clock::now());
        let access =
            access.map_err(|error| OperationError::not_found(&format!("token: {error}")))?;
        let Access::User(access) = access else {
            return Err(OperationError::not_found(
                "grant: the token is an app's, and has no viewer",
            ));
        };
        let stored = self.people.grant(access.grant)?;
        let stored = stored.ok_or_else(|| OperationError::not_found("grant as the token's"))?;
        let build = access.build.to_string();
        Ok(Some(OfToken { viewer: stored.viewer, build, grant: stored.grant }))
    }

    /// Asks the source about the viewer, and about friends if one is named.
    async fn asked_people(
        &self,
        subject: &Subject<'_>,
        viewer: Handle,
        friend: Option<&str>,
    ) -> Result<AskedPeople, OperationError> {
        let wanted = match friend {
            Some(account) => Some(self.person(account).await?),
            None => None,
        };
        let all = subject.schema.all();
        let question = Question {
            viewer,
            partner: &subject.client.partner,
            viewer_fields: all,
            friend_fields: wanted.map(|_| all),
        };
        let circle = self.source.ask(&question).await?;
        let [viewer, friends @ ..] = circle.candidates() else {
            return Err(OperationError::not_found("account"));
        };
        let friend = wanted.map(|wanted| {
            let found = friends.iter().find(|friend| friend.handle == wanted);
            found.copied().ok_or_else(|| OperationError::not_found("friend of this account"))
        });
        Ok(AskedPeople { viewer: *viewer, friend: friend.transpose()? })
    }
}

fn named(
    wanted: &Wanted,
    of_token: Option<&OfToken>,
) -> Result<(Identifier, Identifier), OperationError> {
    let missing = |what| OperationError::unprocessable(format!("name a {what}, or give a token"));
    let build = wanted.build.clone().or_else(|| Some(of_token?.build.clone()));
    let purpose = wanted.purpose.clone().or_else(|| Some(of_token?.grant.purpose.to_string()));
    let parse = |text: String| Identifier::parse(&text).map_err(OperationError::unprocessable);
    Ok((
        parse(build.ok_or_else(|| missing("build"))?)?,
        parse(purpose.ok_or_else(|| missing("purpose"))?)?,
    ))
}

/// The viewer and a friend, as the decision would meet them.
pub struct AskedPeople {
    viewer: Candidate,
    friend: Option<Candidate>,
}

/// What a request would be decided under.
pub struct Subject<'a> {
    masks: &'a Masks,
    schema: &'a FieldSchema,
    client: &'a Client,
    build: &'a RegisteredBuild,
    purpose: &'a Identifier,
    now: Timestamp,
    as_of: u64,
}

impl<'a> Subject<'a> {
    /// A build and a purpose, in a register that was compiled.
    ///
    /// # Errors
    /// [`OperationError`] for a build or purpose that there is not.
    pub fn of(
        compiled: &'a Compiled,
        build: &Identifier,
        purpose: &'a Identifier,
        now: Timestamp,
        as_of: u64,
    ) -> Result<Self, OperationError> {
        let register = compiled.register();
        let schema = register.schema().ok_or_else(|| OperationError::not_found("field schema"))?;
        let registered = register.builds().get(build);
        let build =
            registered.ok_or_else(|| OperationError::not_found(&format!("build: {build}")))?;
        let client = register.clients().get(&build.build.client);
        let client = client.ok_or_else(|| OperationError::not_found("client"))?;
        if !build.has_purpose(purpose) {
            let what = format!("purpose of build {}: {purpose}", build.build.build);
            return Err(OperationError::not_found(&what));
        }
        let masks = &compiled.masks;
        Ok(Self { masks, schema, client, build, purpose, now, as_of })
    }

    /// What would be released, and why not.
    ///
    /// # Errors
    /// [`OperationError`] for a field that there is not.
    pub fn explain(
        &self,
        fields: &[String],
        grant: Option<&Grant>,
        people: Option<&AskedPeople>,
    ) -> Result<Explanation, OperationError> {
        let fields = if fields.is_empty() {
            self.schema.all()
        } else {
            self.schema.resolve(fields).map_err(OperationError::unprocessable)?
        };
        let one = |relation, minor, person: Option<&Candidate>| {
            self.one(fields, (relation, minor), grant, person)
        };
        let viewer = one(Relation::Viewer, false, people.map(|people| &people.viewer));
        let friend = people.and_then(|people| people.friend.as_ref());
        let minor = friend.is_some_and(|friend| friend.minor);
        let about_friend = one(Relation::Friend, minor, friend);
        let minor_friend =
            if friend.is_none() { one(Relation::Friend, true, None).0 } else { Vec::new() };
        let assumed = [(grant.is_none(), "grant"), (people.is_none(), "settings")];
        Ok(Explanation {
            as_of: self.as_of,
            at: self.now.to_string(),
            holds_until: viewer.1.min(about_friend.1).to_string(),
            build: self.build.build.build.to_string(),
            purpose: self.purpose.to_string(),
            assumed: assumed
                .iter()
                .filter(|(is, _)| *is)
                .map(|(_, what)| (*what).to_owned())
                .collect(),
            viewer: viewer.0,
            friend: about_friend.0,
            minor_friend,
        })
    }

    fn one(
        &self,
        fields: FieldSet,
        (relation, minor): (Relation, bool),
        grant: Option<&Grant>,
        person: Option<&Candidate>,
    ) -> (Vec<Explained>, Timestamp) {
        let Self { masks, client, build, purpose, now, .. } = *self;
        let clauses = masks.clauses(client, build, purpose, (relation, minor), now);
        let asked = Asked {
            granted: grant.map(|grant| self.in_grant(grant, relation)),
            settings: person.map(|person| person.settings),
            present: person.map(|person| person.present),
        };
        let route = Route::of(self.client.kind, relation);
        let fields = fields.and(of_relation(self.schema, relation));
        (explain(&clauses, self.schema, fields, route, &asked), clauses.holds_until())
    }

    /// What the grant gives at this second, to this client and for this purpose.
    fn in_grant(&self, grant: &Grant, relation: Relation) -> FieldSet {
        let holds = grant.client == self.build.build.client
            && grant.purpose == *self.purpose
            && self.now < grant.until;
        if holds { grant.fields(relation) } else { FieldSet::EMPTY }
    }
}
