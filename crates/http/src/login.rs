//! `POST /login`, the demonstration's replacement for the platform's own sign-in and for OAuth: the caller names an
//! account and is that account. It exists only if the configuration says so, on loopback, and requires the code that
//! the start printed, because other programs of this machine reach loopback as well.

use std::net::{Ipv4Addr, Ipv6Addr};
use std::sync::Arc;

use axum::extract::{FromRequestParts, State};
use axum::http::request::Parts;
use axum::http::{HeaderMap, StatusCode, Uri, header};
use axum::response::{IntoResponse, Response};
use countersign_people::store::Way;
use countersign_service::operations::tokens::{Issued, Wanted};

use super::openapi::refusals::{Broken, NotFound, NotNow};
use crate::admin_error::{AdminError, ErrorBody};
use crate::bearer;
use crate::extract::Json;
use crate::gateway::Gateway;
use crate::gpc;

/// Proof that a call carries this start's sign-in code, or the admin token; looked at before its body is.
pub struct MaySignIn;

impl FromRequestParts<Arc<Gateway>> for MaySignIn {
    type Rejection = AdminError;

    async fn from_request_parts(
        parts: &mut Parts,
        gateway: &Arc<Gateway>,
    ) -> Result<Self, AdminError> {
        let opens = |presented: &str| {
            let code = gateway.sign_in_code.as_ref();
            code.is_some_and(|code| code.opens_for(presented))
                | gateway.files.admin_token.opens_for(presented)
        };
        if bearer::presented(&parts.headers).is_some_and(opens) {
            return Ok(Self);
        }
        Err(AdminError::unauthorised(
            "the sign-in code is needed: Authorization: Bearer, with the code that `countersign serve` printed at this start",
        ))
    }
}

/// The demonstration's sign-in.
///
/// Whoever has the code that this start of the server printed, or the admin token, and names an account is that
/// account. A request with `Sec-GPC: 1` grants nothing of friends and no special category. It exists only where the
/// configuration says `demo_login = true`, which it may on loopback alone.
#[utoipa::path(
    post,
    path = "/login",
    operation_id = "signIn",
    security(("signInCode" = []), ("adminToken" = [])),
    request_body = Wanted,
    responses(
        (status = 200, description = "The token.", body = Issued),
        (status = 403, description = "It was called by a name that is not of this machine.", body = ErrorBody),
        NotFound,
        Broken,
        NotNow,
    ),
)]
pub async fn post(
    _: MaySignIn,
    State(gateway): State<Arc<Gateway>>,
    uri: Uri,
    headers: HeaderMap,
    Json(mut wanted): Json<Wanted>,
) -> Response {
    if !is_for_loopback(&uri, &headers) {
        let message = "this address gives tokens to anybody on this machine, so it is called as localhost, 127.0.0.1 or [::1], and by no other name";
        return AdminError { status: StatusCode::FORBIDDEN, message: message.to_owned() }
            .into_response();
    }
    wanted.sec_gpc |= gpc::is_asked(&headers);
    match gateway.service.issue_token(&wanted, Way::Login).await {
        Ok(issued) => Json(issued).into_response(),
        Err(error) => AdminError::from(error).into_response(),
    }
}

/// Whether a request calls this server by a name of its own machine. A page of another site can have its
/// name resolve to 127.0.0.1 and then talk to this server from a browser here, but under that name.
fn is_for_loopback(uri: &Uri, headers: &HeaderMap) -> bool {
    let authority = uri.authority().map(|authority| authority.as_str());
    let hosts = headers.get_all(header::HOST).iter().map(|host| host.to_str().ok());
    let mut named = authority.map(Some).into_iter().chain(hosts).peekable();
    named.peek().is_some() && named.all(|host| host.is_some_and(is_loopback))
}

/// Whether a host, with or without a port, is of this machine.
fn is_loopback(host: &str) -> bool {
    let (name, port) = match host.rsplit_once(':') {
        // The colons within brackets are the address's own.
        Some((name, port)) if !port.ends_with(']') => (name, port),
        _ => (host, "0"),
    };
    let address = match name.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')) {
        Some(v6) => v6.parse::<Ipv6Addr>().is_ok_and(|address| address.is_loopback()),
        None => name.parse::<Ipv4Addr>().is_ok_and(|address| address.is_loopback()),
    };
    port.parse::<u16>().is_ok() && (address || name.eq_ignore_ascii_case("localhost"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_names_of_this_machine_are_taken() {
        for host in
            ["127.0.0.1", "127.0.0.1:8099", "localhost", "LocalHost:80", "[::1]", "[::1]:8099"]
        {
            assert!(is_loopback(host), "{host}");
        }
        for host in [
            "",
            ":8099",
            "evil.example",
            "evil.example:8099",
            "127.0.0.1.evil.example",
            "localhost.evil.example:80",
            "127.0.0.1:80@evil.example",
            "0.0.0.0",
            "[::]:80",
            "::1",
            "[::1",
            "192.168.0.1:8099",
        ] {
            assert!(!is_loopback(host), "{host}");
        }
    }

    #[test]
    fn every_name_in_a_request_counts() {
        let headers = |hosts: &[&'static str]| {
            let mut headers = HeaderMap::new();
            for host in hosts {
                headers.append(header::HOST, host.parse().unwrap());
            }
            headers
        };
        let (path, absolute) = ("/login", "http://evil.example/login");
        let says = |uri: &'static str, hosts: &[&'static str]| {
            is_for_loopback(&Uri::from_static(uri), &headers(hosts))
        };
        assert!(says(path, &["localhost:1"]));
        assert!(says("https://localhost:1/login", &[]));
        assert!(!says(path, &[]));
        assert!(!says(path, &["localhost:1", "evil.example"]));
        assert!(!says(absolute, &["localhost:1"]));
    }
}
