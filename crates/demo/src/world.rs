//! The world of the demonstration: an instance with people, a partner, its agreement and its build.

use std::path::Path;
use std::sync::Arc;

use countersign_domain::act::{Act, AgreementAct, Review, ReviewOutcome, Signer};
use countersign_domain::agreement::AgreementDocument;
use countersign_domain::build::Build;
use countersign_domain::decide::People as _;
use countersign_domain::digest::Digest;
use countersign_domain::field::FieldSet;
use countersign_domain::identifier::Identifier;
use countersign_domain::key::PublicKey;
use countersign_domain::partner::{Country, Partner};
use countersign_domain::person::PairwiseId;
use countersign_domain::schema::FieldSchema;
use countersign_domain::time::Timestamp;
use countersign_log::Log;
use countersign_people::data_dir::DataDir;
use countersign_people::keys::SecretKey;
use countersign_people::store::People;
use countersign_policy::agreement;
use countersign_service::clock;
use countersign_service::governance::{self, Submission};
use countersign_service::instance::create::{Founding, create};
use countersign_service::instance::{InstanceError, log};
use countersign_service::people::schema;
use countersign_source::Question;
use countersign_source::image::ImageSource;

/// The partner of the demonstration.
pub const PARTNER: &str = "aurora";
/// Its client.
pub const CLIENT: &str = "aurora-home";
/// The build of the client.
pub const BUILD: &str = "aurora-home@41";
/// The purpose of its agreement.
pub const PURPOSE: &str = "address-book";
/// The reviewers of the platform.
pub const REVIEWERS: [&str; 2] = ["ines", "omar"];

/// The agreement as both parties signed it, before the dates are filled in.
const AGREEMENT: &str = include_str!("aurora-home.agreement.toml");

/// How long the demonstration's agreement is in force: a year, in seconds.
const AGREEMENT_LIFETIME_S: u64 = 365 * 86_400;

/// What goes wrong while a world is made.
pub type WorldError = Box<dyn std::error::Error + Send + Sync>;

/// The name of its log.
pub const ORIGIN: &str = "localhost/countersign-demo";

/// Makes an instance in which the partner is registered, its agreement concluded and its build
/// approved by two reviewers. People are not in it yet. Returns the log's key.
///
/// # Errors
/// Whatever one of the steps says.
pub fn found(dir: &Path, founding: &Founding) -> Result<String, WorldError> {
    let created = create(dir, founding)?;
    let directory = DataDir::new(dir);
    let partner_key = SecretKey::generate()?;
    partner_key.write_new(&directory.key("partner-aurora"))?;
    let log = log::open(&directory, &founding.settings)?;
    let origin = &founding.settings.origin;
    let acts = Acts { directory: &directory, origin, now: clock::now() };
    let taken = acts.append_all(&log, &partner_key);
    log.shutdown();
    taken?;
    Ok(created.log_key)
}

/// Signs with a reviewer's key, as the reviewer would.
///
/// # Errors
/// [`InstanceError`] if the key cannot be read, or the act cannot be written.
pub fn sign_as_reviewer(
    submission: &mut Submission,
    reviewer: &str,
    directory: &DataDir,
    origin: &str,
) -> Result<(), WorldError> {
    let key = SecretKey::read(&directory.key(&format!("reviewers/{reviewer}")))?;
    let signer = Signer::Reviewer(Identifier::parse(reviewer)?);
    submission.sign(origin, signer, &key).map_err(InstanceError::from)?;
    Ok(())
}

/// The acts with which the partner comes to be.
struct Acts<'a> {
    directory: &'a DataDir,
    origin: &'a str,
    now: Timestamp,
}

impl Acts<'_> {
    fn append_all(&self, log: &Log, partner_key: &SecretKey) -> Result<(), WorldError> {
        let schema = schema::read(&self.directory.schema())?;
        let partner = Identifier::parse(PARTNER)?;
        let of_partner = Some((Signer::Partner(partner.clone()), partner_key));
        let register =
            Submission::of(Act::Partner(aurora(partner, partner_key.public())?), self.now);
        self.append(log, register, None, &REVIEWERS)?;
        let agreement = self.agreement(&schema)?;
        let conclude = self.conclude(&agreement)?;
        self.append(log, conclude, of_partner.clone(), &REVIEWERS)?;
        let build = Submission::of(Act::Build(build(&agreement)?), self.now);
        self.append(log, build, of_partner, &[])?;
        let review = Review { build: Identifier::parse(BUILD)?, outcome: ReviewOutcome::Approve };
        self.append(log, Submission::of(Act::Review(review), self.now), None, &REVIEWERS)
    }

    fn agreement(&self, schema: &FieldSchema) -> Result<AgreementDocument, WorldError> {
        let text = AGREEMENT
            .replace("NOT_BEFORE", &self.now.to_string())
            .replace("NOT_AFTER", &self.now.plus_seconds(AGREEMENT_LIFETIME_S).to_string());
        Ok(agreement::read(&text, schema)?)
    }

    fn conclude(&self, document: &AgreementDocument) -> Result<Submission, WorldError> {
        let (agreement, partner, client) =
            (document.agreement.clone(), document.partner.clone(), document.client.clone());
        let act =
            |digest: Digest| Act::Agreement(AgreementAct { agreement, partner, client, digest });
        Ok(Submission::publishing(document, act, self.now)?)
    }

    fn append(
        &self,
        log: &Log,
        mut submission: Submission,
        partner: Option<(Signer, &SecretKey)>,
        reviewers: &[&str],
    ) -> Result<(), WorldError> {
        if let Some((signer, key)) = partner {
            submission.sign(self.origin, signer, key)?;
        }
        for reviewer in reviewers {
            sign_as_reviewer(&mut submission, reviewer, self.directory, self.origin)?;
        }
        governance::submit_blocking(log, submission)?;
        Ok(())
    }
}

fn aurora(id: Identifier, key: PublicKey) -> Result<Partner, WorldError> {
    let country = Country::parse("NL")?;
    Ok(Partner {
        id,
        name: "Aurora Devices B.V.".to_owned(),
        country,
        parent: None,
        parent_country: country,
        owners: Vec::new(),
        key,
    })
}

/// The build, which declares all that the agreement gives for its first purpose.
fn build(agreement: &AgreementDocument) -> Result<Build, WorldError> {
    let purpose = agreement.purposes.first().ok_or("the agreement has no purpose")?;
    Ok(Build {
        build: Identifier::parse(BUILD)?,
        client: agreement.client.clone(),
        package: "nl.aurora.home".to_owned(),
        signer: Digest([0x41; 32]),
        version_code: 41,
        artifact: Digest([0x42; 32]),
        purposes: vec![purpose.purpose.clone()],
        viewer: purpose.viewer.clone(),
        friend: purpose.friend.clone(),
    })
}

/// The person whose device asks.
pub struct Cast {
    /// The platform's name for them.
    pub account: String,
    /// How many friends they have.
    pub friends_count: usize,
}

/// The most friends that the tour asks for at once.
const FRIENDS_MAX: u32 = 400;

/// The person with the most friends, among those whose friends fit on one page of the tour.
///
/// # Errors
/// If nobody has a friend.
pub fn most_befriended(people: &People) -> Result<Cast, WorldError> {
    let view = people.view();
    let everybody = (0..view.people_count()).filter_map(|number| view.person(number));
    let chosen = everybody
        .filter(|person| (1..=FRIENDS_MAX).contains(&person.friends_count()))
        .max_by_key(|person| person.friends_count())
        .ok_or("nobody in this world has a friend")?;
    let account = chosen.account().ok_or("a person without an account")?.to_owned();
    Ok(Cast { account, friends_count: chosen.friends_count() as usize })
}

/// The platform's name for the friend of `viewer` whom the partner knows by this id.
///
/// # Errors
/// If the store cannot be read.
pub fn account_of(
    people: &Arc<People>,
    viewer: &str,
    id: &str,
) -> Result<Option<String>, WorldError> {
    let Some(viewer) = people.person_of_account(viewer)? else { return Ok(None) };
    let Some(id) = PairwiseId::parse(id) else { return Ok(None) };
    let partner = Identifier::parse(PARTNER)?;
    let (viewer_fields, friend_fields) = (FieldSet::EMPTY, Some(FieldSet::EMPTY));
    let question = Question { viewer, partner: &partner, viewer_fields, friend_fields };
    let circle = ImageSource::new(Arc::clone(people)).ask(&question)?;
    let friends = circle.candidates().iter().skip(1);
    let found = friends.into_iter().find(|friend| friend.pairwise == id);
    Ok(found.and_then(|friend| people.account_of(friend.handle)))
}
