//! Budgets to begin with: documents that a platform looks at, changes, and puts in force.
//!
//! ```text
//! us-bulk-2025   the bulk thresholds of 28 CFR 202.205 (90 FR 1706, in force since 8 April 2025), for
//!                partners in, or controlled from, a country of concern
//! harvest        people reached for each person who granted, for every client
//! ```
//!
//! The regulation calls an amount bulk that "meets or exceeds" a threshold which it words as "more than"
//! so many people within the preceding 12 months. So the threshold itself may be reached, and one person
//! more may not: what is written here as `people_max`.
//!
//! It defines six kinds of data (202.205 (a) to (f)), and combined data (g), for which the lowest threshold
//! of a kind that is present decides. Categories of a schema are terms of the W3C Data Privacy Vocabulary;
//! which of them are of which kind is said in `TYPES`. A kind of which the schema has no field is left out.
//! Where the regulation is narrower than a category, the budget is stricter than the law:
//!
//! - everybody counts, not only US persons: a platform may not know who is one;
//! - an identifier counts alone, though the law wants it linked to another one or to sensitive data, and
//!   leaves out contact data that is linked to nothing but contact data (202.212): what a partner links is
//!   not seen here;
//! - the name that a person has toward a partner counts as an identifier.
//!
//! It is looser in one way: precise geolocation is counted in devices there and in people here. And a kind
//! of data that the platform puts into a field of another category is not seen.
//!
//! What it is not: legal advice, or a finding that a transaction is lawful below a threshold.

use countersign_domain::budget::{
    AppliesTo, BUDGETS_VERSION, BudgetDocument, BudgetsDocument, Limit, Scope, SetBudget, Then,
    Threshold,
};
use countersign_domain::identifier::{Identifier, NotAnIdentifier};
use countersign_domain::schema::FieldSchema;

/// People for each one who granted, beyond which it is a harvest. The harvest of 2014 to 2015 reached 87
/// million people through 270,000 installers, 322 for each. An app that shows its users their own friends
/// reaches as many for its first users; but friends overlap, and the more users, the fewer new people each
/// of them brings.
pub const PEOPLE_PER_GRANT: u32 = 100;

/// People who are free of it: a client that begins has few grants, and each of them many friends.
pub const PEOPLE_FREE: u64 = 10_000;

/// The days of a harvest: long enough to see a slow one.
const HARVEST_DAYS: u32 = 90;

/// "Any point in the preceding 12 months", of a leap year.
const TWELVE_MONTHS_DAYS: u32 = 366;

/// A document to begin with.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Preset {
    /// The bulk thresholds of 28 CFR 202.205.
    UsBulk2025,
    /// People reached for each person who granted.
    Harvest,
}

/// A text that names no preset.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("there is no preset {found:?}; there are us-bulk-2025 and harvest")]
pub struct UnknownPreset {
    /// The text as it came.
    pub found: String,
}

impl std::str::FromStr for Preset {
    type Err = UnknownPreset;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text {
            "us-bulk-2025" => Ok(Self::UsBulk2025),
            "harvest" => Ok(Self::Harvest),
            _ => Err(UnknownPreset { found: text.to_owned() }),
        }
    }
}

impl Preset {
    /// The document for this schema.
    ///
    /// # Errors
    /// [`NotAnIdentifier`] never: the names are good ones.
    pub fn document(self, schema: &FieldSchema) -> Result<BudgetsDocument, NotAnIdentifier> {
        match self {
            Self::UsBulk2025 => us_bulk_2025(schema),
            Self::Harvest => harvest(),
        }
    }
}

/// A kind of data of 28 CFR 202.205.
struct Type {
    budget: &'static str,
    people_max: u64,
    /// Terms of DPV 2, Personal Data extension.
    categories: &'static [&'static str],
}

/// The kinds of data, by their thresholds.
const TYPES: [Type; 7] = [
    // 202.205 (a), 202.224 (a) (1): human genomic data.
    Type { budget: "us-bulk-genomic", people_max: 100, categories: &["pd:Genetic", "pd:DNACode"] },
    // 202.205 (a), 202.224 (a) (2) to (4): epigenomic, proteomic, transcriptomic. DPV has no terms for
    // them; a schema that has such fields names them so.
    Type {
        budget: "us-bulk-omic",
        people_max: 1_000,
        categories: &["pd:Epigenomic", "pd:Proteomic", "pd:Transcriptomic"],
    },
    // 202.205 (b), 202.204.
    Type {
        budget: "us-bulk-biometric",
        people_max: 1_000,
        categories: &["pd:Biometric", "pd:FacialPrint", "pd:Fingerprint", "pd:Retina"],
    },
    // 202.205 (c), 202.242: within 1,000 metres. A town is not, a street and a path are.
    Type {
        budget: "us-bulk-geolocation",
        people_max: 1_000,
        categories: &["pd:GPSCoordinate", "pd:TravelHistory"],
    },
    // 202.205 (d), 202.241: measurements of the body, and sexual and reproductive health, included.
    Type {
        budget: "us-bulk-health",
        people_max: 10_000,
        categories: &[
            "pd:MedicalHealth",
            "pd:Health",
            "pd:HealthHistory",
            "pd:HealthRecord",
            "pd:FamilyHealthHistory",
            "pd:IndividualHealthHistory",
            "pd:MentalHealth",
            "pd:PhysicalHealth",
            "pd:Disability",
            "pd:BloodType",
            "pd:DrugTestResult",
            "pd:Prescription",
            "pd:SexualHistory",
            "pd:Height",
            "pd:Weight",
        ],
    },
    // 202.205 (e), 202.240.
    Type {
        budget: "us-bulk-financial",
        people_max: 10_000,
        categories: &[
            "pd:Financial",
            "pd:FinancialAccount",
            "pd:FinancialAccountNumber",
            "pd:FinancialStatus",
            "pd:AccountIdentifier",
            "pd:BankAccount",
            "pd:PaymentCard",
            "pd:PaymentCardExpiry",
            "pd:PaymentCardNumber",
            "pd:CreditCardNumber",
            "pd:Credit",
            "pd:CreditCapacity",
            "pd:CreditRecord",
            "pd:CreditScore",
            "pd:CreditStanding",
            "pd:CreditWorthiness",
            "pd:LoanRecord",
            "pd:Purchase",
            "pd:PurchasesAndSpendingHabit",
            "pd:Transaction",
            "pd:Transactional",
            "pd:Income",
            "pd:IncomeBracket",
            "pd:Insurance",
            "pd:Tax",
        ],
    },
    // 202.205 (f), 202.212, 202.234: government and account numbers, identifiers of devices and networks,
    // demographic and contact data, what people sign in with.
    Type {
        budget: "us-bulk-identifiers",
        people_max: 100_000,
        categories: &[
            "pd:Identifier",
            "pd:Identifying",
            "pd:UID",
            "pd:Username",
            "pd:OfficialID",
            "pd:Passport",
            "pd:VehicleLicense",
            "pd:VehicalLicenseNumber",
            "pd:VehicalLicenseRegistration",
            "pd:Name",
            "pd:BirthDate",
            "pd:BirthPlace",
            "pd:PlaceOfBirth",
            "pd:PhysicalAddress",
            "pd:Street",
            "pd:HouseNumber",
            "pd:PostalCode",
            "pd:Contact",
            "pd:TelephoneNumber",
            "pd:EmailAddress",
            "pd:EmailAddressPersonal",
            "pd:EmailAddressWork",
            "pd:PubliclyAvailableSocialMedia",
            "pd:Authenticating",
            "pd:Password",
            "pd:PINCode",
            "pd:SecretText",
            "pd:DeviceBased",
            "pd:MACAddress",
            "pd:IPAddress",
            "pd:BrowserFingerprint",
            "pd:DigitalFingerprint",
            "pd:CallLog",
        ],
    },
];

/// The bulk thresholds of 28 CFR 202.205, as far as the schema has fields of the kinds that they are about.
///
/// # Errors
/// [`NotAnIdentifier`] never: the names are good ones.
pub fn us_bulk_2025(schema: &FieldSchema) -> Result<BudgetsDocument, NotAnIdentifier> {
    let mut thresholds = Vec::new();
    let mut budgets = Vec::new();
    for of_type in &TYPES {
        let categories = present(of_type.categories, schema);
        if categories.is_empty() {
            continue;
        }
        let limit = Limit::People(of_type.people_max);
        budgets.push(bulk(of_type.budget, categories.clone(), limit)?);
        thresholds.push(Threshold { categories, people_max: of_type.people_max });
    }
    // 202.205 (g). With one kind alone it would say the same again.
    if thresholds.len() > 1 {
        budgets.push(bulk("us-bulk-combined", Vec::new(), Limit::LowestPresent(thresholds))?);
    }
    Ok(BudgetsDocument { version: BUDGETS_VERSION, budgets })
}

/// People reached for each one who granted, for every client by itself: an alert at the threshold, and no
/// answer at twice as many.
///
/// # Errors
/// [`NotAnIdentifier`] never: the names are good ones.
pub fn harvest() -> Result<BudgetsDocument, NotAnIdentifier> {
    let harvest = |budget, times: u32, then| {
        Ok(SetBudget {
            applies_to: AppliesTo::Everybody,
            budget: BudgetDocument {
                budget: Identifier::parse(budget)?,
                scope: Scope::Client,
                categories: Vec::new(),
                window_days: HARVEST_DAYS,
                limit: Limit::Harvest {
                    people_per_grant: PEOPLE_PER_GRANT * times,
                    people_free: PEOPLE_FREE * u64::from(times),
                },
                then,
            },
        })
    };
    let budgets =
        vec![harvest("harvest-alert", 1, Then::Alert)?, harvest("harvest", 2, Then::Deny)?];
    Ok(BudgetsDocument { version: BUDGETS_VERSION, budgets })
}

/// Those of the terms that a field of the schema has, as the schema orders its fields.
fn present(terms: &[&str], schema: &FieldSchema) -> Vec<String> {
    let mut present = Vec::new();
    for field in schema.fields() {
        if terms.contains(&field.category.as_str()) && !present.contains(&field.category) {
            present.push(field.category.clone());
        }
    }
    present
}

/// The law looks at one foreign person, and so at all clients of a partner together.
fn bulk(budget: &str, categories: Vec<String>, limit: Limit) -> Result<SetBudget, NotAnIdentifier> {
    Ok(SetBudget {
        applies_to: AppliesTo::CountryOfConcern,
        budget: BudgetDocument {
            budget: Identifier::parse(budget)?,
            scope: Scope::Partner,
            categories,
            window_days: TWELVE_MONTHS_DAYS,
            limit,
            then: Then::Deny,
        },
    })
}

#[cfg(test)]
mod tests {
    use countersign_domain::budget;
    use countersign_fixtures::schema::{categorised as field, document};

    use super::*;

    fn schema(categories: &[&str]) -> FieldSchema {
        let first = [("id", "pd:Identifier"), ("friends", "pd:SocialNetwork")];
        let names: Vec<String> = (0..categories.len()).map(|at| format!("f{at}")).collect();
        let others = names.iter().map(String::as_str).zip(categories.iter().copied());
        let fields = first.into_iter().chain(others).map(|(name, category)| field(name, category));
        FieldSchema::from_document(document(fields)).unwrap()
    }

    fn names(document: &BudgetsDocument) -> Vec<&str> {
        document.budgets.iter().map(|set| set.budget.budget.as_str()).collect()
    }

    #[test]
    fn kinds_without_a_field_are_left_out_and_the_rest_has_the_laws_thresholds() {
        let schema = schema(&["pd:Genetic", "pd:Name", "pd:Religion", "pd:GPSCoordinate"]);
        let document = us_bulk_2025(&schema).unwrap();
        budget::check(document.budgets.iter().map(|set| &set.budget), &schema).unwrap();
        let expected =
            ["us-bulk-genomic", "us-bulk-geolocation", "us-bulk-identifiers", "us-bulk-combined"];
        assert_eq!(names(&document), expected);
        let limits: Vec<_> = document.budgets.iter().map(|set| &set.budget.limit).collect();
        assert_eq!(limits[..3], [100, 1_000, 100_000].map(Limit::People).each_ref());
        let combined =
            [("pd:Genetic", 100), ("pd:GPSCoordinate", 1_000), ("pd:Identifier", 100_000)];
        let Limit::LowestPresent(types) = limits[3] else { panic!("{:?}", limits[3]) };
        let found: Vec<_> =
            types.iter().map(|of| (of.categories[0].as_str(), of.people_max)).collect();
        assert_eq!(found, combined);
    }

    #[test]
    fn no_term_is_of_two_kinds_and_thresholds_rise() {
        let mut terms: Vec<_> = TYPES.iter().flat_map(|of| of.categories).collect();
        let count = terms.len();
        terms.sort_unstable();
        terms.dedup();
        assert_eq!(terms.len(), count);
        assert!(TYPES.is_sorted_by_key(|of| of.people_max));
    }

    #[test]
    fn identifiers_alone_need_no_budget_for_what_is_combined() {
        assert_eq!(names(&us_bulk_2025(&schema(&[])).unwrap()), ["us-bulk-identifiers"]);
    }

    #[test]
    fn presets_are_found_by_name() {
        assert_eq!("us-bulk-2025".parse(), Ok(Preset::UsBulk2025));
        assert_eq!("harvest".parse(), Ok(Preset::Harvest));
        let error = "bulk".parse::<Preset>().unwrap_err().to_string();
        assert!(error.contains("us-bulk-2025 and harvest"), "{error}");
    }
}
