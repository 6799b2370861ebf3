//! What a competent team would write instead of Countersign: an axum handler over the platform's own
//! PostgreSQL. Row-level security and views give each person's settings their say, and every answer leaves a
//! row per person in an audit table, in the same transaction, durable before the answer is sent.
//!
//! What it is not: part of the product. It is here to be compared with, by `cargo xtask bench sources`.
//!
//! Usage: countersign-bench-baseline DATABASE POOL serde|postgres cte|unnest
//!
//! It prints its address on a line, and serves `GET /me?fields=a,b,c`: the viewer and all of the viewer's
//! friends, these fields of each.

mod answer;
mod fields;
mod refusal;
mod statements;

use std::net::Ipv4Addr;
use std::sync::Arc;

use axum::Router;
use axum::extract::{Query, State};
use axum::http::header::{AUTHORIZATION, CONTENT_TYPE};
use axum::http::{HeaderMap, HeaderValue};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use deadpool_postgres::{Manager, ManagerConfig, Object, Pool, RecyclingMethod};
use sha2::{Digest as _, Sha256};
use tokio_postgres::NoTls;

use crate::fields::Fields;
use crate::refusal::Refusal;
use crate::statements::{Assemble, Audit};

type Failure = Box<dyn std::error::Error + Send + Sync>;

/// What every request needs.
struct Service {
    pool: Pool,
    assemble: Assemble,
    audit: Audit,
}

#[tokio::main]
async fn main() -> Result<(), Failure> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [database, pool, assemble, audit] = arguments.as_slice() else {
        return Err("DATABASE POOL serde|postgres cte|unnest are expected".into());
    };
    let manager = ManagerConfig { recycling_method: RecyclingMethod::Fast };
    let manager = Manager::from_config(database.parse()?, NoTls, manager);
    let pool = Pool::builder(manager).max_size(pool.parse()?).build()?;
    let service = Service { pool, assemble: assemble.parse()?, audit: audit.parse()? };
    let router = Router::new().route("/me", get(me)).with_state(Arc::new(service));
    let listener = tokio::net::TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
    println!("{}", listener.local_addr()?);
    axum::serve(
        axum::serve::ListenerExt::tap_io(listener, |tcp| drop(tcp.set_nodelay(true))),
        router,
    )
    .await?;
    Ok(())
}

/// What is asked for.
#[derive(serde::Deserialize)]
struct Asked {
    fields: String,
}

async fn me(
    State(service): State<Arc<Service>>,
    Query(asked): Query<Asked>,
    headers: HeaderMap,
) -> Result<Response, Refusal> {
    let token = headers.get(AUTHORIZATION).and_then(|value| value.to_str().ok());
    let token = token.and_then(|value| value.strip_prefix("Bearer ")).ok_or(Refusal::Token)?;
    let token = Sha256::digest(token);
    let fields = Fields::parse(&asked.fields).ok_or(Refusal::Fields)?;
    let connection = service.pool.get().await?;
    let body = match service.audit {
        Audit::Cte => {
            answer::in_one_statement(&connection, service.assemble, &fields, &token).await
        }
        Audit::Unnest => answer::in_two_statements(&connection, &fields, &token).await,
    };
    if body.is_err() {
        // It may be in the middle of a transaction.
        drop(Object::take(connection));
    }
    let body = body?;
    Ok(([(CONTENT_TYPE, HeaderValue::from_static("application/json"))], body).into_response())
}
