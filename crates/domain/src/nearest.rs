//! Which name was meant: the hint behind a name that is unknown.

/// The candidate most similar to `found`, if it is similar enough to be a slip of the pen.
#[must_use]
pub fn nearest<'a>(found: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<String> {
    nearest_within(found, candidates, found.len().div_ceil(3))
}

/// The candidate most similar to `found`, if at most so many letters differ.
#[must_use]
pub fn nearest_within<'a>(
    found: &str,
    candidates: impl IntoIterator<Item = &'a str>,
    tolerated: usize,
) -> Option<String> {
    candidates
        .into_iter()
        .map(|candidate| (strsim::levenshtein(found, candidate), candidate))
        .min()
        .filter(|(distance, _)| *distance <= tolerated)
        .map(|(_, candidate)| candidate.to_owned())
}

/// The nearest candidate as the end of a message; empty where none is near.
#[must_use]
pub fn did_you_mean<'a>(found: &str, candidates: impl IntoIterator<Item = &'a str>) -> String {
    let nearest = nearest(found, candidates);
    nearest.map(|name| format!("; did you mean {name:?}?")).unwrap_or_default()
}
