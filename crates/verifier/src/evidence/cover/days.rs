//! Disclosures by day, as bars: when much left, and when nothing.

use std::collections::BTreeMap;

use countersign_domain::time::{SECONDS_PER_DAY, Timestamp};

use super::super::facts::Facts;
use super::html::{Html, section};
use super::noun;

/// More bars than this cannot be told apart.
const BARS_MAX: u64 = 60;

/// From the first disclosure's day to the last one's, one bar for a day or for several.
pub(super) fn bars(facts: &Facts<'_>) -> Html {
    let day = |time: Timestamp| time.seconds() / SECONDS_PER_DAY;
    let days = || facts.sent.iter().map(|(_, disclosure)| day(disclosure.time));
    let (Some(first), Some(last)) = (days().min(), days().max()) else { return Html::default() };
    let each = (last - first + 1).div_ceil(BARS_MAX);
    let mut counts: BTreeMap<u64, u64> = BTreeMap::new();
    for day in days() {
        *counts.entry((day - first) / each).or_default() += 1;
    }
    let most = counts.values().copied().max().unwrap_or(1);
    let bars = (last - first) / each + 1;
    let drawn = counts.iter().map(|(place, count)| {
        let height = (count * 100).div_ceil(most);
        let begins = first + place * each;
        let ends = (begins + each - 1).min(last);
        let when = span(begins, ends);
        let says = format!("{when}: {count} {}", noun(*count, "disclosure", "disclosures"));
        let place = [
            ("x", (place * 10 + 1).to_string()),
            ("y", (100 - height).to_string()),
            ("width", "8".to_owned()),
            ("height", height.to_string()),
        ];
        Html::attributed("rect", &place, Html::with("title", says))
    });
    let per =
        if each == 1 { "one bar a day".to_owned() } else { format!("one bar for {each} days") };
    let caption = format!("{}, {per}; the highest is {most}", span(first, last));
    let drawing = [
        // One bar alone would be as wide as the page.
        ("viewBox", format!("0 0 {} 100", bars.max(20) * 10)),
        ("preserveAspectRatio", "none".to_owned()),
        ("role", "img".to_owned()),
        ("aria-label", caption.clone()),
    ];
    let svg = Html::attributed("svg", &drawing, Html::all(drawn));
    section("By day", [Html::of("figure", Html::all([svg, Html::with("figcaption", caption)]))])
}

/// A day, or the first and the last of several.
fn span(first: u64, last: u64) -> String {
    if first == last { date(first) } else { format!("{} to {}", date(first), date(last)) }
}

fn date(day: u64) -> String {
    let midnight = Timestamp::from_seconds(day * SECONDS_PER_DAY).to_string();
    midnight.chars().take_while(|character| *character != 'T').collect()
}
