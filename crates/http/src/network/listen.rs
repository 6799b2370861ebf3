//! `listen`: the address, or the socket file, at which a server takes connections.

use std::fmt;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::str::FromStr;

use serde::Deserialize;

/// What stands before the path of a socket file.
const UNIX: &str = "unix:";

/// Where a server takes connections.
#[derive(Clone, PartialEq, Eq, Debug, Deserialize)]
#[serde(try_from = "String")]
pub enum Listen {
    /// An address of this machine with its port.
    Tcp(SocketAddr),
    /// A socket file: whoever the file's permissions admit is on this machine.
    Unix(PathBuf),
}

/// A text that says nowhere.
#[derive(Debug, thiserror::Error)]
#[error(
    "{found:?} is neither an address with a port, as \"127.0.0.1:8080\", nor a socket file, as \"unix:/run/countersign/http.sock\""
)]
pub struct NotListen {
    found: String,
}

impl FromStr for Listen {
    type Err = NotListen;

    fn from_str(text: &str) -> Result<Self, NotListen> {
        let file = text.strip_prefix(UNIX).filter(|path| path.starts_with('/'));
        let parsed = match file {
            Some(path) => Some(Self::Unix(path.into())),
            None => text.parse().ok().map(Self::Tcp),
        };
        parsed.ok_or_else(|| NotListen { found: text.to_owned() })
    }
}

impl TryFrom<String> for Listen {
    type Error = NotListen;

    fn try_from(text: String) -> Result<Self, NotListen> {
        text.parse()
    }
}

impl fmt::Display for Listen {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Tcp(address) => address.fmt(f),
            Self::Unix(path) => write!(f, "{UNIX}{}", path.display()),
        }
    }
}

impl From<SocketAddr> for Listen {
    fn from(address: SocketAddr) -> Self {
        Self::Tcp(address)
    }
}

impl Listen {
    /// Whether only programs on this machine can reach it.
    #[must_use]
    pub fn is_of_this_machine(&self) -> bool {
        match self {
            Self::Tcp(address) => address.ip().is_loopback(),
            Self::Unix(_) => true,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_or_a_whole_path_is_taken_and_shown_as_it_was_given() {
        for text in ["127.0.0.1:8080", "[::1]:0", "0.0.0.0:443", "unix:/run/countersign/http.sock"]
        {
            assert_eq!(text.parse::<Listen>().unwrap().to_string(), text);
        }
        for text in ["", "8080", "localhost:8080", "unix:", "unix:http.sock", "/run/http.sock"] {
            let error = text.parse::<Listen>().unwrap_err().to_string();
            assert!(error.contains(&format!("{text:?}")) && error.contains("unix:/"), "{error}");
        }
    }

    #[test]
    fn loopback_and_socket_files_are_of_this_machine() {
        for (text, is_of_this_machine) in
            [("127.0.0.1:1", true), ("[::1]:1", true), ("unix:/s", true), ("0.0.0.0:1", false)]
        {
            let listen = text.parse::<Listen>().unwrap();
            assert_eq!(listen.is_of_this_machine(), is_of_this_machine, "{text}");
        }
    }
}
