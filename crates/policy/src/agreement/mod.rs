//! Agreements as people write them: TOML files, whose errors say where in the file they are.
//!
//! The file is only the way in. What is signed and published is the document in canonical JSON.

use std::ops::Range;

pub mod diff;
mod file;
pub mod odd;
#[cfg(test)]
pub(crate) mod testing;
mod write;

pub use write::write;

use countersign_domain::agreement::{
    AGREEMENT_VERSION, AgreedDelivery, Agreement, AgreementDocument, AgreementError,
    CertificationDocument, PurposeDocument, RenewalDocument,
};
use countersign_domain::budget::{BudgetDocument, BudgetError};
use countersign_domain::nearest::did_you_mean;
use countersign_domain::obligation::{ObligationsDocument, OnwardTransfer};
use countersign_domain::pledge::PledgeDocument;
use countersign_domain::schema::{FieldSchema, SchemaError};
use countersign_domain::time::Timestamp;
use countersign_domain::wind_down::{EndsDocument, WindDownDocument};
use countersign_toml::{Datetime, Fault, Spanned, TomlError};

use self::file::{
    File, FileBudget, FileCertification, FileDelivery, FileObligations, FilePledge, FilePurpose,
    FileWindDown,
};
use crate::{dpv, instant};

/// For how many days data may be kept where the file does not say: a year.
pub const RETENTION_DAYS: u32 = 365;

/// Within how many days data is deleted where the file does not say.
pub const DELETION_DAYS: u32 = 30;

/// What `ends` may say.
const ENDS: [&str; 5] = ["new_grants", "renewal", "friends", "fields", "all"];

/// Reads an agreement file and checks it against the field schema.
///
/// ```
/// use countersign_fixtures::schema;
/// use countersign_policy::agreement;
///
/// let text = r#"
/// version = 2
/// platform = "Example Platform"
/// agreement = "aurora-2026"
/// partner = "aurora"
/// client = "aurora-home"
/// kind = "device"
/// not_before = 2026-01-01T00:00:00Z
/// not_after = 2026-12-31T00:00:00Z
/// delivery = "clear"
///
/// [[purpose]]
/// purpose = "address-book"
/// dpv = "dpv:ServiceProvision"
/// self = ["id", "friends", "name"]
/// friend = ["id", "name"]
/// "#;
/// let document = agreement::read(text, &schema::shipped())?;
/// assert_eq!(document.purposes[0].friend, ["id", "name"]);
///
/// let wrong = text.replace("friend = [\"id\", \"name\"]", "friend = [\"id\", \"nam\"]");
/// let error = agreement::read(&wrong, &schema::shipped()).unwrap_err();
/// assert_eq!(error.line, 16);
/// # Ok::<(), countersign_toml::TomlError>(())
/// ```
///
/// # Errors
/// [`TomlError`], with line, column and key.
pub fn read(text: &str, schema: &FieldSchema) -> Result<AgreementDocument, TomlError> {
    countersign_toml::parse_checked(text, |file: File| {
        let document = Reading { schema }.document(&file)?;
        Agreement::from_document(document.clone(), schema)
            .map_err(|error| Fault::at(place_of(&error, &file), error.to_string()))?;
        Ok(document)
    })
}

/// What names and instants in a file are read with.
struct Reading<'a> {
    schema: &'a FieldSchema,
}

impl Reading<'_> {
    fn document(&self, file: &File) -> Result<AgreementDocument, Fault> {
        if *file.version.get_ref() != AGREEMENT_VERSION {
            let error = AgreementError::UnknownVersion { found: *file.version.get_ref() };
            return Err(Fault::at(file.version.span(), error.to_string()));
        }
        let purposes = file.purpose.iter().map(|purpose| self.purpose(purpose));
        let wind_down = file.wind_down.iter().map(|step| self.step(step));
        let pledges = file.pledges.iter().map(|pledge| self.pledge(pledge.get_ref()));
        let renewal = file.renewal.as_ref().map(Spanned::get_ref);
        Ok(AgreementDocument {
            version: AGREEMENT_VERSION,
            agreement: file.agreement.clone(),
            platform: file.platform.get_ref().clone(),
            partner: file.partner.clone(),
            client: file.client.clone(),
            kind: file.kind,
            not_before: self.instant(&file.not_before)?,
            not_after: self.instant(&file.not_after)?,
            renewal: renewal.map(|file| RenewalDocument { days: file.days, times: file.times }),
            territory: file.territory.clone(),
            delivery: match file.delivery {
                FileDelivery::Clear => AgreedDelivery::Clear,
                FileDelivery::Sealed(evidence) => AgreedDelivery::Sealed(evidence),
            },
            wait: file.wait,
            query_token: file.query_token,
            certification: certification(file.certification.as_ref().map(Spanned::get_ref)),
            purposes: purposes.collect::<Result<_, _>>()?,
            wind_down: wind_down.collect::<Result<_, _>>()?,
            obligations: obligations(file.obligations.as_ref().map(Spanned::get_ref)),
            budgets: file.budget.iter().map(budget).collect(),
            pledges: pledges.collect::<Result<_, _>>()?,
        })
    }

    fn purpose(&self, purpose: &FilePurpose) -> Result<PurposeDocument, Fault> {
        dpv::check(purpose.dpv.get_ref())
            .map_err(|error| Fault::at(purpose.dpv.span(), error.to_string()))?;
        Ok(PurposeDocument {
            purpose: purpose.purpose.get_ref().clone(),
            dpv: purpose.dpv.get_ref().clone(),
            viewer: self.names(&purpose.viewer)?,
            friend: self.names(&purpose.friend)?,
        })
    }

    fn step(&self, step: &FileWindDown) -> Result<WindDownDocument, Fault> {
        let ends = match step.ends.get_ref().as_str() {
            "new_grants" => EndsDocument::NewGrants,
            "renewal" => EndsDocument::Renewal,
            "friends" => EndsDocument::Friends,
            "fields" if step.fields.is_empty() => {
                let message = "it ends no field; name them, as fields = [\"work\"]";
                return Err(Fault::at(step.ends.span(), message));
            }
            "fields" => EndsDocument::Fields(self.names(&step.fields)?),
            "all" => EndsDocument::All,
            other => {
                let hint = did_you_mean(other, ENDS);
                let message = format!("{other:?} cannot end; one of {ENDS:?} can{hint}");
                return Err(Fault::at(step.ends.span(), message));
            }
        };
        if let (Some(first), false) = (step.fields.first(), step.ends.get_ref() == "fields") {
            let message = format!(
                "{:?} ends more than these fields; write ends = \"fields\", or leave fields out",
                step.ends.get_ref()
            );
            return Err(Fault::at(first.span(), message));
        }
        Ok(WindDownDocument { at: self.instant(&step.at)?, ends })
    }

    fn pledge(&self, pledge: &FilePledge) -> Result<PledgeDocument, Fault> {
        Ok(match pledge {
            FilePledge::ApprovedBuilds => PledgeDocument::ApprovedBuilds,
            FilePledge::Validity => PledgeDocument::Validity,
            FilePledge::Consent => PledgeDocument::Consent,
            FilePledge::NoSpecialCategories(purpose) => {
                PledgeDocument::NoSpecialCategories(purpose.clone())
            }
            FilePledge::Minors(names) => PledgeDocument::Minors(self.names(names)?),
            FilePledge::Territory(countries) => PledgeDocument::Territory(countries.clone()),
            FilePledge::EndsBy(at) => PledgeDocument::EndsBy(self.instant(at)?),
            FilePledge::FriendsEndBy(at) => PledgeDocument::FriendsEndBy(self.instant(at)?),
            FilePledge::Never(names) => PledgeDocument::Never(self.names(names)?),
            FilePledge::CertifiedWithinDays(days) => PledgeDocument::CertifiedWithinDays(*days),
        })
    }

    fn names(&self, names: &[Spanned<String>]) -> Result<Vec<String>, Fault> {
        let read = |name: &Spanned<String>| {
            self.schema
                .resolve(std::slice::from_ref(name.get_ref()))
                .map(|_| name.get_ref().clone())
                .map_err(|error: SchemaError| Fault::at(name.span(), error.to_string()))
        };
        names.iter().map(read).collect()
    }

    fn instant(&self, written: &Spanned<Datetime>) -> Result<Timestamp, Fault> {
        instant::parse(&written.get_ref().to_string())
            .map_err(|error| Fault::at(written.span(), error.to_string()))
    }
}

fn certification(file: Option<&FileCertification>) -> CertificationDocument {
    let default = CertificationDocument::DEFAULT;
    file.map_or(default, |file| CertificationDocument {
        every_days: file.every_days.unwrap_or(default.every_days),
        cure_days: file.cure_days.unwrap_or(default.cure_days),
    })
}

fn obligations(file: Option<&FileObligations>) -> ObligationsDocument {
    let days = |days: fn(&FileObligations) -> Option<u32>| file.and_then(days);
    let to = file.map_or(&[][..], |file| &file.onward_transfer);
    ObligationsDocument {
        retention_days: days(|file| file.retention_days).unwrap_or(RETENTION_DAYS),
        deletion_days: days(|file| file.deletion_days).unwrap_or(DELETION_DAYS),
        onward_transfer: match to {
            [] => OnwardTransfer::None,
            names => OnwardTransfer::To(names.to_vec()),
        },
    }
}

fn budget(file: &FileBudget) -> BudgetDocument {
    BudgetDocument {
        budget: file.budget.get_ref().clone(),
        scope: file.scope,
        categories: file.categories.iter().map(|name| name.get_ref().clone()).collect(),
        window_days: *file.window_days.get_ref(),
        limit: file.limit.clone(),
        then: file.then,
    }
}

/// Where in the file an error of the document as a whole belongs.
fn place_of(error: &AgreementError, file: &File) -> Range<usize> {
    let span = |span: Option<Range<usize>>| span.unwrap_or_default();
    match error {
        AgreementError::UnknownVersion { .. } => file.version.span(),
        AgreementError::NeverInForce { .. } => file.not_after.span(),
        AgreementError::EmptyRenewal => span(file.renewal.as_ref().map(Spanned::span)),
        AgreementError::Cadence { .. } | AgreementError::Cure { .. } => {
            span(file.certification.as_ref().map(Spanned::span))
        }
        AgreementError::Deletion { .. } | AgreementError::Retention { .. } => {
            span(file.obligations.as_ref().map(Spanned::span))
        }
        AgreementError::PurposeTwice { purpose }
        | AgreementError::Incomplete { purpose, .. }
        | AgreementError::FriendsOfFriends { purpose } => {
            let same = file.purpose.iter().rev().find(|other| other.purpose.get_ref() == purpose);
            span(same.map(|other| other.purpose.span()))
        }
        AgreementError::PledgeOfPurpose { purpose } => {
            let of_purpose = |pledge: &&Spanned<FilePledge>| matches!(pledge.get_ref(), FilePledge::NoSpecialCategories(other) if other == purpose);
            span(file.pledges.iter().find(of_purpose).map(Spanned::span))
        }
        AgreementError::Budget(error) => place_of_budget(error, &file.budget),
        AgreementError::Text(_) => file.platform.span(),
        AgreementError::NoPurpose | AgreementError::Field(_) => 0..0,
    }
}

fn place_of_budget(error: &BudgetError, budgets: &[FileBudget]) -> Range<usize> {
    let find = |name| budgets.iter().rev().find(|budget| budget.budget.get_ref() == name);
    let span = match error {
        BudgetError::Window { budget, .. } => find(budget).map(|file| file.window_days.span()),
        BudgetError::Twice { budget } | BudgetError::NoType { budget } => {
            find(budget).map(|file| file.budget.span())
        }
        BudgetError::UnknownCategory { budget, category } => find(budget).map(|file| {
            let named = file.categories.iter().find(|name| name.get_ref() == category);
            named.map_or_else(|| file.budget.span(), Spanned::span)
        }),
        BudgetError::UnknownVersion { .. } => None,
    };
    span.unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use countersign_fixtures::schema;

    use super::*;

    const GOOD: &str = r#"version = 2
platform = "Example Platform"
agreement = "aurora-2026"
partner = "aurora"
client = "aurora-home"
kind = "device"
not_before = 2026-01-01T00:00:00Z
not_after = 2027-01-01T00:00:00Z
delivery = "clear"

[[purpose]]
purpose = "address-book"
dpv = "dpv:ServiceProvision"
self = ["id", "friends"]
friend = ["id", "religion"]

[[wind_down]]
at = 2026-06-01T00:00:00Z
ends = "fields"
fields = ["religion"]
"#;

    fn schema() -> FieldSchema {
        schema::of(&["id", "friends", "religion"])
    }

    #[test]
    fn a_good_file_is_read() {
        let document = read(GOOD, &schema()).unwrap();
        assert_eq!(document.not_before.to_string(), "2026-01-01T00:00:00Z");
        assert_eq!(document.wind_down.len(), 1);
    }

    /// What is changed into what, and what is then said.
    const WRONG: &[(&str, &str, &str)] = &[
        (
            "\"religion\"]\n\n",
            "\"religon\"]\n\n",
            "15:17: purpose.friend: there is no field \"religon\"; did you mean \"religion\"?",
        ),
        (
            "dpv = \"dpv:ServiceProvision\"",
            "dpv = \"dpv:ServiceProvison\"",
            "13:7: purpose.dpv: \"dpv:ServiceProvison\" is no purpose of the Data Privacy Vocabulary 2.0; did you mean \"dpv:ServiceProvision\"?",
        ),
        (
            "dpv = \"dpv:ServiceProvision\"",
            "dpv = \"pd:Marketing\"",
            "13:7: purpose.dpv: \"pd:Marketing\" is not of DPV: a purpose of the Data Privacy Vocabulary 2.0 with its prefix is expected, as dpv:ServiceProvision; did you mean \"dpv:Marketing\"?",
        ),
        (
            "kind = \"device\"",
            "kind = \"phone\"",
            "6:8: kind: found \"phone\"; allowed: \"device\", \"app\"",
        ),
        (
            "delivery = \"clear\"",
            "delivery = \"clean\"",
            "9:12: delivery: found \"clean\"; allowed: \"clear\", \"sealed\"; did you mean \"clear\"?",
        ),
        (
            "ends = \"fields\"",
            "ends = \"field\"",
            "19:8: wind_down.ends: \"field\" cannot end; one of [\"new_grants\", \"renewal\", \"friends\", \"fields\", \"all\"] can; did you mean \"fields\"?",
        ),
        (
            "ends = \"fields\"",
            "ends = \"friends\"",
            "20:11: wind_down.fields: \"friends\" ends more than these fields; write ends = \"fields\", or leave fields out",
        ),
        (
            "fields = [\"religion\"]",
            "fields = []",
            "19:8: wind_down.ends: it ends no field; name them, as fields = [\"work\"]",
        ),
        (
            "not_after = 2027",
            "not_after = 2025",
            "8:13: not_after: not_after (2025-01-01T00:00:00Z) must be later than not_before (2026-01-01T00:00:00Z)",
        ),
        (
            "not_after = 2027-01-01T00:00:00Z",
            "not_after = 2027-01-01",
            "8:13: not_after: \"2027-01-01\" is no instant: a whole second since 1970 with its offset is expected, as 2027-01-01T00:00:00Z",
        ),
        (
            "self = [\"id\", \"friends\"]",
            "self = [\"id\"]",
            "12:11: purpose.purpose: purpose address-book gives fields of friend without \"friends (of self)\"",
        ),
        (
            "version = 2",
            "version = 1",
            "1:11: version: agreement version 1 is not known; this program reads version 2",
        ),
        (
            "kind = \"device\"",
            "kind = \"device\"\nterritry = [\"NL\"]",
            "7:1: territry: unknown key; allowed: version, agreement, platform, partner, client, kind, not_before, not_after, renewal, territory, delivery, wait, query_token, pledges, certification, obligations, purpose, wind_down, budget; did you mean \"territory\"?",
        ),
        (
            "delivery = \"clear\"",
            "delivery = \"clear\"\ncertification = { cure_days = 31 }",
            "10:17: certification: a lapsed certification is made good within at most 30 days, found 31",
        ),
        (
            "delivery = \"clear\"",
            "delivery = \"clear\"\nrenewal = { days = 0, times = 1 }",
            "10:11: renewal: a renewal is by at least one day and at least once; leave it out if there is none",
        ),
        (
            "delivery = \"clear\"",
            "delivery = \"clear\"\npledges = [\"consent\", { never = [\"religious\"] }]",
            "10:34: pledges.never: there is no field \"religious\"; did you mean \"religion\"?",
        ),
        (
            "delivery = \"clear\"",
            "delivery = \"clear\"\npledges = [\"consent\", { no_special_categories = \"ads\" }]",
            "10:23: pledges: a pledge speaks of purpose ads, which the agreement does not have",
        ),
    ];

    #[test]
    fn errors_say_where_they_are_and_what_is_allowed() {
        for (from, to, expected) in WRONG {
            let text = GOOD.replacen(from, to, 1);
            assert_ne!(text, GOOD);
            assert_eq!(read(&text, &schema()).unwrap_err().to_string(), *expected);
        }
    }

    #[test]
    fn the_page_about_agreements_has_the_file_with_everything_and_every_key() {
        let page = include_str!("../../../../docs/agreements.md");
        assert!(page.contains(&format!("```toml\n{}```", testing::WHOLE)));
        // What the reader of files would take is what it says that it expects.
        let error = countersign_toml::parse::<File>("x = 1").err().unwrap().to_string();
        let (_, keys) = error.split_once("; allowed: ").unwrap();
        let keys: Vec<_> = keys.split(", ").collect();
        assert!(keys.len() >= 19, "{error}");
        for key in keys {
            let named =
                [format!("| `{key}` |"), format!("| `[{key}]` |"), format!("| `[[{key}]]` |")];
            assert!(named.iter().any(|row| page.contains(row)), "{key}");
        }
        for pledge in PledgeDocument::NAMES {
            assert!(
                page.contains(&format!("| `\"{pledge}\"` |"))
                    || page.contains(&format!("| `{{ {pledge} = ")),
                "{pledge}"
            );
        }
    }
}
