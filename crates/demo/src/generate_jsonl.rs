//! A generated world as JSON Lines: the people, friendships and settings that [`generate::run`] makes
//! for the same options, in the form that `people import jsonl` reads, for whatever else has to hold
//! the same people.

use std::io::{self, Write};

use countersign_domain::field::FieldSet;
use countersign_domain::route::Route;
use countersign_domain::schema::FieldSchema;
use countersign_people::store::Profile;

use super::generate::{self, GenerateOptions, Graph};
use super::invented::Inventor;
use super::random::Random;

/// Writes them, one a line.
///
/// # Errors
/// What `out` says.
pub fn write(out: &mut impl Write, options: &GenerateOptions<'_>) -> io::Result<()> {
    let GenerateOptions { people, seed, beginning, schema, progress, .. } = *options;
    let (graph, mut random) = generate::friendships(options);
    let inventor = Inventor::new(schema);
    let mut profile = Profile::default();
    let bar = progress.step("writing people", people.into());
    for number in 1..=people {
        let account = generate::account(number);
        let is_minor = inventor.fill(seed, number.into(), &mut profile);
        write!(out, "{{\"account\":\"{account}\",\"minor\":{is_minor},\"profile\":{{")?;
        write_profile(out, schema, &profile)?;
        write!(out, "}},\"friends\":[")?;
        write_friends(out, &graph, number, &mut random)?;
        write!(out, "],\"settings\":{{")?;
        let settings = beginning.choice(schema, &account).settings;
        for (route, comma) in Route::ALL.into_iter().zip(commas()) {
            write!(out, "{comma}\"{}\":[", route.name())?;
            write_names(out, schema, settings.open(route))?;
            write!(out, "]")?;
        }
        writeln!(out, "}}}}")?;
        if number % 1_024 == 0 {
            bar.at(number.into());
        }
    }
    Ok(())
}

/// What stands before each part of a list.
fn commas() -> impl Iterator<Item = &'static str> {
    std::iter::once("").chain(std::iter::repeat(","))
}

fn write_profile(out: &mut impl Write, schema: &FieldSchema, profile: &Profile) -> io::Result<()> {
    for ((field, value), comma) in profile.values().zip(commas()) {
        for name in schema.names(FieldSet::of(field)) {
            write!(out, "{comma}\"{name}\":")?;
        }
        out.write_all(value)?;
    }
    Ok(())
}

/// Those friends whom this person's draws found; friendship is mutual, whoever names it.
fn write_friends(
    out: &mut impl Write,
    graph: &Graph,
    number: u32,
    random: &mut Random,
) -> io::Result<()> {
    let mut friends = Vec::new();
    graph.draw(number as usize - 1, random, |friend| friends.push(friend as u32 + 1));
    friends.sort_unstable();
    friends.dedup();
    for (friend, comma) in friends.into_iter().zip(commas()) {
        write!(out, "{comma}\"{}\"", generate::account(friend))?;
    }
    Ok(())
}

fn write_names(out: &mut impl Write, schema: &FieldSchema, fields: FieldSet) -> io::Result<()> {
    for (name, comma) in schema.names(fields).zip(commas()) {
        write!(out, "{comma}\"{name}\"")?;
    }
    Ok(())
}
