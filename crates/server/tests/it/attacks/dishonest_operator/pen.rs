//! The pen of a cheating operator: writes the public files of a log anew, as whoever has all its keys can.
//!
//! It stands beside a running server, which goes on serving these files; the server's own stream knows
//! nothing of what was written.

use std::fs;

use countersign_demo::world::{BUILD, CLIENT, PARTNER, PURPOSE};
use countersign_domain::act::{Act, Signer};
use countersign_domain::digest::Digest;
use countersign_domain::identifier::Identifier;
use countersign_domain::time::Timestamp;
use countersign_people::keys::SecretKey;
use countersign_protocol::checkpoint::Checkpoint;
use countersign_protocol::entry::{ActSignature, Close, Consents, Disclosure, Entry, SignedAct};
use countersign_protocol::merkle::{Hash, leaf_hash, root_of_leaves};
use countersign_protocol::tile::{TileKind, paths, push_entry};
use countersign_service::clock;
use sha2::{Digest as _, Sha256};

use crate::support::village;
use crate::support::{Serving, World, eventually};

/// What a device asks in these tests.
pub(super) const QUESTION: &str = "/me?fields=id,name,friends{id,name}";

/// A log, about to be written anew.
pub(super) struct Pen<'a> {
    world: &'a World,
    /// Its entries, as they will be published.
    pub(super) entries: Vec<Entry>,
}

impl<'a> Pen<'a> {
    /// Takes over the log of this server after one honest answer, once all is published.
    pub(super) fn after_an_answer(serving: &Serving<'a>) -> Self {
        serving.read(QUESTION, &serving.token(village::VIEWER));
        Self::take(serving)
    }

    /// Takes over the log of this server, once all is published.
    pub(super) fn take(serving: &Serving<'a>) -> Self {
        let head = serving.head();
        eventually("the log is published", || serving.world.checkpoint().size >= head);
        let leaves = serving.world.verified(head);
        let entries = leaves.into_iter().map(|leaf| leaf.entry).collect();
        Self { world: serving.world, entries }
    }

    /// The log's name.
    pub(super) fn origin(&self) -> &str {
        self.world.key.name()
    }

    /// How many entries there are.
    pub(super) const fn size(&self) -> u64 {
        self.entries.len() as u64
    }

    /// The time of the newest entry.
    pub(super) fn time(&self) -> Timestamp {
        self.entries.last().unwrap().time()
    }

    /// Appends the log's last disclosure once more, right as the next entry but for this change.
    pub(super) fn disclose(&mut self, change: impl FnOnce(&mut Disclosure)) -> u64 {
        let mut disclosure = self.last_disclosure().clone();
        disclosure.as_of = self.size();
        disclosure.time = self.time();
        change(&mut disclosure);
        self.push(Entry::Disclosure(disclosure))
    }

    /// The log's last disclosure, which is about the demonstration's build.
    pub(super) fn last_disclosure(&self) -> &Disclosure {
        let disclosures = self.entries.iter().rev().filter_map(|entry| match entry {
            Entry::Disclosure(disclosure) => Some(disclosure),
            _ => None,
        });
        let last = disclosures.into_iter().next().expect("there was an answer");
        let names = [&last.partner, &last.client, &last.build, &last.purpose];
        assert_eq!(names.map(Identifier::as_str), [PARTNER, CLIENT, BUILD, PURPOSE]);
        last
    }

    /// Appends an act with the signatures of these.
    pub(super) fn act(&mut self, act: Act, signers: &[&str]) -> u64 {
        self.act_at(act, self.time(), signers)
    }

    /// Appends an act of this time.
    pub(super) fn act_at(&mut self, act: Act, time: Timestamp, signers: &[&str]) -> u64 {
        let mut signed = SignedAct::unsigned(act, time);
        let message = signed.message(self.world.key.name()).unwrap();
        let signatures = signers.iter().map(|by| {
            let sig = self.key_of(by).sign(&message);
            ActSignature { by: by.parse::<Signer>().unwrap(), sig }
        });
        signed.signatures = signatures.collect();
        self.push(Entry::Act(signed))
    }

    /// Makes the first entries so many seconds older, and signs them anew.
    pub(super) fn move_back(&mut self, count: u64, seconds: u64) {
        let first: Vec<_> = self.entries.drain(..count as usize).collect();
        let later = std::mem::take(&mut self.entries);
        let earlier = |time: Timestamp| Timestamp::from_seconds(time.seconds() - seconds);
        for entry in first {
            match entry {
                Entry::Act(signed) => {
                    let signers: Vec<_> = signed
                        .signatures
                        .iter()
                        .map(|signature| signature.by.to_string())
                        .collect();
                    let signers: Vec<_> = signers.iter().map(String::as_str).collect();
                    self.act_at(signed.act, earlier(signed.time), &signers);
                }
                Entry::Close(close) => {
                    let time = earlier(close.time);
                    self.push(Entry::Close(Close { time, ..close }));
                }
                Entry::Consents(consents) => {
                    let time = earlier(consents.time);
                    self.push(Entry::Consents(Consents { time, ..consents }));
                }
                Entry::Disclosure(_) => {
                    panic!("an answer under an agreement that was not in force")
                }
            }
        }
        self.entries.extend(later);
    }

    /// The key of somebody who signs acts: the operator of these tests has them all.
    pub(super) fn key_of(&self, signer: &str) -> SecretKey {
        let file = match signer.split_once(':') {
            Some(("reviewer", name)) => format!("reviewers/{name}"),
            Some((_, name)) => format!("partner-{name}"),
            None => signer.to_owned(),
        };
        SecretKey::read(&self.world.directory.key(&file)).unwrap()
    }

    /// Appends an entry; its index.
    pub(super) fn push(&mut self, entry: Entry) -> u64 {
        self.entries.push(entry);
        self.size() - 1
    }

    /// Writes a document beside the log.
    pub(super) fn document(&self, bytes: &[u8]) -> Digest {
        let digest = Digest(Sha256::digest(bytes).into());
        self.write(&format!("documents/{digest}.json"), bytes);
        digest
    }

    /// Publishes the entries, under a checkpoint that is signed as it should be.
    pub(super) fn publish(&self) {
        let entries: Vec<_> = self.entries.iter().map(|entry| entry.to_bytes().unwrap()).collect();
        let hashes: Vec<Hash> = entries.iter().map(|entry| leaf_hash(entry)).collect();
        assert!(hashes.len() < 256, "these logs have one level of tiles");
        for path in paths(self.size()) {
            let bytes = match path.kind {
                TileKind::Hashes { .. } => hashes.concat(),
                TileKind::Entries => {
                    let mut bundle = Vec::new();
                    entries.iter().for_each(|entry| push_entry(&mut bundle, entry).unwrap());
                    bundle
                }
            };
            self.write(&path.to_string(), &bytes);
        }
        self.sign(&Checkpoint {
            origin: self.world.key.name().to_owned(),
            size: self.size(),
            root: root_of_leaves(hashes),
        });
    }

    /// Publishes this checkpoint.
    pub(super) fn sign(&self, checkpoint: &Checkpoint) {
        let key = self.key_of("log");
        let note = checkpoint.sign(&self.world.key, |message| key.sign(message)).unwrap();
        self.write("checkpoint", note.as_bytes());
    }

    /// Writes a public file.
    pub(super) fn write(&self, path: &str, bytes: &[u8]) {
        let path = self.world.directory.site().join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, bytes).unwrap();
    }
}

/// This many seconds from now.
pub(super) fn in_s(seconds: u64) -> Timestamp {
    Timestamp::from_seconds(clock::now().seconds() + seconds)
}

/// This many seconds ago.
pub(super) fn ago_s(seconds: u64) -> Timestamp {
    Timestamp::from_seconds(clock::now().seconds() - seconds)
}
