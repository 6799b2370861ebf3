//! The parameters of a call about a client's own. An empty one is none.

use std::borrow::Cow;

/// The parameters that mean something to what is a client's own, and to nothing else.
#[derive(Clone, Default, Debug)]
pub(in crate::gateway::graph) struct OwnParameters<'a> {
    pub(super) client_id: Option<Cow<'a, str>>,
    pub(in crate::gateway::graph) client_secret: Option<Cow<'a, str>>,
    /// Whether the secret stands in the query, where others may see it.
    pub(in crate::gateway::graph) secret_in_query: bool,
    pub(super) grant_type: Option<Cow<'a, str>>,
    pub(super) fb_exchange_token: Option<Cow<'a, str>>,
    pub(super) input_token: Option<Cow<'a, str>>,
    pub(super) permission: Option<Cow<'a, str>>,
    pub(super) status: Option<Cow<'a, str>>,
}

impl<'a> OwnParameters<'a> {
    /// Where the parameter of this name belongs, if it means something.
    pub(in crate::gateway::graph) fn place(
        &mut self,
        name: &str,
    ) -> Option<(&'static str, &mut Option<Cow<'a, str>>)> {
        Some(match name {
            "client_id" => ("client_id", &mut self.client_id),
            "client_secret" => ("client_secret", &mut self.client_secret),
            "grant_type" => ("grant_type", &mut self.grant_type),
            "fb_exchange_token" => ("fb_exchange_token", &mut self.fb_exchange_token),
            "input_token" => ("input_token", &mut self.input_token),
            "permission" => ("permission", &mut self.permission),
            "status" => ("status", &mut self.status),
            _ => return None,
        })
    }

    /// These parameters, and those of the body where these have none.
    #[must_use]
    pub(in crate::gateway::graph) fn or(self, body: Self) -> Self {
        Self {
            client_id: self.client_id.or(body.client_id),
            client_secret: self.client_secret.or(body.client_secret),
            secret_in_query: self.secret_in_query,
            grant_type: self.grant_type.or(body.grant_type),
            fb_exchange_token: self.fb_exchange_token.or(body.fb_exchange_token),
            input_token: self.input_token.or(body.input_token),
            permission: self.permission.or(body.permission),
            status: self.status.or(body.status),
        }
    }
}
