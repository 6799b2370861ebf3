//! What browsers and crawlers ask of every host, unbidden: the mark of a page, and where crawlers may go.

use axum::http::header;
use axum::response::{IntoResponse, Response};

/// A seal with a tick: two strokes, which stand for the two who sign.
const MARK: &str = r##"<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 32 32"><circle cx="16" cy="16" r="14" fill="#1d6b45"/><path d="M8 17l5 5L24 10" fill="none" stroke="#fff" stroke-width="3.5"/></svg>"##;

/// The pages and the log are for everybody; everything else is an API, which is of no use to a crawler.
const ROBOTS: &str = "\
User-agent: *
Allow: /$
Allow: /docs
Allow: /ledger
Allow: /log/
Disallow: /
";

/// `GET /favicon.ico`.
pub(crate) fn favicon() -> Response {
    of_a_day("image/svg+xml", MARK)
}

/// `GET /robots.txt`.
pub(crate) fn robots() -> Response {
    of_a_day("text/plain; charset=utf-8", ROBOTS)
}

fn of_a_day(kind: &'static str, text: &'static str) -> Response {
    let headers = [(header::CONTENT_TYPE, kind), (header::CACHE_CONTROL, "max-age=86400")];
    (headers, text).into_response()
}
