//! Embeds the log in a program of one's own. What one learns: how to open a log in a folder, append governance acts,
//! decide about people's data and append the disclosure, read that data only afterwards, wait until the entry is
//! published, and check the published files with the verifier.
//!
//! The acts and their signatures come from fixtures. In life they come from the people who sign them, and the
//! masks of a decision come from `countersign-policy`, which compiles them from the acts.
//!
//! ```text
//! cargo run -p countersign-log --example embed
//! ```
#![expect(clippy::print_stdout, reason = "it is an example for people")]

use std::sync::Arc;

use countersign_domain::decide::{Candidate, decide};
use countersign_domain::field::{FieldId, FieldSet};
use countersign_domain::grant::Grant;
use countersign_domain::mask::{Basis, Mask};
use countersign_domain::person::{Handle, Secret};
use countersign_domain::request::{FriendsRequest, Request};
use countersign_domain::settings::Settings;
use countersign_domain::time::Timestamp;
use countersign_fixtures::decision::basis;
use countersign_fixtures::keys::signing_key;
use countersign_fixtures::world::{ORIGIN, World};
use countersign_fixtures::{at, documents, name};
use countersign_log::annex::Circumstances;
use countersign_log::backend::posix::Posix;
use countersign_log::guarded::{Guarded, Profiles};
use countersign_log::signer::SoftwareSigner;
use countersign_log::{Log, LogConfig};
use countersign_protocol::entry::Entry;
use countersign_protocol::receipt::request_digest;
use countersign_protocol::record::pairwise_id;
use countersign_verifier::log_check::{Question, check_log};
use countersign_verifier::site::FolderSite;

type Failure = Box<dyn std::error::Error>;

/// The fields of the schema in use, by their places: the id is 0, the list of friends 1, the name 2.
const ID_AND_NAME: FieldSet = FieldSet::from_bits(0b101);
const WITH_FRIENDS: FieldSet = FieldSet::from_bits(0b111);

/// The program's own people: each with the one value that this example has of them.
struct Names {
    candidates: Vec<Candidate>,
    names: Vec<&'static str>,
}

impl Names {
    /// A viewer and their friends, who all share everything.
    fn of(names: Vec<&'static str>) -> Self {
        let candidate = |number: u8| Candidate {
            handle: Handle([number; 16]),
            // Each partner knows a person by another id.
            pairwise: pairwise_id(&Secret([number; 32]), &name("aurora")),
            settings: Settings::from_sets([FieldSet::ALL; 4]),
            present: WITH_FRIENDS,
            minor: false,
        };
        let mut candidates: Vec<_> = (0..).map(candidate).take(names.len()).collect();
        candidates[1..].sort_by_key(|friend| friend.pairwise);
        Self { candidates, names }
    }
}

impl Profiles for Names {
    fn candidates(&self) -> &[Candidate] {
        &self.candidates
    }

    fn values(&self, position: usize, fields: FieldSet, mut show: impl FnMut(FieldId, &[u8])) {
        let number = usize::from(self.candidates[position].handle.0[0]);
        let value = format!("{:?}", self.names[number]);
        fields.iter().filter(|field| field.number() == 2).for_each(|f| show(f, value.as_bytes()));
    }

    fn are_values_here(&self) -> bool {
        true
    }
}

#[tokio::main(flavor = "current_thread")]
pub(crate) async fn main() -> Result<(), Failure> {
    let folder = tempfile::tempdir()?;
    // The program says what time it is. Here it is the second in which the acts were signed.
    let now = || at(documents::BEGINNING_S);
    let signer = SoftwareSigner::from_seed(&signing_key("log").to_bytes());
    let config = LogConfig { publish_interval_ms: 50, ..LogConfig::new(ORIGIN) };
    let backend = Arc::new(Posix::new(folder.path()));
    let (log, recovered) = Log::open(&config, backend, Arc::new(signer), Arc::new(now))?;
    println!("Opened {}, which is new: {}", log.origin(), recovered.is_new);

    append_acts(&log).await?;
    println!("Appended {} acts", log.head());

    // From here on the people's names can be passed on, and not read.
    let people = Guarded::new(Names::of(vec!["Vera", "Ben", "Cleo"]));
    let digest = request_digest("GET", "/me?fields=id,name,friends{name}", b"", b"4711");
    let friends = Some(FriendsRequest::first(ID_AND_NAME, 100));
    let request = Request { viewer: WITH_FRIENDS, friends };
    let permitted = decide(&agreed(), &grant(), request, people, now(), log.view().as_of)?;
    let appended = log.append(permitted, digest, Circumstances::default()).await;
    let released = appended.map_err(|refused| refused.error)?;
    let index = released.placed().index;

    // The entry is durable: now the answer can be made, of what was decided and nothing else.
    let answer = released.answer(|records| {
        let mut names = Vec::new();
        for record in records {
            record.values(|_, value| names.push(String::from_utf8_lossy(value).into_owned()));
        }
        names.sort();
        names.join(" ").into_bytes()
    });
    assert_eq!(answer.body(), br#""Ben" "Cleo" "Vera""#);
    println!("Entry {index} covers the answer {}", String::from_utf8_lossy(answer.body()));

    log.wait_published(index).await;
    let key = log.key().clone();
    log.shutdown();
    let site = FolderSite::new(&folder.path().join("log"));
    let checked = check_log(&site, &Question::new(&key, now()), |_| {})?;
    let verdict = checked.verdict;
    println!(
        "The verifier read {} entries, {} of them a disclosure, and found {} failures",
        verdict.size, verdict.disclosures, verdict.failure_count
    );
    assert_eq!((verdict.disclosures, verdict.failure_count), (1, 0), "{:?}", verdict.failures);
    Ok(())
}

/// Keys, a field schema, rules, a partner, its agreement and an approved build.
async fn append_acts(log: &Log) -> Result<(), Failure> {
    let world = World::governed();
    for bytes in &world.entries {
        if let Entry::Act(signed) = Entry::parse(bytes)? {
            let document = signed.act.document().and_then(|digest| world.documents.get(&digest));
            log.append_act(signed, document.cloned(), None).await?;
        }
    }
    Ok(())
}

/// What the agreement and the build allow.
fn agreed() -> Arc<Basis> {
    let disclosure = World::governed().disclosure();
    let friend = || Mask::opening(ID_AND_NAME);
    Arc::new(Basis {
        build: disclosure.build,
        agreements: disclosure.agreements.into(),
        purpose: disclosure.purpose,
        ..basis(Mask::opening(WITH_FRIENDS), friend(), friend())
    })
}

/// What the viewer granted.
fn grant() -> Grant {
    Grant {
        client: name("aurora-home"),
        purpose: name("experience"),
        viewer: FieldSet::ALL,
        friend: FieldSet::ALL,
        until: Timestamp::MAX,
    }
}
