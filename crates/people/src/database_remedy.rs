//! What mends what the embedded database says.

use countersign_domain::remedy::Remedy;

/// The remedy of what the database says.
pub(crate) fn of_database(error: &heed::Error) -> Remedy {
    match error {
        heed::Error::Io(error) => Remedy::of_io(error.kind()),
        _ => Remedy::Mend,
    }
}
