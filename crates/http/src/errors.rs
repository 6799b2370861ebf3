//! What a partner is told when there is no answer: the Graph API's error envelope and codes.
//!
//! A message speaks of the request, the token, the build or the agreement, which are the partner's own
//! affair. It depends on nobody's settings but the viewer's own id: error 200 on `/me` says that the viewer closed it
//! or never granted it, which sound the same.

use axum::http::{HeaderValue, Method, StatusCode, header};
use axum::response::{IntoResponse, Response};
use countersign_domain::identifier::Identifier;
use countersign_domain::reason::Reason;
use serde_json::json;

use crate::served::Failure;

/// An error in the Graph API's envelope.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct GraphError {
    /// The HTTP status.
    pub status: StatusCode,
    /// For the developer who reads it.
    pub message: String,
    /// The Graph API's class of error.
    pub kind: &'static str,
    /// The Graph API's code.
    pub code: u32,
    /// The Graph API's subcode.
    pub subcode: Option<u32>,
    /// The reason of the decision, if it was one. No client is told.
    pub reason: Option<Reason>,
}

const OAUTH: &str = "OAuthException";
const GRAPH_METHOD: &str = "GraphMethodException";

/// How much of a message goes into a header, which has room for less than a body.
const CHALLENGE_CHARS_MAX: usize = 256;

impl GraphError {
    const fn new(status: StatusCode, code: u32, message: String) -> Self {
        Self { status, message, kind: OAUTH, code, subcode: None, reason: None }
    }

    const fn with_subcode(mut self, subcode: u32) -> Self {
        self.subcode = Some(subcode);
        self
    }

    fn bad_request(code: u32, message: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, code, message.into())
    }

    /// No token came with the request.
    #[must_use]
    pub fn no_token() -> Self {
        Self::bad_request(
            2500,
            "An active access token must be used to query information about the current user.",
        )
    }

    /// No token came with a request that is not about `me`.
    #[must_use]
    pub fn no_token_for_object() -> Self {
        Self::bad_request(104, "An access token is required to request this resource.")
    }

    /// The same error, where a token came whose header does not say that it is one.
    #[must_use]
    pub fn for_want_of_scheme(mut self) -> Self {
        self.message.push_str(
            " The Authorization header has a token without a scheme: send 'Authorization: Bearer TOKEN'.",
        );
        self
    }

    /// An app access token, which has no viewer, came with a request about one.
    #[must_use]
    pub fn no_viewer() -> Self {
        Self::bad_request(102, "A user access token is required to request this resource.")
    }

    /// A parameter that has to be there is not.
    #[must_use]
    pub fn missing_parameter(name: &str) -> Self {
        Self::bad_request(100, format!("(#100) The parameter {name} is required"))
    }

    /// Nobody says which client asks for a token.
    #[must_use]
    pub fn missing_client() -> Self {
        Self::bad_request(101, "Missing client_id parameter.")
    }

    /// The client is unknown, has no secret, or has another one.
    #[must_use]
    pub fn wrong_client_secret() -> Self {
        Self::bad_request(1, "Error validating client secret.")
    }

    /// The secret within an app access token is not the client's.
    #[must_use]
    pub fn wrong_token_signature() -> Self {
        Self::bad_request(190, "Invalid OAuth access token signature.")
    }

    /// A kind of grant for which there are no tokens here.
    #[must_use]
    pub fn unsupported_grant_type() -> Self {
        Self::bad_request(
            100,
            "(#100) Unsupported grant_type: client_credentials and fb_exchange_token are understood; codes are not exchanged here",
        )
    }

    /// The proof was not made with the client's secret from this token.
    #[must_use]
    pub fn wrong_proof() -> Self {
        let message = "Invalid appsecret_proof provided in the API argument";
        Self { kind: GRAPH_METHOD, ..Self::bad_request(100, message) }
    }

    /// The platform asks for a proof.
    #[must_use]
    pub fn missing_proof() -> Self {
        let message = "API calls from the server require an appsecret_proof argument";
        Self { kind: GRAPH_METHOD, ..Self::bad_request(100, message) }
    }

    /// The client has used up its hour.
    #[must_use]
    pub fn too_many_calls() -> Self {
        let message = "(#4) Application request limit reached".to_owned();
        Self::new(StatusCode::FORBIDDEN, 4, message)
    }

    /// The token is not one of ours.
    #[must_use]
    pub fn malformed_token() -> Self {
        Self::bad_request(190, "The access token could not be decrypted")
    }

    /// The token has expired.
    #[must_use]
    pub fn expired_token() -> Self {
        Self::bad_request(190, "Error validating access token: Session has expired.")
            .with_subcode(463)
    }

    /// The grant behind the token has ended.
    #[must_use]
    pub fn ended_grant() -> Self {
        Self::bad_request(
            190,
            "Error validating access token: The session was invalidated explicitly using an API call.",
        )
        .with_subcode(466)
    }

    /// The time for which the viewer gave the grant is over.
    #[must_use]
    pub fn grant_over(client: &Identifier) -> Self {
        Self::bad_request(
            190,
            format!(
                "Error validating access token: The user has not authorized application {client}."
            ),
        )
        .with_subcode(458)
    }

    /// The agreement wants tokens in the header.
    #[must_use]
    pub fn token_in_query() -> Self {
        Self::bad_request(
            190,
            "The agreement does not allow an access token in the query: send it as 'Authorization: Bearer TOKEN'.",
        )
    }

    /// The path leads nowhere.
    #[must_use]
    pub fn unknown_path(path: &str) -> Self {
        Self::bad_request(2500, format!("Unknown path components: {path}"))
    }

    /// Only reading is supported.
    #[must_use]
    pub fn unsupported_method(method: &Method) -> Self {
        let method = method.as_str().to_lowercase();
        Self {
            kind: GRAPH_METHOD,
            ..Self::bad_request(
                100,
                format!("Unsupported {method} request: this API is read with GET"),
            )
        }
    }

    /// A name stands where an id should.
    #[must_use]
    pub fn no_usernames(name: &str) -> Self {
        Self::bad_request(803, format!("(#803) Cannot query users by their username ({name})"))
    }

    /// There is nobody of this id whom this viewer's client may see. The one answer for a person who is
    /// not a friend, who closed this route, or who does not exist.
    #[must_use]
    pub fn no_such_object(id: &str) -> Self {
        Self {
            kind: GRAPH_METHOD,
            ..Self::bad_request(
                100,
                format!(
                    "Unsupported get request. Object with ID '{id}' does not exist, cannot be loaded due to missing permissions, or does not support this operation"
                ),
            )
            .with_subcode(33)
        }
    }

    /// There is no friend-of-friend.
    #[must_use]
    pub fn friends_of_friends() -> Self {
        Self::new(
            StatusCode::FORBIDDEN,
            10,
            "(#10) Friends of friends cannot be read by any client.".to_owned(),
        )
    }

    /// The field is not in the schema.
    #[must_use]
    pub fn nonexisting_field(name: &str) -> Self {
        Self::bad_request(
            100,
            format!("(#100) Tried accessing nonexisting field ({name}) on node type (User)"),
        )
    }

    /// The field cannot be taken apart.
    #[must_use]
    pub fn no_subfields(name: &str) -> Self {
        Self::bad_request(
            100,
            format!(
                "(#100) The field ({name}) is released whole: ask for it without braces or modifiers"
            ),
        )
    }

    /// The expansion cannot be read.
    #[must_use]
    pub fn syntax(problem: &str, at: usize) -> Self {
        Self::bad_request(2500, format!("Syntax error in fields: {problem} at character {at}"))
    }

    /// A parameter has a value that it cannot have.
    #[must_use]
    pub fn wrong_parameter(name: &str, expected: &str) -> Self {
        Self::bad_request(100, format!("(#100) Invalid parameter {name}: {expected} is expected"))
    }

    /// A modifier that there is not.
    #[must_use]
    pub fn unknown_parameter(name: &str) -> Self {
        Self::bad_request(
            100,
            format!(
                "(#100) Unknown modifier ({name}): limit, after, before and summary are understood"
            ),
        )
    }

    /// A field under a name that the schema does not have.
    #[must_use]
    pub fn no_renaming(name: &str) -> Self {
        Self::bad_request(
            100,
            format!(
                "(#100) The field ({name}) keeps its name: with as(…) an answer could not be held against its entry in the log"
            ),
        )
    }

    /// A field under two of its names, of which an object of the answer has one.
    #[must_use]
    pub fn field_by_two_names(name: &str) -> Self {
        Self::bad_request(
            100,
            format!(
                "(#100) The field ({name}) is asked for by another of its names already: use one"
            ),
        )
    }

    /// Both ends of a page.
    #[must_use]
    pub fn two_cursors() -> Self {
        Self::bad_request(100, "(#100) Only one of after and before can be given")
    }

    /// The parameter `ids` names nobody.
    #[must_use]
    pub fn empty_identifier() -> Self {
        Self::bad_request(2500, "Cannot specify an empty identifier")
    }

    /// The path names somebody, and the parameter `ids` others.
    #[must_use]
    pub fn ids_beside_node() -> Self {
        Self::bad_request(100, "(#100) Invalid parameter ids: the path names a person already")
    }

    /// The parameter `ids` names too many.
    #[must_use]
    pub fn too_many_ids(ids_max: usize) -> Self {
        Self::bad_request(100, format!("(#100) Too many IDs. Maximum: {ids_max}."))
    }

    /// Somebody of these is nobody whom this viewer's client may see. It names everybody who was asked for,
    /// and so does not tell who may be seen.
    #[must_use]
    pub fn unknown_aliases(names: &str) -> Self {
        Self::bad_request(
            803,
            format!("(#803) Some of the aliases you requested do not exist: {names}"),
        )
    }

    /// The request's body is not what its content type says.
    #[must_use]
    pub fn malformed_body(expected: &str) -> Self {
        Self::bad_request(100, format!("(#100) The request's body is not {expected}"))
    }

    /// A parameter that stands twice, with two values.
    #[must_use]
    pub fn doubled_parameter(name: &str) -> Self {
        Self::bad_request(
            100,
            format!(
                "(#100) Invalid parameter {name}: it stands there twice with two values; one is expected"
            ),
        )
    }

    /// JSONP runs an answer as a program in somebody's page.
    #[must_use]
    pub fn no_jsonp() -> Self {
        Self::bad_request(100, "(#100) Invalid parameter callback: answers are JSON, never JSONP")
    }

    /// A batch that cannot be read.
    #[must_use]
    pub fn malformed_batch(problem: &str) -> Self {
        Self::bad_request(100, format!("(#100) Invalid parameter batch: {problem}"))
    }

    /// A batch of too many operations.
    #[must_use]
    pub fn too_many_operations(operations_max: usize) -> Self {
        let message =
            format!("Too many requests in batch message. Maximum batch size is {operations_max}");
        Self { kind: "GraphBatchException", ..Self::bad_request(100, message) }
    }

    /// A batch within a batch.
    #[must_use]
    pub fn nested_batch() -> Self {
        Self::bad_request(100, "(#100) A batch cannot be an operation of a batch")
    }

    /// The client's nonce is too long.
    #[must_use]
    pub fn long_nonce(bytes_max: usize) -> Self {
        Self::bad_request(100, format!("(#100) Countersign-Nonce may have {bytes_max} bytes"))
    }

    /// The build and purpose of the token are not in the register.
    #[must_use]
    pub fn unknown_build() -> Self {
        Self::new(
            StatusCode::FORBIDDEN,
            10,
            "(#10) The build or purpose that this token names is not registered.".to_owned(),
        )
    }

    /// The client is suspended.
    #[must_use]
    pub fn suspended() -> Self {
        Self::refused(Reason::Suspended)
    }

    /// No answer may be given, for this reason. Reasons that are about people sound all the same.
    #[must_use]
    pub fn refused(reason: Reason) -> Self {
        let (code, message) = match reason {
            Reason::Suspended => (10, "(#10) This client is suspended."),
            Reason::Build => (10, "(#10) This build is not approved, or its approval was revoked."),
            Reason::Agreement
            | Reason::WindDown
            | Reason::Certification
            | Reason::Obligation
            | Reason::Budget => (10, "(#10) The agreement does not allow this now."),
            Reason::Screening | Reason::Territory => {
                (10, "(#10) This partner may not receive data.")
            }
            Reason::Grant | Reason::Settings | Reason::Minor | Reason::SpecialCategory => {
                (200, "(#200) Permissions error")
            }
        };
        let error = Self::new(StatusCode::FORBIDDEN, code, message.to_owned());
        Self { reason: Some(reason), ..error }
    }

    /// The head is above the limit.
    #[must_use]
    pub fn long_head(expected: &str) -> Self {
        let status = StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE;
        Self::new(status, 100, format!("(#100) The request is too long: {expected}"))
    }

    /// The request did not come over https.
    #[must_use]
    pub fn not_https() -> Self {
        Self::new(StatusCode::FORBIDDEN, 1, "(#1) Use https, at the public address.".to_owned())
    }

    /// The body is above the limit, or it broke off.
    #[must_use]
    pub fn unread_body(status: StatusCode) -> Self {
        Self::new(
            status,
            100,
            "(#100) The body is too large, took too long, or broke off.".to_owned(),
        )
    }

    /// Something of ours is wrong, and trying again does not mend it: the operator has to.
    #[must_use]
    pub fn unknown() -> Self {
        Self::new(
            StatusCode::INTERNAL_SERVER_ERROR,
            1,
            "An unknown error occurred: nothing was released.".to_owned(),
        )
    }

    /// Something of ours went wrong when the disclosure was in the log already.
    #[must_use]
    pub fn undelivered() -> Self {
        Self::new(
            StatusCode::INTERNAL_SERVER_ERROR,
            1,
            "An unknown error occurred: there is no answer, but the log may have an entry of it."
                .to_owned(),
        )
    }

    /// The agreement has answers wait for witnesses of the log, and too few cosigned in time.
    #[must_use]
    pub fn unwitnessed() -> Self {
        Self::new(
            StatusCode::SERVICE_UNAVAILABLE,
            2,
            "Service temporarily unavailable: the log's witnesses did not answer in time, so nothing was released, but the log has an entry of it. Try again later.".to_owned(),
        )
    }

    /// Too much is under way; the request was not begun.
    #[must_use]
    pub fn busy() -> Self {
        Self::new(
            StatusCode::SERVICE_UNAVAILABLE,
            2,
            "Service temporarily unavailable: too much is under way, so nothing was released. Try again later.".to_owned(),
        )
    }

    /// The request took too long, or its answer found no room to wait in until it is sent.
    #[must_use]
    pub fn unsent() -> Self {
        Self::new(
            StatusCode::SERVICE_UNAVAILABLE,
            2,
            "Service temporarily unavailable: there is no answer, but the log may have an entry of it. Try again later.".to_owned(),
        )
    }

    /// The log's disk has only room left that is kept for acts, choices and erasures. The operator has to make some.
    #[must_use]
    pub fn disk_reserved() -> Self {
        Self::new(
            StatusCode::INSUFFICIENT_STORAGE,
            1,
            "The disk of the log is nearly full, so nothing was released. The operator has to make room.".to_owned(),
        )
    }

    /// Something of ours fails; the client may try again.
    #[must_use]
    pub fn unavailable() -> Self {
        Self::new(
            StatusCode::SERVICE_UNAVAILABLE,
            2,
            "Service temporarily unavailable: nothing was released. Try again later.".to_owned(),
        )
    }
}

impl GraphError {
    /// Whether it is a decision that says no.
    pub(super) const fn is_refusal(&self) -> bool {
        matches!(self.code, 10 | 200)
    }

    /// Whether the same request may be answered later.
    const fn is_transient(&self) -> bool {
        matches!(self.code, 2 | 4)
    }

    /// What the Graph API says in `WWW-Authenticate` when it is the request that was wrong.
    fn challenge(&self) -> Option<HeaderValue> {
        if !self.status.is_client_error() {
            return None;
        }
        let reason = if self.code == 190 { "invalid_token" } else { "invalid_request" };
        let shown = |c: char| match c {
            '"' => '\'',
            c if c == ' ' || c.is_ascii_graphic() => c,
            _ => '?',
        };
        let message: String = self.message.chars().take(CHALLENGE_CHARS_MAX).map(shown).collect();
        HeaderValue::try_from(format!(r#"OAuth "Facebook Platform" "{reason}" "{message}""#)).ok()
    }

    /// The answer in place of an answer.
    #[must_use]
    pub fn into_reply(self) -> axum::http::Response<Vec<u8>> {
        let challenge = self.challenge();
        let trace = trace_id();
        let mut error = json!({
            "message": self.message,
            "type": self.kind,
            "code": self.code,
            "fbtrace_id": trace,
        });
        if let (Some(members), Some(subcode)) = (error.as_object_mut(), self.subcode) {
            members.insert("error_subcode".to_owned(), subcode.into());
        }
        if self.is_transient() {
            error["is_transient"] = true.into();
        }
        let body = json!({ "error": error }).to_string();
        let mut response = axum::http::Response::new(body.into_bytes());
        *response.status_mut() = self.status;
        let Self { code, reason, .. } = self;
        response.extensions_mut().insert(Failure { code, reason, trace });
        let json = HeaderValue::from_static("application/json; charset=UTF-8");
        response.headers_mut().insert(header::CONTENT_TYPE, json);
        if self.status == StatusCode::SERVICE_UNAVAILABLE {
            response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from_static("1"));
        }
        if let Some(challenge) = challenge {
            response.headers_mut().insert(header::WWW_AUTHENTICATE, challenge);
        }
        response
    }
}

impl IntoResponse for GraphError {
    fn into_response(self) -> Response {
        self.into_reply().map(axum::body::Body::from)
    }
}

/// A random name for one failed request, which a partner can quote. It is derived from nothing.
fn trace_id() -> String {
    let mut bytes = [0; 8];
    // Without randomness the id is all zeros: it only helps to find a line, nothing rests on it.
    let _ = getrandom::fill(&mut bytes);
    const_hex::encode(bytes)
}
