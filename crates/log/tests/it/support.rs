//! A small platform to append for: keys, signed acts, people, decisions.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};

use countersign_domain::act::{Act, Published, Reinstatement, Signer as By, Subject, Suspension};
use countersign_domain::decide::{Candidate, Permitted, decide};
use countersign_domain::digest::Digest;
use countersign_domain::field::{FieldId, FieldSet};
use countersign_domain::grant::Grant;
use countersign_domain::key::{PublicKey, Signature};
use countersign_domain::mask::{Basis, Mask};
use countersign_domain::person::{Handle, PairwiseId, Secret};
use countersign_domain::reason::Reason;
use countersign_domain::request::{FriendsRequest, Request};
use countersign_domain::schema::SchemaDocument;
use countersign_domain::settings::Settings;
use countersign_domain::time::Timestamp;
use countersign_fixtures::decision::basis;
pub(crate) use countersign_fixtures::name;
use countersign_fixtures::{documents, keys, schema};
use countersign_log::annex::{Annex, Circumstances};
use countersign_log::backend::Backend;
use countersign_log::batch::BadBatch;
use countersign_log::guarded::{Guarded, Profiles};
use countersign_log::released::{Placed, Released};
use countersign_log::signer::{Signer, SoftwareSigner};
use countersign_log::stream::{Found, Position, Stream};
use countersign_log::{Log, LogConfig, OpenError, Recovered};
use countersign_protocol::canonical;
use countersign_protocol::entry::{Entry, SignedAct};
use countersign_protocol::merkle::{Hash, leaf_hash};
use countersign_protocol::note::NoteKey;
use countersign_protocol::record::{Record, Seed, pairwise_id, records_root};

pub(crate) const ORIGIN: &str = "log.example/test";
pub(crate) const NOW: u64 = 1_600_000_000;

/// A clock that is set by hand, of a machine that runs for as long as the test says.
#[derive(Clone)]
pub(crate) struct HandClock {
    now: Arc<AtomicU64>,
    uptime_s: Arc<AtomicU64>,
    boot: Arc<AtomicU64>,
}

impl HandClock {
    pub(crate) fn new() -> Self {
        let of = |seconds| Arc::new(AtomicU64::new(seconds));
        Self { now: of(NOW), uptime_s: of(5_000), boot: of(1) }
    }

    /// Time passes until then; or, if then is past, the clock is set back.
    pub(crate) fn set(&self, seconds: u64) {
        let before = self.now.swap(seconds, Ordering::SeqCst);
        self.uptime_s.fetch_add(seconds.saturating_sub(before), Ordering::SeqCst);
    }

    /// The clock is set by so many seconds, and no time passes.
    pub(crate) fn jump(&self, seconds: i64) {
        let now = self.now.load(Ordering::SeqCst).saturating_add_signed(seconds);
        self.now.store(now, Ordering::SeqCst);
    }

    /// The machine is started again.
    pub(crate) fn restart(&self) {
        self.boot.fetch_add(1, Ordering::SeqCst);
        self.uptime_s.store(30, Ordering::SeqCst);
    }
}

impl countersign_log::clock::Clock for HandClock {
    fn now(&self) -> Timestamp {
        Timestamp::from_seconds(self.now.load(Ordering::SeqCst))
    }

    fn uptime_s(&self) -> Option<u64> {
        Some(self.uptime_s.load(Ordering::SeqCst))
    }

    fn boot(&self) -> Option<String> {
        Some(format!("run {}", self.boot.load(Ordering::SeqCst)))
    }
}

/// The log's key, which remembers everything that it ever signed.
#[derive(Clone)]
pub(crate) struct Remembering {
    signer: Arc<SoftwareSigner>,
    pub(crate) signed: Arc<Mutex<Vec<String>>>,
}

impl Remembering {
    pub(crate) fn new() -> Self {
        Self { signer: Arc::new(SoftwareSigner::from_seed(&[1; 32])), signed: Arc::default() }
    }

    /// The same key in another world: what it signs there does not count here.
    pub(crate) fn elsewhere(&self) -> Self {
        let signed = self.signed.lock().unwrap().clone();
        Self { signer: Arc::clone(&self.signer), signed: Arc::new(Mutex::new(signed)) }
    }

    pub(crate) fn note_key(&self) -> NoteKey {
        NoteKey::new(ORIGIN, self.public_key()).unwrap()
    }
}

impl Signer for Remembering {
    fn public_key(&self) -> PublicKey {
        self.signer.public_key()
    }

    fn sign(&self, message: &[u8]) -> Signature {
        self.signed.lock().unwrap().push(String::from_utf8(message.to_vec()).unwrap());
        self.signer.sign(message)
    }
}

/// What a log is opened with.
#[derive(Clone)]
pub(crate) struct Setup {
    pub(crate) config: LogConfig,
    pub(crate) signer: Remembering,
    pub(crate) clock: HandClock,
}

impl Setup {
    /// A log that publishes every millisecond.
    pub(crate) fn eager() -> Self {
        let config = LogConfig { publish_interval_ms: 1, ..LogConfig::new(ORIGIN) };
        Self { config, signer: Remembering::new(), clock: HandClock::new() }
    }

    /// A log that publishes at start and at its end only.
    pub(crate) fn lazy() -> Self {
        let mut setup = Self::eager();
        setup.config.publish_interval_ms = 3_600_000;
        setup
    }

    pub(crate) fn open<B: Backend + Clone + 'static>(
        &self,
        backend: &B,
    ) -> Result<(Log, Recovered), OpenError> {
        Log::open(
            &self.config,
            Arc::new(backend.clone()),
            Arc::new(self.signer.clone()),
            Arc::new(self.clock.clone()),
        )
    }

    /// Opens a new log and appends the founding acts.
    pub(crate) fn found<B: Backend + Clone + 'static>(&self, backend: &B) -> Log {
        let (log, recovered) = self.open(backend).unwrap();
        assert!(recovered.is_new);
        for (act, document) in founding_acts() {
            block_on(log.append_act(act, document, None)).unwrap();
        }
        log
    }
}

pub(crate) fn block_on<F: Future>(future: F) -> F::Output {
    tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(future)
}

pub(crate) fn signed(act: Act, by: &[By]) -> SignedAct {
    signed_at(act, Timestamp::from_seconds(NOW), by)
}

pub(crate) fn signed_at(act: Act, time: Timestamp, by: &[By]) -> SignedAct {
    keys::signed(act, ORIGIN, time, by)
}

fn reviewers() -> [By; 2] {
    [By::Reviewer(name("ann")), By::Reviewer(name("bob"))]
}

/// Keys, a field schema, a partner.
pub(crate) fn founding_acts() -> Vec<(SignedAct, Option<Vec<u8>>)> {
    let document = canonical::to_bytes(&schema()).unwrap();
    let digest = Digest(sha256(&document));
    vec![
        (signed(Act::Keys(documents::keys()), &[By::Root]), None),
        (signed(Act::FieldSchema(Published { digest }), &reviewers()), Some(document)),
        (signed(Act::Partner(documents::partner()), &reviewers()), None),
    ]
}

fn sha256(bytes: &[u8]) -> [u8; 32] {
    use sha2::Digest as _;
    sha2::Sha256::digest(bytes).into()
}

pub(crate) fn schema() -> SchemaDocument {
    schema::document(["id", "friends", "name", "work"].map(schema::field))
}

/// A reason that no act before had: the very same act is taken once only.
fn fresh_reason() -> String {
    static GIVEN: AtomicU64 = AtomicU64::new(0);
    format!("audit {}", GIVEN.fetch_add(1, Ordering::Relaxed))
}

pub(crate) fn suspension() -> SignedAct {
    let subject = Subject::Partner(name("aurora"));
    let act = Act::Suspension(Suspension { subject, reason: fresh_reason() });
    signed(act, &reviewers()[..1])
}

pub(crate) fn reinstatement() -> SignedAct {
    let subject = Subject::Partner(name("aurora"));
    let act = Act::Reinstatement(Reinstatement { subject, reason: fresh_reason() });
    signed(act, &reviewers())
}

pub(crate) fn secret_of(handle: Handle) -> Secret {
    Secret([handle.0[0] ^ 0xaa; 32])
}

/// What the partner calls somebody.
fn pairwise_of(handle: Handle) -> PairwiseId {
    pairwise_id(&secret_of(handle), &name("aurora"))
}

/// People whose every value is their place among the candidates.
pub(crate) struct Data(Vec<(Candidate, Vec<u8>)>, Vec<Candidate>, bool);

impl Data {
    /// A viewer and so many friends, the last of whom is a minor.
    pub(crate) fn with_friends(count: usize) -> Self {
        let candidate = |position: usize| Candidate {
            handle: Handle([position as u8; 16]),
            pairwise: pairwise_of(Handle([position as u8; 16])),
            settings: Settings::from_sets([FieldSet::ALL; 4]),
            present: FieldSet::from_bits(0b1111),
            minor: position == count && count > 0,
        };
        let candidates: Vec<_> = (0..=count).map(candidate).collect();
        let value = |position: usize| format!("{position}").into_bytes();
        let with_values =
            candidates.iter().zip(0..).map(|(candidate, at)| (*candidate, value(at))).collect();
        Self(with_values, candidates, true)
    }

    /// The same people, whose values are not here.
    pub(crate) fn elsewhere(self) -> Self {
        Self(self.0, self.1, false)
    }
}

impl Profiles for Data {
    fn candidates(&self) -> &[Candidate] {
        &self.1
    }

    /// Shows every field there could be, whatever is asked for: the log has to hold back the rest.
    fn values(&self, position: usize, _fields: FieldSet, mut show: impl FnMut(FieldId, &[u8])) {
        for field in FieldSet::ALL.iter() {
            show(field, &self.0[position].1);
        }
    }

    fn are_values_here(&self) -> bool {
        self.2
    }
}

fn masked() -> Basis {
    let open = FieldSet::from_bits(0b0111);
    let mask = |extra: &[(Reason, FieldSet)]| Mask { open, withheld: extra.to_vec() };
    let work = FieldSet::from_bits(0b1000);
    basis(
        mask(&[(Reason::Agreement, work)]),
        mask(&[(Reason::WindDown, work)]),
        mask(&[(Reason::Minor, work)]),
    )
}

/// A decision about these people that has seen `as_of` entries and holds until then.
pub(crate) fn decided(
    people: Guarded<Data>,
    as_of: u64,
    until: Timestamp,
) -> Permitted<Guarded<Data>> {
    let grant = Grant {
        client: name("aurora-home"),
        purpose: name("service"),
        viewer: FieldSet::ALL,
        friend: FieldSet::from_bits(0b0011),
        until,
    };
    let all = FieldSet::from_bits(0b1111);
    let request = Request { viewer: all, friends: Some(FriendsRequest::first(all, 400)) };
    let now = Timestamp::from_seconds(NOW - 1);
    decide(&Arc::new(masked()), &grant, request, people, now, as_of).unwrap()
}

pub(crate) fn permitted(log: &Log, friends: usize) -> Permitted<Guarded<Data>> {
    decided(Guarded::new(Data::with_friends(friends)), log.view().as_of, Timestamp::MAX)
}

/// The digest of the request that every disclosure answers here.
pub(crate) const REQUEST: Digest = Digest([0x5e; 32]);

pub(crate) fn circumstances() -> Circumstances {
    Circumstances { network: Some("192.0.2.0/24".to_owned()), ..Circumstances::default() }
}

/// Appends a disclosure about a viewer and so many friends.
pub(crate) async fn disclose(
    log: &Log,
    friends: usize,
) -> Result<Released<Data>, countersign_log::append::AppendError> {
    log.append(permitted(log, friends), REQUEST, circumstances())
        .await
        .map_err(|refused| refused.error)
}

/// What a caller was told is durable.
#[derive(Clone, Debug)]
pub(crate) struct Acknowledged {
    pub(crate) placed: Placed,
    pub(crate) seed: Option<Seed>,
    pub(crate) people: usize,
}

impl Acknowledged {
    pub(crate) fn of(released: &Released<Data>) -> Self {
        let people = released.decided().records.len();
        Self { placed: released.placed(), seed: Some(*released.seed()), people }
    }
}

/// An entry with its annex, as bytes.
pub(crate) type Pair = (Vec<u8>, Vec<u8>);

/// Every entry with its annex, out of a stream that ends with a batch.
pub(crate) fn pairs(backend: &dyn Backend) -> Vec<Pair> {
    let (pairs, torn) = pairs_before_tear(backend);
    assert_eq!(torn, None, "torn after {} entries", pairs.len());
    pairs
}

/// Every entry with its annex, and why what follows is none, where a crash has torn the stream.
pub(crate) fn pairs_before_tear(backend: &dyn Backend) -> (Vec<Pair>, Option<BadBatch>) {
    let stream = Stream::open(backend, "stream/stream").unwrap();
    let mut pairs = Vec::new();
    let mut offset = 32;
    loop {
        let at = Position { index: pairs.len() as u64, offset };
        match stream.read(at).unwrap() {
            Found::Batch { batch, end } => {
                let owned = batch.pairs().map(Option::unwrap);
                pairs.extend(owned.map(|(entry, annex)| (entry.to_vec(), annex.to_vec())));
                offset = end.offset;
            }
            Found::End => return (pairs, None),
            Found::Torn { reason, .. } => return (pairs, Some(reason)),
        }
    }
}

pub(crate) fn leaves(pairs: &[Pair]) -> Vec<Hash> {
    pairs.iter().map(|(entry, _)| leaf_hash(entry)).collect()
}

/// Entry and annex are together: as many of the one as of the other, and each annex is the one of its
/// entry, to the last person and field.
pub(crate) fn assert_together(pairs: &[Pair]) {
    for ((entry, annex), index) in pairs.iter().zip(0..) {
        assert!(!entry.is_empty() && !annex.is_empty(), "entry {index} or its annex is empty");
        match (Entry::parse(entry).unwrap(), Annex::parse(annex).unwrap()) {
            (Entry::Disclosure(entry), Annex::Disclosure(annex)) => {
                let records = annex.records.iter().map(|record| Record {
                    pairwise: pairwise_of(record.handle),
                    relation: record.standing.relation(),
                    fields: record.fields,
                });
                let root = records_root(&annex.seed, records);
                assert_eq!(entry.records, root, "entry {index} has the annex of another");
            }
            (Entry::Consents(entry), Annex::Consents(annex)) => {
                assert_eq!(
                    entry.records,
                    annex.records_root(),
                    "entry {index} has others' choices"
                );
            }
            (Entry::Act(act), Annex::Act(annex)) => {
                let document = annex.document.map(|document| Digest(sha256(&document)));
                assert_eq!(act.act.document(), document, "act {index} has another document");
            }
            _ => panic!("entry {index} has the annex of another kind"),
        }
    }
}

/// Everything acknowledged is in the stream, entry and annex both.
pub(crate) fn assert_kept(acknowledged: &[Acknowledged], pairs: &[Pair]) {
    for kept in acknowledged {
        let index = kept.placed.index as usize;
        let Some((entry, annex)) = pairs.get(index) else {
            panic!("entry {index} was acknowledged and is lost; {} are left", pairs.len());
        };
        assert_eq!(leaf_hash(entry), kept.placed.leaf_hash, "entry {index} is another one");
        match (Annex::parse(annex).unwrap(), kept.seed) {
            (Annex::Disclosure(annex), Some(seed)) => {
                assert_eq!(annex.seed, seed);
                assert_eq!(annex.records.len(), kept.people);
            }
            (Annex::Act(_), None) => {}
            _ => panic!("entry {index} has the annex of another kind"),
        }
    }
}
