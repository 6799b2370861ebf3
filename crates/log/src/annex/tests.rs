//! Tests of annexes: the records of a period, blinded and in full.

use countersign_domain::person::PairwiseId;
use proptest::prelude::*;

use super::*;

fn any_text() -> impl Strategy<Value = Option<String>> {
    prop::option::of("[a-zäö0-9./:]{0,40}")
}

prop_compose! {
    fn any_fields()(bits: u128) -> FieldSet { FieldSet::from_bits(bits) }
}

fn any_withheld() -> impl Strategy<Value = Vec<(Reason, FieldSet)>> {
    prop::collection::vec((prop::sample::select(&Reason::ALL[..]), any_fields()), 0..4)
}

prop_compose! {
    fn any_record(distinct: u128)(
        handle: [u8; 16], minor: bool, fields in 0..distinct, closed in any::<bool>(),
    ) -> AnnexRecord {
        AnnexRecord {
            handle: Handle(handle),
            standing: Standing::of(Relation::Friend, minor),
            fields: FieldSet::from_bits(fields << 100),
            closed: FieldSet::from_bits(u128::from(closed)),
        }
    }
}

prop_compose! {
    fn any_disclosure()(
        seed: [u8; 32], grant in any_text(), network in any_text(), zone in any_text(),
        hidden_count: u32, a in any_withheld(), b in any_withheld(), c in any_withheld(),
        viewer in any_record(9),
        friends in prop_oneof![
            prop::collection::vec(any_record(3), 0..40),
            prop::collection::vec(any_record(5_000), 300..400),
        ],
    ) -> DisclosureAnnex {
        let viewer = AnnexRecord { standing: Standing::Viewer, ..viewer };
        DisclosureAnnex {
            seed: Seed(seed),
            circumstances: Circumstances { grant, network, zone },
            hidden_count,
            withheld: [a, b, c],
            records: [viewer].into_iter().chain(friends).collect(),
        }
    }
}

fn lines_of(disclosure: &[u8]) -> Vec<(Standing, FieldSet, FieldSet)> {
    let mut input = Input { rest: &disclosure[2 + 32..] };
    for _ in 0..3 {
        input.text("text").unwrap();
    }
    input.array::<4>("hidden count").unwrap();
    for _ in 0..3 {
        input.withheld().unwrap();
    }
    input.lines().unwrap()
}

/// What is left of a disclosure once these people are erased.
fn without(mut annex: DisclosureAnnex, erased: &HashMap<Handle, Handle>) -> DisclosureAnnex {
    let mut is_viewer_erased = false;
    for record in &mut annex.records {
        let Some(instead) = erased.get(&record.handle) else { continue };
        is_viewer_erased |= record.standing == Standing::Viewer;
        let relation = record.standing.relation();
        *record = AnnexRecord {
            handle: *instead,
            standing: Standing::of(relation, false),
            fields: FieldSet::EMPTY,
            closed: FieldSet::EMPTY,
        };
    }
    if is_viewer_erased {
        let Circumstances { grant, network, zone } = &mut annex.circumstances;
        for text in [grant, network, zone] {
            *text = text.take().filter(String::is_empty);
        }
        annex.hidden_count = 0;
        for (reason, fields) in annex.withheld.iter_mut().flatten() {
            (*reason, *fields) = (Reason::ALL[0], FieldSet::EMPTY);
        }
    }
    annex
}

fn any_consents() -> impl Strategy<Value = ConsentsAnnex> {
    let record = prop::collection::vec(any::<u8>(), 0..300);
    let consent = (any::<[u8; 16]>(), any::<[u8; 16]>(), record);
    let records = prop::collection::vec(consent, 0..20);
    (any::<[u8; 32]>(), records).prop_map(|(seed, records)| {
        let record = |(handle, person, record)| AnnexConsent {
            handle: Handle(handle),
            person: PairwiseId(person),
            record,
        };
        ConsentsAnnex { seed: Seed(seed), records: records.into_iter().map(record).collect() }
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn property_an_annex_is_read_as_it_was_written(
        disclosure in any_disclosure(), document: Option<Vec<u8>>, submitted_by in any_text(),
        consents in any_consents(),
    ) {
        let act = Annex::Act(ActAnnex { document, submitted_by });
        let consents = Annex::Consents(consents);
        for annex in [Annex::Disclosure(disclosure), act, consents, Annex::Close] {
            let bytes = annex.to_bytes();
            prop_assert_eq!(Annex::parse(&bytes), Ok(annex));
            prop_assert!(Annex::parse(&bytes[..bytes.len() - 1]).is_err());
            prop_assert!(Annex::parse(&[&bytes[..], &[0]].concat()).is_err());
        }
    }

    #[test]
    fn property_who_is_erased_is_gone_and_everybody_else_is_as_before(
        disclosure in any_disclosure(), chosen in prop::collection::vec(any::<bool>(), 401),
        consents in any_consents(),
    ) {
        let instead = |handle: Handle| Handle(handle.0.map(|byte| !byte));
        let handles = disclosure.records.iter().map(|record| record.handle);
        let handles = handles.chain(consents.records.iter().map(|record| record.handle));
        let erased = handles.zip(chosen.iter().cycle()).filter(|(_, chosen)| **chosen);
        let erased = erased.map(|(handle, _)| (handle, instead(handle))).collect();
        let after = |annex: &Annex| {
            let mut bytes = annex.to_bytes();
            let length = bytes.len();
            let count = erase(&mut bytes, &erased).unwrap();
            assert_eq!(bytes.len(), length);
            (Annex::parse(&bytes).unwrap(), count, bytes)
        };
        let (found, count, bytes) = after(&Annex::Disclosure(disclosure.clone()));
        let expected = without(disclosure.clone(), &erased);
        let gone = expected.records.iter().zip(&disclosure.records).filter(|(a, b)| a != b);
        prop_assert_eq!(count as usize, gone.count());
        prop_assert_eq!(found, Annex::Disclosure(expected.clone()));
        // No line says what nobody's record does.
        let is_kept = |line: &(Standing, FieldSet, FieldSet)| {
            *line == (Standing::Viewer, FieldSet::EMPTY, FieldSet::EMPTY)
                || expected.records.iter().any(|one| (one.standing, one.fields, one.closed) == *line)
        };
        prop_assert!(lines_of(&bytes).iter().all(is_kept));
        let (found, _, _) = after(&Annex::Consents(consents.clone()));
        let mut expected = consents;
        for consent in &mut expected.records {
            if let Some(instead) = erased.get(&consent.handle) {
                consent.handle = *instead;
                consent.person = PairwiseId([0; 16]);
                consent.record.fill(0);
            }
        }
        prop_assert_eq!(found, Annex::Consents(expected));
    }

    #[test]
    fn property_no_bytes_break_the_reader(bytes: Vec<u8>) {
        let _ = Annex::parse(&bytes);
        let _ = erase(&mut bytes.clone(), &HashMap::new());
        for kind in [KIND_DISCLOSURE, KIND_CONSENTS, KIND_CLOSE] {
            let mut bytes = [&[ANNEX_VERSION, kind], &bytes[..]].concat();
            let _ = Annex::parse(&bytes);
            let _ = erase(&mut bytes, &HashMap::new());
        }
    }
}

#[test]
fn an_unknown_version_is_refused() {
    let mut bytes = Annex::Act(ActAnnex::default()).to_bytes();
    bytes[0] = 2;
    assert_eq!(Annex::parse(&bytes), Err(AnnexError::UnknownVersion { found: 2 }));
}

#[test]
fn the_viewer_comes_first_and_once() {
    let record = |standing| AnnexRecord {
        handle: Handle([0; 16]),
        standing,
        fields: FieldSet::EMPTY,
        closed: FieldSet::EMPTY,
    };
    let (viewer, friend) = (record(Standing::Viewer), record(Standing::Friend));
    for (records, is_good) in
        [(vec![viewer, friend], true), (vec![friend], false), (vec![viewer, viewer], false)]
    {
        let disclosure = DisclosureAnnex {
            seed: Seed([0; 32]),
            circumstances: Circumstances::default(),
            hidden_count: 0,
            withheld: Default::default(),
            records,
        };
        assert_eq!(Annex::parse(&disclosure.to_bytes()).is_ok(), is_good);
    }
}

#[test]
fn people_with_one_decision_share_a_line() {
    let record = |n: u16| AnnexRecord {
        handle: Handle([n as u8; 16]),
        standing: if n == 0 { Standing::Viewer } else { Standing::Friend },
        fields: FieldSet::from_bits(0b111),
        closed: FieldSet::EMPTY,
    };
    let disclosure = DisclosureAnnex {
        seed: Seed([0; 32]),
        circumstances: Circumstances::default(),
        hidden_count: 0,
        withheld: Default::default(),
        records: (0..339).map(record).collect(),
    };
    assert_eq!(disclosure.to_bytes().len(), 50 + 2 * 33 + 339 * 17);
}
