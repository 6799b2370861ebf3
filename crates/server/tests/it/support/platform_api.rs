//! A platform's HTTP API, as a platform has one: a real server over loopback, in the shape that
//! testdata/mappings/social-api.toml maps, and in others.

use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::{Arc, Condvar, Mutex};
use std::task::{Context, Poll};
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::extract::{Path, RawQuery, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse as _, Response};
use axum::routing::get;
use hyper::body::{Bytes, Frame};
use tokio::net::TcpListener;
use tokio::runtime::Runtime;

use crate::source::conformance::{Fault, Held};
use crate::support::source_people::{Network, Somebody, VIEWER, quoted};

/// What requests have to bring.
pub(crate) const TOKEN: &str = "platform-api-token";

/// How many friends are on a page.
const PAGE: usize = 700;

/// How an API tells of friends.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Shape {
    /// As accounts, in pages of their own with links.
    Listed,
    /// As whole people, in pages of their own by offset.
    Whole,
    /// As accounts, in the person's document.
    Embedded,
    /// As whole people, in the person's document.
    EmbeddedWhole,
}

/// The API, which ends with the test.
pub(crate) struct PlatformApi {
    pub(crate) address: SocketAddr,
    pub(crate) state: Arc<Platform>,
    runtime: Mutex<Option<Runtime>>,
}

/// What the API serves, and how it fails.
pub(crate) struct Platform {
    shape: Shape,
    network: Mutex<Network>,
    fault: Mutex<Option<Fault>>,
    gate: Mutex<Gate>,
    opened: Condvar,
    /// The paths that were asked for.
    pub(crate) asked: Mutex<Vec<String>>,
}

#[derive(Default)]
struct Gate {
    is_closed: bool,
    waiting: usize,
}

impl PlatformApi {
    pub(crate) fn start(network: &Network, shape: Shape) -> Self {
        let state = Arc::new(Platform {
            shape,
            network: Mutex::new(network.clone()),
            fault: Mutex::new(None),
            gate: Mutex::default(),
            opened: Condvar::new(),
            asked: Mutex::default(),
        });
        let anywhere = SocketAddr::from(([127, 0, 0, 1], 0));
        let (runtime, address) = serve(anywhere, Arc::clone(&state));
        Self { address, state, runtime: Mutex::new(Some(runtime)) }
    }

    pub(crate) fn change(&self, network: &Network) {
        *self.state.network.lock().unwrap() = network.clone();
    }

    pub(crate) fn fail(&self, fault: Option<Fault>) {
        *self.state.fault.lock().unwrap() = fault;
        let mut runtime = self.runtime.lock().unwrap();
        match (fault, runtime.take()) {
            (Some(Fault::Down), Some(running)) => running.shutdown_timeout(Duration::from_secs(5)),
            (_, Some(running)) => *runtime = Some(running),
            (_, None) => *runtime = Some(serve(self.address, Arc::clone(&self.state)).0),
        }
    }

    /// Lets requests wait until the guard is dropped.
    pub(crate) fn hold(&self) -> Closed<'_> {
        self.state.gate.lock().unwrap().is_closed = true;
        Closed(&self.state)
    }
}

/// Requests wait while this is there.
pub(crate) struct Closed<'a>(&'a Platform);

impl Held for Closed<'_> {
    fn is_waited_for(&self) -> bool {
        self.0.gate.lock().unwrap().waiting > 0
    }
}

impl Drop for Closed<'_> {
    fn drop(&mut self) {
        self.0.gate.lock().unwrap().is_closed = false;
        self.0.opened.notify_all();
    }
}

fn serve(address: SocketAddr, state: Arc<Platform>) -> (Runtime, SocketAddr) {
    let runtime =
        tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    let listener = runtime.block_on(TcpListener::bind(address)).unwrap();
    let address = listener.local_addr().unwrap();
    let router = Router::new()
        .route("/v1/users/{account}", get(person))
        .route("/v1/users/{account}/friends", get(friends))
        .route("/v1/users", get(people))
        .with_state(state);
    runtime.spawn(async move { axum::serve(listener, router).await.unwrap() });
    (runtime, address)
}

async fn person(
    State(platform): State<Arc<Platform>>,
    Path(account): Path<String>,
    headers: HeaderMap,
) -> Response {
    if let Some(refused) = platform.enter(&headers, &format!("/users/{account}")).await {
        return refused;
    }
    let is_other = platform.has(Fault::AnotherViewer) && account == VIEWER;
    let account = if is_other { "bob".to_owned() } else { account };
    let network = platform.network.lock().unwrap();
    match network.find(&account) {
        None => nobody(),
        Some(somebody) => platform.answer(platform.document(&network, somebody, true)),
    }
}

async fn friends(
    State(platform): State<Arc<Platform>>,
    Path(account): Path<String>,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
) -> Response {
    if let Some(refused) = platform.enter(&headers, &format!("/users/{account}/friends")).await {
        return refused;
    }
    let network = platform.network.lock().unwrap();
    if network.find(&account).is_none() {
        return nobody();
    }
    let offset: usize =
        query.and_then(|query| query.strip_prefix("offset=")?.parse().ok()).unwrap_or(0);
    let items = platform.items(&network, &account);
    let end = items.len().min(offset + PAGE);
    let data = items[offset.min(end)..end].join(",");
    let path = format!("/v1/users/{account}/friends?offset={end}");
    let next = if end < items.len() { quoted(&path) } else { "null".to_owned() };
    platform.answer(format!("{{\"data\":[{data}],\"paging\":{{\"next\":{next}}}}}"))
}

async fn people(
    State(platform): State<Arc<Platform>>,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
) -> Response {
    let query = query.unwrap_or_default();
    if let Some(refused) = platform.enter(&headers, "/users").await {
        return refused;
    }
    let network = platform.network.lock().unwrap();
    let accounts = query.strip_prefix("ids=").unwrap().split(',');
    let decoded =
        |part: &str| form_urlencoded::parse(part.as_bytes()).next().unwrap().0.into_owned();
    let found = accounts.map(decoded).filter_map(|account| {
        let document = platform.document(&network, network.find(&account)?, false);
        Some(format!("{}: {document}", quoted(&account)))
    });
    let members: Vec<_> = found.collect();
    platform.answer(format!("{{{}}}", members.join(",\n ")))
}

fn nobody() -> Response {
    let kind = [(header::CONTENT_TYPE, "application/json")];
    (StatusCode::NOT_FOUND, kind, "{\"error\":\"not found\"}").into_response()
}

impl Platform {
    fn has(&self, fault: Fault) -> bool {
        *self.fault.lock().unwrap() == Some(fault)
    }

    /// What holds for every request; an answer if there is nothing else to say.
    async fn enter(self: &Arc<Self>, headers: &HeaderMap, path: &str) -> Option<Response> {
        self.asked.lock().unwrap().push(path.to_owned());
        let presented = headers.get(header::AUTHORIZATION).and_then(|value| value.to_str().ok());
        if presented != Some(&format!("Bearer {TOKEN}")) {
            return Some(StatusCode::UNAUTHORIZED.into_response());
        }
        if self.has(Fault::Slow) {
            tokio::time::sleep(Duration::from_secs(600)).await;
        }
        let is_closed = self.gate.lock().unwrap().is_closed;
        if is_closed {
            let platform = Arc::clone(self);
            tokio::task::spawn_blocking(move || platform.wait()).await.unwrap();
        }
        None
    }

    fn wait(&self) {
        let mut gate = self.gate.lock().unwrap();
        gate.waiting += 1;
        drop(self.opened.wait_while(gate, |gate| gate.is_closed).unwrap());
    }

    fn document(&self, network: &Network, somebody: &Somebody, is_asked_for: bool) -> String {
        let Somebody { account, minor, .. } = somebody;
        let is_embedded = matches!(self.shape, Shape::Embedded | Shape::EmbeddedWhole);
        let friends = match is_embedded && is_asked_for {
            true => format!(",\n  \"friends\": [{}]", self.items(network, account).join(", ")),
            false => String::new(),
        };
        let (account, profile) = (quoted(account), somebody.profile());
        format!("{{\"id\": {account},\n  \"is_minor\": {minor}, \"profile\": {profile}{friends}}}")
    }

    /// The items of the list of somebody's friends.
    fn items(&self, network: &Network, account: &str) -> Vec<String> {
        let mut friends = network.friends_of(account);
        if account == VIEWER && self.has(Fault::OwnFriend) {
            friends.push(VIEWER);
        }
        if account == VIEWER && self.has(Fault::PersonTwice) {
            friends.push("bob");
        }
        let people = network.people.iter().map(|person| (person.account.as_str(), person));
        let people: std::collections::HashMap<_, _> = people.collect();
        let item = |friend: &&str| match self.shape {
            Shape::Listed => format!("{{\"id\":{}}}", quoted(friend)),
            Shape::Embedded => quoted(friend),
            Shape::Whole | Shape::EmbeddedWhole => {
                let document = self.document(network, people[friend], false);
                format!("{{\"since\":2010,\"user\":{document}}}")
            }
        };
        friends.iter().map(item).collect()
    }

    fn answer(&self, text: String) -> Response {
        let text = match self.has(Fault::WrongForm) {
            true => text.replacen("\"id\"", "\"user_id\"", 1).replacen("\"data\"", "\"list\"", 1),
            false => text,
        };
        let text = match self.has(Fault::UnsoundValue) {
            true => text.replacen("\"the name of", "\"\\ud800", 1),
            false => text,
        };
        let body = match self.has(Fault::Truncated) {
            true => Body::new(Torn(Some(Bytes::from(text).slice(..10)))),
            false => Body::from(text),
        };
        ([(header::CONTENT_TYPE, "application/json; charset=utf-8")], body).into_response()
    }
}

/// A body that begins and then fails.
struct Torn(Option<Bytes>);

impl hyper::body::Body for Torn {
    type Data = Bytes;
    type Error = std::io::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, std::io::Error>>> {
        match self.0.take() {
            Some(bytes) => {
                context.waker().wake_by_ref();
                Poll::Ready(Some(Ok(Frame::data(bytes))))
            }
            None => Poll::Ready(Some(Err(std::io::Error::other("torn")))),
        }
    }
}
