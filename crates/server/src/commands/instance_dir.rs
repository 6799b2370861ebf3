//! How a command is told the folder that it works on: by `--dir`, by `COUNTERSIGN_DIR`, or by being run in it.

use std::path::{Path, PathBuf};

use clap::Args;
use clap::builder::{OsStringValueParser, TypedValueParser};
use countersign_people::data_dir::DataDir;

use super::Failure;
use super::reach::Reach;
use crate::config::ConfigError;

/// The environment variable that says the same as `--dir`.
pub(super) const DIR_VARIABLE: &str = "COUNTERSIGN_DIR";

/// The folder that a command works on where none is given.
pub(super) const CURRENT: &str = ".";

/// The folder of an instance, for commands that need one.
#[derive(Args)]
pub(super) struct InstanceDir {
    /// The folder of the instance.
    #[arg(long, value_name = "DIR", env = DIR_VARIABLE, hide_env_values = true, default_value = CURRENT,
        value_parser = folder())]
    dir: PathBuf,
}

/// The folder of an instance, for commands that work without one too, on what a new instance begins with.
#[derive(Args)]
pub(super) struct OptionalInstanceDir {
    /// The folder of the instance whose field schema and rules are used. If it is not given: the current folder,
    /// if it has a countersign.toml; and else the schema and the rules that a new instance begins with.
    #[arg(long, value_name = "DIR", env = DIR_VARIABLE, hide_env_values = true, value_parser = folder())]
    dir: Option<PathBuf>,
}

/// Reads the name of a folder. An empty one is the current folder, as shells unset variables for one command.
pub(super) fn folder() -> impl TypedValueParser<Value = PathBuf> {
    OsStringValueParser::new()
        .map(|name| PathBuf::from(if name.is_empty() { CURRENT.into() } else { name }))
}

/// The option that names this folder to the next command, with a space before it; nothing for the current folder.
pub(super) fn option_for(dir: &Path) -> String {
    if dir == Path::new(CURRENT) { String::new() } else { format!(" --dir {}", dir.display()) }
}

/// Whether a folder is that of an instance.
pub(super) fn is_instance(dir: &Path) -> bool {
    DataDir::new(dir).config().exists()
}

impl InstanceDir {
    /// The folder as it was given.
    pub(super) fn path(&self) -> &Path {
        &self.dir
    }

    /// The files of the instance.
    ///
    /// # Errors
    /// [`ConfigError::Missing`] if the folder has none.
    pub(super) fn data_dir(&self) -> Result<DataDir, ConfigError> {
        let directory = DataDir::new(&self.dir);
        match directory.config().try_exists() {
            Ok(false) => Err(ConfigError::Missing { path: directory.config() }),
            // What cannot be looked at is told when it is read.
            Ok(true) | Err(_) => Ok(directory),
        }
    }

    /// The instance itself, through the server that runs on it, or opened by this command.
    pub(super) fn reach(&self) -> Result<Reach, Failure> {
        Reach::open(&self.dir)
    }
}

impl OptionalInstanceDir {
    /// The folder that was given.
    pub(super) fn given(&self) -> Option<&Path> {
        self.dir.as_deref()
    }

    /// The folder that was given, or the current one if it is that of an instance.
    pub(super) fn found(&self) -> Option<&Path> {
        let current = Path::new(CURRENT);
        self.given().or_else(|| is_instance(current).then_some(current))
    }
}
