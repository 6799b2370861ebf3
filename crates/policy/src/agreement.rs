//! Agreements as people write them: TOML files, whose errors say where in the file they are.
//!
//! The file is only the way in. What is signed and published is the document in canonical JSON.

use std::ops::Range;

use countersign_domain::agreement::{
    AGREEMENT_VERSION, Agreement, AgreementDocument, AgreementError, Delivery, EndsDocument,
    PurposeDocument, WindDownDocument, agreed_delivery,
};
use countersign_domain::identifier::Identifier;
use countersign_domain::route::ClientKind;
use countersign_domain::schema::{FieldSchema, SchemaError, nearest};
use countersign_domain::time::Timestamp;
use serde::Deserialize;
use toml::Spanned;

/// An agreement file that cannot be taken, and where in it the reason stands.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("line {line}, column {column}: {message}")]
pub struct AgreementFileError {
    /// The line, counted from 1.
    pub line: usize,
    /// The column in characters, counted from 1.
    pub column: usize,
    /// What is wrong there, and what is allowed.
    pub message: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    version: Spanned<u32>,
    agreement: Identifier,
    partner: Identifier,
    client: Identifier,
    kind: ClientKind,
    not_before: Spanned<toml::value::Datetime>,
    not_after: Spanned<toml::value::Datetime>,
    #[serde(deserialize_with = "agreed_delivery")]
    delivery: Delivery,
    #[serde(default)]
    query_token: bool,
    purpose: Vec<FilePurpose>,
    #[serde(default)]
    wind_down: Vec<FileWindDown>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct FilePurpose {
    purpose: Spanned<Identifier>,
    dpv: String,
    #[serde(rename = "self", default)]
    viewer: Vec<Spanned<String>>,
    #[serde(default)]
    friend: Vec<Spanned<String>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct FileWindDown {
    at: Spanned<toml::value::Datetime>,
    ends: Spanned<String>,
    #[serde(default)]
    fields: Vec<Spanned<String>>,
}

/// What `ends` may say.
const ENDS: [&str; 4] = ["new_grants", "friends", "fields", "all"];

/// Reads an agreement file and checks it against the field schema.
///
/// # Errors
/// [`AgreementFileError`] with line and column.
pub fn read(text: &str, schema: &FieldSchema) -> Result<AgreementDocument, AgreementFileError> {
    let at = |span: Range<usize>, message: String| located(text, span.start, message);
    let file: File = toml::from_str(text)
        .map_err(|error| at(error.span().unwrap_or_default(), error.message().to_owned()))?;
    if *file.version.get_ref() != AGREEMENT_VERSION {
        let error = AgreementError::UnknownVersion { found: *file.version.get_ref() };
        return Err(at(file.version.span(), error.to_string()));
    }
    let names = |names: &[Spanned<String>]| read_names(text, schema, names);
    let purpose = |purpose: &FilePurpose| {
        Ok(PurposeDocument {
            purpose: purpose.purpose.get_ref().clone(),
            dpv: purpose.dpv.clone(),
            viewer: names(&purpose.viewer)?,
            friend: names(&purpose.friend)?,
        })
    };
    let wind_down = |step: &FileWindDown| {
        let ends = match step.ends.get_ref().as_str() {
            "new_grants" => EndsDocument::NewGrants,
            "friends" => EndsDocument::Friends,
            "fields" => EndsDocument::Fields(names(&step.fields)?),
            "all" => EndsDocument::All,
            other => {
                let hint = nearest(other, ENDS.into_iter())
                    .map(|name| format!("; did you mean {name:?}?"))
                    .unwrap_or_default();
                let message = format!("{other:?} cannot end; one of {ENDS:?} can{hint}");
                return Err(at(step.ends.span(), message));
            }
        };
        Ok(WindDownDocument { at: timestamp(text, &step.at)?, ends })
    };
    let document = AgreementDocument {
        version: AGREEMENT_VERSION,
        not_before: timestamp(text, &file.not_before)?,
        not_after: timestamp(text, &file.not_after)?,
        purposes: file.purpose.iter().map(purpose).collect::<Result<_, _>>()?,
        wind_down: file.wind_down.iter().map(wind_down).collect::<Result<_, _>>()?,
        agreement: file.agreement,
        partner: file.partner,
        client: file.client,
        kind: file.kind,
        delivery: file.delivery,
        query_token: file.query_token,
    };
    Agreement::from_document(document.clone(), schema)
        .map_err(|error| at(place_of(&error, &file.not_after, &file.purpose), error.to_string()))?;
    Ok(document)
}

/// Where in the file an error of the document as a whole belongs.
fn place_of(
    error: &AgreementError,
    not_after: &Spanned<toml::value::Datetime>,
    purposes: &[FilePurpose],
) -> Range<usize> {
    match error {
        AgreementError::NeverInForce { .. } => not_after.span(),
        AgreementError::PurposeTwice { purpose }
        | AgreementError::Incomplete { purpose, .. }
        | AgreementError::FriendsOfFriends { purpose } => {
            let same = purposes.iter().rev().find(|other| other.purpose.get_ref() == purpose);
            same.map_or(0..0, |other| other.purpose.span())
        }
        AgreementError::UnknownVersion { .. }
        | AgreementError::NoPurpose
        | AgreementError::Field(_) => 0..0,
    }
}

fn read_names(
    text: &str,
    schema: &FieldSchema,
    names: &[Spanned<String>],
) -> Result<Vec<String>, AgreementFileError> {
    let read = |name: &Spanned<String>| {
        schema
            .resolve(std::slice::from_ref(name.get_ref()))
            .map(|_| name.get_ref().clone())
            .map_err(|error: SchemaError| located(text, name.span().start, error.to_string()))
    };
    names.iter().map(read).collect()
}

fn timestamp(
    text: &str,
    written: &Spanned<toml::value::Datetime>,
) -> Result<Timestamp, AgreementFileError> {
    let expected = "an instant with its offset is expected, as 2027-01-01T00:00:00Z";
    let instant: Result<jiff::Timestamp, _> = written.get_ref().to_string().parse();
    instant
        .ok()
        .and_then(|instant| u64::try_from(instant.as_second()).ok())
        .map(Timestamp::from_seconds)
        .ok_or_else(|| located(text, written.span().start, expected.to_owned()))
}

fn located(text: &str, offset: usize, message: String) -> AgreementFileError {
    let before = text.get(..offset).unwrap_or(text);
    let line_start = before.rfind('\n').map_or(0, |newline| newline + 1);
    AgreementFileError {
        line: before.matches('\n').count() + 1,
        column: before.get(line_start..).unwrap_or_default().chars().count() + 1,
        message,
    }
}

#[cfg(test)]
mod tests {
    use countersign_domain::schema::{Field, SchemaDocument, Sensitivity};

    use super::*;

    const GOOD: &str = r#"version = 1
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
        let field = |name: &str| Field {
            name: name.to_owned(),
            aliases: Vec::new(),
            category: String::new(),
            sensitivity: Sensitivity::Low,
            special: false,
            description: String::new(),
        };
        let fields = ["id", "friends", "religion"].map(field).to_vec();
        FieldSchema::from_document(SchemaDocument { version: 1, fields }).unwrap()
    }

    #[test]
    fn a_good_file_is_read() {
        let document = read(GOOD, &schema()).unwrap();
        assert_eq!(document.not_before.to_string(), "2026-01-01T00:00:00Z");
        assert_eq!(document.wind_down.len(), 1);
    }

    #[test]
    fn errors_say_where_they_are_and_what_is_allowed() {
        for (from, to, expected) in [
            (
                "\"religion\"]\n\n",
                "\"religon\"]\n\n",
                "line 14, column 17: there is no field \"religon\"; did you mean \"religion\"?",
            ),
            (
                "kind = \"device\"",
                "kind = \"phone\"",
                "line 5, column 8: unknown variant `phone`, expected `device` or `app`",
            ),
            (
                "delivery = \"clear\"",
                "delivery = \"decided\"",
                "line 8, column 12: no agreement can say `decided`, expected `clear`",
            ),
            (
                "ends = \"fields\"",
                "ends = \"field\"",
                "line 18, column 8: \"field\" cannot end; one of [\"new_grants\", \"friends\", \"fields\", \"all\"] can; did you mean \"fields\"?",
            ),
            (
                "not_after = 2027",
                "not_after = 2025",
                "line 7, column 13: not_after (2025-01-01T00:00:00Z) must be later than not_before (2026-01-01T00:00:00Z)",
            ),
            (
                "not_after = 2027-01-01T00:00:00Z",
                "not_after = 2027-01-01",
                "line 7, column 13: an instant with its offset is expected, as 2027-01-01T00:00:00Z",
            ),
            (
                "self = [\"id\", \"friends\"]",
                "self = [\"id\"]",
                "line 11, column 11: purpose address-book gives fields of friend without \"friends (of self)\"",
            ),
            (
                "version = 1",
                "version = 2",
                "line 1, column 11: agreement version 2 is not known; this program reads version 1",
            ),
        ] {
            let text = GOOD.replacen(from, to, 1);
            assert_ne!(text, GOOD);
            assert_eq!(read(&text, &schema()).unwrap_err().to_string(), expected);
        }
    }
}
