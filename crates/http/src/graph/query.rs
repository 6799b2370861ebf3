//! The parameters of a Graph request, from its query and, where that may be, from its body.

use std::borrow::Cow;

use crate::errors::GraphError;

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
    /// The client that asks for a token.
    pub(super) client_id: Option<Cow<'a, str>>,
    /// Its secret.
    pub(super) client_secret: Option<Cow<'a, str>>,
    /// Whether the secret stands in the query, where others may see it.
    pub(super) secret_in_query: bool,
    /// By what a token is asked for.
    pub(super) grant_type: Option<Cow<'a, str>>,
    /// The token in whose place another is asked for.
    pub(super) fb_exchange_token: Option<Cow<'a, str>>,
    /// The token that is asked about.
    pub(super) input_token: Option<Cow<'a, str>>,
    /// The permission that is asked about.
    pub(super) permission: Option<Cow<'a, str>>,
    /// The state of those permissions that are asked about.
    pub(super) status: Option<Cow<'a, str>>,
    /// A parameter that stands twice with two values: which of them is meant, nobody knows.
    pub(super) doubled: Option<&'static str>,
}

impl<'a> Query<'a> {
    /// Reads a query string.
    #[must_use]
    pub(super) fn parse(query: &'a str) -> Self {
        let mut parsed: Self = form_urlencoded::parse(query.as_bytes()).collect();
        parsed.secret_in_query = parsed.client_secret.is_some();
        parsed.batch_in_query = parsed.batch.is_some();
        parsed
    }

    /// These parameters, if none of them stands twice with two values.
    ///
    /// # Errors
    /// [`GraphError`] 100, naming the parameter.
    pub(super) fn single(self) -> Result<Self, GraphError> {
        match self.doubled {
            Some(name) => Err(GraphError::doubled_parameter(name)),
            None => Ok(self),
        }
    }

    /// Whether a parameter of this name means something.
    pub(super) fn is_parameter(name: &str) -> bool {
        Self::default().place(name).is_some()
    }

    /// Where the parameter of this name belongs, and whether an empty one is none. One that means nothing is
    /// passed over.
    fn place(&mut self, name: &str) -> Option<(&'static str, bool, &mut Option<Cow<'a, str>>)> {
        Some(match name {
            "fields" => ("fields", true, &mut self.fields),
            "ids" => ("ids", false, &mut self.ids),
            "limit" => ("limit", false, &mut self.limit),
            "after" => ("after", true, &mut self.after),
            "before" => ("before", true, &mut self.before),
            "offset" => ("offset", true, &mut self.offset),
            "summary" => ("summary", false, &mut self.summary),
            "access_token" => ("access_token", false, &mut self.access_token),
            "method" => ("method", true, &mut self.method),
            "batch" => ("batch", false, &mut self.batch),
            "include_headers" => ("include_headers", false, &mut self.include_headers),
            "appsecret_proof" => ("appsecret_proof", false, &mut self.appsecret_proof),
            "client_id" => ("client_id", true, &mut self.client_id),
            "client_secret" => ("client_secret", true, &mut self.client_secret),
            "grant_type" => ("grant_type", true, &mut self.grant_type),
            "fb_exchange_token" => ("fb_exchange_token", true, &mut self.fb_exchange_token),
            "input_token" => ("input_token", true, &mut self.input_token),
            "permission" => ("permission", true, &mut self.permission),
            "status" => ("status", true, &mut self.status),
            _ => return None,
        })
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
            client_id: self.client_id.or(body.client_id),
            client_secret: self.client_secret.or(body.client_secret),
            secret_in_query: self.secret_in_query,
            grant_type: self.grant_type.or(body.grant_type),
            fb_exchange_token: self.fb_exchange_token.or(body.fb_exchange_token),
            input_token: self.input_token.or(body.input_token),
            permission: self.permission.or(body.permission),
            status: self.status.or(body.status),
            doubled: self.doubled.or(body.doubled),
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
            parsed.callback |= &*name == "callback";
            let Some((name, empty_is_none, place)) = parsed.place(&name) else { continue };
            if empty_is_none && value.is_empty() {
                continue;
            }
            let before = place.replace(value);
            if before.is_some() && before != *place {
                parsed.doubled = Some(name);
            }
        }
        parsed
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_parameter_that_stands_twice_with_two_values_is_refused() {
        for (query, doubled) in [
            ("fields=id&fields=id,name", Some("fields")),
            ("access_token=a&limit=5&access_token=b", Some("access_token")),
            ("ids=a&ids=", Some("ids")),
            ("client_secret=a&client_secret=b", Some("client_secret")),
            ("permission=a&%70ermission=b", Some("permission")),
            // The same twice, an empty one that is none, and what means nothing here.
            ("access_token=a&access_token=a", None),
            ("fields=id&fields=&after=&after=x", None),
            ("pretty=0&pretty=1", None),
        ] {
            let parsed = Query::parse(query).single();
            let expected = doubled.map(GraphError::doubled_parameter);
            let message = |error: GraphError| error.message;
            assert_eq!(parsed.err().map(message), expected.map(message), "{query}");
        }
        assert_eq!(Query::parse("fields=id&fields=").fields.as_deref(), Some("id"));
    }
}
