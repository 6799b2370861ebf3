//! How the API document describes the names and numbers of other crates, which know nothing of HTTP. Fields that are
//! served refer to them by `value_type`.

use countersign_domain::preset::Preset as Presets;
use countersign_domain::reason::Reason as Reasons;
use serde::Serialize;
use utoipa::openapi::RefOr;
use utoipa::openapi::schema::{
    AnyOfBuilder, KnownFormat, ObjectBuilder, Schema, SchemaFormat, Type,
};
use utoipa::{PartialSchema, ToSchema};

/// The name of a partner, client, agreement, build, purpose or reviewer.
#[derive(ToSchema)]
#[schema(pattern = "^[a-z0-9][a-z0-9._@-]{0,63}$")]
pub struct Name(pub String);

/// A SHA-256 digest in hexadecimal digits.
#[derive(ToSchema)]
#[schema(pattern = "^[0-9a-f]{64}$")]
pub struct Digest(pub String);

/// The name of a field of the schema in force.
#[derive(ToSchema)]
#[schema(pattern = "^[a-z0-9_]{1,40}$")]
pub struct FieldName(pub String);

/// The name of a field; `*` is every field that there is now.
#[derive(ToSchema)]
#[schema(pattern = "^([a-z0-9_]{1,40}|[*])$")]
pub struct FieldNameOrAll(pub String);

/// A grant's random id.
#[derive(ToSchema)]
#[schema(pattern = "^[0-9a-f]{32}$")]
pub struct GrantId(pub String);

/// A person's id toward one partner.
#[derive(ToSchema)]
#[schema(pattern = "^[0-9a-f]{32}$")]
pub struct PersonId(pub String);

/// A country, by its code of ISO 3166.
#[derive(ToSchema)]
#[schema(pattern = "^[A-Z]{2}$")]
pub struct Country(pub String);

/// Names of fields; `*` is every field that there is now.
#[derive(ToSchema)]
pub struct FieldNames(pub Vec<FieldNameOrAll>);

/// Bytes of a format of our own.
#[derive(ToSchema)]
#[schema(value_type = String, format = Binary)]
pub struct Bytes(pub Vec<u8>);

/// One of these texts.
fn one_of<T: Serialize>(values: impl IntoIterator<Item = T>, description: &str) -> RefOr<Schema> {
    let values = values.into_iter().filter_map(|value| serde_json::to_value(value).ok());
    let text = ObjectBuilder::new().schema_type(Type::String).enum_values(Some(values));
    text.description(Some(description)).into()
}

/// The clause that withholds.
pub struct Reason;

impl PartialSchema for Reason {
    fn schema() -> RefOr<Schema> {
        one_of(Reasons::ALL, "The clause that withholds.")
    }
}

impl ToSchema for Reason {}

/// Settings that have a name.
pub struct Preset;

impl PartialSchema for Preset {
    fn schema() -> RefOr<Schema> {
        one_of(
            Presets::ALL.map(Presets::name),
            "Settings that have a name. docs/settings.md says what each opens; `legacy-2014` is for replays, and the pages say while anybody has it.",
        )
    }
}

impl ToSchema for Preset {}

/// An address of a client.
pub struct IpAddress;

impl PartialSchema for IpAddress {
    fn schema() -> RefOr<Schema> {
        let formats = [KnownFormat::Ipv4, KnownFormat::Ipv6].map(SchemaFormat::KnownFormat);
        let address = |format| ObjectBuilder::new().schema_type(Type::String).format(Some(format));
        let any = formats.map(address).into_iter().fold(AnyOfBuilder::new(), AnyOfBuilder::item);
        Schema::from(any.description(Some("An address of a client."))).into()
    }
}

impl ToSchema for IpAddress {}
