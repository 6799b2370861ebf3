//! The evidence pack: what an evidence file proves its cover page with.
//!
//! ```text
//! pack     = "cs1evid\n" ‖ version (4) ‖ made (8) ‖ from (8) ‖ until (8) ‖ body
//! body     = 0 (1) ‖ log                               everything
//!          | 1 (1) ‖ partner: blob ‖ log
//!          | 2 (1) ‖ client: blob ‖ log
//!          | 3 (1) ‖ consent: blob ‖ ledger: blob      a person, with their ledger bundle
//! log      = checkpoint: blob ‖ many document ‖ many entry ‖ many hash ‖ refusals
//! document = blob
//! entry    = index (8) ‖ blob
//! refusals = 0 (1)                                     not told
//!          | 1 (1) ‖ many refused
//! refused  = index (8) ‖ many withheld
//! withheld = reason (1) ‖ relation (1) ‖ fields (16)
//! ```
//!
//! Refusals are the operator's word: no entry has them. They do not say how many people a field was withheld
//! from, since that would tell how many friends somebody has; an entry rounds that on purpose.
//!
//! What it is not: to be believed. Reading it says no more than that it is one.

use countersign_domain::field::FieldSet;
use countersign_domain::identifier::Identifier;
use countersign_domain::reason::Reason;
use countersign_domain::relation::Relation;
use countersign_domain::text;
use countersign_domain::time::Timestamp;

use crate::entry::Disclosure;
use crate::ledger_bundle::ShownEntry;
use crate::merkle::Hash;
use crate::packed::{Kind, PackedError, Reader, begin, put_blob, put_hashes, put_many};

/// The version of the format.
pub const PACK_VERSION: u32 = 1;
/// The longest pack: some four hundred thousand disclosures, or the longest ledger.
pub const PACK_BYTES_MAX: usize = 257 << 20;
/// The longest reference of a person's consent.
pub const CONSENT_CHARACTERS_MAX: usize = 200;

const KIND: Kind = Kind {
    name: "evidence pack",
    magic: *b"cs1evid\n",
    version: PACK_VERSION,
    bytes_max: PACK_BYTES_MAX,
};

/// What an evidence file holds.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Pack {
    /// When it was made, by the operator's word.
    pub made: Timestamp,
    /// The first second that it is about.
    pub from: Timestamp,
    /// The first second after.
    pub until: Timestamp,
    /// What it shows.
    pub body: Body,
}

/// What a pack shows.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Body {
    /// What the log says of some recipients.
    Log(Subject, LogPart),
    /// What it says of a person, who agreed to it.
    Person(PersonPart),
}

/// Of whom a pack shows what went to them.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Subject {
    /// Everybody.
    All,
    /// One partner.
    Partner(Identifier),
    /// One client.
    Client(Identifier),
}

impl Subject {
    /// Whether a disclosure is of this subject.
    #[must_use]
    pub fn has(&self, disclosure: &Disclosure) -> bool {
        match self {
            Self::All => true,
            Self::Partner(partner) => disclosure.partner == *partner,
            Self::Client(client) => disclosure.client == *client,
        }
    }
}

impl std::fmt::Display for Subject {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::All => f.write_str("everything"),
            Self::Partner(name) => write!(f, "partner:{name}"),
            Self::Client(name) => write!(f, "client:{name}"),
        }
    }
}

/// Acts and disclosures, proved.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct LogPart {
    /// The signed note of the checkpoint that everything is proved against.
    pub checkpoint: Vec<u8>,
    /// The documents of the acts, each once.
    pub documents: Vec<Vec<u8>>,
    /// All acts, and the subject's disclosures of the time, in the order of the log.
    pub entries: Vec<ShownEntry>,
    /// The shared proof of all entries.
    pub proof: Vec<Hash>,
    /// What was asked for in these disclosures and withheld, where the operator tells that.
    pub refusals: Option<Vec<Refused>>,
}

/// What was withheld from one answer.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Refused {
    /// The disclosure.
    pub index: u64,
    /// What was withheld, in the order of reasons and relations, each once.
    pub withheld: Vec<Withheld>,
}

/// Fields that were withheld for one reason, of the viewer or of some friend.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Withheld {
    /// Why.
    pub reason: Reason,
    /// Of whom.
    pub relation: Relation,
    /// What.
    pub fields: FieldSet,
}

/// A person's ledger, and by what they agreed that others see it.
#[derive(Clone, PartialEq, Eq)]
pub struct PersonPart {
    /// The reference of their consent, by the operator's word.
    pub consent: String,
    /// The ledger bundle, with their secrets in it.
    pub ledger: Vec<u8>,
}

impl std::fmt::Debug for PersonPart {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "PersonPart({:?}, {} bytes)", self.consent, self.ledger.len())
    }
}

impl Pack {
    /// Whether a disclosure is of the time that the pack is about.
    #[must_use]
    pub fn spans(&self, disclosure: &Disclosure) -> bool {
        (self.from..self.until).contains(&disclosure.time)
    }

    /// The pack as bytes.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut bytes = begin(&KIND);
        let out = &mut bytes;
        for time in [self.made, self.from, self.until] {
            out.extend_from_slice(&time.seconds().to_be_bytes());
        }
        match &self.body {
            Body::Log(subject, log) => {
                match subject {
                    Subject::All => out.push(0),
                    Subject::Partner(name) => put_named(out, 1, name),
                    Subject::Client(name) => put_named(out, 2, name),
                }
                put_log(out, log);
            }
            Body::Person(person) => {
                out.push(3);
                put_blob(out, person.consent.as_bytes());
                put_blob(out, &person.ledger);
            }
        }
        bytes
    }

    /// Reads a pack, in its one spelling.
    ///
    /// # Errors
    /// [`PackedError`].
    pub fn parse(bytes: &[u8]) -> Result<Self, PackedError> {
        let mut input = Reader::begin(bytes, &KIND)?;
        let pack = Self {
            made: time(&mut input)?,
            from: time(&mut input)?,
            until: time(&mut input)?,
            body: body(&mut input)?,
        };
        if pack.from >= pack.until {
            return Err(input.unknown("a time that ends before it begins"));
        }
        input.end()?;
        Ok(pack)
    }
}

fn time(input: &mut Reader<'_>) -> Result<Timestamp, PackedError> {
    const PART: &str = "a time";
    let seconds = input.u64(PART)?;
    let time = Timestamp::from_seconds(seconds);
    if time.seconds() == seconds { Ok(time) } else { Err(input.unknown(PART)) }
}

fn body(input: &mut Reader<'_>) -> Result<Body, PackedError> {
    const PART: &str = "what it is of";
    let subject = match input.u8(PART)? {
        0 => Subject::All,
        1 => Subject::Partner(identifier(input)?),
        2 => Subject::Client(identifier(input)?),
        3 => return person(input).map(Body::Person),
        _ => return Err(input.unknown(PART)),
    };
    Ok(Body::Log(subject, log(input)?))
}

fn identifier(input: &mut Reader<'_>) -> Result<Identifier, PackedError> {
    const PART: &str = "a name";
    Identifier::parse(&input.text(PART)?).map_err(|_| input.unknown(PART))
}

fn person(input: &mut Reader<'_>) -> Result<PersonPart, PackedError> {
    const PART: &str = "the consent";
    let consent = input.text(PART)?;
    if !is_consent(&consent) {
        return Err(input.unknown(PART));
    }
    Ok(PersonPart { consent, ledger: input.blob("the ledger")? })
}

/// Whether this can be the reference of a consent: something to read, on one line.
#[must_use]
pub fn is_consent(text: &str) -> bool {
    !text.trim().is_empty() && text::check("consent", CONSENT_CHARACTERS_MAX, text).is_ok()
}

fn log(input: &mut Reader<'_>) -> Result<LogPart, PackedError> {
    Ok(LogPart {
        checkpoint: input.blob("the checkpoint")?,
        documents: input.many("the documents", 4, |input| input.blob("a document"))?,
        entries: input.many("the entries", 12, ShownEntry::read)?,
        proof: input.hashes()?,
        refusals: match input.u8("the refusals")? {
            0 => None,
            1 => Some(input.many("the refusals", 12, refused)?),
            _ => return Err(input.unknown("whether refusals are told")),
        },
    })
}

fn refused(input: &mut Reader<'_>) -> Result<Refused, PackedError> {
    const PART: &str = "what was withheld";
    let index = input.u64("a refusal's index")?;
    let withheld = input.many(PART, 18, withheld)?;
    let order = |one: &Withheld| (one.reason.code(), relation_code(one.relation));
    let rises = withheld.array_windows().all(|[one, next]| order(one) < order(next));
    if rises && !withheld.is_empty() {
        Ok(Refused { index, withheld })
    } else {
        Err(input.unknown(PART))
    }
}

fn withheld(input: &mut Reader<'_>) -> Result<Withheld, PackedError> {
    let code = input.u8("a reason")?;
    let reason = Reason::of_code(code).ok_or(input.unknown("a reason"))?;
    let relation = match input.u8("a relation")? {
        0 => Relation::Viewer,
        1 => Relation::Friend,
        _ => return Err(input.unknown("a relation")),
    };
    let fields = FieldSet::from_bits(input.u128("fields")?);
    if fields.is_empty() {
        Err(input.unknown("fields"))
    } else {
        Ok(Withheld { reason, relation, fields })
    }
}

const fn relation_code(relation: Relation) -> u8 {
    match relation {
        Relation::Viewer => 0,
        Relation::Friend => 1,
    }
}

fn put_named(out: &mut Vec<u8>, code: u8, name: &Identifier) {
    out.push(code);
    put_blob(out, name.as_str().as_bytes());
}

fn put_log(out: &mut Vec<u8>, log: &LogPart) {
    put_blob(out, &log.checkpoint);
    put_many(out, &log.documents, |out, document| put_blob(out, document));
    put_many(out, &log.entries, ShownEntry::put);
    put_hashes(out, &log.proof);
    let Some(refusals) = &log.refusals else {
        out.push(0);
        return;
    };
    out.push(1);
    put_many(out, refusals, |out, refused| {
        out.extend_from_slice(&refused.index.to_be_bytes());
        put_many(out, &refused.withheld, |out, one| {
            out.extend_from_slice(&[one.reason.code(), relation_code(one.relation)]);
            out.extend_from_slice(&one.fields.bits().to_be_bytes());
        });
    });
}
