//! The change feed: people as they come, change and go, one JSON document a line.
//!
//! ```json
//! {"sequence":17,"account":"ada","minor":false,"profile":{"name":"Ada"},"friends":["bob"]}
//! {"sequence":18,"account":"ada","set":{"work":[],"religion":null}}
//! {"sequence":21,"friendship":["ada","bob"]}
//! {"sequence":22,"friendship_ended":["ada","bob"]}
//! {"sequence":25,"account":"ada","settings":{"friends_device":["id","name"],"friends_app":[]}}
//! {"sequence":30,"account":"ada","removed":true}
//! ```
//!
//! Sequences rise from line to line, in the order in which the platform committed the changes. Gaps are
//! allowed, because the numbers are the platform's own, of a table with other rows or of transactions that
//! were rolled back. A line at or below the last sequence that was applied is skipped, whether or not
//! it ever was applied, so a feed can be sent again from anywhere before its end. Which is the last is in the
//! commit that applies it. A sequence that does not rise within one feed is refused, since skipping it
//! would lose a change.
//!
//! Lines are applied in batches, each in one commit. A line that cannot be read stops the feed before
//! its own batch.
//!
//! `settings` are what a person chose on the platform's own pages, for the routes that are named: `["*"]` is every
//! field that there is. What they close is closed at once; what they open is open once the log has it, and only of
//! whom has chosen nothing here.
//!
//! Whoever is named and was not there comes, with the settings that everybody begins with and without a
//! profile: a feed may tell of a friendship before it tells of the friend. Whoever was removed and is
//! named again is back, without what they had granted.

use std::io::{BufRead as _, BufReader, Read};

use countersign_domain::field::FieldSet;
use countersign_domain::preset::Preset;
use countersign_domain::remedy::{Remediable, Remedy};
use countersign_domain::route::Route;
use countersign_domain::schema::FieldSchema;
use countersign_domain::settings::Settings;
use countersign_domain::text::after_byte_order_mark;
use countersign_domain::time::Timestamp;
use countersign_people::store::{Changes, Choice, People, ProfileUpdate, StoreError, Update};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::feed_line::{Change, FeedLine, LineFault, NewProfile};
use crate::clock;

/// The most lines of a batch. Beyond this, one sync to the disk for all of them saves little.
const BATCH_LINES_MAX: u64 = 1_000;

/// A batch of so many bytes takes no further line.
const BATCH_BYTES: usize = 1 << 20;

/// The longest line, in bytes: the largest profile, and room for a list of friends.
pub const LINE_BYTES_MAX: usize = 4 << 20;

const BUFFER_BYTES: usize = 1 << 18;

/// What has been done of a feed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Applied {
    /// Lines that were applied.
    pub applied: u64,
    /// Lines that were passed over: at or below the last sequence that had been applied when they came, or
    /// about somebody who is being erased.
    pub skipped: u64,
    /// The last sequence that is applied, durably.
    pub sequence: u64,
}

impl Applied {
    /// Adds what was done after it.
    pub fn add(&mut self, next: Self) {
        self.applied += next.applied;
        self.skipped += next.skipped;
        self.sequence = next.sequence;
    }
}

/// Why a feed stopped. No value of a field is in it, and no account.
#[derive(Debug, thiserror::Error)]
pub enum FeedError {
    /// A line is not what it should be.
    #[error("line {line}, character {column}{}: expected {expected}; everything up to sequence {sequence} is applied, and nothing after it", of(*key))]
    Malformed {
        /// The line, counted from one.
        line: u64,
        /// The character of the line, counted from one.
        column: u64,
        /// The key under which something else was expected.
        key: Option<&'static str>,
        /// What should stand there.
        expected: String,
        /// The last sequence that is applied.
        sequence: u64,
    },
    /// It cannot be read further.
    #[error("reading the feed failed: {0}; what was read before in whole batches is applied")]
    Read(#[from] std::io::Error),
    /// The store refused.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl Remediable for FeedError {
    fn remedy(&self) -> Remedy {
        match self {
            Self::Store(error) => error.remedy(),
            Self::Read(error) => Remedy::of_io(error.kind()),
            Self::Malformed { .. } => Remedy::Mend,
        }
    }
}

fn of(key: Option<&'static str>) -> String {
    key.map(|key| format!(", {key}")).unwrap_or_default()
}

/// Some lines that belong together.
#[derive(Debug, Default)]
pub struct Batch {
    /// The number of the first one.
    pub first_line: u64,
    /// How many they are.
    pub lines: u64,
    /// The lines, each with its end.
    pub text: Vec<u8>,
}

impl Batch {
    /// The sequence of the last line. `None` where it has none that can be read: whoever applies the
    /// lines refuses them then.
    #[must_use]
    pub fn last_sequence(&self) -> Option<u64> {
        #[derive(Deserialize)]
        struct Numbered {
            sequence: u64,
        }
        let mut ends = self.text.rsplit(|byte| *byte == b'\n').map(<[u8]>::trim_ascii);
        let last = ends.find(|line| !line.is_empty())?;
        serde_json::from_slice(last).ok().map(|Numbered { sequence }| sequence)
    }
}

/// A feed, batch by batch. A batch ends where the next line has not been read yet, so that what
/// comes in slowly is not held up.
pub struct Batches<R> {
    reader: BufReader<R>,
    next_line: u64,
    after: u64,
    is_begun: bool,
}

impl<R: Read> Batches<R> {
    /// The feed that is read here, its first line of this number.
    pub fn new(reader: R, first_line: u64) -> Self {
        let reader = BufReader::with_capacity(BUFFER_BYTES, reader);
        Self { reader, next_line: first_line, after: 0, is_begun: false }
    }

    /// The same, of a feed that comes in parts: the line before its first one had this sequence.
    #[must_use]
    pub fn after(self, sequence: u64) -> Self {
        Self { after: sequence, ..self }
    }

    fn read(&mut self) -> std::io::Result<Option<Batch>> {
        let mut batch = Batch { first_line: self.next_line, ..Batch::default() };
        while batch.lines < BATCH_LINES_MAX {
            let limit = LINE_BYTES_MAX as u64 + 1;
            let read = (&mut self.reader).take(limit).read_until(b'\n', &mut batch.text)?;
            if read == 0 {
                break;
            }
            if !std::mem::replace(&mut self.is_begun, true) {
                let mark = batch.text.len() - after_byte_order_mark(&batch.text).len();
                batch.text.drain(..mark);
            }
            batch.lines += 1;
            let is_next_read = self.reader.buffer().contains(&b'\n');
            if !is_next_read || batch.text.len() > BATCH_BYTES || read as u64 == limit {
                break;
            }
        }
        self.next_line += batch.lines;
        Ok((batch.lines > 0).then_some(batch))
    }
}

impl<R: Read> Iterator for Batches<R> {
    type Item = std::io::Result<Batch>;

    /// The next batch. A line that is too long comes cut off, and is malformed then.
    fn next(&mut self) -> Option<Self::Item> {
        self.read().transpose()
    }
}

/// Applies a feed to its end; tells `done` how much after every batch. It does not wait for the store to be
/// folded: who applies long feeds does, or asks before [`People::is_fold_behind`].
///
/// # Errors
/// [`FeedError`]; whole batches before it are applied.
pub fn apply(
    people: &People,
    schema: &FieldSchema,
    batches: Batches<impl Read>,
    mut done: impl FnMut(&Applied),
) -> Result<Applied, FeedError> {
    let mut all = Applied { sequence: people.feed_sequence()?, ..Applied::default() };
    let mut after = batches.after;
    for batch in batches {
        all.add(apply_batch(people, schema, &batch?, &mut after)?);
        done(&all);
    }
    Ok(all)
}

fn apply_batch(
    people: &People,
    schema: &FieldSchema,
    batch: &Batch,
    after: &mut u64,
) -> Result<Applied, FeedError> {
    // Read to its end before anybody has to wait for the writer.
    let lines = parse(people, schema, batch, after)?;
    let now = clock::now();
    let writer = people.writer();
    let mut changes = Changes::begin(&writer, Settings::DEFAULT)?;
    let mut done = Applied { sequence: changes.sequence()?, ..Applied::default() };
    for (number, FeedLine { sequence, change }) in lines {
        if sequence <= done.sequence {
            done.skipped += 1;
            continue;
        }
        match apply_change(&mut changes, change, schema, now) {
            Ok(true) => done.applied += 1,
            Ok(false) => done.skipped += 1,
            Err(error) => {
                drop(changes);
                return Err(refused(people, number, error));
            }
        }
        done.sequence = sequence;
    }
    if done.sequence > changes.sequence()? {
        changes.set_sequence(done.sequence)?;
        changes.commit()?;
    }
    Ok(done)
}

/// The lines with their numbers. The line before them had the sequence `after`, as their last one has then.
fn parse(
    people: &People,
    schema: &FieldSchema,
    batch: &Batch,
    after: &mut u64,
) -> Result<Vec<(u64, FeedLine)>, FeedError> {
    let mut lines = Vec::new();
    let ends = batch.text.split_inclusive(|byte| *byte == b'\n');
    for (bytes, line) in ends.zip(batch.first_line..) {
        let malformed = |column: u64, key, expected: String| match people.feed_sequence() {
            Ok(sequence) => FeedError::Malformed { line, column, key, expected, sequence },
            Err(error) => error.into(),
        };
        if bytes.len() > LINE_BYTES_MAX {
            return Err(malformed(1, None, format!("at most {LINE_BYTES_MAX} bytes on a line")));
        }
        let text = std::str::from_utf8(bytes).map_err(|error| {
            malformed(error.valid_up_to() as u64 + 1, None, "text in UTF-8".to_owned())
        })?;
        let text = text.trim_end();
        if text.is_empty() {
            continue;
        }
        let parsed = FeedLine::parse(text, schema).map_err(|LineFault { fault, key }| {
            let before = text.get(..fault.at).unwrap_or(text);
            malformed(before.chars().count() as u64 + 1, key, fault.expected)
        })?;
        if parsed.sequence <= *after {
            let expected = format!("more than {after}, the sequence of the line before");
            let before =
                text.find("\"sequence\"").and_then(|at| text.get(..at)).unwrap_or_default();
            let column = before.chars().count() as u64 + 1;
            return Err(malformed(column, Some("sequence"), expected));
        }
        *after = parsed.sequence;
        lines.push((line, parsed));
    }
    Ok(lines)
}

/// What the store refuses about a person is the line's fault.
fn refused(people: &People, line: u64, error: StoreError) -> FeedError {
    match (error, people.feed_sequence()) {
        (error @ StoreError::ProfileTooLarge { .. }, Ok(sequence)) => {
            let (key, expected) = (Some("profile"), format!("less: {error}"));
            FeedError::Malformed { line, column: 1, key, expected, sequence }
        }
        (error, _) => error.into(),
    }
}

/// Applies a change, unless it is about somebody who is being erased; whether it was applied.
fn apply_change(
    changes: &mut Changes<'_>,
    change: Change,
    schema: &FieldSchema,
    now: Timestamp,
) -> Result<bool, StoreError> {
    match change {
        Change::Person { account, minor, profile, friends, settings } => {
            let Some(number) = living(changes, &account)? else { return Ok(false) };
            let update = |changes: &mut Changes<'_>, profile| {
                changes.update(number, Update { minor, profile })
            };
            match profile {
                Some(NewProfile::Whole(mut whole)) => {
                    update(changes, Some(ProfileUpdate::Whole(&mut whole)))?;
                }
                Some(NewProfile::Part { set, unset }) => {
                    update(changes, Some(ProfileUpdate::Part { set: &set, unset }))?;
                }
                None if minor.is_some() => update(changes, None)?,
                None => {}
            }
            if let Some(friends) = friends {
                let friends =
                    friends.iter().filter_map(|friend| living(changes, friend).transpose());
                let friends = friends.collect::<Result<Vec<_>, _>>()?;
                changes.set_friends(number, &friends)?;
            }
            if let Some(routes) = settings {
                changes.platform_chose(number, now, |before| chosen(before, &routes, schema))?;
            }
        }
        Change::Removed { account } => changes.remove(&account)?,
        Change::Friendship { between: [one, other], ended: true } => {
            changes.part_accounts(&one, &other)?;
        }
        Change::Friendship { between: [one, other], ended: false } => {
            let [Some(one), Some(other)] = [living(changes, &one)?, living(changes, &other)?]
            else {
                return Ok(false);
            };
            changes.befriend(one, other)?;
        }
    }
    Ok(true)
}

/// What a person chose who had these settings before; the routes that are not named stay as they are.
fn chosen(before: Settings, routes: &[(Route, FieldSet)], schema: &FieldSchema) -> Choice {
    let own = |settings: Settings, (route, open): &(Route, FieldSet)| settings.with(*route, *open);
    let settings = routes.iter().fold(before, own);
    Choice { settings, preset: Preset::of(settings, schema) }
}

/// The person of this account, who comes or comes back; nobody while they are being erased.
fn living(changes: &mut Changes<'_>, account: &str) -> Result<Option<u32>, StoreError> {
    match changes.living(account) {
        Err(StoreError::BeingErased) => Ok(None),
        living => living.map(Some),
    }
}
