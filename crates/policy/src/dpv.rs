//! The purposes of the W3C Data Privacy Vocabulary, by which an agreement says to everybody what its
//! data is for.
//!
//! What it is not: the vocabulary's hierarchy, and a check that outsiders make. The domain takes any text;
//! only whoever writes an agreement is held to the list.
//!
//! Spec: DPV 2.0, the concepts of the class `dpv:Purpose` in `2.0/dpv/modules/purposes.csv` of the
//! repository `w3c/dpv`, terms alone. `dpv:Purpose` itself, which says nothing, and `dpv:Sector`, which is
//! no purpose, are left out.

use countersign_domain::nearest::nearest;

/// What stands before a term in an agreement.
pub const PREFIX: &str = "dpv:";

/// What the prefix stands for.
pub const NAMESPACE: &str = "https://w3id.org/dpv#";

/// The version of the vocabulary.
pub const VERSION: &str = "2.0";

/// The terms without their prefix, sorted.
pub const PURPOSES: [&str; 95] = [
    "AcademicResearch",
    "AccountManagement",
    "Advertising",
    "AgeVerification",
    "CombatClimateChange",
    "CommercialPurpose",
    "CommercialResearch",
    "CommunicationForCustomerCare",
    "CommunicationManagement",
    "CounterMoneyLaundering",
    "Counterterrorism",
    "CreditChecking",
    "CustomerCare",
    "CustomerClaimsManagement",
    "CustomerManagement",
    "CustomerOrderManagement",
    "CustomerRelationshipManagement",
    "CustomerSolvencyMonitoring",
    "DataAltruism",
    "DeliveryOfGoods",
    "DirectMarketing",
    "DisputeManagement",
    "EnforceAccessControl",
    "EnforceSecurity",
    "EstablishContractualAgreement",
    "FraudPreventionAndDetection",
    "FulfilmentOfContractualObligation",
    "FulfilmentOfObligation",
    "HumanResourceManagement",
    "IdentityAuthentication",
    "IdentityVerification",
    "ImproveExistingProductsAndServices",
    "ImproveHealthcare",
    "ImproveInternalCRMProcesses",
    "ImprovePublicServices",
    "ImproveTransportMobility",
    "IncreaseServiceRobustness",
    "InternalResourceOptimisation",
    "LegalCompliance",
    "MaintainCreditCheckingDatabase",
    "MaintainCreditRatingDatabase",
    "MaintainFraudDatabase",
    "Marketing",
    "MemberPartnerManagement",
    "MisusePreventionAndDetection",
    "NonCommercialPurpose",
    "NonCommercialResearch",
    "OptimisationForConsumer",
    "OptimisationForController",
    "OptimiseUserInterface",
    "OrganisationComplianceManagement",
    "OrganisationGovernance",
    "OrganisationRiskManagement",
    "PaymentManagement",
    "Personalisation",
    "PersonalisedAdvertising",
    "PersonalisedBenefits",
    "PersonnelHiring",
    "PersonnelManagement",
    "PersonnelPayment",
    "ProtectionOfIPR",
    "ProtectionOfNationalSecurity",
    "ProtectionOfPublicSecurity",
    "ProvideEventRecommendations",
    "ProvideOfficialStatistics",
    "ProvidePersonalisedRecommendations",
    "ProvideProductRecommendations",
    "PublicBenefit",
    "PublicPolicyMaking",
    "PublicRelations",
    "RecordManagement",
    "RepairImpairments",
    "RequestedServiceProvision",
    "ResearchAndDevelopment",
    "RightsFulfillment",
    "ScientificResearch",
    "SearchFunctionalities",
    "SellDataToThirdParties",
    "SellInsightsFromData",
    "SellProducts",
    "SellProductsToDataSubject",
    "ServiceOptimisation",
    "ServicePersonalisation",
    "ServiceProvision",
    "ServiceRegistration",
    "ServiceUsageAnalytics",
    "SocialMediaMarketing",
    "TargetedAdvertising",
    "TechnicalServiceProvision",
    "UserInterfacePersonalisation",
    "VendorManagement",
    "VendorPayment",
    "VendorRecordsManagement",
    "VendorSelectionAssessment",
    "Verification",
];

/// A text that names no purpose of the vocabulary.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NotAPurpose {
    /// It does not begin with the prefix.
    #[error(
        "{found:?} is not of DPV: a purpose of the Data Privacy Vocabulary {VERSION} with its prefix is expected, as dpv:ServiceProvision{}",
        hint(nearest.as_deref())
    )]
    OtherPrefix {
        /// The text as it came.
        found: String,
        /// The most similar term.
        nearest: Option<String>,
    },
    /// The vocabulary does not have it.
    #[error(
        "{found:?} is no purpose of the Data Privacy Vocabulary {VERSION}{}",
        hint(nearest.as_deref())
    )]
    Unknown {
        /// The text as it came.
        found: String,
        /// The most similar term.
        nearest: Option<String>,
    },
}

fn hint(nearest: Option<&str>) -> String {
    nearest.map_or_else(
        || "; the list is in docs/agreements.md".to_owned(),
        |nearest| format!("; did you mean \"{PREFIX}{nearest}\"?"),
    )
}

/// Whether this is a purpose, written with the prefix.
#[must_use]
pub fn is_purpose(text: &str) -> bool {
    text.strip_prefix(PREFIX).is_some_and(|term| PURPOSES.binary_search(&term).is_ok())
}

/// Checks a purpose as an agreement writes it.
///
/// # Errors
/// [`NotAPurpose`], with the most similar term.
pub fn check(text: &str) -> Result<(), NotAPurpose> {
    if is_purpose(text) {
        return Ok(());
    }
    let found = text.to_owned();
    // Prefixes and namespaces of others end with one of these.
    let term = text.rsplit([':', '#', '/']).next().unwrap_or(text);
    let nearest = nearest(term, PURPOSES);
    Err(if text.starts_with(PREFIX) {
        NotAPurpose::Unknown { found, nearest }
    } else {
        NotAPurpose::OtherPrefix { found, nearest }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_list_is_sorted_so_that_every_term_is_found() {
        assert!(PURPOSES.is_sorted_by(|a, b| a < b));
        for term in PURPOSES {
            assert_eq!(check(&format!("dpv:{term}")), Ok(()));
        }
    }

    #[test]
    fn the_page_about_agreements_lists_them() {
        let page = include_str!("../../../docs/agreements.md");
        let (_, list) = page.split_once("## Purposes of DPV").unwrap();
        let listed: Vec<_> = list.split('`').skip(1).step_by(2).collect();
        // Before the list stand the class, the file, the repository and the prefix.
        assert_eq!(listed[4..], PURPOSES);
    }

    #[test]
    fn what_is_no_purpose_is_refused_with_the_nearest_that_is() {
        for (text, expected) in [
            ("dpv:ServiceProvison", "2.0; did you mean \"dpv:ServiceProvision\"?"),
            ("dpv:serviceprovision", "2.0; did you mean \"dpv:ServiceProvision\"?"),
            ("dpv:Purpose", "\"dpv:Purpose\" is no purpose of the Data Privacy Vocabulary 2.0"),
            ("dpv:Sector", "\"dpv:Sector\" is no purpose"),
            ("dpv:Snooping about for fun", "2.0; the list is in docs/agreements.md"),
            ("ServiceProvision", "is not of DPV: "),
            ("pd:Marketing", "did you mean \"dpv:Marketing\"?"),
            ("https://w3id.org/dpv#Marketing", "did you mean \"dpv:Marketing\"?"),
        ] {
            let said = check(text).unwrap_err().to_string();
            assert!(said.contains(expected), "{text}: {said}");
        }
    }
}
