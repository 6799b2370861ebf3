//! A person out of a document of the platform's API.

use countersign_domain::field::FieldId;
use countersign_protocol::json_check;
use serde_json::value::RawValue;

use super::birth::{BirthFormat, Day, is_younger};
use super::friends::Document;
use super::pointer::{Pointer, Shape};
use crate::{Fetched, FetchedPerson, SourceError};

/// What makes somebody a minor. Whose document does not say it counts as one.
#[derive(Clone, Debug)]
pub(super) enum MinorRule {
    /// All are, or nobody is.
    Everybody(bool),
    /// A boolean.
    Flag(Pointer),
    /// Their age.
    Birth { pointer: Pointer, format: BirthFormat, years: u32 },
}

/// Reads people's documents.
#[derive(Debug)]
pub(super) struct Reader {
    account: Pointer,
    shape: Shape,
    minor: MinorRule,
    fields: Vec<(FieldId, String)>,
    has_embedded_friends: bool,
}

/// A person as their document has them.
pub(super) struct Person<'t> {
    pub(super) account: String,
    pub(super) minor: bool,
    pub(super) values: Vec<Option<&'t RawValue>>,
    /// The list of their friends, if it is in their document.
    pub(super) friends: Option<&'t RawValue>,
}

pub(super) fn nonsense(reason: impl Into<String>) -> SourceError {
    SourceError::Nonsense { reason: reason.into() }
}

impl Reader {
    /// The fields come in the order of their numbers.
    pub(super) fn new(
        account: Pointer,
        minor: MinorRule,
        fields: Vec<(FieldId, String, Pointer)>,
        friends: Option<Pointer>,
    ) -> Self {
        let of_minor = match &minor {
            MinorRule::Everybody(_) => None,
            MinorRule::Flag(pointer) | MinorRule::Birth { pointer, .. } => Some(pointer.clone()),
        };
        let has_embedded_friends = friends.is_some();
        // Where there is nothing to point at, the account fills the slot.
        let first = [of_minor, friends].map(|pointer| pointer.unwrap_or_else(|| account.clone()));
        let pointers = fields.iter().map(|(.., pointer)| pointer);
        let shape = Shape::of([&account].into_iter().chain(&first).chain(pointers));
        let fields = fields.iter().map(|(field, name, _)| (*field, name.clone())).collect();
        Self { account, shape, minor, fields, has_embedded_friends }
    }

    /// Reads a document.
    pub(super) fn read<'t>(&self, text: &'t str, today: Day) -> Result<Person<'t>, SourceError> {
        let found = self.shape.find(text);
        let found = found.map_err(|error| nonsense(format!("a person's document is {error}")))?;
        let [account, minor, friends, values @ ..] = found.as_slice() else {
            return Err(nonsense("a person's document has no form"));
        };
        let account = account.and_then(|raw| account_of(raw.get()));
        Ok(Person {
            account: account.ok_or_else(|| nonsense("a person's document has no account"))?,
            minor: self.is_minor(minor.map(RawValue::get), today)?,
            values: values.to_vec(),
            friends: friends.filter(|_| self.has_embedded_friends),
        })
    }

    /// The account of a document alone.
    pub(super) fn account(&self, text: &str) -> Result<String, SourceError> {
        let found = self.account.find(text);
        let found = found.map_err(|error| nonsense(format!("a person's document is {error}")))?;
        let account = found.and_then(|raw| account_of(raw.get()));
        account.ok_or_else(|| nonsense("a person's document has no account"))
    }

    fn is_minor(&self, value: Option<&str>, today: Day) -> Result<bool, SourceError> {
        match (&self.minor, value) {
            (MinorRule::Everybody(is_minor), _) => Ok(*is_minor),
            (_, None) => Ok(true),
            (MinorRule::Flag(_), Some("true")) => Ok(true),
            (MinorRule::Flag(_), Some("false")) => Ok(false),
            (MinorRule::Flag(_), Some(_)) => {
                Err(nonsense("whether a person is a minor is not said with true or false"))
            }
            (MinorRule::Birth { format, years, .. }, Some(value)) => {
                let born = format.day(value);
                let born = born.ok_or_else(|| nonsense("a date of birth is none"))?;
                Ok(is_younger(born, *years, today))
            }
        }
    }

    /// Reads a friend's document and hands the friend on, or nobody.
    pub(super) fn friend(
        &self,
        document: Document,
        today: Day,
        to: &mut Fetched,
    ) -> Result<(), SourceError> {
        let Document { text, account } = document;
        let text = text?;
        let person = self.read(&text, today)?;
        if account.is_some_and(|account| account != person.account) {
            return Err(nonsense("another friend was told of"));
        }
        self.hand_on(person, to)
    }

    /// Hands a person on, or nobody.
    pub(super) fn hand_on(&self, person: Person<'_>, to: &mut Fetched) -> Result<(), SourceError> {
        to.person(FetchedPerson { account: person.account, minor: person.minor, chosen: None });
        let handed_on = self.values(person.values, to);
        if handed_on.is_err() {
            to.take_back();
        }
        handed_on
    }

    fn values(&self, values: Vec<Option<&RawValue>>, to: &mut Fetched) -> Result<(), SourceError> {
        for ((field, name), value) in self.fields.iter().zip(values) {
            let Some(value) = value else { continue };
            // The whole answer that it is from was checked, but for escapes of half a character.
            if value.get().contains('\\') && json_check::check(value.get().as_bytes()).is_err() {
                return Err(nonsense(format!(
                    "a value of {name} is not what every reader of JSON takes"
                )));
            }
            to.value(*field, |bytes| bytes.extend_from_slice(value.get().as_bytes()))?;
        }
        Ok(())
    }

    /// The names of the fields, with whether this person has a value for each.
    pub(super) fn fields_of<'r>(
        &'r self,
        person: &'r Person<'_>,
    ) -> impl Iterator<Item = (&'r str, bool)> {
        let values = self.fields.iter().zip(&person.values);
        values.map(|((_, name), value)| (name.as_str(), value.is_some()))
    }
}

/// The account that a JSON value names: a text, or a whole number in its digits.
pub(super) fn account_of(json: &str) -> Option<String> {
    if json.starts_with('"') {
        return serde_json::from_str(json).ok().filter(|text: &String| !text.is_empty());
    }
    json.bytes().all(|byte| byte.is_ascii_digit()).then(|| json.to_owned())
}
