//! HTML that cannot be anything else: text gets in escaped, and tags are the program's own.

use std::fmt::Display;
use std::fmt::Write as _;

use countersign_domain::digest::Digest;
use countersign_domain::text::{controls, is_invisible};
use countersign_domain::time::Timestamp;

/// A piece of a page.
#[derive(Clone, Default)]
pub(super) struct Html(String);

impl Html {
    /// Text, escaped; what steers how text is shown appears by its number.
    pub(super) fn text(text: impl Display) -> Self {
        let mut out = String::new();
        for character in text.to_string().chars() {
            match character {
                '&' => out.push_str("&amp;"),
                '<' => out.push_str("&lt;"),
                '>' => out.push_str("&gt;"),
                '"' => out.push_str("&quot;"),
                '\'' => out.push_str("&#39;"),
                other if controls(other) || is_invisible(other) => {
                    out.extend(other.escape_default())
                }
                other => out.push(other),
            }
        }
        Self(out)
    }

    /// An element. `tag` may have attributes.
    pub(super) fn of(tag: &'static str, inner: Self) -> Self {
        let name = tag.split(' ').next().unwrap_or(tag);
        Self(format!("<{tag}>{}</{name}>", inner.0))
    }

    /// An element of text.
    pub(super) fn with(tag: &'static str, text: impl Display) -> Self {
        Self::of(tag, Self::text(text))
    }

    /// An element with an attribute that is not the program's own, escaped.
    pub(super) fn attributed(
        name: &'static str,
        attributes: &[(&'static str, String)],
        inner: Self,
    ) -> Self {
        let mut out = format!("<{name}");
        for (attribute, value) in attributes {
            // Nothing can go wrong when a String is written.
            let _ = write!(out, " {attribute}=\"{}\"", Self::text(value).0);
        }
        Self(format!("{out}>{}</{name}>", inner.0))
    }

    /// These behind one another, each on its line.
    pub(super) fn lines(pieces: impl IntoIterator<Item = Self>) -> Self {
        let pieces: Vec<_> = pieces.into_iter().map(|piece| piece.0).collect();
        Self(pieces.join("\n"))
    }

    /// These behind one another.
    pub(super) fn all(pieces: impl IntoIterator<Item = Self>) -> Self {
        Self(pieces.into_iter().map(|piece| piece.0).collect())
    }

    /// These with a break between them.
    pub(super) fn stacked(pieces: impl IntoIterator<Item = Self>) -> Self {
        let pieces: Vec<_> = pieces.into_iter().map(|piece| piece.0).collect();
        Self(pieces.join("<br>"))
    }

    pub(super) fn into_string(self) -> String {
        self.0
    }
}

/// A table that scrolls by itself where it is too wide; `none` says what it means that it has no rows.
pub(super) fn table(heads: &[&str], rows: Vec<Vec<Html>>, none: &str) -> Html {
    if rows.is_empty() {
        return Html::with("p class=\"none\"", none);
    }
    let heads = heads.iter().map(|head| Html::with("th scope=\"col\"", head));
    let head = Html::of("thead", Html::of("tr", Html::all(heads)));
    let cells = |row: Vec<Html>| Html::all(row.into_iter().map(|cell| Html::of("td", cell)));
    let rows = rows.into_iter().map(|row| Html::of("tr", cells(row)));
    let body = Html::of("tbody", Html::lines(rows));
    Html::of("div class=\"wide\"", Html::of("table", Html::lines([head, body])))
}

/// A part of the page under its heading.
pub(super) fn section(heading: &'static str, pieces: impl IntoIterator<Item = Html>) -> Html {
    let heading = Html::with("h2", heading);
    Html::of("section", Html::lines([heading].into_iter().chain(pieces)))
}

pub(super) fn paragraph(text: impl Display) -> Html {
    Html::with("p", text)
}

pub(super) fn code(text: impl Display) -> Html {
    Html::with("code", text)
}

/// An instant, which is not broken over lines.
pub(super) fn instant(time: Timestamp) -> Html {
    Html::with("time", time)
}

/// A digest, which may be.
pub(super) fn sha256(digest: Digest) -> Html {
    Html::all([Html::text("SHA-256 "), Html::with("code class=\"digest\"", digest)])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_stays_text() {
        let hostile = "<script>&\"'\u{202e}\u{0}</script>";
        assert_eq!(
            Html::with("td class=\"a\"", hostile).into_string(),
            "<td class=\"a\">&lt;script&gt;&amp;&quot;&#39;\\u{202e}\\u{0}&lt;/script&gt;</td>"
        );
        let attributed = Html::attributed("a", &[("title", "\"><b".to_owned())], Html::default());
        assert_eq!(attributed.into_string(), "<a title=\"&quot;&gt;&lt;b\"></a>");
    }
}
