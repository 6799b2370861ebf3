//! `POST /decide`: a platform that serves its own answers has them decided and logged here, and gets
//! masks, reasons and the proof to send along. Which fields of whom went out is then as bound as in an
//! answer of the read API; that the platform sends what the masks say, and what values it sends, is not:
//! see docs/decide.md.

use std::sync::Arc;

use axum::extract::{FromRequestParts, State};
use axum::http::StatusCode;
use axum::http::request::Parts;
use countersign_domain::decide::decide;
use countersign_domain::time::Timestamp;
use countersign_log::append::AppendError;
use serde::{Deserialize, Serialize};

use super::Gateway;
use super::admin::AdminError;
use super::bearer;
use super::credentials;
use super::errors::GraphError;
use super::extract::Json;
use super::masks::Compiled;
use super::proof::Proof;
use super::release::{Decidable, Decision, ReleaseError, release};
use crate::source::elsewhere::{self, Elsewhere};
use crate::store::{GrantId, GrantRecord};
use masks::{Masks, Told};
use question::Question;
use refusal::Refusal;

pub mod masks;
pub mod question;
pub mod refusal;
pub mod subrequest;

/// The most questions in one call.
const QUESTIONS_MAX: usize = 50;

/// The largest body of a call, in bytes: candidates are named in it.
pub(super) const CALL_BYTES_MAX: usize = 16 << 20;

/// Some questions, each of which is decided by itself.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Call {
    /// The questions, at most fifty.
    pub questions: Vec<Question>,
}

/// What came of each question, in their order.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Answers {
    /// Masks, or why there are none.
    pub answers: Vec<Outcome>,
}

/// What came of a question.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// It was decided, and the disclosure is durable in the log.
    Masks(Box<Masks>),
    /// There is nothing to send.
    Error(Box<Refusal>),
}

/// Proof that a call carries the token of `/decide`; looked at before its body is.
pub struct MayDecide;

impl FromRequestParts<Arc<Gateway>> for MayDecide {
    type Rejection = AdminError;

    async fn from_request_parts(
        parts: &mut Parts,
        gateway: &Arc<Gateway>,
    ) -> Result<Self, AdminError> {
        let presented = bearer::presented(&parts.headers);
        if presented.is_some_and(|presented| gateway.decide_token.opens_for(presented)) {
            return Ok(Self);
        }
        Err(AdminError::unauthorised(
            "the token of /decide is needed: Authorization: Bearer, with the content of keys/decide.token",
        ))
    }
}

/// Decides and logs.
///
/// # Errors
/// [`AdminError`] 422 for more questions than a call may have. What is wrong with one question is said
/// in its place, and the others are answered.
pub async fn post(
    _: MayDecide,
    State(gateway): State<Arc<Gateway>>,
    Json(call): Json<Call>,
) -> Result<Json<Answers>, AdminError> {
    let found = call.questions.len();
    if found > QUESTIONS_MAX {
        return Err(AdminError {
            status: StatusCode::UNPROCESSABLE_ENTITY,
            message: format!(
                "questions: {found} are too many; ask at most {QUESTIONS_MAX} at once"
            ),
        });
    }
    // All at once, so that they share an fdatasync. What has begun goes on if the caller hangs up.
    let deciding: Vec<_> = call
        .questions
        .into_iter()
        .map(|question| {
            let gateway = Arc::clone(&gateway);
            tokio::spawn(async move { answer(&gateway, &question).await })
        })
        .collect();
    let mut answers = Vec::with_capacity(deciding.len());
    for outcome in deciding {
        // A question that panicked has said so itself, and takes no other one along.
        let outcome = outcome.await.unwrap_or_else(|error| Err(Refusal::maybe_logged(error)));
        answers.push(match outcome {
            Ok(masks) => Outcome::Masks(Box::new(masks)),
            Err(refusal) => Outcome::Error(Box::new(refusal)),
        });
    }
    Ok(Json(Answers { answers }))
}

/// Decides one question and logs it.
async fn answer(gateway: &Gateway, question: &Question) -> Result<Masks, Refusal> {
    let request = question.digest()?;
    let now = gateway.log.believed_now().map_err(|error| Refusal::failed(&error))?;
    let access = gateway.tokens.verify(&question.token, now).map_err(|e| Refusal::token(&e))?;
    let proof = question.request.appsecret_proof.as_deref();
    credentials::check_proof(gateway, &access.client, &question.token, proof)
        .map_err(|e| Refusal::token(&e))?;
    gateway.usage.admit(&access.client, now).1.map_err(|e| Refusal::token(&e))?;
    let stored = gateway.people.grant(access.grant).map_err(|error| Refusal::failed(&error))?;
    let stored = stored.ok_or_else(Refusal::ended)?;
    if stored.grant.purpose.as_str() != question.purpose {
        return Err(Refusal::another_purpose());
    }
    let asked = Asked {
        gateway,
        build: access.build.as_str(),
        grant: access.grant,
        stored: &stored,
        question,
    };
    let under = (access.grant, question.request.client_ip);
    let releasing = release(gateway, request, under, &asked);
    let (released, Context { places, compiled }) =
        releasing.await.map_err(|error| match error {
            ReleaseError::Undecided(refusal) => refusal,
            ReleaseError::NotLogged(AppendError::Refused(refusal)) => Refusal::stopped(&refusal),
            ReleaseError::NotLogged(error) => Refusal::failed(&error),
            ReleaseError::Withheld => Refusal::withheld(),
            ReleaseError::Unwitnessed => Refusal::unwitnessed(),
            ReleaseError::DiskReserved => Refusal::disk_reserved(),
        })?;
    let schema = compiled.register().schema().ok_or_else(Refusal::unknown_build)?;
    let told = Told { question, decided: released.decided(), places: &places, schema };
    let mut masks = told.masks(released.placed());
    let people_count = released.decided().records.len();
    // No value is here to be read: the body is the platform's.
    let answer = released.answer(|_| Vec::new());
    let proof = Proof::of(&answer, None, gateway).map_err(Refusal::maybe_logged)?;
    gateway.metrics.released(people_count, 0);
    let headers = proof.into_headers().map(|(name, value)| (name.to_owned(), value));
    masks.headers = headers.into();
    Ok(masks)
}

/// One question with whom its token stands for.
struct Asked<'a> {
    gateway: &'a Gateway,
    build: &'a str,
    grant: GrantId,
    stored: &'a GrantRecord,
    question: &'a Question,
}

/// What is needed to tell of a decision, beside itself.
struct Context {
    places: Vec<usize>,
    compiled: Arc<Compiled>,
}

impl Decidable for Asked<'_> {
    type Context = Context;
    type Error = Refusal;

    async fn decide(&self, now: Timestamp) -> Result<Decision<Context>, Refusal> {
        let Self { gateway, grant: granted, stored, question, .. } = self;
        let view = gateway.log.view();
        let compiled = gateway.masks.of(&view.register);
        let basis = compiled.basis(self.build, &question.purpose, now);
        let basis = basis.ok_or_else(Refusal::unknown_build)?;
        if question.request.token_in_query && !basis.query_token {
            return Err(Refusal::token(&GraphError::token_in_query()));
        }
        let schema = compiled.register().schema().ok_or_else(Refusal::unknown_build)?;
        gateway.check_receipts_key(compiled.register()).map_err(Refusal::broken)?;
        let request = question.request(schema)?;
        let viewer = gateway.people.person_of_account(&question.viewer.account);
        if viewer.map_err(|error| Refusal::failed(&error))? != Some(stored.viewer) {
            return Err(Refusal::another_viewer());
        }
        let people = question.people(schema)?;
        // INVARIANT: as in `Inquiry::decide_once`, the grant is read behind the look at the log.
        if !gateway.people.is_granted(*granted).map_err(|error| Refusal::failed(&error))? {
            return Err(Refusal::ended());
        }
        let circle = elsewhere::circle(&gateway.naming, stored.viewer, &basis.partner, &people);
        let Elsewhere { people, places } = circle.await.map_err(|error| Refusal::people(&error))?;
        let narrowed = question.request.sec_gpc.then(|| stored.grant.under_gpc(schema.special()));
        let grant = narrowed.as_ref().unwrap_or(&stored.grant);
        let permitted = decide(&basis, grant, request, people, now, view.as_of)
            .map_err(|refused| Refusal::refused(refused.reason))?;
        Ok((permitted, Context { places, compiled }))
    }
}
