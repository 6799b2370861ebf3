//! `POST /decide`: a platform that serves its own answers has them decided and logged here, and gets
//! masks, reasons and the proof to send along. Which fields of whom went out is then as bound as in an
//! answer of the read API; that the platform sends what the masks say, and what values it sends, is not:
//! see docs/decide.md.

use std::sync::Arc;
use std::time::Instant;

use axum::extract::{FromRequestParts, State};
use axum::http::StatusCode;
use axum::http::request::Parts;
use countersign_domain::decide::Decided;
use countersign_domain::identifier::Identifier;
use countersign_domain::request::Request;
use countersign_domain::schema::FieldSchema;
use countersign_service::operations::disclosure::{self, Asker, Disclosure, Whom};
use countersign_service::operations::proof::Proof;
use countersign_service::operations::token::Access;
use countersign_service::spans::TARGET;
use countersign_source::elsewhere::PersonElsewhere;
use masks::{Masks, Told};
use question::Question;
use refusal::Refusal;
use serde::{Deserialize, Serialize};
use tracing::Instrument as _;
use utoipa::ToSchema;

use crate::admin_error::{AdminError, ErrorBody};
use crate::bearer;
use crate::extract::Json;
use crate::gateway::Gateway;

pub mod masks;
pub mod question;
pub mod refusal;
pub mod subrequest;

/// The most questions in one call.
const QUESTIONS_MAX: usize = 50;

/// The largest body of a call, in bytes: candidates are named in it.
pub(super) const CALL_BYTES_MAX: usize = 16 << 20;

/// Some questions, each of which is decided by itself.
#[derive(Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = Questions)]
pub struct Call {
    /// The questions, at most fifty.
    #[schema(max_items = 50)]
    pub questions: Vec<Question>,
}

/// What came of each question, in their order.
#[derive(Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = Outcomes)]
pub struct Answers {
    /// Masks, or why there are none.
    pub answers: Vec<Outcome>,
}

/// What came of a question.
#[derive(Serialize, Deserialize, ToSchema)]
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
        if presented.is_some_and(|presented| gateway.files.decide_token.opens_for(presented)) {
            return Ok(Self);
        }
        Err(AdminError::unauthorised(
            "the token of /decide is needed: Authorization: Bearer, with the content of keys/decide.token",
        ))
    }
}

/// Decide and log answers that the platform serves.
///
/// Up to fifty questions, each decided by itself: who asks, for what, about whom. Masks say which fields of whom may
/// be sent; the disclosure is then durable in the log. No value of any field comes here. docs/decide.md says what the
/// platform must do for the promise to hold.
///
/// # Errors
/// [`AdminError`] 422 for more questions than a call may have. What is wrong with one question is said
/// in its place, and the others are answered.
#[utoipa::path(
    post,
    path = "/decide",
    operation_id = "decide",
    request_body = Call,
    responses(
        (status = 200, description = "What came of each question, in their order.", body = Answers),
        (status = 413, description = "The body is above 16 MiB.", body = ErrorBody),
    ),
)]
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
            tokio::spawn(async move { answer(&gateway, &question).await }.in_current_span())
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

/// Decides one question and logs it, and counts why there are no masks.
async fn answer(gateway: &Gateway, question: &Question) -> Result<Masks, Refusal> {
    let answered = decide(gateway, question).await;
    answered.inspect_err(|refusal| {
        refusal.reason.into_iter().for_each(|reason| gateway.metrics.refused(reason));
    })
}

async fn decide(gateway: &Gateway, question: &Question) -> Result<Masks, Refusal> {
    let service = &gateway.service;
    let asked = &question.request;
    let request = question.digest()?;
    let began = Instant::now();
    let now = service.now().map_err(|error| Refusal::failed(&error))?;
    let proof = asked.appsecret_proof.as_deref();
    let step = tracing::info_span!(target: TARGET, "authenticate");
    let principal = step.in_scope(|| service.authenticate(&question.token, proof, now))?;
    let _timed = principal.timed(began, now);
    let Access::User(access) = &principal.access else { return Err(Refusal::no_viewer()) };
    let stored = service.granted(access, now)?;
    if stored.grant.purpose.as_str() != question.purpose {
        return Err(Refusal::another_purpose());
    }
    let viewer = service.known_person(&question.viewer.account);
    if viewer.map_err(|error| Refusal::failed(&error))? != Some(stored.viewer) {
        return Err(Refusal::another_viewer());
    }
    let asker = Asker {
        build: &access.build,
        grant: access.grant,
        stored: &stored,
        request,
        token_in_query: asked.token_in_query,
        sec_gpc: asked.sec_gpc,
        client_ip: asked.client_ip,
        deadline: None,
        room: None,
    };
    let Disclosure { released, compiled, places, .. } = service.disclose(&asker, question).await?;
    let schema = compiled.register().schema().ok_or_else(Refusal::unknown_build)?;
    let told = Told { question, decided: released.decided(), places: &places, schema };
    let mut masks = told.masks(released.placed());
    let people_count = released.decided().records.len();
    // No value is here to be read: the body is the platform's.
    let answer = released.answer(|_| Vec::new());
    let proof = Proof::of(&answer, None, service).map_err(Refusal::maybe_logged)?;
    gateway.metrics.released(people_count, 0);
    let headers = proof.into_headers().map(|(name, value)| (name.to_owned(), value));
    masks.headers = headers.into();
    Ok(masks)
}

/// The question in the fields of a schema.
pub struct Read {
    request: Request,
    /// The viewer, then the friends.
    people: Vec<PersonElsewhere>,
}

impl disclosure::Question for Question {
    type Read = Read;
    type Told = ();
    type Error = Refusal;

    fn read(&self, schema: &FieldSchema) -> Result<Read, Refusal> {
        Ok(Read { request: self.request(schema)?, people: self.people(schema)? })
    }

    fn whom<'a>(&'a self, read: &'a Read) -> Whom<'a> {
        Whom::Named(&read.people)
    }

    fn asked(&self, read: Read, _: &Identifier) -> (Request, Result<(), Refusal>) {
        (read.request, Ok(()))
    }

    /// The platform says itself who is in its answer.
    fn check(&self, (): &(), _: &Decided) -> Result<(), Refusal> {
        Ok(())
    }
}
