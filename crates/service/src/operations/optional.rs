//! Members of a request that may be left out.

use serde::{Deserialize, Deserializer};

/// Reads an optional member that has a value where it is there: `null` is none.
///
/// # Errors
/// Whatever is not a value of its type.
pub fn given<'de, D: Deserializer<'de>, T: Deserialize<'de>>(
    deserializer: D,
) -> Result<Option<T>, D::Error> {
    T::deserialize(deserializer).map(Some)
}
