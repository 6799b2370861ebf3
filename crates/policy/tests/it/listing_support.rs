//! What several files here need.

use std::path::Path;

pub(crate) use countersign_fixtures::input::shared_data;
use countersign_policy::screening::list::ScreeningList;

/// The US list of 30 November 2023, up to the row within which the copy ends; then the whole copy.
pub(crate) fn list_of_2023(data: &Path) -> (ScreeningList, Vec<u8>) {
    let copy = data.join("screening/consolidated-screening-list-2023-11-30.csv");
    let copy = std::fs::read(copy).unwrap();
    let cut = b"\n\"11476\",\"Specially Designated";
    let end = copy.windows(cut.len()).position(|window| window == cut).unwrap() + 1;
    (ScreeningList::from_consolidated_csv(&copy[..end]).unwrap(), copy)
}

/// The header of the US list since 2023.
pub(crate) const CONSOLIDATED_HEADER: &str = "_id,source,entity_number,type,programs,name,title,addresses,\
    alt_names,citizenships,nationalities\n";

/// A row of the US list.
pub(crate) fn consolidated_row(id: &str, kind: &str, name: &str, also: &str) -> String {
    let quoted = |text: &str| format!("\"{}\"", text.replace('"', "\"\""));
    format!("{id},Invented List,{id},{kind},TEST,{},,,{},,\n", quoted(name), quoted(also))
}

/// A list of names that nobody bears.
pub(crate) fn invented_list() -> ScreeningList {
    let names = [
        "Quillon Marrow Trading Company Limited",
        "Bexostrava Technology Institute",
        "JOINT STOCK COMPANY VANTORMASH",
        "Ostrelneft, OOO",
        "Zhongtai Lingfei Electronics Co., Ltd.",
        "Shahraz Petrokavan Engineering Company",
        "IMPORTADORA VELDRANA, S.A. DE C.V.",
        "Korvanth Aerospace Industries Group",
        "Al Nadiraf General Trading LLC",
        "Halvessen Logistik GmbH",
        "Ravenmoor Shipping Services Ltd",
        "Bank Ostrogard Public Joint Stock Company",
        "Tarkhova Scientific Research Center",
        "Sindravati Exports Pvt. Ltd.",
        "Morvane Precision Instruments Corporation",
        "Fundacion Aldemora Internacional",
    ];
    let rows = names.iter().enumerate();
    let rows = rows.map(|(at, name)| consolidated_row(&at.to_string(), "Entity", name, ""));
    let csv = CONSOLIDATED_HEADER.to_owned() + &rows.collect::<String>();
    ScreeningList::from_consolidated_csv(csv.as_bytes()).unwrap()
}
