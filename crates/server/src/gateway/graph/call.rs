//! One call of the read API: an HTTP request of its own, or an operation of a batch.

use std::borrow::Cow;
use std::net::IpAddr;
use std::sync::{Arc, OnceLock};

use axum::body::Bytes;
use axum::http::Method;
use countersign_domain::digest::Digest;
use countersign_domain::identifier::Identifier;
use countersign_domain::time::Timestamp;
use countersign_protocol::receipt::request_digest;
use tokio::time::Instant;

use super::batch::Room;
use super::caller::{Caller, check_grant};
use super::inquiry::{Inquiry, Logged};
use super::own::{self, OwnPath};
use super::query::Query;
use super::render::Page;
use super::target::{Node, Target};
use super::version::Version;
use super::{body, failed};
use crate::gateway::Gateway;
use crate::gateway::deliver::{Reply, deliver};
use crate::gateway::errors::GraphError;
use crate::gateway::usage::ClientUsage;

/// A call as it came.
pub(super) struct Call<'a> {
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
    /// The token where there is no other: that of the batch.
    pub(super) token_of_batch: Option<Token<'a>>,
    /// The version that answers where the path has none.
    pub(super) version: Version,
    /// What it is part of.
    pub(super) part_of: PartOf,
    /// The room that it takes among the operations of batches.
    pub(super) room: Option<&'a Room>,
    /// Whether all of it stands in a query, as an operation of a batch that does do.
    pub(super) all_in_query: bool,
    /// What the client uses, once it is known which client asks.
    pub(super) usage: Arc<OnceLock<Arc<ClientUsage>>>,
}

/// What a call is part of.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum PartOf {
    /// Nothing: it is a request of its own.
    Nothing,
    /// A batch, which has until then.
    Batch(Instant),
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

/// Why a call has no answer.
#[derive(Debug)]
pub(super) enum Stop {
    /// The client is told.
    Error(GraphError),
    /// The batch's time is over and nothing was appended, so that it can be asked again.
    Late,
}

impl From<GraphError> for Stop {
    fn from(error: GraphError) -> Self {
        Self::Error(error)
    }
}

impl<'a> Call<'a> {
    /// The path alone.
    pub(super) fn path(&self) -> &'a str {
        self.path_and_query.split('?').next().unwrap_or_default()
    }

    /// The parameters, and the token that counts.
    ///
    /// # Errors
    /// [`GraphError`] 100 for a body that cannot be read, and for a parameter with two values.
    pub(super) async fn parameters(&self) -> Result<(Query<'a>, Option<Token<'a>>), GraphError> {
        let query = self.path_and_query.split_once('?').map_or("", |(_, query)| query);
        let mut query = Query::parse(query).single()?;
        let token =
            |text, in_query| Token { text, in_query: in_query || self.all_in_query, proof: None };
        // A token in the header counts; what stands in query and body then is passed over.
        let mut counts = self.token.map(|text| token(Cow::Borrowed(text), false));
        counts = counts.or_else(|| query.access_token.take().map(|text| token(text, true)));
        if !self.body.is_empty() {
            let body = body::parameters(self.content_type, self.body.clone()).await?;
            let mut body = body.single()?;
            counts = counts.or_else(|| body.access_token.take().map(|text| token(text, false)));
            query = query.or(body);
        }
        query.own.secret_in_query |= self.all_in_query && query.own.client_secret.is_some();
        let mut counts = counts.or_else(|| self.token_of_batch.clone());
        if let (Some(token), Some(proof)) = (&mut counts, query.appsecret_proof.take()) {
            token.proof = Some(proof);
        }
        Ok((query, counts))
    }

    /// The answer.
    ///
    /// # Errors
    /// [`Stop`]: what the client is told instead, or that the batch's time is over.
    pub(super) async fn answer(&self, gateway: &Gateway) -> Result<Reply, Stop> {
        let (query, token) = self.parameters().await?;
        self.answer_to(gateway, query, token).await
    }

    /// The answer, once the parameters are read.
    ///
    /// # Errors
    /// [`Stop`]: what the client is told instead, or that the batch's time is over.
    pub(super) async fn answer_to(
        &self,
        gateway: &Gateway,
        query: Query<'a>,
        token: Option<Token<'a>>,
    ) -> Result<Reply, Stop> {
        // By a clock that was set forward no token is judged: clients would drop sessions that hold.
        let now = gateway.log.believed_now().map_err(failed)?;
        let own = OwnPath::parse(self.path(), self.version);
        if !own.is_some_and(|own| own.takes(self.method, &query)) {
            self.check_method(&query)?;
        }
        if let Some(own) = own {
            return own::answer(gateway, self, own, &query, token, now).await;
        }
        let caller = Caller::of(gateway, self, token, now)?;
        // Who has no token is not told whether a path leads anywhere.
        let target = Target::parse(self.path(), self.version, query.ids.is_some())?;
        if query.callback {
            return Err(GraphError::no_jsonp().into());
        }
        let token = &caller.token;
        let access = caller.user(target.node == Node::Me)?;
        let stored = gateway.people.grant(access.grant).map_err(failed)?;
        let stored = check_grant(stored, &access.client, now)?;

        let build = access.build.as_str();
        let (token_in_query, part_of, sec_gpc) = (token.in_query, self.part_of, self.sec_gpc);
        let room = self.room;
        let (stored, viewer_only) = (&stored, false);
        let inquiry = Inquiry {
            gateway,
            build,
            grant: access.grant,
            stored,
            target,
            query,
            viewer_only,
            token_in_query,
            sec_gpc,
            part_of,
            room,
        };
        let Logged { released, asked, compiled } =
            inquiry.release(self.digest(), self.client).await?;
        let decided = released.decided();
        let page = Page {
            public_url: gateway.config.public_url(),
            version: target.version,
            asked,
            query_token: Some(&*token.text).filter(|_| token.in_query),
            previous: decided.previous,
            more: decided.more,
            count: decided.count,
            compiled: &compiled,
            planted: gateway.canaries.among(decided, released.placed().time),
        };
        let people_count = decided.records.len();
        let answer = released.answer(|records| page.render(records));
        let reply = deliver(answer, gateway)?;
        gateway.metrics.released(people_count, reply.body().len());
        Ok(reply)
    }

    /// Counts it as a call of this client.
    ///
    /// # Errors
    /// [`GraphError`] 4 when the client has used up its hour.
    pub(super) fn admit(
        &self,
        gateway: &Gateway,
        client: &Identifier,
        now: Timestamp,
    ) -> Result<(), GraphError> {
        let (usage, admitted) = gateway.usage.admit(client, now);
        let _ = self.usage.set(usage);
        admitted
    }

    /// What the receipt calls this request.
    pub(super) fn digest(&self) -> Digest {
        request_digest(self.method, self.path_and_query, &self.body, self.nonce)
    }

    /// What the Graph API says without a token depends on whether it was asked about `me`.
    pub(super) fn no_token(&self) -> GraphError {
        match Target::first(self.path()) {
            None | Some("me") => GraphError::no_token(),
            Some(_) => GraphError::no_token_for_object(),
        }
    }

    /// This API is read: with GET, or with a POST that says that it is a GET.
    fn check_method(&self, query: &Query<'_>) -> Result<(), Stop> {
        if self.part_of != PartOf::Nothing && query.batch.is_some() {
            return Err(GraphError::nested_batch().into());
        }
        let said = match (self.method, &query.method) {
            ("GET" | "POST", Some(method)) => method.to_ascii_uppercase(),
            (sent, _) => sent.to_owned(),
        };
        match said.as_str() {
            "GET" => Ok(()),
            "HEAD" | "POST" | "PUT" | "PATCH" | "DELETE" | "OPTIONS" | "TRACE" | "CONNECT" => {
                let method = Method::from_bytes(said.as_bytes()).unwrap_or_default();
                Err(GraphError::unsupported_method(&method).into())
            }
            _ => Err(GraphError::wrong_parameter("method", "GET").into()),
        }
    }
}
