//! Lists are read whole, or refused with the place of what is wrong.

use std::fmt::Write as _;

use countersign_domain::partner::Country;
use countersign_policy::screening::list::{
    ListError, ListingKind, RowFault, RowProblem, ScreeningList,
};
use proptest::prelude::*;

use crate::listing_support::{CONSOLIDATED_HEADER, consolidated_row, list_of_2023, shared_data};

const OLD_HEADER: &str = "source,entity_number,type,programs,name,title,addresses,alt_names,citizenships,nationalities\n";

const SIMPLE_HEADER: &str = "\"id\",\"schema\",\"name\",\"aliases\",\"birth_date\",\"countries\",\"addresses\",\"identifiers\",\
    \"sanctions\",\"phones\",\"emails\",\"dataset\",\"first_seen\",\"last_seen\",\"last_change\"\n";

fn countries(codes: &[&str]) -> Vec<Country> {
    codes.iter().map(|code| Country::parse(code).unwrap()).collect()
}

fn consolidated(rows: &str) -> Result<ScreeningList, ListError> {
    ScreeningList::from_consolidated_csv((CONSOLIDATED_HEADER.to_owned() + rows).as_bytes())
}

#[test]
fn a_listing_of_the_us_list_has_its_names_countries_and_programmes() {
    let list = consolidated(
        "77,Entity List (EL),,Entity,EO-1; EO-2,\"Quillon\n Marrow (QMRW), a.k.a. Marrowgate Ltd. and any successor, sub-unit\",,\
         \"1 Long Street, Ostrel, RU; 2 Short Street, NC, 27609; IR\",\"Quillon; M'arrow (Ostrel)\",GB; US,CN\n",
    );
    let list = list.unwrap();
    let [listing] = list.listings() else { panic!("{list:?}") };
    assert_eq!((listing.id.as_str(), listing.source.as_str()), ("77", "Entity List (EL)"));
    assert_eq!(listing.kind, ListingKind::Organisation);
    assert_eq!(
        listing.names().collect::<Vec<_>>(),
        [
            "Quillon Marrow (QMRW), a.k.a. Marrowgate Ltd. and any successor, sub-unit",
            "Quillon Marrow (QMRW)",
            "Quillon Marrow",
            "QMRW",
            "Marrowgate Ltd.",
            "Quillon",
            "M'arrow (Ostrel)",
            "M'arrow",
        ]
    );
    assert_eq!(listing.countries, countries(&["CN", "GB", "IR", "RU", "US"]));
    assert_eq!(listing.programs, ["EO-1", "EO-2"]);
}

#[test]
fn the_state_departments_commas_separate_names_but_not_legal_forms() {
    let row = |also: &str| {
        let row = consolidated_row("1", "", "Vantor Company", also);
        let list = consolidated(&row.replace("Invented List", "Nonproliferation Sanctions (ISN)"));
        list.unwrap().listings()[0].alternative_names.clone()
    };
    assert_eq!(row("Vantorex, Vantor Group"), ["Vantorex", "Vantor Group"]);
    assert_eq!(row("Vantorex Co., Ltd."), ["Vantorex Co., Ltd."]);
}

#[test]
fn an_older_list_without_ids_gives_each_listing_a_stable_one() {
    let read = |rows: &str| {
        let csv = OLD_HEADER.to_owned() + rows;
        let list = ScreeningList::from_consolidated_csv(csv.as_bytes()).unwrap();
        list.listings().iter().map(|listing| listing.id.clone()).collect::<Vec<_>>()
    };
    let (one, two) = ("X,,,,Vantor,,Ostrel,,,\n", "X,,,,Vantor,,Veldra,,,\n");
    let ids = read(&[one, two].concat());
    assert_ne!(ids[0], ids[1]);
    assert_eq!(read(&[two, one].concat()), [ids[1].clone(), ids[0].clone()]);
    assert_eq!(read("X,815,,,Vantor,,,,,\n"), ["815"]);
}

/// A list of the US whose rows are quoted only where they have to be, as spreadsheets save it.
fn minimal(rows: &[&str]) -> String {
    rows.iter().fold(CONSOLIDATED_HEADER.to_owned(), |list, row| list + row + "\n")
}

#[test]
fn a_stray_quote_hides_nobody() {
    let rows = [
        "1,L,,Entity,P,Vantor,,,,,",
        "2,L,,Entity,P,Quillon,,,,,x",
        "3,L,,Entity,P,Marrow,,,,,",
        "4,L,,Entity,P,Ostrel \"\"Works\"\",,,,,",
    ];
    let good = minimal(&rows[..3]);
    assert_eq!(ScreeningList::from_csv(good.as_bytes()).unwrap().listings().len(), 3);
    let refused = |list: String| match ScreeningList::from_csv(list.as_bytes()).unwrap_err() {
        ListError::Row(RowFault { row, column: None, problem }) => (row, problem),
        other => panic!("another error: {other}"),
    };
    // Opened, and never closed: all that follows would be one cell.
    let open = minimal(&rows[..3]).replace(",x\n", ",\"x\n");
    assert_eq!(refused(open.clone()), (3, RowProblem::QuoteNeverCloses { cell: 11 }));
    // Opened and closed rows below: one row has the cells of two.
    let swallowed = open.replace("3,L,,Entity,P,Marrow,,,,,", "3,L,,Entity,P,Marrow,,\",,,");
    let (row, problem) = refused(swallowed);
    assert_eq!((row, problem), (3, RowProblem::Cells { found: 14, expected: 11 }));
    assert_eq!(refused(minimal(&rows)), (5, RowProblem::QuoteOpensWithin { cell: 6 }));
    let behind = minimal(&["1,L,,Entity,P,\"Vantor\" Works,,,,,"]);
    assert_eq!(refused(behind), (2, RowProblem::QuoteClosesWithin { cell: 6 }));
    let error = ScreeningList::from_csv(open.as_bytes()).unwrap_err().to_string();
    assert_eq!(
        error,
        "row 3: the quote that opens cell 11 never closes; the whole list is refused, because parties on it \
         would be cleared: fetch it again, or tell its publisher"
    );
}

#[test]
fn a_row_has_as_many_cells_as_the_header() {
    let good = consolidated_row("1", "Entity", "Vantor", "");
    for (row, found) in [
        ("2,L,,Entity,P,Vantor,,\"Ostrel, RU\"\n", 8),
        ("2,L,,Entity,P,Vantor, Inc,,,,,\n", 12),
        ("2,L\n", 2),
        // The end of a copy that broke off between two cells.
        ("2,L,,Entity,P,Vantor,,,", 9),
    ] {
        let csv = [CONSOLIDATED_HEADER, &good, "\r\n", row].concat();
        let problem = RowProblem::Cells { found, expected: 11 };
        let expected = ListError::Row(RowFault { row: 3, column: None, problem });
        assert_eq!(ScreeningList::from_csv(csv.as_bytes()), Err(expected), "{row}");
    }
    let twice = CONSOLIDATED_HEADER.replace(",title,", ",name,");
    let csv = twice + &good;
    let error = ScreeningList::from_csv(csv.as_bytes());
    assert_eq!(error, Err(ListError::ColumnTwice { column: "name" }));
}

#[test]
fn values_within_a_cell_are_quoted_as_cells_are() {
    let read = |aliases: &str, countries: &str| {
        let row = format!("\"q-1\",\"Company\",\"Vantor\",{aliases},,{countries},,,,,,\"L\",,,\n");
        ScreeningList::from_csv((SIMPLE_HEADER.to_owned() + &row).as_bytes())
    };
    let list = read("\"\"\"Vantor; the works\"\";АО Вантор\"", "ru;gb").unwrap();
    assert_eq!(list.listings()[0].alternative_names, ["Vantor; the works", "АО Вантор"]);
    for (aliases, countries, column) in [
        ("\"\"\"Vantor; the works;АО Вантор\"", "ru", "aliases"),
        ("\"Vantor \"\"the works\"\";АО Вантор\"", "ru", "aliases"),
        ("x", "\"\"\"ru;gb\"", "countries"),
    ] {
        let fault = RowFault { row: 2, column: Some(column), problem: RowProblem::NotValues };
        assert_eq!(read(aliases, countries), Err(ListError::Row(fault)), "{aliases}");
    }
}

#[test]
fn a_repeated_header_is_no_listing() {
    let rows = [CONSOLIDATED_HEADER, &consolidated_row("1", "Entity", "Vantor", "")].concat();
    assert_eq!(consolidated(&rows).unwrap().listings().len(), 1);
}

#[test]
fn a_list_with_a_hole_is_refused_with_its_place() {
    let good = consolidated_row("1", "Entity", "Vantor", "");
    let refused = |row: &[u8]| {
        let csv = [CONSOLIDATED_HEADER.as_bytes(), good.as_bytes(), row].concat();
        ScreeningList::from_consolidated_csv(&csv).unwrap_err()
    };
    let fault =
        |column, problem| ListError::Row(RowFault { row: 3, column: Some(column), problem });
    let name = |problem| fault("name", problem);
    assert_eq!(refused(b"2,X,,Entity,,,,,,,\n"), name(RowProblem::Empty));
    assert_eq!(refused(b"2,X,,Entity,,\xff,,,,,\n"), name(RowProblem::NotText));
    assert_eq!(refused(b"2,X,,Entity,,?!,,,,,\n"), name(RowProblem::NoLetters));
    let alias = fault("alt_names", RowProblem::NotText);
    assert_eq!(refused(b"2,X,,Entity,,Vantor,,,\xff,,\n"), alias);
}

#[test]
fn another_kind_of_file_and_an_empty_list_are_refused() {
    let us = ScreeningList::from_consolidated_csv;
    let simple = ScreeningList::from_opensanctions_csv;
    assert_eq!(us(b""), Err(ListError::NoColumn { column: "source" }));
    assert_eq!(us(SIMPLE_HEADER.as_bytes()), Err(ListError::NoColumn { column: "source" }));
    let us_header = CONSOLIDATED_HEADER.as_bytes();
    assert_eq!(simple(us_header), Err(ListError::NoColumn { column: "id" }));
    assert_eq!(us(us_header), Err(ListError::NoListings));
    assert_eq!(simple(SIMPLE_HEADER.as_bytes()), Err(ListError::NoListings));
}

#[test]
fn a_listing_of_opensanctions_has_its_names_countries_and_programmes() {
    let rows = "\u{feff}id,schema,name,aliases,birth_date,countries,addresses,identifiers,sanctions,phones,emails,program_ids,dataset\n\
        NK-1,Company,Vantor AO,\"АО Вантор;\"\"Vantor; the works\"\";Vantor AO\",,ru;suhh;gb-sct,,,text,,,EU-RUS;US-RUS,EU List;US List\n\
        NK-2,Person,Tamsin Verrall,,,,,,because - 2022,,,,\n\
        NK-3,LegalEntity,Ostrel,,,,,,,,,,A List\n";
    let list = ScreeningList::from_opensanctions_csv(rows.as_bytes()).unwrap();
    let [company, person, unknown] = list.listings() else { panic!("{list:?}") };
    assert_eq!((company.id.as_str(), company.source.as_str()), ("NK-1", "EU List; US List"));
    assert_eq!(company.alternative_names, ["АО Вантор", "Vantor; the works"]);
    assert_eq!(company.countries, countries(&["GB", "RU"]));
    assert_eq!(company.programs, ["EU-RUS", "US-RUS"]);
    let kinds = [company, person, unknown].map(|listing| listing.kind);
    assert_eq!(kinds, [ListingKind::Organisation, ListingKind::Person, ListingKind::Unknown]);
    assert_eq!((person.source.as_str(), &*person.programs[0]), ("OpenSanctions", "because - 2022"));
}

#[test]
fn a_place_behind_the_legal_form_is_no_part_of_the_name() {
    let alternatives = |name: &str| {
        let list = consolidated(&consolidated_row("1", "", name, "")).unwrap();
        list.listings()[0].alternative_names.clone()
    };
    for (name, expected) in [
        ("Quillon Marrow Co., Ltd., Ostrel, Veldra", &["Quillon Marrow Co., Ltd."][..]),
        ("Quillon Marrow Inc., Ostrel", &["Quillon Marrow Inc."]),
        ("Quillon Marrow Co., Ltd.", &[]),
        ("Quillon Marrow, Ostrel", &[]),
    ] {
        assert_eq!(alternatives(name), expected, "{name}");
    }
}

#[test]
fn a_header_tells_the_kinds_of_list_apart() {
    let row = consolidated_row("1", "Entity", "Quillon Marrow", "");
    let consolidated = ScreeningList::from_csv((CONSOLIDATED_HEADER.to_owned() + &row).as_bytes());
    assert_eq!(consolidated.unwrap().listings()[0].source, "Invented List");
    let row = "\"q-1\",\"Company\",\"Quillon Marrow\",,,,,,,,,\"Invented\",,,\n";
    let simple = ScreeningList::from_csv((SIMPLE_HEADER.to_owned() + row).as_bytes());
    assert_eq!(simple.unwrap().listings()[0].source, "Invented");
    assert_eq!(ScreeningList::from_csv(b"name,type\nx,y\n"), Err(ListError::UnknownKind));
    // A list of a known kind is refused for what is wrong in it.
    let empty = ScreeningList::from_csv(CONSOLIDATED_HEADER.as_bytes());
    assert_eq!(empty, Err(ListError::NoListings));
}

#[test]
fn the_real_lists_are_read_whole() {
    let Some(data) = shared_data("the_real_lists_are_read_whole") else { return };
    let (list, copy) = list_of_2023(&data);
    assert_eq!(list.listings().len(), 4_226);
    // The copy that we have ends within a row, as a download that broke off does.
    let fault =
        RowFault { row: 4_229, column: None, problem: RowProblem::QuoteNeverCloses { cell: 8 } };
    let refused = ScreeningList::from_csv(&copy);
    assert_eq!(refused, Err(ListError::Row(fault)));
    let older = data.join("screening/consolidated-screening-list-sample-2019-12.csv");
    let older = ScreeningList::from_consolidated_csv(&std::fs::read(older).unwrap()).unwrap();
    assert_eq!(older.listings().len(), 115);
}

/// Bytes that look like CSV more often than chance would have it.
fn bytes() -> impl Strategy<Value = Vec<u8>> {
    let piece = prop_oneof![
        Just(b",".to_vec()),
        Just(b"\"".to_vec()),
        Just(b"\n".to_vec()),
        Just(b";".to_vec()),
        Just(b"(a.k.a. )".to_vec()),
        Just("Ö S.A. 公司 ού".as_bytes().to_vec()),
        prop::collection::vec(any::<u8>(), 0..6),
    ];
    prop::collection::vec(piece, 0..60).prop_map(|pieces| pieces.concat())
}

proptest! {
    #[test]
    fn property_no_bytes_make_a_parser_panic(rows in bytes()) {
        let headers = [String::new(), CONSOLIDATED_HEADER.into(), OLD_HEADER.into(), SIMPLE_HEADER.into()];
        for header in headers {
            let csv = [header.as_bytes(), &rows].concat();
            let lists = [
                ScreeningList::from_consolidated_csv(&csv),
                ScreeningList::from_opensanctions_csv(&csv),
            ];
            for list in lists.into_iter().flatten() {
                let index = countersign_policy::screening::index::Index::new(list);
                // What was read can be asked for: every name is at least itself.
                for listing in index.list().listings() {
                    let mut text = String::new();
                    write!(text, "{}", listing.name).unwrap();
                    let found = index.find(&text, 0);
                    prop_assert!(found.iter().all(|found| found.score <= 1_000));
                }
            }
        }
    }
}
