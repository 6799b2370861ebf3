//! The headers of an answer, as `curl -D` writes them: a block for each answer on the way, redirects and
//! proxies included, of which the last is the answer's.

/// The headers of an answer.
#[derive(Clone, Copy, Debug)]
pub struct Headers<'a>(pub &'a str);

impl<'a> Headers<'a> {
    /// The answer's HTTP status, if the headers begin with a status line.
    #[must_use]
    pub fn status(self) -> Option<u16> {
        let line = self.0.lines().rfind(|line| begins_block(line))?;
        line.split_ascii_whitespace().nth(1)?.parse().ok()
    }

    /// Whether the answer carries this header, in whatever form.
    #[must_use]
    pub fn carry(self, name: &str) -> bool {
        !self.all(name).is_empty()
    }

    /// The one value of this header.
    pub(crate) fn one(self, name: &str) -> Result<&'a str, String> {
        match self.all(name).as_slice() {
            [value] => Ok(value),
            [] => Err(format!("the header {name} is missing")),
            found => Err(format!("the header {name} stands there {} times", found.len())),
        }
    }

    fn all(self, name: &str) -> Vec<&'a str> {
        let mut found = Vec::new();
        for line in self.0.lines() {
            if begins_block(line) {
                found.clear();
            }
            if let Some((key, value)) = line.split_once(':')
                && key.eq_ignore_ascii_case(name)
            {
                found.push(value.trim());
            }
        }
        found
    }
}

fn begins_block(line: &str) -> bool {
    line.starts_with("HTTP/")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_status_is_that_of_the_last_block() {
        for (headers, status) in [
            ("HTTP/1.1 200 OK\r\na: b\r\n\r\n", Some(200)),
            ("HTTP/2 403 \r\n\r\n", Some(403)),
            (
                "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 400 Bad Request\r\nx: HTTP/1.1 200\r\n",
                Some(400),
            ),
            ("HTTP/1.1 401 Unauthorized\r\n\r\nHTTP/1.1 200 OK\r\n", Some(200)),
            ("HTTP/1.1 OK\r\n", None),
            ("a: b\r\n", None),
            ("", None),
        ] {
            assert_eq!(Headers(headers).status(), status, "{headers:?}");
        }
    }

    #[test]
    fn only_what_the_last_block_carries_counts() {
        let headers =
            Headers("HTTP/1.1 302 Found\r\nearly: 1\r\n\r\nHTTP/1.1 200 OK\r\nLate: 2\r\n");
        assert!(headers.carry("late") && !headers.carry("early"));
        assert_eq!(headers.one("late"), Ok("2"));
    }
}
