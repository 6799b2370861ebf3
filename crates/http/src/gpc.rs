//! The Global Privacy Control (W3C, `Sec-GPC: 1`): a person's user agent asks that their data be neither
//! sold nor shared. What that means here is in docs/settings.md: it only ever narrows.

use axum::http::HeaderMap;

/// Whether it is asked for: some header of this name is exactly `1`. Any other value is ignored, as the
/// specification has it.
#[must_use]
pub fn is_asked(headers: &HeaderMap) -> bool {
    headers.get_all("sec-gpc").iter().any(|value| value.as_bytes() == b"1")
}

#[cfg(test)]
mod tests {
    use axum::http::HeaderValue;

    use super::*;

    #[test]
    fn exactly_one_is_a_wish_and_anything_else_is_none() {
        let says = |values: &[&'static str]| {
            let mut headers = HeaderMap::new();
            for value in values {
                headers.append("sec-gpc", HeaderValue::from_static(value));
            }
            is_asked(&headers)
        };
        assert!(says(&["1"]) && says(&["0", "1"]) && says(&["1", "x"]));
        for ignored in [&[][..], &["0"], &["true"], &["11"], &["1, 1"], &["?1"], &[""]] {
            assert!(!says(ignored), "{ignored:?}");
        }
    }
}
