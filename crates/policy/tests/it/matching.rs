//! Which names are taken for one, and which are not. Every name is invented, but for those of the real
//! list, which are asked for themselves.

use countersign_policy::screening::index::{Index, WordMatch};
use countersign_policy::screening::list::ScreeningList;
use countersign_policy::screening::matches::POSSIBLE_MATCH_SCORE_MIN;

use crate::listing_support::{CONSOLIDATED_HEADER, consolidated_row, list_of_2023, shared_data};

fn index(names: &[&str]) -> Index {
    let rows = names.iter().enumerate();
    let rows = rows.map(|(at, name)| consolidated_row(&at.to_string(), "Entity", name, ""));
    let csv = CONSOLIDATED_HEADER.to_owned() + &rows.collect::<String>();
    Index::new(ScreeningList::from_consolidated_csv(csv.as_bytes()).unwrap())
}

fn score(listed: &str, asked: &str) -> u16 {
    index(&[listed]).find(asked, 0).first().map_or(0, |found| found.score)
}

#[test]
fn other_ways_of_writing_a_name_are_possible_matches() {
    for (listed, asked) in [
        ("Vantormash, OOO", "ООО «Вантормаш»"),
        ("PJSC Ostrelneft", "ПАО Острелнефть"),
        ("Ostrelneft", "Публичное акционерное общество Острелнефть"),
        ("ВАНТОРМАШ", "Vantormash LLC"),
        ("Dimitra Nafpaktos Shipping", "Δήμητρα Ναύπακτος Shipping"),
        ("Ναυπακτική Βελντράνα Α.Ε.", "Nafpaktiki Veldrana SA"),
        ("Zhongtai Lingfei Technology Co., Ltd.", "中泰凌飞科技有限公司"),
        ("中泰凌飞集团", "Zhong Tai Lingfei Group"),
        ("Muhammad Nadirafi Petrokavan", "محمد نديرفي بتروكافان"),
        ("Müller & Söhne Präzision GmbH", "MULLER AND SOHNE PRAZISION"),
        ("Société Aldémora S.A.", "Aldemora"),
        ("IMPORTADORA VELDRANA, S.A. DE C.V.", "Importadora Veldrana"),
        ("Korvanth Aerospace Industries Group", "Group of Aerospace Industries Korvanth"),
        ("Korvanth Aerospace Industries", "Korvanht Aerospace Industires"),
        ("Quillonmarrow Trading", "Quillon Marrow Trading"),
        ("Quillon Marrow Trading", "Quillonmarrow Trading"),
        ("State Scientific Center Tarkhova", "Tarkhova State Sci. Centre"),
        ("VERRALL, Tamsin Oke", "Tamsin Oke Verrall"),
        ("S. A. L. Ostrel", "SAL Ostrel"),
        ("Zhukhovtsy", "Juhovtzi"),
        ("Lingfei Technology", "凌飞科技"),
        ("Dandorbel", "Νταντορμπελ"),
        ("Pakdel Nadirafi", "بكدل نديرفي"),
    ] {
        let score = score(listed, asked);
        assert!(score >= POSSIBLE_MATCH_SCORE_MIN, "{asked:?} is {listed:?} by {score} only");
    }
}

#[test]
fn names_that_share_little_are_none() {
    for (listed, asked) in [
        ("Vantor Trading LLC", "Ostrel Trading LLC"),
        ("Vantor University", "Vantor Airlines"),
        ("Vantor", "Vantor School of Nursing"),
        ("Ostrel Bank", "Ostrel Shipping and Travel Tours"),
        ("General Trading Company", "General Engineering Company"),
        ("Hunan Lingfei Works", "Henan Lingfei Works"),
        ("GHS Technology", "GSS Technology"),
        ("Plant No. 12", "Plant No. 13"),
        ("Ma Li", "Mali Air"),
        ("Tank Works", "Bank Works"),
        ("National University of Ostrel", "National University of Veldra"),
        ("VERRALL, Tamsin", "VERRALL, Corwin"),
    ] {
        let score = score(listed, asked);
        assert!(score < POSSIBLE_MATCH_SCORE_MIN, "{asked:?} is {listed:?} by {score}");
    }
}

#[test]
fn a_match_says_which_name_and_which_words() {
    let csv = CONSOLIDATED_HEADER.to_owned()
        + &consolidated_row(
            "1",
            "Entity",
            "Ostrel Works",
            "Vantormash; Zavod A B; Vantormash Zavod; Zavod Veldra; Zavod; Ostrel Zavod",
        );
    let index = Index::new(ScreeningList::from_consolidated_csv(csv.as_bytes()).unwrap());
    let found = index.find("Zavod Vantormasch", 0);
    assert_eq!(found.len(), 1, "{found:?}");
    assert_eq!(found[0].listed_name, "Vantormash Zavod");
    let word = |asked: &str, listed: &str, similarity| WordMatch {
        asked: asked.into(),
        listed: listed.into(),
        similarity,
    };
    let words = [word("zavod", "zavod", 1_000), word("vantormasch", "vantormash", 970)];
    assert_eq!(found[0].words, words);
    assert_eq!(found[0].score, 985);
}

#[test]
fn what_cannot_be_seen_changes_nothing() {
    for asked in
        ["Vantor\u{200b}mash", "Vantor\u{ad}mash", "Van\u{202e}tormash", "Vantorma\u{301}sh"]
    {
        let index = index(&["Vantormash"]);
        let found = index.find(asked, POSSIBLE_MATCH_SCORE_MIN);
        let words: Vec<_> = found[0].words.iter().map(|word| word.asked.as_str()).collect();
        assert_eq!((found[0].score, words.as_slice()), (1_000, &["vantormash"][..]), "{asked:?}");
    }
}

#[test]
fn the_likeliest_listing_comes_first_whatever_the_order_of_the_list() {
    let names = ["Vantormash Works", "Vantormash", "Vantormash Works Ostrel", "Veldra"];
    let mut backwards = names;
    backwards.reverse();
    let found = |names: &[&str]| -> Vec<_> {
        let index = index(names);
        let found = index.find("Vantormash Works", 500);
        found.iter().map(|found| (found.listed_name.to_owned(), found.score)).collect()
    };
    assert_eq!(found(&names), found(&backwards));
    let order: Vec<_> = found(&names).into_iter().map(|(name, _)| name).collect();
    assert_eq!(order, ["Vantormash Works", "Vantormash", "Vantormash Works Ostrel"]);
}

#[test]
fn a_common_word_costs_less_to_leave_out() {
    let rare = index(&["Vantormash Kirovograd"]);
    let many: Vec<String> = (0..64).map(|at| format!("Kirovograd Veldra{at}")).collect();
    let mut names: Vec<&str> = many.iter().map(String::as_str).collect();
    names.push("Vantormash Kirovograd");
    let common = index(&names);
    let score = |index: &Index| {
        let found = index.find("Vantormash", 0);
        found.iter().map(|found| (found.listed_name, found.score)).next().unwrap().1
    };
    assert!(score(&rare) < score(&common), "{} and {}", score(&rare), score(&common));
}

#[test]
fn every_name_of_the_real_list_finds_its_listing() {
    let Some(data) = shared_data("every_name_of_the_real_list_finds_its_listing") else { return };
    let index = Index::new(list_of_2023(&data).0);
    let mut asked = 0;
    for listing in index.list().listings() {
        for name in listing.names() {
            let found = index.find(name, POSSIBLE_MATCH_SCORE_MIN);
            assert!(found.iter().any(|found| found.listing == listing), "{name:?} is not found");
            asked += 1;
        }
    }
    assert!(asked > 9_000, "{asked} names are too few");
}
