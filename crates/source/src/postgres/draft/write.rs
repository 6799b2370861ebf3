//! The text of a draft.

use std::fmt::Write as _;

use countersign_domain::schema::FieldSchema;

use super::super::catalogue::Kind;
use super::super::mapping::{Stored, Test};
use super::choices::{self, Rule};
use super::fields::{self, FieldPlacement};
use super::friendships::{self, Agreement, Pair};
use super::joins::{JoinedTable, without_prefix};
use super::people::{self, Candidate};
use super::samples::{Samples, friendship_tests};
use super::survey::{Survey, TableSurvey};
use super::toml::{self, ColumnRef, commented};
use super::words::squeezed;

/// What was chosen, and what is known about it.
pub(super) struct DraftInput<'a, 's> {
    pub(super) survey: &'s Survey,
    pub(super) people: &'a Candidate<'s>,
    pub(super) pair: Option<&'a Pair<'s>>,
    /// Who else could be people.
    pub(super) others: &'a [String],
    pub(super) samples: &'a Samples,
}

/// A draft, and what somebody has to look at.
pub(super) struct DraftText {
    pub(super) text: String,
    pub(super) open_questions: Vec<String>,
}

/// What stands in the place of what is not known. No column has it.
const UNKNOWN: &str = "?";

pub(super) fn write(schema: &FieldSchema, chosen: &DraftInput<'_, '_>) -> DraftText {
    let people = chosen.people.table;
    let key = chosen.pair.map(|pair| pair.key).or_else(|| people::key(people)).unwrap_or(UNKNOWN);
    let joined = JoinedTable::all(chosen.survey, people, key);
    let minor = minor(&joined);
    let conditions = people_conditions(chosen);
    let mut used: Vec<String> = conditions.iter().map(|(column, _)| column.clone()).collect();
    used.push(key.to_owned());
    used.extend(joined.iter().map(|joined| joined.from.clone()));
    let (placed, left) = fields::place(schema, &joined, &used);
    let labels =
        |joined: &JoinedTable<'_>, column: &str| chosen.samples.labels(joined.table, column);
    let rules = choices::rules(schema, &joined, &placed, &labels);

    let mut written = DraftText { text: head(&chosen.survey.role), open_questions: Vec::new() };
    written.people(chosen, key, minor.as_deref(), &conditions);
    written.joins(&joined, minor.as_deref(), &placed, &rules);
    written.friendships(chosen);
    written.fields(&placed);
    written.left(&left, &rules);
    written.rules(&rules);
    written
}

fn head(role: &str) -> String {
    format!(
        "# Drafted by `countersign source draft`, as role {}. Read it before you use it: each choice has its\n\
         # reason beside it, and what is a comment waits for your decision. Then run `countersign source check`.\n\
         version = 1\n",
        toml::text(role)
    )
}

/// What tells a minor, as the file has it.
fn minor(joined: &[JoinedTable<'_>]) -> Option<String> {
    let own = || joined.iter().filter(|joined| joined.says.is_none());
    let find = |names: &[&str], are: &[Kind]| {
        own().find_map(|joined| {
            let column = joined.table.columns.iter().find(|(name, column)| {
                let bare = squeezed(without_prefix(joined.table, name));
                names.contains(&bare.as_str()) && are.contains(&column.kind)
            });
            let alias = joined.alias.as_deref();
            column.map(|(name, _)| ColumnRef { name, alias }.alone())
        })
    };
    if let Some(column) = find(&["isminor", "minor", "underage", "isunderage"], &[Kind::Boolean]) {
        return Some(format!("{{ column = {column} }}"));
    }
    let born = ["birthday", "birthdate", "dateofbirth", "dob", "bornon", "born"];
    find(&born, &[Kind::Date, Kind::Instant, Kind::LocalTime])
        .map(|column| format!("{{ born = {column}, younger_than_years = 18 }}"))
}

/// What has to hold of a row of people.
fn people_conditions(chosen: &DraftInput<'_, '_>) -> Vec<(String, Test)> {
    let table = chosen.people.table;
    let mut conditions = people::conditions(table);
    for (name, column) in &table.columns {
        if !["status", "state", "accountstatus"].contains(&squeezed(name).as_str()) {
            continue;
        }
        let labels = match column.labels.is_empty() {
            true => chosen.samples.labels(table, name),
            false => column.labels.clone(),
        };
        let active = labels.iter().find(|label| {
            ["active", "enabled", "normal", "activo"].contains(&label.to_lowercase().as_str())
        });
        conditions.extend(active.map(|label| (name.clone(), Test::Is(label.clone()))));
    }
    conditions
}

impl DraftText {
    fn people(
        &mut self,
        chosen: &DraftInput<'_, '_>,
        key: &str,
        minor: Option<&str>,
        conditions: &[(String, Test)],
    ) {
        let (people, table) = (chosen.people, chosen.people.table);
        self.say(&format!(
            "\n# {} has the people{}: {}.\n",
            toml::text(&table.name.to_string()),
            rows(table),
            because(&people.reasons)
        ));
        if !chosen.others.is_empty() {
            let others: Vec<_> = chosen.others.iter().map(|name| toml::text(name)).collect();
            self.say(&format!("# Less speaks for {}.\n", others.join(", ")));
        }
        self.say(&format!(
            "[people]\ntable = {}\naccount = {}\n",
            toml::table(&table.name),
            toml::text(key)
        ));
        for (name, column) in &table.columns {
            if name != key && column.is_unique && people::is_name(column.kind) {
                self.say(&format!(
                    "# account = {}  # unique as well; then key = {}\n",
                    toml::text(name),
                    toml::text(key)
                ));
            }
        }
        match minor {
            Some(minor) => self.say(&format!("minor = {minor}\n")),
            None => {
                self.say("# minor = { born = \"…\", younger_than_years = 18 }  # no column says who is a minor: nobody is treated as one\n");
                self.ask("no column says who is a minor, so nobody is treated as one: name one in [people]".to_owned());
            }
        }
        self.say(&toml::conditions(conditions));
    }

    /// The tables that anything refers to.
    fn joins(
        &mut self,
        joined: &[JoinedTable<'_>],
        minor: Option<&str>,
        placed: &[FieldPlacement],
        rules: &[Rule],
    ) {
        let values = placed.iter().map(|placed| placed.value.as_str());
        let all: String =
            values.chain(minor).chain(rules.iter().map(|rule| rule.text.as_str())).collect();
        for joined in joined {
            let Some(alias) = &joined.alias else { continue };
            if !all.contains(&format!("of = {}", toml::text(alias))) {
                continue;
            }
            self.say(&format!(
                "\n[[people.joins]]\ntable = {}\nas = {}\nfrom = {}\nto = {}\n",
                toml::table(&joined.table.name),
                toml::text(alias),
                toml::text(&joined.from),
                toml::text(&joined.to)
            ));
        }
    }

    fn friendships(&mut self, chosen: &DraftInput<'_, '_>) {
        let Some(pair) = chosen.pair else {
            self.say(&format!(
                "\n# No table has two columns that name people and is called as friendships are.\n\
                 [friendships]\ntable = \"{UNKNOWN}\"\ncolumns = [\"{UNKNOWN}\", \"{UNKNOWN}\"]\nstored = \"once\"\n"
            ));
            self.ask("no table of friendships was found: name one in [friendships]".to_owned());
            return;
        };
        let table = pair.table;
        let [one, other] = pair.columns.map(toml::text);
        let (stored, why) = friendships::stored(pair.is_directed, chosen.samples.opposite);
        let stored = match stored {
            Stored::Once => "once",
            Stored::Twice => "twice",
            Stored::Mutual => "mutual",
        };
        self.say(&format!(
            "\n# {} has the friendships{}: {}.\n[friendships]\ntable = {}\ncolumns = [{one}, {other}]\n\
             stored = \"{stored}\"  # {why}\n",
            toml::text(&table.name.to_string()),
            rows(table),
            because(&pair.reasons),
            toml::table(&table.name),
        ));
        if chosen.samples.opposite.is_none_or(|(rows, _)| rows == 0) {
            self.ask(format!(
                "no row of {} could be looked at: whether `stored = \"{stored}\"` is right is yours to say",
                table.name
            ));
        }
        let mut tests = friendship_tests(pair, chosen.samples);
        let agreement = friendships::agreement(table, &|name| chosen.samples.labels(table, name));
        match agreement {
            Some(Agreement::Known { column, values, .. }) if !values.is_empty() => {
                let values: Vec<_> = values.iter().map(|value| toml::text(value)).collect();
                self.say(&format!("# {} is one of {}\n", toml::text(&column), values.join(", ")));
            }
            Some(Agreement::Unknown { column, values }) => {
                let values: Vec<_> = values.iter().map(|value| toml::text(value)).collect();
                let known =
                    if values.is_empty() { "not known".to_owned() } else { values.join(", ") };
                self.say(&format!(
                    "# At which value of {} have both agreed? Its values: {known}. Until you say, nobody has friends.\n",
                    toml::text(&column)
                ));
                self.ask(format!(
                    "at which value of {} in {} both have agreed: say so in `where` of [friendships]",
                    toml::text(&column),
                    table.name
                ));
                tests.push((column, Test::Is(UNKNOWN.to_owned())));
            }
            _ => {}
        }
        self.say(&toml::conditions(&tests));
    }

    fn fields(&mut self, placed: &[FieldPlacement]) {
        self.say("\n[fields]\n");
        for FieldPlacement { field, value, note } in placed {
            match note {
                None => self.say(&format!("{field} = {value}\n")),
                Some(note) => self.say(&format!("# {field} = {value}  # {note}\n")),
            }
        }
    }

    /// The columns that no field takes.
    fn left(&mut self, left: &[(&str, &str, &super::super::catalogue::Column)], rules: &[Rule]) {
        let is_left = |name: &str| !rules.iter().any(|rule| rule.column == name);
        let left: Vec<_> = left.iter().filter(|(_, name, _)| is_left(name)).collect();
        if left.is_empty() {
            return;
        }
        self.say("\n# Columns that no field takes:\n");
        for (table, name, column) in left {
            self.say(&format!(
                "#   {}.{} {}\n",
                toml::text(table),
                toml::text(name),
                toml::text(&column.type_name).trim_matches('"')
            ));
        }
    }

    fn rules(&mut self, rules: &[Rule]) {
        if rules.is_empty() {
            return;
        }
        self.say(
            "\n# What people chose on the platform. These rules only close: what is open to friends there, people did not\n\
             # thereby open to the apps and devices that friends use. If they did, add `opens = true`: whoever is met for\n\
             # the first time then begins with it open, and the log says so.\n",
        );
        for Rule { text, is_proposal, .. } in rules {
            let text = if *is_proposal { commented(text) } else { text.clone() };
            self.say(&text);
        }
    }

    fn say(&mut self, text: &str) {
        let _ = self.text.write_str(text);
    }

    fn ask(&mut self, question: String) {
        self.open_questions.push(question);
    }
}

/// How many rows a table has, where that is known.
fn rows(table: &TableSurvey) -> String {
    table.rows_estimate.map(|rows| format!(", about {rows} rows")).unwrap_or_default()
}

/// Reasons as one sentence. What they cite of the database is quoted, since it stands in a comment.
fn because(reasons: &[String]) -> String {
    reasons.join("; ").chars().filter(|c| !c.is_control()).collect()
}
