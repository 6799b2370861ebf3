//! `[network]`: how many clients are served at once, and how long each of them may take.

use serde::Deserialize;

use super::address::AddressRange;

/// The header in which a trusted proxy names the client.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Deserialize)]
pub enum ClientAddressHeader {
    /// `X-Forwarded-For`, as most proxies write it.
    #[default]
    #[serde(rename = "x-forwarded-for")]
    XForwardedFor,
    /// `Forwarded` (RFC 7239).
    #[serde(rename = "forwarded")]
    Forwarded,
}

/// How many clients are served at once, and how long each of them may take.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Network {
    /// The most connections at once.
    pub connections: usize,
    /// Connections beyond those, for health checks and the admin API.
    pub connections_reserved: usize,
    /// The most connections of one client address, and its most requests at once.
    pub connections_per_address: usize,
    /// The proxies that are believed when they name the client.
    pub trusted_proxies: Vec<AddressRange>,
    /// Where they name it.
    pub client_address_header: ClientAddressHeader,
    /// The most requests at once on one HTTP/2 connection.
    pub streams_per_connection: u32,
    /// How long a handshake and the head of a request may take; an idle connection ends as well.
    pub head_timeout_ms: u64,
    /// How long the body of a request may take.
    pub body_timeout_ms: u64,
    /// How long the body of a request without a valid token may take.
    pub body_without_token_timeout_ms: u64,
    /// The largest body of a request without a valid token.
    pub body_without_token_bytes_max: usize,
    /// How long a request may take until it is answered.
    pub handler_timeout_ms: u64,
    /// The same for the admin API and for `/decide`.
    pub admin_timeout_ms: u64,
    /// How long a client may take to read an answer.
    pub answer_timeout_ms: u64,
    /// A larger answer may take as long as it takes at this rate, in addition.
    pub answer_bytes_per_s_min: u64,
    /// The most bytes of answers that are not sent yet, on all connections together.
    pub unsent_answers_bytes_max: usize,
}

impl Default for Network {
    fn default() -> Self {
        Self {
            connections: 10_000,
            connections_reserved: 16,
            connections_per_address: 256,
            trusted_proxies: Vec::new(),
            client_address_header: ClientAddressHeader::default(),
            streams_per_connection: 32,
            head_timeout_ms: 10_000,
            body_timeout_ms: 30_000,
            body_without_token_timeout_ms: 5_000,
            body_without_token_bytes_max: 65_536,
            handler_timeout_ms: 120_000,
            admin_timeout_ms: 3_600_000,
            answer_timeout_ms: 30_000,
            answer_bytes_per_s_min: 32_768,
            unsent_answers_bytes_max: 268_435_456,
        }
    }
}

impl Network {
    /// Key, value, least and most of each setting that is a number.
    #[must_use]
    pub fn ranges(&self) -> [(&'static str, u64, u64, u64); 13] {
        let day_ms = 86_400_000;
        [
            ("network.connections", self.connections as u64, 1, 1_000_000),
            ("network.connections_reserved", self.connections_reserved as u64, 1, 1_000),
            ("network.connections_per_address", self.connections_per_address as u64, 1, 1_000_000),
            ("network.streams_per_connection", self.streams_per_connection.into(), 1, 1_000),
            ("network.head_timeout_ms", self.head_timeout_ms, 10, 300_000),
            ("network.body_timeout_ms", self.body_timeout_ms, 10, 600_000),
            (
                "network.body_without_token_timeout_ms",
                self.body_without_token_timeout_ms,
                10,
                self.body_timeout_ms,
            ),
            (
                "network.body_without_token_bytes_max",
                self.body_without_token_bytes_max as u64,
                1_024,
                1_048_576,
            ),
            ("network.handler_timeout_ms", self.handler_timeout_ms, 10, day_ms),
            ("network.admin_timeout_ms", self.admin_timeout_ms, 10, day_ms),
            ("network.answer_timeout_ms", self.answer_timeout_ms, 10, 600_000),
            ("network.answer_bytes_per_s_min", self.answer_bytes_per_s_min, 1_024, 1_073_741_824),
            (
                "network.unsent_answers_bytes_max",
                self.unsent_answers_bytes_max as u64,
                65_536,
                1 << 40,
            ),
        ]
    }
}
