//! The parameters of a Graph request, from its query and, where that may be, from its body.

use std::borrow::Cow;

use super::own::OwnParameters;
use crate::gateway::errors::GraphError;

/// The parameters that mean something. Others are passed over, as the Graph API does: `pretty`, `format`,
/// `locale`, `date_format`, `metadata` and `suppress_http_code` among them, which would change how a value is
/// written, what stands beside it, or a status; values are released as the platform holds them.
#[derive(Clone, Default, Debug)]
pub(super) struct Query<'a> {
    /// The expansion.
    pub(super) fields: Option<Cow<'a, str>>,
    /// The people who are asked for.
    pub(super) ids: Option<Cow<'a, str>>,
    /// Friends on a page.
    pub(super) limit: Option<Cow<'a, str>>,
    /// The cursor after which the page begins.
    pub(super) after: Option<Cow<'a, str>>,
    /// The cursor before which the page ends.
    pub(super) before: Option<Cow<'a, str>>,
    /// How many friends to pass over, for which there are cursors here.
    pub(super) offset: Option<Cow<'a, str>>,
    /// Whether to say how many friends there are to page through.
    pub(super) summary: Option<Cow<'a, str>>,
    /// A bearer token, as old clients send it.
    pub(super) access_token: Option<Cow<'a, str>>,
    /// The method that is meant, where a client can only send another.
    pub(super) method: Option<Cow<'a, str>>,
    /// Operations to be done in one request.
    pub(super) batch: Option<Cow<'a, str>>,
    /// Whether they stand in the query, with all that is in them.
    pub(super) batch_in_query: bool,
    /// Whether a batch's operations are answered with headers.
    pub(super) include_headers: Option<Cow<'a, str>>,
    /// A function to wrap the answer into, which is not done.
    pub(super) callback: bool,
    /// The proof that who sends the token knows the client's secret.
    pub(super) appsecret_proof: Option<Cow<'a, str>>,
    /// What is asked of a client's own tokens and grants.
    pub(super) own: OwnParameters<'a>,
}

impl<'a> Query<'a> {
    /// Reads a query string. Where a parameter stands twice, the last one counts.
    #[must_use]
    pub(super) fn parse(query: &'a str) -> Self {
        let mut parsed: Self = form_urlencoded::parse(query.as_bytes()).collect();
        parsed.own.secret_in_query = parsed.own.client_secret.is_some();
        parsed.batch_in_query = parsed.batch.is_some();
        parsed
    }

    /// These parameters, and those of the body where these have none. The token is not among them.
    #[must_use]
    pub(super) fn or(self, body: Self) -> Self {
        Self {
            fields: self.fields.or(body.fields),
            ids: self.ids.or(body.ids),
            limit: self.limit.or(body.limit),
            after: self.after.or(body.after),
            before: self.before.or(body.before),
            offset: self.offset.or(body.offset),
            summary: self.summary.or(body.summary),
            access_token: self.access_token,
            method: self.method.or(body.method),
            batch: self.batch.or(body.batch),
            batch_in_query: self.batch_in_query,
            include_headers: self.include_headers.or(body.include_headers),
            callback: self.callback || body.callback,
            appsecret_proof: self.appsecret_proof.or(body.appsecret_proof),
            own: self.own.or(body.own),
        }
    }

    /// Whether the summary is asked for, by this parameter or modifier.
    ///
    /// # Errors
    /// [`GraphError`] 100 for another summary than the total count.
    pub(super) fn read_summary(text: &str) -> Result<bool, GraphError> {
        match text.trim() {
            "true" | "1" | "total_count" => Ok(true),
            "false" | "0" | "" => Ok(false),
            _ => Err(GraphError::wrong_parameter("summary", "true or total_count")),
        }
    }
}

impl<'a> FromIterator<(Cow<'a, str>, Cow<'a, str>)> for Query<'a> {
    fn from_iter<I: IntoIterator<Item = (Cow<'a, str>, Cow<'a, str>)>>(pairs: I) -> Self {
        let mut parsed = Self::default();
        for (name, value) in pairs {
            match &*name {
                "fields" if !value.is_empty() => parsed.fields = Some(value),
                "ids" => parsed.ids = Some(value),
                "limit" => parsed.limit = Some(value),
                "after" if !value.is_empty() => parsed.after = Some(value),
                "before" if !value.is_empty() => parsed.before = Some(value),
                "offset" if !value.is_empty() => parsed.offset = Some(value),
                "summary" => parsed.summary = Some(value),
                "access_token" => parsed.access_token = Some(value),
                "method" if !value.is_empty() => parsed.method = Some(value),
                "batch" => parsed.batch = Some(value),
                "include_headers" => parsed.include_headers = Some(value),
                "callback" => parsed.callback = true,
                "appsecret_proof" => parsed.appsecret_proof = Some(value),
                name => parsed.own.set(name, value),
            }
        }
        parsed
    }
}
