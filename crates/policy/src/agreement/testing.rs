//! What tests of agreements share: the field schema that is shipped, an agreement with everything in it,
//! and random ones.

use countersign_domain::agreement::{
    AGREEMENT_VERSION, AgreedDelivery, Agreement, AgreementDocument, CertificationDocument,
    Evidence, PurposeDocument, RenewalDocument, Wait,
};
use countersign_domain::budget::{BudgetDocument, Limit, Scope, Then, Threshold};
use countersign_domain::identifier::Identifier;
use countersign_domain::obligation::{ObligationsDocument, OnwardTransfer};
use countersign_domain::partner::Country;
use countersign_domain::pledge::PledgeDocument;
use countersign_domain::route::ClientKind;
use countersign_domain::time::Timestamp;
use countersign_domain::wind_down::{EndsDocument, WindDownDocument};
pub(crate) use countersign_fixtures::schema::shipped as schema;
use proptest::collection::{btree_set, vec};
use proptest::option;
use proptest::prelude::*;
use proptest::sample::{select, subsequence};

/// An agreement that uses every key.
pub(crate) const WHOLE: &str = include_str!("../../../../testdata/agreements/whole.agreement.toml");

/// The agreement of a document.
pub(crate) fn agreement(document: AgreementDocument) -> Agreement {
    Agreement::from_document(document, &schema()).unwrap()
}

fn name(text: &str) -> Identifier {
    Identifier::parse(text).unwrap()
}

/// Few instants, so that steps fall together, before the beginning and behind the end as well.
pub(crate) fn instants() -> impl Strategy<Value = Timestamp> {
    (0_u64..12).prop_map(|day| Timestamp::from_seconds(1_700_000_000 + day * 86_400))
}

const FIELDS: [&str; 6] = ["name", "email", "location", "work", "religion", "sports"];

fn fields() -> impl Strategy<Value = Vec<String>> {
    subsequence(FIELDS.to_vec(), 1..=FIELDS.len())
        .prop_map(|names| names.into_iter().map(str::to_owned).collect())
}

fn purposes() -> impl Strategy<Value = Vec<PurposeDocument>> {
    let given = option::of(subsequence(FIELDS.to_vec(), 0..=FIELDS.len()));
    let dpv = select(&["dpv:ServiceProvision", "dpv:Marketing", "dpv:AccountManagement"][..]);
    let one = (dpv, given.clone(), given);
    vec(one, 1..4).prop_map(|purposes| {
        let list = |first: &[&str], names: Vec<&str>| {
            first.iter().copied().chain(names).map(str::to_owned).collect::<Vec<_>>()
        };
        let purposes = purposes.into_iter().enumerate().map(|(number, (dpv, viewer, friend))| {
            // Whoever gives fields of friends gives the list of them as well.
            let viewer = match (&friend, viewer) {
                (Some(_), viewer) => list(&["id", "friends"], viewer.unwrap_or_default()),
                (None, Some(viewer)) => list(&["id"], viewer),
                (None, None) => Vec::new(),
            };
            let friend = friend.map(|names| list(&["id"], names)).unwrap_or_default();
            let (purpose, dpv) = (name(&format!("purpose-{number}")), dpv.to_owned());
            PurposeDocument { purpose, dpv, viewer, friend }
        });
        purposes.collect()
    })
}

fn steps() -> impl Strategy<Value = Vec<WindDownDocument>> {
    let ends = prop_oneof![
        Just(EndsDocument::NewGrants),
        Just(EndsDocument::Renewal),
        Just(EndsDocument::Friends),
        Just(EndsDocument::All),
        fields().prop_map(EndsDocument::Fields),
        fields().prop_map(EndsDocument::Fields),
        Just(EndsDocument::Fields(vec!["friends".to_owned()])),
    ];
    vec((instants(), ends).prop_map(|(at, ends)| WindDownDocument { at, ends }), 0..4)
}

fn countries() -> impl Strategy<Value = Vec<Country>> {
    subsequence(vec!["DE", "FR", "NL", "US"], 0..4)
        .prop_map(|codes| codes.into_iter().map(|code| Country::parse(code).unwrap()).collect())
}

fn texts() -> impl Strategy<Value = String> {
    "[a-zA-Z \"\\\\'#\\[\\]{}=ü株]{1,20}"
}

fn obligations() -> impl Strategy<Value = ObligationsDocument> {
    let to = btree_set(texts(), 0..3).prop_map(|names| {
        let names: Vec<_> = names.into_iter().collect();
        if names.is_empty() { OnwardTransfer::None } else { OnwardTransfer::To(names) }
    });
    (0_u32..=3_653, 1_u32..=90, to).prop_map(|(retention_days, deletion_days, onward_transfer)| {
        ObligationsDocument { retention_days, deletion_days, onward_transfer }
    })
}

fn budgets() -> impl Strategy<Value = Vec<BudgetDocument>> {
    let categories = |at_least: usize| {
        subsequence(vec!["pd:Name", "pd:Religion", "pd:City"], at_least..3)
            .prop_map(|names| names.into_iter().map(str::to_owned).collect::<Vec<_>>())
    };
    let threshold = (categories(1), 0_u64..9_000_000)
        .prop_map(|(categories, people_max)| Threshold { categories, people_max });
    let limit = prop_oneof![
        (0_u64..9_000_000).prop_map(Limit::People),
        (any::<u32>(), 0_u64..9_000_000).prop_map(|(people_per_grant, people_free)| {
            Limit::Harvest { people_per_grant, people_free }
        }),
        vec(threshold, 1..3).prop_map(Limit::LowestPresent),
    ];
    let scope = select(&[Scope::Client, Scope::Partner][..]);
    let then = select(&[Then::Deny, Then::Alert][..]);
    vec((scope, categories(0), 1_u32..=366, limit, then), 0..3).prop_map(|budgets| {
        let budgets = budgets.into_iter().enumerate();
        budgets
            .map(|(number, (scope, categories, window_days, limit, then))| {
                let budget = name(&format!("budget-{number}"));
                BudgetDocument { budget, scope, categories, window_days, limit, then }
            })
            .collect()
    })
}

fn pledges() -> impl Strategy<Value = Vec<PledgeDocument>> {
    let pledge = prop_oneof![
        Just(PledgeDocument::ApprovedBuilds),
        Just(PledgeDocument::Validity),
        Just(PledgeDocument::Consent),
        Just(PledgeDocument::NoSpecialCategories(name("purpose-0"))),
        fields().prop_map(PledgeDocument::Minors),
        countries().prop_map(PledgeDocument::Territory),
        instants().prop_map(PledgeDocument::EndsBy),
        instants().prop_map(PledgeDocument::FriendsEndBy),
        fields().prop_map(PledgeDocument::Never),
        any::<u32>().prop_map(PledgeDocument::CertifiedWithinDays),
    ];
    vec(pledge, 0..4)
}

/// Random agreements that are valid.
pub(crate) fn documents() -> impl Strategy<Value = AgreementDocument> {
    let term = (instants(), 1_u64..12, option::of((1_u32..5, 1_u32..3)));
    let delivery = select(
        &[
            AgreedDelivery::Clear,
            AgreedDelivery::Sealed(Evidence::Hardware),
            AgreedDelivery::Sealed(Evidence::Vouched),
            AgreedDelivery::Sealed(Evidence::Software),
        ][..],
    );
    let wait = select(&[Wait::Durable, Wait::Published, Wait::Witnessed][..]);
    let kind = select(&[ClientKind::Device, ClientKind::App][..]);
    let certification = (1_u32..=1_096, 0_u32..=30)
        .prop_map(|(every_days, cure_days)| CertificationDocument { every_days, cure_days });
    let how = (delivery, wait, any::<bool>(), kind, certification);
    let rest = (purposes(), steps(), obligations(), budgets(), pledges());
    (texts(), term, countries(), how, rest).prop_map(|(platform, term, territory, how, rest)| {
        let (not_before, days, renewal) = term;
        let (delivery, wait, query_token, kind, certification) = how;
        let (purposes, wind_down, obligations, budgets, pledges) = rest;
        AgreementDocument {
            version: AGREEMENT_VERSION,
            agreement: name("aurora@2026"),
            platform,
            partner: name("aurora"),
            client: name("aurora-home"),
            kind,
            not_before,
            not_after: not_before.plus_seconds(days * 86_400),
            renewal: renewal.map(|(days, times)| RenewalDocument { days, times }),
            territory,
            delivery,
            wait,
            query_token,
            certification,
            purposes,
            wind_down,
            obligations,
            budgets,
            pledges,
        }
    })
}
