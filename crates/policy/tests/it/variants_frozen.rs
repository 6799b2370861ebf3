//! The generator of variants was written before the matcher that it measures, and is what it was.

use sha2::{Digest, Sha256};

use crate::variants::{KINDS, Random, VariantKind, is_a_name, says_organisation, variant};

const SHA256_OF_THE_GENERATOR: &str =
    "9a0cf76ad61f611f8e5433f9867202dd77bfa99ce5da99f991aa1112d29f4aab";

#[test]
fn the_generator_of_variants_is_what_it_was() {
    let mut hash = Sha256::new();
    hash.update(include_bytes!("variants.rs"));
    hash.update(include_bytes!("variants/tables.rs"));
    let digest = hash.finalize().iter().map(|byte| format!("{byte:02x}")).collect::<String>();
    assert_eq!(
        digest, SHA256_OF_THE_GENERATOR,
        "the generator is frozen: whoever measures does not choose the questions again"
    );
}

#[test]
fn a_seed_gives_the_same_variants_and_every_kind_gives_some() {
    let names = ["Quillon Marrow Trading Company Limited", "Bex Ostrava Technology Institute"];
    for kind in KINDS {
        let made = |seed| {
            let mut random = Random(seed);
            let twenty = |name| Vec::from_iter((0..20).map(|_| variant(name, kind, &mut random)));
            names.map(twenty).concat()
        };
        assert_eq!(made(7), made(7), "{kind:?}");
        assert!(made(7).iter().any(Option::is_some), "{kind:?} gives nothing");
        assert!(made(7).iter().flatten().all(|made| !names.contains(&made.as_str())), "{kind:?}");
    }
}

#[test]
fn a_variant_is_what_its_kind_says() {
    let name = "Quillon Marrow Trading Company Limited";
    let made = |kind| variant(name, kind, &mut Random(1)).unwrap();
    assert_eq!(made(VariantKind::LegalFormDropped), "Quillon Marrow Trading");
    assert_eq!(made(VariantKind::Cyrillic), "Куиллон Марров Традинг Компанй Лимитед");
    assert_eq!(made(VariantKind::Greek), "Κουιλλον Μαρροβ Τραντινγκ Κομπανυ Λιμιτεντ");
    assert!(says_organisation(name) && !says_organisation("Quillon Marrow"));
    assert!(is_a_name(name) && !is_a_name("Quillon (a.k.a. Marrow)") && !is_a_name("Trading Co"));
}
