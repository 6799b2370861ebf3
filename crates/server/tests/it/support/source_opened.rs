//! Opens what a source answered, the one way that there is: a decision that permits everything, and a log.

use std::collections::BTreeMap;
use std::sync::Arc;

use countersign_domain::decide::{People as _, decide};
use countersign_domain::digest::Digest;
use countersign_domain::field::FieldSet;
use countersign_domain::grant::Grant;
use countersign_domain::mask::Mask;
use countersign_domain::request::{FriendsRequest, Request};
use countersign_domain::settings::Settings;
use countersign_domain::time::Timestamp;
use countersign_fixtures::decision::basis;
use countersign_log::Log;
use countersign_log::annex::Circumstances;
use countersign_log::guarded::Guarded;
use countersign_people::store::People;
use countersign_service::clock;
use countersign_source::Circle;

use crate::support::people::default_schema;

/// A person as a source answered with them.
#[derive(Clone, PartialEq, Debug)]
pub(crate) struct Seen {
    pub(crate) account: String,
    pub(crate) pairwise: String,
    pub(crate) minor: bool,
    pub(crate) settings: Settings,
    /// The names of the fields for which there is a value.
    pub(crate) present: Vec<String>,
    /// The values of a person who has everything open, by name.
    pub(crate) values: BTreeMap<String, String>,
}

/// Who is in an answer, the viewer first, with the values of all who have everything open.
pub(crate) async fn open(people: Guarded<Circle>, store: &People, log: &Log) -> Vec<Seen> {
    let schema = default_schema();
    let names = |fields: FieldSet| schema.names(fields).map(str::to_owned).collect::<Vec<_>>();
    let mut seen: Vec<Seen> = people
        .candidates()
        .iter()
        .map(|candidate| Seen {
            account: store.account_of(candidate.handle).unwrap(),
            pairwise: candidate.pairwise.to_string(),
            minor: candidate.minor,
            settings: candidate.settings,
            present: names(candidate.present),
            values: BTreeMap::new(),
        })
        .collect();
    let all = || Mask::opening(FieldSet::ALL);
    let (basis, as_of) = (Arc::new(basis(all(), all(), all())), log.view().as_of);
    let grant = Grant {
        client: basis.client.clone(),
        purpose: basis.purpose.clone(),
        viewer: FieldSet::ALL,
        friend: FieldSet::ALL,
        until: Timestamp::MAX,
    };
    let all = FriendsRequest::first(FieldSet::ALL, usize::MAX - 1);
    let request = Request { viewer: FieldSet::ALL, friends: Some(all) };
    let Ok(permitted) = decide(&basis, &grant, request, people, clock::now(), as_of) else {
        return seen;
    };
    let digest = Digest([0x5e; 32]);
    let appended = log.append(permitted, digest, Circumstances::default()).await;
    let released = appended.map_err(|refused| refused.error).unwrap();
    let answer = released.answer(|records| {
        for record in records {
            let pairwise = record.pairwise().to_string();
            let person = seen.iter_mut().find(|person| person.pairwise == pairwise).unwrap();
            record.values(|field, value| {
                let value = String::from_utf8(value.to_vec()).unwrap();
                let before = person.values.insert(names(FieldSet::of(field)).remove(0), value);
                assert_eq!(before, None, "a field was shown twice");
            });
        }
        Vec::new()
    });
    drop(answer);
    seen
}
