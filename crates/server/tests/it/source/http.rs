//! The platform's HTTP API in the conformance suite, in every shape that a mapping can read.

use std::fs;
use std::net::SocketAddr;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use countersign_people::store::People;
use countersign_service::clock;
use countersign_source::http::HttpSource;
use countersign_source::settings::http::HttpSettings;
use countersign_source::{Naming, Source};

use crate::source::conformance::{Fault, Held, Platform, everything_open};
use crate::support::people::default_schema;
use crate::support::platform_api::{PlatformApi, Shape, TOKEN};
use crate::support::source_people::Network;

/// How long a question may take where an answer is not expected, in milliseconds.
const SHORT_MS: u64 = 400;

/// Writes the mapping of the documentation's example for this host, with `friends` in the place of what it
/// says of friends, and the file of the token.
pub(crate) fn write_mapping(folder: &Path, base_url: &str, friends: Option<&str>) -> PathBuf {
    let example =
        Path::new(env!("CARGO_MANIFEST_DIR")).join("../../testdata/mappings/social-api.toml");
    let text = fs::read_to_string(example).unwrap();
    let text = text.replace("https://api.platform.example", base_url);
    let text = match (friends, text.split_once("[friends]")) {
        (Some(friends), Some((before, _))) => format!("{before}{friends}"),
        _ => text,
    };
    fs::create_dir_all(folder.join("keys")).unwrap();
    let token = folder.join("keys/platform-api.token");
    fs::write(&token, format!("{TOKEN}\n")).unwrap();
    fs::set_permissions(&token, fs::Permissions::from_mode(0o600)).unwrap();
    let path = folder.join("mapping.toml");
    fs::write(&path, text).unwrap();
    path
}

pub(crate) fn base_url(address: SocketAddr) -> String {
    format!("http://{address}/v1")
}

/// What the suite asks with: patient, and with a breaker that stays closed.
pub(crate) fn config(mapping: PathBuf) -> HttpSettings {
    let mut config = HttpSettings::with_mapping(mapping);
    config.timeout_ms = 60_000;
    config.breaker.failures = 1_000_000;
    config.breaker.questions_min = 1_000_000;
    config
}

pub(crate) fn source(config: &HttpSettings, folder: &Path, store: &Arc<People>) -> HttpSource {
    let naming = Naming::new(Arc::clone(store), everything_open());
    HttpSource::open(Arc::clone(store), naming, config, folder, &default_schema(), clock::now)
        .unwrap()
}

/// An API of some shape, with its source.
pub(crate) struct Http {
    api: PlatformApi,
    source: Source,
    impatient: Source,
    is_impatient: std::sync::atomic::AtomicBool,
}

impl Http {
    fn new(
        network: &Network,
        store: &Arc<People>,
        folder: &Path,
        shape: Shape,
        friends: Option<&str>,
    ) -> Self {
        let api = PlatformApi::start(network, shape);
        let mapping = write_mapping(folder, &base_url(api.address), friends);
        let patient = config(mapping);
        let short = HttpSettings { timeout_ms: SHORT_MS, ..patient.clone() };
        Self {
            api,
            source: Source::Http(source(&patient, folder, store)),
            impatient: Source::Http(source(&short, folder, store)),
            is_impatient: false.into(),
        }
    }

    fn fail(&self, fault: Option<Fault>) {
        let is_slow = fault == Some(Fault::Slow);
        self.is_impatient.store(is_slow, std::sync::atomic::Ordering::SeqCst);
        self.api.fail(fault);
    }

    fn source(&self) -> &Source {
        match self.is_impatient.load(std::sync::atomic::Ordering::SeqCst) {
            true => &self.impatient,
            false => &self.source,
        }
    }
}

/// A platform of the suite for each shape.
macro_rules! shapes {
    ($($name:ident: $shape:expr, $friends:expr;)+) => {
        $(
            pub(crate) struct $name(Http);

            impl Platform for $name {
                const KEEPS_BYTES: bool = true;

                fn build(network: &Network, store: &Arc<People>, folder: &Path) -> Self {
                    Self(Http::new(network, store, folder, $shape, $friends))
                }

                fn source(&self) -> &Source {
                    self.0.source()
                }

                fn change(&self, network: &Network, _: &Arc<People>, _: &Path) {
                    self.0.api.change(network);
                }

                fn fail(&self, fault: Option<Fault>) -> bool {
                    self.0.fail(fault);
                    true
                }

                fn hold(&self) -> Option<Box<dyn Held + '_>> {
                    Some(Box::new(self.0.api.hold()))
                }
            }
        )+
    };
}

const ONE_BY_ONE: &str = r#"[friends]
path = "/users/{account}/friends"
list = "/data"
next = "/paging/next"
accounts = "/id"
"#;

const WHOLE_BY_OFFSET: &str = r#"[friends]
path = "/users/{account}/friends?offset={offset}"
list = "/data"
people = "/user"
"#;

const EMBEDDED_ACCOUNTS: &str = r#"[friends]
embedded = "/friends"
accounts = ""

[profiles]
path = "/users?ids={accounts}"
list = ""
people_max = 200
"#;

const EMBEDDED_PEOPLE: &str = r#"[friends]
embedded = "/friends"
people = "/user"
"#;

shapes! {
    Batches: Shape::Listed, None;
    OneByOne: Shape::Listed, Some(ONE_BY_ONE);
    WholeByOffset: Shape::Whole, Some(WHOLE_BY_OFFSET);
    EmbeddedAccounts: Shape::Embedded, Some(EMBEDDED_ACCOUNTS);
    EmbeddedPeople: Shape::EmbeddedWhole, Some(EMBEDDED_PEOPLE);
}
