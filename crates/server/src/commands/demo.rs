//! `countersign demo`: the demonstration.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;

use clap::Args;
use countersign_demo::choices::mixed;
use countersign_demo::generate::{self, GenerateOptions};
use countersign_demo::sample_graph::Kind;
use countersign_demo::tour::{Audience, READ, Tour};
use countersign_demo::world;
use countersign_domain::identifier::Identifier;
use countersign_http::bearer::BearerToken;
use countersign_http::gateway::Gateway;
use countersign_http::network::socket::not_bound;
use countersign_http::serving;
use countersign_people::data_dir::DataDir;
use countersign_people::store::{People, StoreOptions};
use countersign_service::clock;
use countersign_service::instance::ClockTrust;
use countersign_service::instance::create::Founding;
use countersign_service::people::import::{self, ImportOptions};
use countersign_service::people::progress::Progress;
use countersign_service::people::schema;
use serde_json::json;

use super::{Failure, Output};
use crate::instance::{NewInstance, start};

/// What the demonstration cannot show yet.
const NOT_YET: [&str; 3] = [
    "sign-in and consent by OAuth (the demo's login takes anybody's word)",
    "attested devices and sealed answers (answers are clear, which this agreement allows)",
    "audits",
];

/// Show what Countersign does: make a small world, serve it on loopback, and say what to try.
///
/// Example: countersign demo --tour
#[derive(Args)]
pub(super) struct Demo {
    /// Walk through the story and check every step, then end.
    #[arg(long)]
    tour: bool,
    /// People from a folder of SNAP's ego-Facebook or LDBC files, instead of generated ones.
    #[arg(long, value_name = "FOLDER")]
    people: Option<PathBuf>,
    /// How many people to generate.
    #[arg(long, default_value_t = 2_000)]
    count: u32,
    /// The address to serve on.
    #[arg(long, default_value = "127.0.0.1:8099")]
    listen: SocketAddr,
    /// Keep the instance in this new folder, instead of one that is removed at the end.
    #[arg(long)]
    dir: Option<PathBuf>,
}

impl Demo {
    pub(super) fn run(self, output: Output) -> Result<ExitCode, Failure> {
        let temporary = tempfile::tempdir()?;
        let dir = self.dir.clone().unwrap_or_else(|| temporary.path().join("demo"));
        let listen = free_address(self.listen)?;
        if listen.port() != self.listen.port() && self.listen.port() != 0 {
            output
                .note(&format!("{} is in use, so the demonstration is on {listen}.", self.listen));
        }
        let log_key = world::found(&dir, &founding(listen)?)?;
        let directory = DataDir::new(&dir);
        let people = self.fill(&directory)?;
        // Its source is the image, which needs no runtime once it is open.
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        let gateway = runtime.block_on(start(&directory, ClockTrust::Watched, &[]))?;
        let cast = world::most_befriended(&gateway.service.people)?;
        let scene = Scene { gateway: Arc::clone(&gateway), cast, log_key, people };
        if self.tour { scene.tour(output) } else { scene.serve(output) }
    }

    /// Puts people into the instance, and tells how many.
    fn fill(&self, directory: &DataDir) -> Result<String, Failure> {
        let store = People::open(&directory.people(), StoreOptions::default())?;
        let schema = schema::read(&directory.schema())?;
        let (schema, beginning, progress) = (&schema, mixed(1), Progress::Stderr);
        let now = clock::now();
        let report = match &self.people {
            Some(folder) => {
                let options = ImportOptions { schema, beginning, sequence: None, now, progress };
                let kind = Kind::detect(folder)?;
                import::run(&store, &options, |batch| kind.read(folder, batch))?
            }
            None => {
                let people = self.count;
                let options = GenerateOptions { schema, beginning, now, progress, people, seed: 1 };
                generate::run(&store, &options)?
            }
        };
        Ok(format!("{} people and {} friendships", report.people, report.friendships))
    }
}

/// What its instance is founded with.
///
/// # Errors
/// If a reviewer has no name, or the configuration is refused.
pub fn founding(listen: SocketAddr) -> Result<Founding, Failure> {
    let reviewers =
        world::REVIEWERS.map(Identifier::parse).into_iter().collect::<Result<_, _>>()?;
    let new = NewInstance {
        origin: world::ORIGIN.to_owned(),
        listen: listen.into(),
        public_url: None,
        reviewers,
        demo_login: true,
        harvest_budget: false,
    };
    Ok(new.founding()?)
}

/// The address itself, or one with a free port if the port is taken.
fn free_address(wanted: SocketAddr) -> Result<SocketAddr, Failure> {
    let bound = match std::net::TcpListener::bind(wanted) {
        Err(error) if error.kind() == std::io::ErrorKind::AddrInUse => {
            std::net::TcpListener::bind((wanted.ip(), 0))
        }
        bound => bound,
    };
    Ok(bound.map_err(|error| not_bound(&wanted.into(), &error))?.local_addr()?)
}

/// A demonstration that is ready to be served.
struct Scene {
    gateway: Arc<Gateway>,
    cast: world::Cast,
    log_key: String,
    people: String,
}

impl Scene {
    fn serve(self, output: Output) -> Result<ExitCode, Failure> {
        let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
        let url = self.gateway.settings.public_url.clone();
        let document = json!({ "url": url, "log_key": self.log_key, "account": self.cast.account });
        let text = self.story(&url);
        runtime.block_on(serving::serve(self.gateway, || output.say(&document, &text)))?;
        Ok(ExitCode::SUCCESS)
    }

    fn tour(self, output: Output) -> Result<ExitCode, Failure> {
        let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
        let (ready, listening) = std::sync::mpsc::channel();
        let gateway = Arc::clone(&self.gateway);
        let served = runtime.spawn(serving::serve(gateway, move || {
            let _ = ready.send(());
        }));
        if listening.recv().is_err() {
            runtime.block_on(served)??;
        }
        let url = self.gateway.settings.public_url.as_str();
        let tour = Tour {
            directory: &self.gateway.service.directory,
            url,
            origin: &self.gateway.service.settings.origin,
            log_key: &self.log_key,
            admin_token: self.gateway.files.admin_token.as_str(),
            sign_in_code: self.sign_in_code(),
            account: &self.cast.account,
            friends_count: self.cast.friends_count,
            people: &self.gateway.service.people,
        };
        let mut teller = Teller { output, seen: Vec::new() };
        teller.say(&format!("A world of {}, served on {}.", self.people, url));
        let walked = tour.walk(&mut teller);
        runtime.shutdown_background();
        self.gateway.service.log.shutdown();
        walked?;
        let document = json!({ "tour": "complete", "seen": teller.seen });
        output
            .say(&document, "\nThe tour is complete: everything it looked at is as it should be.");
        Ok(ExitCode::SUCCESS)
    }

    /// What opens the sign-in of this run.
    fn sign_in_code(&self) -> &str {
        self.gateway.sign_in_code.as_ref().map_or("", BearerToken::as_str)
    }

    fn story(&self, url: &str) -> String {
        let login = json!({
            "account": self.cast.account, "build": world::BUILD, "purpose": world::PURPOSE,
        });
        let not_yet = NOT_YET.map(|what| format!("  - {what}")).join("\n");
        format!(
            "A world of {people}, one partner (Aurora Devices, invented), one agreement, one approved
build. Each person chose for themselves what friends' devices may have.

Open      {url}/              who receives data, computed from the log
          {url}/ledger        where a person's ledger is checked, in their own browser
          {url}/log/checkpoint

Try       A person signs in on the partner's device:
            TOKEN=$(curl -s {url}/login -H 'authorization: Bearer {code}' -H 'content-type: application/json' \\
              -d '{login}' | sed 's/.*\"access_token\":\"\\([^\"]*\\).*/\\1/')
          The device asks for its user and all of their friends:
            curl -s -D headers.txt -o answer.json -H \"authorization: Bearer $TOKEN\" -g \\
              '{url}{READ}'
          An outsider checks the log, then that the answer is what was logged (any machine, public files):
            cargo run --release -p countersign-verifier -- log {url}/log --key '{key}'
            cargo run --release -p countersign-verifier -- receipt --log {url}/log --key '{key}' \\
              --headers headers.txt --body answer.json --method GET --uri '{READ}'
          The period ends, and that person gets everything that the log holds about them; check it in the page, or here:
            ADMIN=\"authorization: Bearer $(cat {dir}/keys/admin.token)\"
            curl -s -X POST -H \"$ADMIN\" {url}/admin/v1/closes
            curl -s -H \"$ADMIN\" -o mine.ledger {url}/admin/v1/people/{account}/ledger
            cargo run --release -p countersign-verifier -- ledger mine.ledger --key '{key}'
          The same, with a suspension and a cheater, without a person: countersign demo --tour

Not yet   in this version:
{not_yet}

Press Ctrl-C to stop.",
            people = self.people,
            key = self.log_key,
            code = self.sign_in_code(),
            account = self.cast.account,
            dir = self.gateway.service.directory.path().display(),
        )
    }
}

/// Tells the tour on the terminal.
struct Teller {
    output: Output,
    seen: Vec<String>,
}

impl Teller {
    #[expect(clippy::print_stdout, reason = "this is where the command speaks")]
    fn say(&self, text: &str) {
        if !self.output.json {
            println!("{text}");
        }
    }
}

impl Audience for Teller {
    fn step(&mut self, title: &str) {
        self.say(&format!("\n{title}"));
    }

    fn saw(&mut self, what: &str) {
        self.say(&format!("  ✓ {what}"));
        self.seen.push(what.to_owned());
    }
}
