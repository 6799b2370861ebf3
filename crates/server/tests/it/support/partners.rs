//! More partners for the village than the demonstration has: clients with other agreements.

use countersign_domain::act::{Act, AgreementAct, Review, ReviewOutcome};
use countersign_domain::agreement::AgreementDocument;
use countersign_domain::build::Build;
use countersign_domain::digest::Digest;
use countersign_domain::identifier::Identifier;
use countersign_domain::partner::{Country, Partner};
use countersign_people::keys::SecretKey;
use countersign_policy::agreement;
use countersign_service::clock;
use countersign_service::governance::Submission;

use crate::support::World;
use crate::support::people::default_schema;

const REVIEWERS: [&str; 2] = ["reviewer:ines", "reviewer:omar"];

/// Registers a partner of this name, with a new key.
pub(crate) fn register(world: &World, partner: &str) {
    let key = SecretKey::generate().unwrap();
    key.write_new(&world.directory.key(&format!("partner-{partner}"))).unwrap();
    let country = Country::parse("IE").unwrap();
    let act = Act::Partner(Partner {
        id: Identifier::parse(partner).unwrap(),
        name: format!("{partner} Ltd."),
        country,
        parent: None,
        parent_country: country,
        owners: Vec::new(),
        key: key.public(),
    });
    world.act(Submission::of(act, clock::now()), &REVIEWERS);
}

/// Concludes an agreement with its partner.
pub(crate) fn conclude(world: &World, text: &str) -> AgreementDocument {
    let document = agreement::read(text, &default_schema()).unwrap();
    let (agreement, partner, client) =
        (document.agreement.clone(), document.partner.clone(), document.client.clone());
    let signer = format!("partner:{partner}");
    let act = |digest| Act::Agreement(AgreementAct { agreement, partner, client, digest });
    let submission = Submission::publishing(&document, act, clock::now()).unwrap();
    world.act(submission, &[&signer, REVIEWERS[0], REVIEWERS[1]]);
    document
}

/// Submits a build that declares all that the agreement gives for this purpose, less some fields.
pub(crate) fn submit(
    world: &World,
    agreement: &AgreementDocument,
    build: &str,
    purpose: &str,
    less: &[&str],
) {
    let given = agreement.purposes.iter().find(|given| given.purpose.as_str() == purpose).unwrap();
    let declared = |fields: &[String]| {
        fields.iter().filter(|field| !less.contains(&field.as_str())).cloned().collect()
    };
    let act = Act::Build(Build {
        build: Identifier::parse(build).unwrap(),
        client: agreement.client.clone(),
        package: "com.example".to_owned(),
        signer: Digest([1; 32]),
        version_code: 1,
        artifact: Digest([2; 32]),
        purposes: vec![given.purpose.clone()],
        viewer: declared(&given.viewer),
        friend: declared(&given.friend),
    });
    world.act(Submission::of(act, clock::now()), &[&format!("partner:{}", agreement.partner)]);
}

/// Approves a build, or revokes it.
pub(crate) fn review(world: &World, build: &str, outcome: ReviewOutcome) {
    let act = Act::Review(Review { build: Identifier::parse(build).unwrap(), outcome });
    world.act(Submission::of(act, clock::now()), &REVIEWERS);
}
