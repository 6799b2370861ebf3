//! The mapping file: where in the answers of a platform's API people's fields are, as TOML of version 1.
//! docs/sources.md explains every key. Errors say file, line, column and key.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use countersign_domain::field::FieldId;
use countersign_domain::schema::FieldSchema;
use countersign_toml::{Fault, Spanned, TomlError, TomlFileError};
use hyper::header::{HeaderMap, HeaderName, HeaderValue};
use hyper::http::uri::{Authority, Scheme};
use serde::Deserialize;
use zeroize::Zeroizing;

use super::birth::BirthFormat;
use super::person::{MinorRule, Reader};
use super::pointer::{NotAPointer, Pointer};
use super::template::{Place, Template};
use crate::settings::{secret_file, text_file};

/// The version of the mapping that this program reads.
const MAPPING_VERSION: u32 = 1;

/// A mapping, ready for use.
#[derive(Debug)]
pub(super) struct Mapping {
    pub(super) base: Base,
    /// The certificate authorities to believe, in place of the system's.
    pub(super) ca: Option<PathBuf>,
    /// What is sent with every request, the key to the API among it.
    pub(super) headers: HeaderMap,
    pub(super) person: Template,
    /// Where in an answer about a person their document is.
    pub(super) document: Pointer,
    /// Whether a 404 about a person that is no JSON says as well that there is nobody.
    pub(super) bare_404: bool,
    pub(super) reader: Reader,
    pub(super) friends: Friends,
    /// Whether no list is an empty list.
    pub(super) absent_is_empty: bool,
    pub(super) items: Items,
    pub(super) profiles: Option<Profiles>,
}

/// The one host that is ever asked.
#[derive(Clone, Debug)]
pub(super) struct Base {
    pub(super) scheme: Scheme,
    pub(super) authority: Authority,
    /// What all paths begin with, without a slash at its end.
    pub(super) path: String,
}

/// Where the list of a person's friends is.
#[derive(Debug)]
pub(super) enum Friends {
    /// In the person's own document; [`Reader`] finds it.
    Embedded,
    /// In answers of its own.
    Listed {
        path: Template,
        list: Pointer,
        /// Where a page says what the next one is.
        next: Option<Pointer>,
    },
}

/// What the items of a list of friends are.
#[derive(Debug)]
pub(super) enum Items {
    /// Accounts, there.
    Accounts(Pointer),
    /// Whole people, whose documents are there.
    People(Pointer),
}

/// How the profiles of several people are had at once.
#[derive(Debug)]
pub(super) struct Profiles {
    pub(super) path: Template,
    pub(super) list: Pointer,
    /// Where in an item of the list the person's document is.
    pub(super) item: Pointer,
    /// The most people that may be asked for at once.
    pub(super) people_max: usize,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    version: Spanned<u32>,
    base_url: Spanned<String>,
    #[serde(default)]
    allow_clear: bool,
    ca: Option<PathBuf>,
    #[serde(default)]
    headers: BTreeMap<String, Spanned<Header>>,
    person: PersonTable,
    fields: BTreeMap<Spanned<String>, Spanned<String>>,
    friends: Spanned<FriendsTable>,
    profiles: Option<Spanned<ProfilesTable>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Header {
    value: Option<String>,
    file: Option<PathBuf>,
    #[serde(default)]
    prefix: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct PersonTable {
    path: Spanned<String>,
    document: Option<Spanned<String>>,
    #[serde(default)]
    bare_404: bool,
    account: Spanned<String>,
    minor: Spanned<Minor>,
}

#[derive(Deserialize)]
#[serde(
    untagged,
    expecting = "expected a pointer to a boolean, as \"/is_minor\"; a table with birth_date and younger_than_years; or false, where nobody is a minor"
)]
enum Minor {
    Everybody(bool),
    Pointer(String),
    Birth(BirthTable),
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct BirthTable {
    birth_date: String,
    #[serde(default)]
    format: BirthFormat,
    younger_than_years: u32,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct FriendsTable {
    embedded: Option<Spanned<String>>,
    path: Option<Spanned<String>>,
    list: Option<Spanned<String>>,
    next: Option<Spanned<String>>,
    accounts: Option<Spanned<String>>,
    people: Option<Spanned<String>>,
    #[serde(default)]
    absent_is_empty: bool,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ProfilesTable {
    path: Spanned<String>,
    list: Spanned<String>,
    #[serde(default = "whole")]
    item: Spanned<String>,
    people_max: Spanned<usize>,
}

fn whole() -> Spanned<String> {
    Spanned::new(0..0, String::new())
}

impl Mapping {
    /// Reads a mapping file. Files that it names are relative to `folder`.
    pub(super) fn read(
        path: &Path,
        folder: &Path,
        schema: &FieldSchema,
    ) -> Result<Self, TomlFileError> {
        let text = text_file::read(path)?;
        Self::parse(&text, folder, schema).map_err(|error| error.in_file(path))
    }

    fn parse(text: &str, folder: &Path, schema: &FieldSchema) -> Result<Self, TomlError> {
        countersign_toml::parse_checked(text, |file| Self::checked(file, folder, schema))
    }

    fn checked(file: File, folder: &Path, schema: &FieldSchema) -> Result<Self, Fault> {
        if *file.version.get_ref() != MAPPING_VERSION {
            let found = file.version.get_ref();
            let message =
                format!("{found} is not known; this program reads version {MAPPING_VERSION}");
            return Err(Fault::at(file.version.span(), message));
        }
        let person = template(&file.person.path, Place::Account, &[])?;
        let document = match &file.person.document {
            Some(document) => pointer(document)?,
            None => Pointer::whole(),
        };
        let friends_table = file.friends.get_ref();
        let embedded = friends_table.embedded.as_ref();
        let embedded = embedded.map(pointer).transpose()?;
        let items = items(&file.friends)?;
        if let (Items::People(_), Some(profiles)) = (&items, &file.profiles) {
            let message = "the items of the list are whole people already; leave out this table, or friends.people";
            return Err(Fault::at(profiles.span(), message));
        }
        Ok(Self {
            base: base(&file.base_url, file.allow_clear)?,
            ca: file.ca.map(|ca| folder.join(ca)),
            headers: headers(&file.headers, folder)?,
            person,
            document,
            bare_404: file.person.bare_404,
            reader: Reader::new(
                pointer(&file.person.account)?,
                minor(&file.person.minor)?,
                fields(&file.fields, schema)?,
                embedded.clone(),
            ),
            friends: friends(&file.friends, embedded.is_some())?,
            absent_is_empty: friends_table.absent_is_empty,
            items,
            profiles: file.profiles.as_ref().map(|table| profiles(table.get_ref())).transpose()?,
        })
    }
}

fn pointer(text: &Spanned<String>) -> Result<Pointer, Fault> {
    let parsed = text.get_ref().parse();
    parsed.map_err(|error: NotAPointer| Fault::at(text.span(), error.to_string()))
}

fn template(text: &Spanned<String>, needed: Place, allowed: &[Place]) -> Result<Template, Fault> {
    let parsed = Template::parse(text.get_ref(), needed, allowed);
    parsed.map_err(|message| Fault::at(text.span(), message))
}

fn base(url: &Spanned<String>, allow_clear: bool) -> Result<Base, Fault> {
    let wrong = |message: &str| Fault::at(url.span(), format!("{:?} {message}", url.get_ref()));
    let uri: hyper::Uri = url.get_ref().parse().map_err(|_| wrong("is not a URL"))?;
    let parts = uri.into_parts();
    let (Some(scheme), Some(authority)) = (parts.scheme, parts.authority) else {
        return Err(wrong("has to begin with https:// or http:// and a host"));
    };
    if authority.as_str().contains('@') {
        return Err(wrong("may not hold a user or password; use [headers] with a file"));
    }
    let path = parts.path_and_query.map(|path| path.to_string()).unwrap_or_default();
    if path.contains('?') {
        return Err(wrong("may not have a query; put it into the paths"));
    }
    let host = authority.host().trim_start_matches('[').trim_end_matches(']');
    let is_loopback = host == "localhost"
        || host.parse().is_ok_and(|address: std::net::IpAddr| address.is_loopback());
    if scheme != Scheme::HTTPS && scheme != Scheme::HTTP {
        return Err(wrong("has to begin with https:// or http://"));
    }
    if scheme == Scheme::HTTP && !is_loopback && !allow_clear {
        return Err(wrong(
            "would carry people's data in the clear; use https://, or allow_clear = true if nobody else is on the network in between",
        ));
    }
    Ok(Base { scheme, authority, path: path.trim_end_matches('/').to_owned() })
}

fn headers(table: &BTreeMap<String, Spanned<Header>>, folder: &Path) -> Result<HeaderMap, Fault> {
    let mut headers = HeaderMap::new();
    for (name, spanned) in table {
        let wrong = |message: String| Fault::at(spanned.span(), message);
        let header = spanned.get_ref();
        let text = match (&header.value, &header.file) {
            (Some(value), None) => Zeroizing::new(value.clone()),
            (None, Some(file)) => secret_file::read(&folder.join(file)).map_err(wrong)?,
            _ => return Err(wrong("give either value or file".to_owned())),
        };
        let own = ["host", "accept", "accept-encoding", "content-length", "connection", "range"];
        let known = HeaderName::from_bytes(name.as_bytes()).ok();
        let name = known.filter(|name| !own.contains(&name.as_str()));
        let name = name.ok_or_else(|| wrong("this header cannot be set".to_owned()))?;
        let value = HeaderValue::from_str(&format!("{}{}", header.prefix, text.trim()));
        // The text is a secret, so it is not said what it is.
        let value = value.map_err(|_| wrong("the value cannot stand in a header".to_owned()));
        let mut value = value?;
        value.set_sensitive(true);
        headers.insert(name, value);
    }
    Ok(headers)
}

fn minor(minor: &Spanned<Minor>) -> Result<MinorRule, Fault> {
    let pointer = |text: &String| pointer(&Spanned::new(minor.span(), text.clone()));
    Ok(match minor.get_ref() {
        Minor::Everybody(is_minor) => MinorRule::Everybody(*is_minor),
        Minor::Pointer(text) => MinorRule::Flag(pointer(text)?),
        Minor::Birth(BirthTable { birth_date, format, younger_than_years: years }) => {
            if !(1..=99).contains(years) {
                let message = format!("{years} is not allowed; use 1 to 99");
                return Err(Fault::at("person.minor.younger_than_years", message));
            }
            let pointer = pointer(birth_date)?;
            MinorRule::Birth { pointer, format: *format, years: *years }
        }
    })
}

fn fields(
    table: &BTreeMap<Spanned<String>, Spanned<String>>,
    schema: &FieldSchema,
) -> Result<Vec<(FieldId, String, Pointer)>, Fault> {
    let mut fields = Vec::new();
    for (name, text) in table {
        let set = schema.resolve(&[name.get_ref()]);
        let set = set.map_err(|error| Fault::at(name.span(), error.to_string()))?;
        let field = set.iter().next().filter(|id| *id != FieldId::ID && *id != FieldId::FRIENDS);
        let field = field
            .ok_or_else(|| Fault::at(name.span(), "it is made here and comes from no source"))?;
        fields.push((field, name.get_ref().clone(), pointer(text)?));
    }
    fields.sort_unstable_by_key(|(field, ..)| *field);
    Ok(fields)
}

fn friends(table: &Spanned<FriendsTable>, is_embedded: bool) -> Result<Friends, Fault> {
    let friends = table.get_ref();
    match (is_embedded, &friends.path, &friends.list) {
        (true, None, None) if friends.next.is_none() => Ok(Friends::Embedded),
        (false, Some(path), Some(list)) => {
            let next = friends.next.as_ref();
            let listed = template(path, Place::Account, &[Place::Offset])?;
            if listed.has(Place::Offset) && next.is_some() {
                let message = "pages come by {offset} or by friends.next, not by both";
                return Err(Fault::at(path.span(), message));
            }
            Ok(Friends::Listed {
                path: listed,
                list: pointer(list)?,
                next: next.map(pointer).transpose()?,
            })
        }
        _ => {
            let message = "give embedded, where the list is in the person's document; or path and list, with next if it comes in pages";
            Err(Fault::at(table.span(), message))
        }
    }
}

fn items(table: &Spanned<FriendsTable>) -> Result<Items, Fault> {
    let friends = table.get_ref();
    match (&friends.accounts, &friends.people) {
        (Some(accounts), None) => Ok(Items::Accounts(pointer(accounts)?)),
        (None, Some(people)) => Ok(Items::People(pointer(people)?)),
        _ => {
            let message = "give either accounts or people, which point from an item of the list to an account or to a whole person; \"\" is the item itself";
            Err(Fault::at(table.span(), message))
        }
    }
}

fn profiles(table: &ProfilesTable) -> Result<Profiles, Fault> {
    let people_max = *table.people_max.get_ref();
    if !(1..=1_000).contains(&people_max) {
        let message = format!("{people_max} is not allowed; use 1 to 1000");
        return Err(Fault::at(table.people_max.span(), message));
    }
    Ok(Profiles {
        path: template(&table.path, Place::Accounts, &[])?,
        list: pointer(&table.list)?,
        item: pointer(&table.item)?,
        people_max,
    })
}

#[cfg(test)]
mod tests {
    use countersign_fixtures::schema;

    use super::*;

    const GOOD: &str = r#"version = 1
base_url = "https://api.platform.example/internal/"

[headers]
authorization = { prefix = "Bearer ", file = "api.token" }

[person]
path = "/users/{account}"
account = "/id"
minor = { birth_date = "/born", younger_than_years = 18 }

[fields]
work = "/jobs"
name = "/names/full"

[friends]
path = "/users/{account}/friends"
list = "/data"
next = "/paging/next"
accounts = "/id"

[profiles]
path = "/users?ids={accounts}"
list = ""
people_max = 50
"#;

    fn parse(text: &str) -> Result<Mapping, TomlError> {
        let folder = tempfile::tempdir().unwrap();
        let token = folder.path().join("api.token");
        std::fs::write(&token, "very-secret\n").unwrap();
        let mode = std::os::unix::fs::PermissionsExt::from_mode(0o600);
        std::fs::set_permissions(&token, mode).unwrap();
        Mapping::parse(text, folder.path(), &schema::shipped())
    }

    #[test]
    fn a_mapping_is_read_and_its_secrets_are_not_shown() {
        let mapping = parse(GOOD).unwrap();
        assert_eq!(mapping.headers["authorization"], "Bearer very-secret");
        assert!(!format!("{mapping:?}").contains("secret"), "{mapping:?}");
        assert_eq!(mapping.base.path, "/internal");
    }

    /// What is changed into what, and what is then said.
    const WRONG: &[(&str, &str, &str)] = &[
        ("version = 1", "version = 2", "version: 2 is not known; this program reads version 1"),
        (
            "https://api",
            "http://api",
            "base_url: \"http://api.platform.example/internal/\" would carry people's data in the clear",
        ),
        (
            "https://api",
            "https://user:pw@api",
            "base_url: \"https://user:pw@api.platform.example/internal/\" may not hold a user or password",
        ),
        (
            "https://api",
            "ftp://api",
            "base_url: \"ftp://api.platform.example/internal/\" has to begin with https:// or http://",
        ),
        (
            "name = \"/names",
            "nam = \"/names",
            "fields.nam: there is no field \"nam\"; did you mean \"name\"?",
        ),
        ("name = \"/names", "id = \"/names", "fields.id: it is made here and comes from no source"),
        (
            "work = \"/jobs\"",
            "work = \"jobs\"",
            "fields.work: \"jobs\" is not a JSON pointer: it begins with '/'",
        ),
        (
            "path = \"/users/{account}\"",
            "path = \"/users/{acount}\"",
            "person.path: {acount} cannot be filled in here; use {account}",
        ),
        ("file = \"api.token\"", "file = \"other.token\"", "headers.authorization: "),
        ("authorization = {", "host = {", "headers.host: this header cannot be set"),
        (
            "younger_than_years = 18",
            "younger_than_years = 0",
            "person.minor.younger_than_years: 0 is not allowed; use 1 to 99",
        ),
        (
            "accounts = \"/id\"",
            "people = \"\"",
            "profiles: the items of the list are whole people already",
        ),
        (
            "accounts = \"/id\"",
            "nothing = \"\"",
            "friends.nothing: unknown key; allowed: embedded, path, list, next, accounts, people, absent_is_empty",
        ),
        (
            "people_max = 50",
            "people_max = 0",
            "profiles.people_max: 0 is not allowed; use 1 to 1000",
        ),
        (
            "list = \"/data\"",
            "embedded = \"/data\"",
            "friends: give embedded, where the list is in the person's document",
        ),
    ];

    #[test]
    fn errors_name_the_line_the_key_and_what_is_allowed() {
        for (from, to, expected) in WRONG.iter().copied() {
            let text = GOOD.replacen(from, to, 1);
            assert_ne!(text, GOOD, "{from}");
            let error = parse(&text).map(|_| ()).unwrap_err();
            assert!(error.without_place().starts_with(expected), "{error}");
            let line = text.lines().zip(GOOD.lines()).position(|(now, was)| now != was);
            let is_there = line.is_some_and(|line| line + 1 == error.line);
            let of_table = text.lines().nth(error.line - 1).is_some_and(|l| l.starts_with('['));
            assert!(is_there || of_table, "{error}");
        }
    }
}
