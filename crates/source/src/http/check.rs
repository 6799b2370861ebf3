//! Looks at the platform's API with a mapping in hand, endpoint by endpoint: what `countersign source check`
//! tells. It says what is there and what is not, and no value of anybody.

use std::fmt;
use std::path::Path;
use std::sync::Arc;

use countersign_domain::schema::FieldSchema;
use countersign_domain::time::Timestamp;
use serde::Serialize;

use super::birth::day_of;
use super::client::{Limits, is_json};
use super::friends::Listed;
use super::mapping::Friends;
use super::template::can_stand_in_path;
use super::{Api, ApiError};
use crate::settings::http::HttpSettings;
use crate::{Clock, SourceError};

/// What is found at one endpoint.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct EndpointCheck {
    /// The endpoint, as the mapping writes its path.
    pub endpoint: String,
    /// The HTTP status, if it answers at all.
    pub status: Option<u16>,
    /// The content type.
    pub content_type: Option<String>,
    /// The fields of the mapping, and whether the example has a value for each.
    pub fields: Vec<FoundField>,
    /// What is found beside fields.
    pub found: Vec<String>,
    /// What is wrong. An endpoint is sound if nothing is.
    pub problem: Option<String>,
}

/// A field of the mapping.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct FoundField {
    /// Its name.
    pub name: String,
    /// Whether the example has a value.
    pub is_there: bool,
}

/// What is found at all endpoints.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct Report {
    /// The endpoints, in the order in which a question asks them.
    pub endpoints: Vec<EndpointCheck>,
}

/// Asks every endpoint about the person of this account, as a question would.
///
/// # Errors
/// [`ApiError`] if there is nothing to ask with; what is wrong with the API is in the report.
pub async fn check(
    settings: &HttpSettings,
    folder: &Path,
    schema: &FieldSchema,
    account: &str,
    clock: Clock,
) -> Result<Report, ApiError> {
    let api = Arc::new(Api::open(settings, folder, schema, clock)?);
    Ok(Report { endpoints: api.check(account, clock()).await })
}

impl Report {
    /// Whether the API is as the mapping has it.
    #[must_use]
    pub fn fits(&self) -> bool {
        self.endpoints.iter().all(EndpointCheck::is_sound)
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (at, check) in self.endpoints.iter().enumerate() {
            let space = if at > 0 { "\n" } else { "" };
            write!(f, "{space}{check}")?;
        }
        Ok(())
    }
}

impl fmt::Display for EndpointCheck {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "GET {}", self.endpoint)?;
        if let Some(status) = self.status {
            let kind = self.content_type.as_deref().map(|kind| format!(", {kind}"));
            let word = if status == 200 { "ok" } else { "FAILED" };
            writeln!(f, "  {word:8} status {status}{}", kind.unwrap_or_default())?;
        }
        for found in &self.found {
            writeln!(f, "  {:8} {found}", "ok")?;
        }
        for FoundField { name, is_there } in &self.fields {
            match is_there {
                true => writeln!(f, "  {:8} {name}", "ok")?,
                false => writeln!(f, "  {:8} {name}: the example has no value", "warning")?,
            }
        }
        match &self.problem {
            Some(problem) => writeln!(f, "  {:8} {problem}", "FAILED"),
            None => Ok(()),
        }
    }
}

impl EndpointCheck {
    /// Whether nothing is wrong.
    #[must_use]
    pub const fn is_sound(&self) -> bool {
        self.problem.is_none()
    }

    fn of(endpoint: &str) -> Self {
        let endpoint = endpoint.to_owned();
        let (fields, found) = (Vec::new(), Vec::new());
        Self { endpoint, status: None, content_type: None, fields, found, problem: None }
    }

    fn with_problem(mut self, problem: impl Into<String>) -> Self {
        self.problem = Some(problem.into());
        self
    }
}

impl Api {
    /// Asks every endpoint about the person of this account, as a question would.
    async fn check(self: &Arc<Self>, account: &str, now: Timestamp) -> Vec<EndpointCheck> {
        let path = self.mapping.person.as_str();
        if !can_stand_in_path(account) {
            let problem = "the account of the example cannot stand in a path";
            return vec![EndpointCheck::of(path).with_problem(problem)];
        }
        let limits = Arc::new(self.limits());
        let (person, embedded) = self.check_person(&limits, account, now).await;
        let mut checks = vec![person];
        let listed = match (&self.mapping.friends, embedded) {
            (Friends::Listed { path, .. }, _) => {
                let listed = self.within(&limits, self.list(&limits, account)).await;
                let (check, listed) = list_check(path.as_str(), listed);
                checks.push(check);
                listed
            }
            (Friends::Embedded, embedded) => embedded,
        };
        match (&self.mapping.profiles, listed) {
            (_, Some(Listed::Accounts(accounts))) if !accounts.is_empty() => {
                checks.push(self.check_profiles(&limits, accounts, now).await);
            }
            (Some(profiles), _) => {
                let check = EndpointCheck::of(profiles.path.as_str());
                checks
                    .push(check.with_problem("not asked: the example has no friends to ask about"));
            }
            _ => {}
        }
        checks
    }

    /// The endpoint of a person, and the list of friends if that is in their document.
    async fn check_person(
        &self,
        limits: &Limits,
        account: &str,
        now: Timestamp,
    ) -> (EndpointCheck, Option<Listed>) {
        let template = &self.mapping.person;
        let mut check = EndpointCheck::of(template.as_str());
        let path = format!("{}{}", self.client.base().path, template.fill(&[account], 0));
        let reply = self.client.reply(limits, template.as_str(), &path);
        let reply = match self.within(limits, reply).await {
            Ok(reply) => reply,
            Err(error) => return (check.with_problem(error.to_string()), None),
        };
        check.status = Some(reply.status.as_u16());
        let kind = reply.content_type.as_ref();
        check.content_type = kind.and_then(|kind| kind.to_str().ok()).map(str::to_owned);
        if reply.status != hyper::StatusCode::OK {
            return (
                check.with_problem("the status is not 200: take an account that is there"),
                None,
            );
        }
        if !is_json(kind) {
            return (check.with_problem("the content is not JSON by its type"), None);
        }
        match self.look_at(&reply.text, account, now, &mut check) {
            Ok(listed) => (check, listed),
            Err(error) => (check.with_problem(error.to_string()), None),
        }
    }

    fn look_at(
        &self,
        text: &str,
        account: &str,
        now: Timestamp,
        check: &mut EndpointCheck,
    ) -> Result<Option<Listed>, SourceError> {
        super::client::check(self.mapping.person.as_str(), text)?;
        let document = self.mapping.document.find(text).map_err(super::friends::not_json)?;
        let document = document.ok_or_else(|| super::nonsense("there is no document"))?;
        let person = self.mapping.reader.read(document.get(), day_of(now))?;
        check.fields = self
            .mapping
            .reader
            .fields_of(&person)
            .map(|(name, is_there)| FoundField { name: name.to_owned(), is_there })
            .collect();
        if person.account != account {
            return Err(super::nonsense("the account is not the one that was asked for"));
        }
        check.found.push("the account that was asked for".to_owned());
        if !matches!(self.mapping.friends, Friends::Embedded) {
            return Ok(None);
        }
        let listed = self.embedded(person.friends)?;
        check.found.push(count(&listed));
        Ok(Some(listed))
    }

    /// The endpoint that tells of friends, asked about a few of them.
    async fn check_profiles(
        self: &Arc<Self>,
        limits: &Arc<Limits>,
        mut accounts: Vec<Option<String>>,
        now: Timestamp,
    ) -> EndpointCheck {
        let profiles = self.mapping.profiles.as_ref();
        let path = profiles.map_or(&self.mapping.person, |profiles| &profiles.path);
        let mut check = EndpointCheck::of(path.as_str());
        accounts.truncate(profiles.map_or(1, |profiles| profiles.people_max));
        let asked = accounts.len();
        let documents = match self.within(limits, self.documents(limits, accounts)).await {
            Ok(documents) => documents,
            Err(error) => return check.with_problem(error.to_string()),
        };
        check.status = Some(200);
        check.found.push(format!("{} of {asked} friends", documents.len()));
        for document in &documents {
            let read = match &document.text {
                Ok(text) => self.mapping.reader.read(text, day_of(now)),
                Err(error) => return check.with_problem(error.to_string()),
            };
            match read {
                Ok(person) => merge(&mut check.fields, self.mapping.reader.fields_of(&person)),
                Err(error) => return check.with_problem(error.to_string()),
            }
        }
        if documents.is_empty() { check.with_problem("nobody was told of") } else { check }
    }

    async fn within<T>(
        &self,
        limits: &Limits,
        asking: impl Future<Output = Result<T, SourceError>>,
    ) -> Result<T, SourceError> {
        let late = SourceError::Late { limit_ms: self.timeout_ms };
        tokio::time::timeout_at(limits.deadline, asking).await.unwrap_or(Err(late))
    }
}

fn list_check(
    endpoint: &str,
    listed: Result<Listed, SourceError>,
) -> (EndpointCheck, Option<Listed>) {
    let mut check = EndpointCheck::of(endpoint);
    match listed {
        Ok(listed) => {
            check.status = Some(200);
            check.found.push(count(&listed));
            (check, Some(listed))
        }
        Err(error) => (check.with_problem(error.to_string()), None),
    }
}

fn count(listed: &Listed) -> String {
    format!("a list of {} friends", listed.len())
}

fn merge<'f>(fields: &mut Vec<FoundField>, of_person: impl Iterator<Item = (&'f str, bool)>) {
    for (name, is_there) in of_person {
        match fields.iter_mut().find(|field| field.name == name) {
            Some(field) => field.is_there |= is_there,
            None => fields.push(FoundField { name: name.to_owned(), is_there }),
        }
    }
}
