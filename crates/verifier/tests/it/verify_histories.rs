//! Histories of accounts in the directory, for other implementations: `testdata/vectors/directory`.

use std::path::Path;

use countersign_domain::digest::Digest;
use countersign_domain::person::Secret;
use countersign_protocol::directory::{GONE, secret_commitment, verify_history};
use countersign_protocol::entry::DirectoryRoot;
use serde::Serialize;

use crate::verify_world::golden;
use countersign_fixtures::accounts::Accounts;

/// Comes and goes: every second version is an erasure.
const RETURNING: &str = "person-0";
/// Not ASCII; so many times it is longer than a chunk of BLAKE3.
const NAME: &str = "ада";
const TIMES_LONG: usize = 400;

/// The versions of the account that returns are published in every epoch of this remainder, as long as there are few.
const EVERY_EPOCHS: u64 = 4;
const VERSIONS_MAX: u64 = 6;

/// After how many epochs histories are proved: from one on, with more and more later versions that have to be absent.
const PROVED_AFTER: [u64; 6] = [1, 2, 5, 9, 22, 70];

#[derive(Serialize)]
struct Vector {
    account: String,
    epoch: u64,
    root: Digest,
    vrf: Digest,
    versions: Vec<VersionVector>,
    history: String,
}

#[derive(Serialize)]
struct VersionVector {
    version: u64,
    epoch: u64,
    value: Digest,
}

/// What the account that returns has after its last change.
fn value(version: u64) -> Digest {
    if version.is_multiple_of(2) { GONE } else { secret_commitment(&Secret([version as u8; 32])) }
}

fn vector(accounts: &Accounts, account: &str, directory: &DirectoryRoot) -> Vector {
    let history = accounts.history(account);
    let versions = verify_history(account, &history, directory).unwrap();
    let versions = versions.into_iter().map(|one| VersionVector {
        version: one.version,
        epoch: one.epoch,
        value: one.value,
    });
    Vector {
        account: account.to_owned(),
        epoch: directory.epoch,
        root: directory.root,
        vrf: directory.vrf,
        versions: versions.collect(),
        history: const_hex::encode(&history),
    }
}

/// COUNTERSIGN_BLESS=1 writes them anew.
#[test]
fn golden_histories_are_what_this_verifier_says() {
    let accounts = Accounts::new();
    let long = NAME.repeat(TIMES_LONG);
    let mut vectors = Vec::new();
    let (mut version, last) = (0, PROVED_AFTER[PROVED_AFTER.len() - 1]);
    for epoch in 1..=last {
        let other = (format!("other-{epoch}"), Digest([epoch as u8; 32]));
        let mut values = vec![other];
        if epoch == 1 {
            values.push((long.clone(), value(1)));
        }
        if (epoch - 1) % EVERY_EPOCHS == 0 && version < VERSIONS_MAX {
            version += 1;
            values.push((RETURNING.to_owned(), value(version)));
        }
        let directory = accounts.publish(values.into_iter());
        assert_eq!(directory.epoch, epoch);
        if PROVED_AFTER.contains(&epoch) {
            vectors.push(vector(&accounts, RETURNING, &directory));
            assert_eq!(vectors.last().unwrap().versions.len() as u64, version);
        }
        if epoch == last {
            vectors.push(vector(&accounts, &long, &directory));
        }
    }
    let file = "../../testdata/vectors/directory/histories.json";
    let json = serde_json::to_string_pretty(&vectors).unwrap();
    golden(&Path::new(env!("CARGO_MANIFEST_DIR")).join(file), format!("{json}\n").as_bytes());
}
