//! The platform's rules as a file, and in words.

use std::path::{Path, PathBuf};

use countersign_domain::partner::Country;
use countersign_domain::rules::{PlatformRules, RULES_VERSION, RulesDocument};
use countersign_http::ledger_page;
use countersign_policy::cedar::rules::Rules as Own;
use countersign_toml::Fault;
use serde::Deserialize;

use crate::commands::reach::Reach;
use crate::commands::{Failure, files};

/// What a rules file looks like.
pub(super) const FORMAT: &str = r#"The file is TOML; the Cedar files that it names lie beside it.

  special_categories_of_friends = false       # whether special categories of friends may be released
  minor_friend_fields = ["id", "name"]        # what of friends who are minors may be
  closed_territories = ["KP"]                 # where nothing may be received, by seat or ultimate parent
  screening_required = true                   # whether a partner that nobody screened gets nothing
  cedar = ["minors.cedar", "territory.cedar"] # the platform's own rules, in Cedar

A rule in Cedar forbids, is about everybody, and says what it is called and why it withholds:

  @id("health data stays")
  @reason("special_category")                 # or minor, territory, screening
  forbid (principal, action, resource)
  when { resource.category == "pd:Health" };

It may look at resource.category, .sensitivity ("low", "medium", "high") and .special, and at
context.purpose, .relation ("self", "friend"), .route ("my_device", "friends_device", "my_app",
"friends_app"), .country, .parent_country, .minor and .now, which it compares with numbers that are
written out. Examples to start from are in crates/policy/rules.

The rules name, besides, the page with which people check their ledgers: the one that this program serves."#;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    special_categories_of_friends: bool,
    minor_friend_fields: Vec<String>,
    #[serde(default)]
    closed_territories: Vec<Country>,
    #[serde(default)]
    screening_required: bool,
    #[serde(default)]
    cedar: Vec<PathBuf>,
}

/// Reads a rules file and the Cedar files beside it.
pub(super) fn read(path: &Path, reach: &Reach) -> Result<(RulesDocument, Own), Failure> {
    let schema = reach.schema()?;
    let file = files::read_toml_checked(path, |file: File| {
        let named = schema.resolve(&file.minor_friend_fields);
        named.map_err(|error| Fault::at("minor_friend_fields", error.to_string()))?;
        Ok(file)
    })?;
    let folder = path.parent().unwrap_or_else(|| Path::new(""));
    let mut texts = Vec::with_capacity(file.cedar.len());
    for name in &file.cedar {
        let cedar = folder.join(name);
        let text = files::read_text(&cedar)?;
        // Alone first, so that an error names the file.
        Own::read(&text).map_err(|error| format!("{}: {error}", cedar.display()))?;
        texts.push(text);
    }
    let document = RulesDocument {
        version: RULES_VERSION,
        special_categories_of_friends: file.special_categories_of_friends,
        minor_friend_fields: file.minor_friend_fields,
        closed_territories: file.closed_territories,
        screening_required: file.screening_required,
        ledger_page: Some(ledger_page::digest()),
        cedar: texts.join("\n"),
    };
    let named = |error: &dyn std::fmt::Display| format!("{}: {error}", path.display());
    PlatformRules::from_document(&document, &schema).map_err(|error| named(&error))?;
    let own = Own::read(&document.cedar).map_err(|error| named(&error))?;
    Ok((document, own))
}

/// What rules mean.
pub(super) fn in_words(document: &RulesDocument, own: &Own) -> String {
    let listed = |items: Vec<String>| {
        if items.is_empty() { "nothing".to_owned() } else { items.join(", ") }
    };
    let special = if document.special_categories_of_friends { "may be" } else { "are not" };
    let screening = if document.screening_required { "gets nothing" } else { "may get data" };
    let closed = document.closed_territories.iter().map(ToString::to_string).collect();
    let mut text = format!(
        "special categories of friends {special} released\nof friends who are minors: {}\nclosed countries: {}\na partner that nobody screened {screening}",
        listed(document.minor_friend_fields.clone()),
        listed(closed),
    );
    if let Some(page) = &document.ledger_page {
        text.push_str(&format!("\nthe page with which ledgers are checked: {page}"));
    }
    for (name, reason) in own.iter() {
        let reason = serde_json::to_value(reason).unwrap_or_default();
        text.push_str(&format!("\nrule {name:?} ({})", reason.as_str().unwrap_or_default()));
    }
    text
}
