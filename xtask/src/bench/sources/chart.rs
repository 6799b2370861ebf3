//! The picture: a bar for each contender on a logarithmic scale. Plain SVG that follows a reader's choice of
//! light or dark, with colours that can be told apart on either where a viewer does not ask.

use std::fmt::Write as _;

use crate::bench::sources::contender::Kind;
use crate::bench::table::whole;

const WIDTH: f64 = 760.0;
const LEFT: f64 = 28.0;
const RIGHT: f64 = 110.0;
const TOP: f64 = 56.0;
/// A contender's name, and its bar below.
const ROW: f64 = 52.0;
const BAR: f64 = 20.0;

/// The picture of these speeds, in person-records a second.
pub(super) fn svg(speeds: &[(Kind, f64)]) -> String {
    let scale = Scale::over(speeds.iter().map(|(_, speed)| *speed));
    let bottom = TOP + ROW * speeds.len() as f64;
    let height = bottom + 34.0;
    let mut svg = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {WIDTH} {height}\" width=\"{WIDTH}\" \
         height=\"{height}\" role=\"img\" aria-labelledby=\"title\">\n\
         <title id=\"title\">Person-records a second, on a logarithmic scale</title>\n{STYLE}\
         <rect class=\"ground\" width=\"{WIDTH}\" height=\"{height}\" rx=\"8\"/>\n\
         <text class=\"head\" x=\"{LEFT}\" y=\"30\">Person-records a second (logarithmic scale)</text>\n"
    );
    for power in scale.low..=scale.high {
        let x = scale.x(10_f64.powi(power));
        let label = whole(10_f64.powi(power));
        // Writing to a string cannot fail.
        let _ = writeln!(
            svg,
            "<line class=\"grid\" x1=\"{x:.1}\" x2=\"{x:.1}\" y1=\"{TOP}\" y2=\"{bottom}\"/>\n\
             <text class=\"tick\" x=\"{x:.1}\" y=\"{:.1}\" text-anchor=\"middle\">{label}</text>",
            bottom + 20.0
        );
    }
    for (row, (kind, speed)) in speeds.iter().enumerate() {
        let y = TOP + ROW * row as f64;
        let class = if is_ours(*kind) { "ours" } else { "other" };
        let end = scale.x(*speed);
        let _ = writeln!(
            svg,
            "<text class=\"name\" x=\"{LEFT}\" y=\"{:.1}\">{}</text>\n\
             <rect class=\"{class}\" x=\"{LEFT}\" y=\"{:.1}\" width=\"{:.1}\" height=\"{BAR}\" rx=\"3\"/>\n\
             <text class=\"value\" x=\"{:.1}\" y=\"{:.1}\">{}</text>",
            y + 14.0,
            kind.name(),
            y + 20.0,
            end - LEFT,
            end + 8.0,
            y + 35.0,
            whole(*speed)
        );
    }
    svg + "</svg>\n"
}

const STYLE: &str = "<style>\n\
    text { font-family: system-ui, sans-serif; font-size: 14px; fill: #1f2328 }\n\
    .head { font-size: 16px; font-weight: 600 }\n\
    .tick { font-size: 12px; fill: #57606a }\n\
    .value { font-weight: 600 }\n\
    .ground { fill: #ffffff; stroke: #d0d7de }\n\
    .grid { stroke: #d0d7de }\n\
    .ours { fill: #1a7f5a }\n\
    .other { fill: #8c959f }\n\
    @media (prefers-color-scheme: dark) {\n\
    text { fill: #e6edf3 }\n\
    .tick { fill: #9da7b3 }\n\
    .ground { fill: #0d1117; stroke: #30363d }\n\
    .grid { stroke: #30363d }\n\
    .ours { fill: #3fb98a }\n\
    .other { fill: #7d8590 }\n\
    }\n\
    </style>\n";

const fn is_ours(kind: Kind) -> bool {
    matches!(kind, Kind::Image | Kind::Postgres)
}

/// Powers of ten, from below the least to above the greatest.
struct Scale {
    low: i32,
    high: i32,
}

impl Scale {
    fn over(values: impl Iterator<Item = f64>) -> Self {
        let powers: Vec<f64> =
            values.filter(|value| *value > 0.0).map(|value| value.log10()).collect();
        let low = powers.iter().copied().fold(f64::INFINITY, f64::min);
        let high = powers.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        if powers.is_empty() {
            return Self { low: 0, high: 1 };
        }
        // The shortest bar is a bar, too.
        let low = (low - 0.3).floor() as i32;
        Self { low, high: (high.ceil() as i32).max(low + 1) }
    }

    /// Where a value lies.
    fn x(&self, value: f64) -> f64 {
        let part = (value.max(1.0).log10() - f64::from(self.low)) / f64::from(self.high - self.low);
        LEFT + part.max(0.0) * (WIDTH - LEFT - RIGHT)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_power_of_ten_is_as_wide_as_the_next() {
        let scale = Scale::over([3_000.0, 500_000.0].into_iter());
        assert_eq!((scale.low, scale.high), (3, 6));
        let step = scale.x(10_000.0) - scale.x(1_000.0);
        assert!((scale.x(100_000.0) - scale.x(10_000.0) - step).abs() < 1e-9);
        assert!((scale.x(1_000_000.0) - (WIDTH - RIGHT)).abs() < 1e-9);
    }

    #[test]
    fn every_contender_has_a_bar_with_its_number() {
        let svg = svg(&[(Kind::Axum, 40_000.0), (Kind::Image, 812_345.0)]);
        assert!(svg.contains("812,345") && svg.contains("40,000"));
        assert_eq!(svg.matches("class=\"ours\"").count(), 1);
        assert_eq!(svg.matches("class=\"other\"").count(), 1);
    }
}
