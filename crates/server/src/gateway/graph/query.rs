//! The query of a Graph request.

use std::borrow::Cow;

/// The parameters that mean something. Others are passed over, as the Graph API does.
#[derive(Clone, Default, Debug)]
pub(super) struct Query<'a> {
    /// The expansion.
    pub(super) fields: Option<Cow<'a, str>>,
    /// Friends on a page.
    pub(super) limit: Option<Cow<'a, str>>,
    /// The cursor after which the page begins.
    pub(super) after: Option<Cow<'a, str>>,
    /// A bearer token, as old clients send it.
    pub(super) access_token: Option<Cow<'a, str>>,
}

impl<'a> Query<'a> {
    /// Reads a query string. Where a parameter stands twice, the last one counts.
    #[must_use]
    pub(super) fn parse(query: &'a str) -> Self {
        let mut parsed = Self::default();
        for (name, value) in form_urlencoded::parse(query.as_bytes()) {
            match &*name {
                "fields" if !value.is_empty() => parsed.fields = Some(value),
                "limit" => parsed.limit = Some(value),
                "after" if !value.is_empty() => parsed.after = Some(value),
                "access_token" => parsed.access_token = Some(value),
                _ => {}
            }
        }
        parsed
    }
}
