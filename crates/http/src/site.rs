//! `/log/…`: the public web site of the log, served from the folder that any static host could serve.

use axum::http::{HeaderValue, header};
use countersign_people::data_dir::DataDir;
use tower_http::services::ServeDir;

use crate::served::Caller;

/// The template of the paths of its files, for counts and the request log.
const ROUTE: &str = "/log/{file}";

/// Serves the folder `log/`.
pub fn service(directory: &DataDir) -> axum::routing::MethodRouter {
    let files = ServeDir::new(directory.site()).append_index_html_on_directories(false);
    axum::routing::get_service(files).layer(axum::middleware::map_response(with_headers))
}

/// What tlog-tiles asks of a server: tiles may be kept for ever, the checkpoint not at all, and any
/// page may read both.
async fn with_headers(mut response: axum::response::Response) -> axum::response::Response {
    let headers = response.headers_mut();
    headers.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, HeaderValue::from_static("*"));
    headers.entry(header::CACHE_CONTROL).or_insert(HeaderValue::from_static("no-cache"));
    response.extensions_mut().insert(Caller { route: ROUTE, client: None });
    response
}
