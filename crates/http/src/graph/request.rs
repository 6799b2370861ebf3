//! A request of the read API, as it came and as it was read: all that it says, before it is known who says it. An
//! operation of a batch is one too.
//!
//! What it is not: it looks nothing up. Reading depends on nothing but the request.

use std::borrow::Cow;
use std::net::IpAddr;

use axum::body::Bytes;
use axum::http::Method;
use countersign_domain::digest::Digest;
use countersign_protocol::receipt::{NONCE_BYTES_MAX, request_digest};

use super::body;
use super::path::{Endpoint, Path};
use super::query::Query;
use super::version::Version;
use crate::errors::GraphError;

/// A request as it came.
pub(super) struct Sent<'a> {
    /// Where it came from.
    pub(super) client: IpAddr,
    /// The method as sent.
    pub(super) method: &'a str,
    /// Path and query as sent.
    pub(super) path_and_query: &'a str,
    /// What the body says it is.
    pub(super) content_type: Option<&'a str>,
    /// The body as sent.
    pub(super) body: Bytes,
    /// Whether the viewer's user agent says that data be neither sold nor shared.
    pub(super) sec_gpc: bool,
    /// The client's nonce.
    pub(super) nonce: &'a [u8],
    /// The token before any in query and body: from the header, or of the operation.
    pub(super) token: Option<&'a str>,
    /// What stands after `Basic` in the header.
    pub(super) basic: Option<&'a str>,
    /// Whether the header has credentials without a scheme.
    pub(super) lacks_scheme: bool,
    /// The version that answers where the path has none.
    pub(super) version: Version,
    /// What the batch says for it, where it is an operation of one.
    pub(super) of_batch: Option<OfBatch<'a>>,
}

/// What a batch says for its operations.
pub(super) struct OfBatch<'a> {
    /// The token of those that have none.
    pub(super) token: Option<Token<'a>>,
    /// Whether the operations stand in the query, with all that is in them.
    pub(super) in_query: bool,
}

/// A bearer token.
#[derive(Clone, PartialEq, Eq)]
pub(super) struct Token<'a> {
    pub(super) text: Cow<'a, str>,
    /// Whether it came in a query, where agreements have to allow it.
    pub(super) in_query: bool,
    /// The proof that came with it.
    pub(super) proof: Option<Cow<'a, str>>,
}

impl Token<'_> {
    /// The same token, to be kept.
    pub(super) fn into_owned(self) -> Token<'static> {
        let owned = |text: Cow<'_, str>| Cow::Owned(text.into_owned());
        Token { text: owned(self.text), in_query: self.in_query, proof: self.proof.map(owned) }
    }
}

/// A request that was read.
pub(super) struct Request<'a> {
    /// The same as it came.
    pub(super) sent: &'a Sent<'a>,
    /// What its path leads to.
    pub(super) path: Path<'a>,
    /// Its parameters, from the query and the body; the token is not among them.
    pub(super) query: Query<'a>,
    /// The token that counts.
    pub(super) token: Option<Token<'a>>,
}

impl<'a> Sent<'a> {
    /// The path alone.
    pub(super) fn path(&self) -> &'a str {
        self.path_and_query.split('?').next().unwrap_or_default()
    }

    /// The query alone, without its question mark.
    pub(super) fn query(&self) -> &'a str {
        self.path_and_query.split_once('?').map_or("", |(_, query)| query)
    }

    /// The version that answers, whether or not the request can be read.
    pub(super) fn version(&self) -> Version {
        Path::parse(self.path(), self.version).version
    }
}

impl<'a> Request<'a> {
    /// Reads a request.
    ///
    /// # Errors
    /// [`GraphError`] 100 for a body that cannot be read, a parameter with two values, a nonce that is too long and a
    /// method that does not read. Where a path leads is told later, to whoever has a token.
    pub(super) fn parse(sent: &'a Sent<'a>) -> Result<Self, GraphError> {
        let path = Path::parse(sent.path(), sent.version);
        let (query, token) = parameters(sent)?;
        let request = Self { sent, path, query, token };
        // Who has no token is told that, whatever the nonce.
        if sent.nonce.len() > NONCE_BYTES_MAX && request.token.is_some() {
            return Err(GraphError::long_nonce(NONCE_BYTES_MAX));
        }
        if request.batch().is_none() {
            request.check_method()?;
        }
        Ok(request)
    }

    /// The operations of a batch, if it is one.
    pub(super) fn batch(&self) -> Option<&str> {
        let is_one = self.path.takes_batch
            && matches!(self.sent.method, "GET" | "POST")
            && self.sent.of_batch.is_none()
            && self.sent.nonce.len() <= NONCE_BYTES_MAX;
        self.query.batch.as_deref().filter(|_| is_one)
    }

    /// What the receipt calls this request.
    pub(super) fn digest(&self) -> Digest {
        let Sent { method, path_and_query, ref body, nonce, .. } = *self.sent;
        request_digest(method, path_and_query, body, nonce)
    }

    /// What the Graph API says without a token depends on whether it was asked about `me`.
    pub(super) fn no_token(&self) -> GraphError {
        let error = if self.path.is_about_me {
            GraphError::no_token()
        } else {
            GraphError::no_token_for_object()
        };
        if self.sent.lacks_scheme { error.for_want_of_scheme() } else { error }
    }

    /// This API is read: with GET, or with a POST that says that it is a GET. Tokens are asked for with POST too.
    fn check_method(&self) -> Result<(), GraphError> {
        let (sent, meant) = (self.sent.method, self.query.method.as_deref());
        let means_post = |meant: &str| meant.eq_ignore_ascii_case("post");
        if self.path.endpoint == Endpoint::AccessToken
            && sent == "POST"
            && meant.is_none_or(means_post)
        {
            return Ok(());
        }
        if self.sent.of_batch.is_some() && self.query.batch.is_some() {
            return Err(GraphError::nested_batch());
        }
        let said = match (sent, meant) {
            ("GET" | "POST", Some(meant)) => meant.to_ascii_uppercase(),
            _ => sent.to_owned(),
        };
        match said.as_str() {
            "GET" => Ok(()),
            "HEAD" | "POST" | "PUT" | "PATCH" | "DELETE" | "OPTIONS" | "TRACE" | "CONNECT" => {
                let method = Method::from_bytes(said.as_bytes()).unwrap_or_default();
                Err(GraphError::unsupported_method(&method))
            }
            _ => Err(GraphError::wrong_parameter("method", "GET")),
        }
    }
}

/// The parameters, and the token that counts.
fn parameters<'a>(sent: &Sent<'a>) -> Result<(Query<'a>, Option<Token<'a>>), GraphError> {
    let all_in_query = sent.of_batch.as_ref().is_some_and(|batch| batch.in_query);
    let mut query = Query::parse(sent.query()).single()?;
    let token = |text, in_query| Token { text, in_query: in_query || all_in_query, proof: None };
    // A token in the header counts; what stands in query and body then is passed over.
    let mut counts = sent.token.map(|text| token(Cow::Borrowed(text), false));
    counts = counts.or_else(|| query.access_token.take().map(|text| token(text, true)));
    if !sent.body.is_empty() {
        let mut body = body::parameters(sent.content_type, &sent.body)?.single()?;
        counts = counts.or_else(|| body.access_token.take().map(|text| token(text, false)));
        query = query.or(body);
    }
    query.secret_in_query |= all_in_query && query.client_secret.is_some();
    let of_batch = sent.of_batch.as_ref().and_then(|batch| batch.token.clone());
    let mut counts = counts.or(of_batch);
    if let (Some(token), Some(proof)) = (&mut counts, query.appsecret_proof.take()) {
        token.proof = Some(proof);
    }
    Ok((query, counts))
}

#[cfg(test)]
mod tests {
    use std::net::Ipv4Addr;

    use proptest::prelude::*;

    use super::*;

    fn sent<'a>(method: &'a str, path_and_query: &'a str, body: &'a [u8]) -> Sent<'a> {
        Sent {
            client: Ipv4Addr::LOCALHOST.into(),
            method,
            path_and_query,
            content_type: None,
            body: Bytes::copy_from_slice(body),
            sec_gpc: false,
            nonce: b"",
            token: None,
            basic: None,
            lacks_scheme: false,
            version: Version::DEFAULT,
            of_batch: None,
        }
    }

    #[test]
    fn a_request_says_its_method_by_itself_or_by_a_parameter() {
        for (method, path, code) in [
            ("GET", "/me", None),
            ("POST", "/me?method=get", None),
            ("POST", "/me", Some(100)),
            ("GET", "/me?method=delete", Some(100)),
            ("DELETE", "/me", Some(100)),
            ("POST", "/oauth/access_token", None),
            ("POST", "/oauth/access_token?method=delete", Some(100)),
            ("POST", "/?batch=[]", None),
            ("POST", "/me/friends?batch=[]", Some(100)),
        ] {
            let refused = Request::parse(&sent(method, path, b"")).map(drop);
            assert_eq!(refused.map_err(|error| error.code).err(), code, "{method} {path}");
        }
    }

    #[test]
    fn the_first_place_of_a_token_counts() {
        let with = |token, path, body: &'static [u8]| {
            let sent = Sent { token, ..sent("GET", path, body) };
            let token = Request::parse(&sent).unwrap().token;
            token.map(|token| (token.text.into_owned(), token.in_query))
        };
        let counts = |text: &str, in_query| Some((text.to_owned(), in_query));
        assert_eq!(with(Some("h"), "/me?access_token=q", b"access_token=b"), counts("h", false));
        assert_eq!(with(None, "/me?access_token=q", b"access_token=b"), counts("q", true));
        assert_eq!(with(None, "/me", b"access_token=b"), counts("b", false));
        assert_eq!(with(None, "/me", b""), None);
    }

    proptest! {
        #[test]
        fn property_no_request_makes_the_reader_panic(
            method in "(GET|POST|[A-Z]{0,6})",
            path in "/[/a-z0-9.?&=%_{},()é]{0,60}",
            kind in proptest::option::of("(application/json|multipart/form-data; boundary=x|[a-z/;= ]{0,20})"),
            body in proptest::collection::vec(any::<u8>(), 0..80),
        ) {
            let sent = Sent { content_type: kind.as_deref(), ..sent(&method, &path, &body) };
            if let Ok(request) = Request::parse(&sent) {
                prop_assert_eq!(request.path.version, sent.version());
            }
        }
    }
}
