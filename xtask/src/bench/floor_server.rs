//! The floor's server: a bare axum handler that returns the same bytes to everybody. No server built
//! on the same libraries can be faster.

use std::net::Ipv4Addr;
use std::process::ExitCode;

use axum::Router;
use axum::body::Bytes;
use axum::http::HeaderMap;
use axum::http::header::{CONTENT_TYPE, HeaderValue};
use axum::routing::get;

use crate::failure::{Outcome, While};

/// The arguments of `xtask floor`.
#[derive(clap::Args)]
pub(crate) struct Floor {
    /// The length of the body.
    #[arg(long)]
    body_bytes: usize,
    /// How many people the body claims to hold, for whoever counts them.
    #[arg(long, default_value_t = 0)]
    people: usize,
    /// The length of one more header, for the receipt.
    #[arg(long, default_value_t = 0)]
    header_bytes: usize,
}

impl Floor {
    /// Serves until it is killed, having printed its address on a line.
    pub(crate) fn run(&self) -> Outcome<ExitCode> {
        let starting = || "starting the floor's server".to_owned();
        let runtime =
            tokio::runtime::Builder::new_multi_thread().enable_all().build().during(starting)?;
        runtime.block_on(async {
            let listener =
                tokio::net::TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.during(starting)?;
            println!("{}", listener.local_addr().during(starting)?);
            axum::serve(listener, self.router()?).await.during(starting)?;
            Ok(ExitCode::SUCCESS)
        })
    }

    fn router(&self) -> Outcome<Router> {
        let body = Bytes::from(self.body());
        let mut headers = HeaderMap::new();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        let filler = HeaderValue::from_str(&"r".repeat(self.header_bytes));
        headers.insert("x-filler", filler.during(|| "filling a header".to_owned())?);
        let handler = async move || (headers.clone(), body.clone());
        Ok(Router::new().fallback(get(handler)))
    }

    fn body(&self) -> Vec<u8> {
        let id = format!("\"id\":\"{}\",", "0".repeat(32));
        let mut body = id.repeat(self.people).into_bytes();
        body.resize(self.body_bytes, b' ');
        body
    }
}
