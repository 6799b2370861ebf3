//! A batch: up to fifty calls in one request, each of them a disclosure of its own with its own receipt.
//!
//! What does not depend on one another is done at once. What could not be begun in time is `null`, and the client asks
//! for it again: nothing of it was appended.

use std::borrow::Cow;
use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::body::Bytes;
use axum::http::{HeaderName, HeaderValue, Response, StatusCode, header};
use countersign_protocol::receipt::{OPERATION_BODY_HEADER, OPERATION_URL_HEADER, operation_nonce};
use countersign_service::operations::room::Room;
use countersign_service::operations::usage::ClientUsage;
use operation::{Operation, Resolved};
use schedule::Start;
use serde::Serialize;
use serde_json::Value;
use tokio::time::{Instant, timeout_at};

use super::asker::Pace;
use super::call;
use super::outcome::{self, Answered, Stop, refused};
use super::request::{OfBatch, Request, Sent, Token};
use super::version::Version;
use crate::deliver::Reply;
use crate::errors::GraphError;
use crate::gateway::Gateway;
use crate::network::answers::{AnswerBudget, Reservation};
use crate::trouble::undelivered;

mod operation;
mod path;
mod reference;
mod schedule;

/// The most operations of a batch.
const OPERATIONS_MAX: usize = 50;

/// The most operations that are done at once: one batch leaves room for others.
const AT_ONCE_MAX: usize = 8;

/// How much the bodies of one batch may come to before no more of its operations are begun, in bytes. Fifty
/// whole lists of friends would be gigabytes, all of which are held until the last one is there.
const BODIES_BYTES_MAX: usize = 64 * 1024 * 1024;

/// How many times the bytes of a body the value takes that is read of it.
const VALUE_PER_BODY: usize = 8;

/// What headers begin with that are proof, and so are never left out.
const PROOF: &str = "countersign-";

/// What all operations of a batch share.
struct Shared {
    gateway: Arc<Gateway>,
    client: IpAddr,
    sec_gpc: bool,
    nonce: Vec<u8>,
    token: Option<Token<'static>>,
    version: Version,
    /// Whether the operations stand in the query.
    in_query: bool,
    deadline: Instant,
}

/// An operation that was done.
struct Done {
    reply: Reply,
    /// Its body, if another operation may refer to it.
    value: Option<Value>,
    /// What the client uses, where it is known which client asked.
    usage: Option<Arc<ClientUsage>>,
    /// Its room among the answers that are not sent yet.
    _room: Reservation,
}

impl Done {
    fn new(
        budget: &Arc<AnswerBudget>,
        reply: Reply,
        value: Option<Value>,
        usage: Option<Arc<ClientUsage>>,
    ) -> Self {
        let copies = if value.is_some() { 1 + VALUE_PER_BODY } else { 1 };
        let _room = budget.take_anyway(reply.body().len() * copies);
        Self { reply, value, usage, _room }
    }
}

/// The answer to a batch. What is wrong with an operation is in it.
pub(super) async fn answer(
    gateway: &Arc<Gateway>,
    request: &Request<'_>,
    operations: &str,
) -> Answered {
    match operation::parse(operations, OPERATIONS_MAX) {
        Ok(operations) => answer_each(gateway, request, &operations).await,
        Err(error) => error.into(),
    }
}

async fn answer_each(
    gateway: &Arc<Gateway>,
    request: &Request<'_>,
    operations: &[Operation],
) -> Answered {
    let dependencies: Vec<_> = operations.iter().map(|one| one.dependencies.clone()).collect();
    let timeout = Duration::from_millis(gateway.settings.graph.batch_timeout_ms);
    let deadline = Instant::now() + timeout;
    let shared = Arc::new(Shared {
        gateway: Arc::clone(gateway),
        client: request.sent.client,
        sec_gpc: request.sent.sec_gpc,
        nonce: request.sent.nonce.to_vec(),
        token: request.token.clone().map(Token::into_owned),
        version: request.path.version,
        in_query: request.query.batch_in_query,
        deadline,
    });
    let mut readers = Readers::of(operations);
    let start = |number: usize, done: &mut [Option<Done>]| {
        let Some(operation) = operations.get(number) else { return Start::Ended(None) };
        let has_room = !shared.gateway.unsent_answers.is_used_up();
        let started = if bodies_bytes(done) > BODIES_BYTES_MAX || !has_room {
            Start::Ended(None)
        } else {
            start(&shared, number, operation, operations, done)
        };
        readers.started(operation, done);
        started
    };
    let done = schedule::run(&dependencies, AT_ONCE_MAX, deadline, start).await;
    let usage = done.iter().flatten().find_map(|done| done.usage.clone());
    let with_headers = !matches!(request.query.include_headers.as_deref(), Some("false" | "0"));
    Answered { reply: reply(operations, done, with_headers).map_err(Stop::from), usage }
}

fn reply(
    operations: &[Operation],
    done: Vec<Option<Done>>,
    with_headers: bool,
) -> Result<Reply, GraphError> {
    let mut reply = Response::new(written(operations, done, with_headers)?);
    let json = HeaderValue::from_static("application/json; charset=UTF-8");
    reply.headers_mut().insert(header::CONTENT_TYPE, json);
    let private = HeaderValue::from_static("private, no-store");
    reply.headers_mut().insert(header::CACHE_CONTROL, private);
    Ok(reply)
}

/// Begins an operation, once those that it depends on have ended. Where one of them has no answer, nor
/// has this one.
fn start(
    shared: &Arc<Shared>,
    number: usize,
    operation: &Operation,
    operations: &[Operation],
    done: &[Option<Done>],
) -> Start<Done, impl Future<Output = Option<Done>> + Send + 'static + use<>> {
    let answered = |number: &usize| {
        done.get(*number)
            .and_then(Option::as_ref)
            .filter(|done| done.reply.status() == StatusCode::OK)
    };
    if !operation.dependencies.iter().all(|number| answered(number).is_some()) {
        return Start::Ended(None);
    }
    let value_of = |name: &str| {
        let number = operations.iter().position(|one| one.name.as_deref() == Some(name))?;
        answered(&number)?.value.as_ref()
    };
    match operation.resolve(value_of) {
        Ok(resolved) => Start::Begun(perform(Arc::clone(shared), number, resolved)),
        Err(error) => {
            let reply = refused(&shared.gateway, Stop::Error(error));
            let budget = &shared.gateway.unsent_answers;
            Start::Ended(Some(Done::new(budget, reply, None, None)))
        }
    }
}

/// `None` if the batch's time is over.
async fn perform(shared: Arc<Shared>, number: usize, operation: Resolved) -> Option<Done> {
    let room = timeout_at(shared.deadline, Room::take(&shared.gateway.service.operations));
    let Ok(Some(room)) = room.await else { return None };
    let nonce = operation_nonce(&shared.nonce, number);
    let Resolved { method, url, body, access_token, is_referred_to, .. } = &operation;
    let sent = Sent {
        client: shared.client,
        method,
        path_and_query: url,
        content_type: None,
        body: Bytes::copy_from_slice(body.as_bytes()),
        sec_gpc: shared.sec_gpc,
        nonce: &nonce,
        token: access_token.as_deref(),
        basic: None,
        lacks_scheme: false,
        version: shared.version,
        of_batch: Some(OfBatch { token: shared.token.clone(), in_query: shared.in_query }),
    };
    let began = std::time::Instant::now();
    let pace = Pace { began, deadline: Some(shared.deadline), room: Some(&room) };
    let Answered { reply, usage } = match Request::parse(&sent) {
        Ok(request) => call::answer(&shared.gateway, request, pace).await,
        Err(error) => error.into(),
    };
    if let Err(Stop::Late) = reply {
        return None;
    }
    let mut reply = outcome::written(&shared.gateway, &sent, reply);
    let value = is_referred_to.then(|| serde_json::from_slice(reply.body()).ok()).flatten();
    if reply.status() == StatusCode::OK {
        tell(&mut reply, OPERATION_URL_HEADER, operation.url_as_resolved());
        tell(&mut reply, OPERATION_BODY_HEADER, operation.body_as_resolved());
    }
    Some(Done::new(&shared.gateway.unsent_answers, reply, value, usage))
}

/// Tells what became of a text with references, which the receipt covers.
fn tell(reply: &mut Reply, name: &'static str, resolved: Option<&str>) {
    if let Some(value) = resolved.and_then(|text| HeaderValue::from_str(text).ok()) {
        reply.headers_mut().insert(HeaderName::from_static(name), value);
    }
}

/// What the bodies of what was done come to.
fn bodies_bytes(done: &[Option<Done>]) -> usize {
    done.iter().flatten().map(|done| done.reply.body().len()).sum()
}

/// How many operations that were not begun yet use the answer of each operation.
struct Readers(Vec<usize>);

impl Readers {
    fn of(operations: &[Operation]) -> Self {
        let mut readers = Self(vec![0; operations.len()]);
        for number in operations.iter().flat_map(|operation| &operation.dependencies) {
            if let Some(count) = readers.0.get_mut(*number) {
                *count += 1;
            }
        }
        readers
    }

    /// What nobody will use any more is dropped.
    fn started(&mut self, operation: &Operation, done: &mut [Option<Done>]) {
        for number in &operation.dependencies {
            let Some(count) = self.0.get_mut(*number) else { continue };
            *count = count.saturating_sub(1);
            if *count == 0
                && let Some(Some(done)) = done.get_mut(*number)
            {
                done.value = None;
            }
        }
    }
}

/// One member of the answer.
#[derive(Serialize)]
struct Member<'a> {
    code: u16,
    headers: Vec<Header<'a>>,
    body: Cow<'a, str>,
}

#[derive(Serialize)]
struct Header<'a> {
    name: &'a str,
    value: Cow<'a, str>,
}

/// The body of the answer. Each reply is let go of once it is written.
fn written(
    operations: &[Operation],
    done: Vec<Option<Done>>,
    with_headers: bool,
) -> Result<Vec<u8>, GraphError> {
    let mut body = Vec::new();
    for (number, (operation, done)) in operations.iter().zip(done).enumerate() {
        body.push(if number == 0 { b'[' } else { b',' });
        match done.filter(|done| !operation.is_omitted(done.reply.status())) {
            Some(done) => write_member(&mut body, &done.reply, with_headers)?,
            None => body.extend_from_slice(b"null"),
        }
    }
    body.push(b']');
    Ok(body)
}

fn write_member(body: &mut Vec<u8>, reply: &Reply, with_headers: bool) -> Result<(), GraphError> {
    let headers = reply.headers().iter();
    let headers = headers.filter(|(name, _)| with_headers || name.as_str().starts_with(PROOF));
    let member = Member {
        code: reply.status().as_u16(),
        headers: headers
            .map(|(name, value)| Header {
                name: name.as_str(),
                value: String::from_utf8_lossy(value.as_bytes()),
            })
            .collect(),
        // A body is JSON, so no byte is replaced.
        body: String::from_utf8_lossy(reply.body()),
    };
    serde_json::to_writer(body, &member).map_err(undelivered)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn done(body: &str) -> Option<Done> {
        let value = serde_json::from_str(body).ok();
        let budget = Arc::new(AnswerBudget::new(usize::MAX));
        Some(Done::new(&budget, Response::new(body.as_bytes().to_vec()), value, None))
    }

    #[test]
    fn what_was_read_is_dropped_after_its_last_reader_and_what_is_sent_stays() {
        let batch = json!([
            { "relative_url": "me", "name": "me" },
            { "relative_url": "{result=me:$.id}?fields={result=me:$.id}" },
            { "relative_url": "{result=me:$.id}" },
            { "relative_url": "me", "name": "alone" },
        ]);
        let operations = operation::parse(&batch.to_string(), 4).unwrap();
        let mut readers = Readers::of(&operations);
        let mut all = vec![done(r#"{"id":"1"}"#), None, None, None];
        for (operation, is_there) in operations.iter().zip([true, true, false, false]) {
            readers.started(operation, &mut all);
            assert_eq!(all[0].as_ref().unwrap().value.is_some(), is_there);
        }
        assert_eq!(bodies_bytes(&all), 10);
        all[3] = done("\"x\n\"");
        let text = written(&operations, all, true).unwrap();
        let text = String::from_utf8(text).unwrap();
        let expected = r#"[null,null,null,{"code":200,"headers":[],"body":"\"x\n\""}]"#;
        assert_eq!(text, expected);
    }
}
