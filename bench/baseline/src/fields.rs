//! The fields that can be asked for, and the columns that hold them.

/// Name, number in the masks, and whether the column is JSON.
const KNOWN: [(&str, u32, bool); 12] = [
    ("id", 0, false),
    ("name", 2, false),
    ("first_name", 3, false),
    ("middle_name", 4, false),
    ("last_name", 5, false),
    ("gender", 6, false),
    ("birthday", 7, false),
    ("email", 8, false),
    ("hometown", 15, true),
    ("location", 16, true),
    ("education", 19, true),
    ("work", 20, true),
];

/// A field that is asked for.
#[derive(Clone, Copy)]
pub(crate) struct Field {
    pub(crate) name: &'static str,
    pub(crate) is_json: bool,
}

/// Fields that are asked for, in the order in which they were named.
pub(crate) struct Fields {
    pub(crate) list: Vec<Field>,
    /// Bit n is the n-th field of the schema.
    pub(crate) mask: i64,
}

impl Fields {
    /// Reads `a,b,c`; nothing if a name is unknown or comes twice. Only names of the table above ever
    /// stand in a statement.
    pub(crate) fn parse(names: &str) -> Option<Self> {
        let mut fields = Self { list: Vec::new(), mask: 0 };
        for name in names.split(',') {
            let (name, number, is_json) = KNOWN.into_iter().find(|(known, ..)| *known == name)?;
            if fields.mask & (1 << number) != 0 {
                return None;
            }
            fields.mask |= 1 << number;
            fields.list.push(Field { name, is_json });
        }
        Some(fields)
    }
}
