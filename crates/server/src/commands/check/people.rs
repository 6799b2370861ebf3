//! The people against the log and the canaries, and their source, as a start looks at them.

use std::sync::Arc;

use countersign_domain::schema::FieldSchema;
use countersign_log::backend::posix::Posix;
use countersign_people::data_dir::DataDir;
use countersign_people::store::{FORMAT_VERSION, IMAGE_VERSION, People, StoreError, StoreOptions};
use countersign_service::recovery;
use countersign_service::start_files::{StartFiles, open_source};
use countersign_source::settings::SourceKind;

use crate::config::Config;

/// The people; `None` if a running server has them, which has looked at all this.
pub(super) fn open(directory: &DataDir) -> Result<Option<Arc<People>>, String> {
    match People::open_existing(&directory.people(), StoreOptions::default()) {
        Ok(people) => Ok(Some(Arc::new(people))),
        Err(StoreError::InUse { .. }) => Ok(None),
        Err(error) => Err(error.to_string()),
    }
}

/// Whether they are as new as the log and the canaries, in words.
pub(super) fn compare(
    directory: &DataDir,
    people: Option<&People>,
    files: Option<&StartFiles>,
) -> Result<String, String> {
    let Some(people) = people else {
        return Ok("in use by a running server, which has checked it".to_owned());
    };
    let compared = recovery::check(people, &Posix::new(directory.log()));
    compared.map_err(|error| error.to_string())?;
    if let Some(files) = files {
        files.canaries.check(people).map_err(|error| error.to_string())?;
    }
    let counts = people.counts();
    Ok(format!(
        "format {FORMAT_VERSION}, image version {IMAGE_VERSION}, {} people, {} friendships",
        counts.people, counts.friendships
    ))
}

/// Whether the source can be opened, in words.
pub(super) fn open_their_source(
    directory: &DataDir,
    config: &Config,
    people: &Arc<People>,
    schema: &FieldSchema,
) -> Result<String, String> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let runtime = runtime.map_err(|error| error.to_string())?;
    let opened = runtime.block_on(open_source(directory, &config.settings(), people, schema));
    opened.map_err(|error| error.to_string())?;
    Ok(match config.source.kind {
        SourceKind::Postgres => "the database has what its mapping names",
        SourceKind::Http => "the API's mapping can be read",
        SourceKind::Image => "the image of the people",
    }
    .to_owned())
}
