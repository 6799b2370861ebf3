//! `countersign source draft`: the first draft of a mapping, from what a database has.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::Args;
use countersign_source::postgres::draft::{Draft as Drafted, Reason, draft};
use countersign_source::settings::postgres::PostgresSettings;
use serde_json::json;

use crate::commands::instance_dir::InstanceDir;
use crate::commands::{Failure, Output, files};

/// Draft the mapping of a PostgreSQL database from its catalogue: which table has the people, which the
/// friendships, which columns are which fields, each with its reason, and the rest as comments. It reads only, and no
/// person's data is in the draft.
///
/// Example: countersign source draft --out mapping.toml
#[derive(Args)]
pub(in crate::commands) struct Draft {
    #[command(flatten)]
    instance: InstanceDir,
    /// The database, as postgresql://ROLE@HOST:PORT/DATABASE without a password. If it is not given: the one of
    /// [source.postgres] in countersign.toml.
    #[arg(long)]
    url: Option<String>,
    /// The file with the role's password.
    #[arg(long, value_name = "FILE", requires = "url")]
    password_file: Option<PathBuf>,
    /// The environment variable with the role's password.
    #[arg(long, value_name = "NAME", requires = "url", conflicts_with = "password_file")]
    password_env: Option<String>,
    /// Write the mapping to this file, which must not be there yet, instead of printing it.
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
}

impl Draft {
    pub(super) fn run(self, output: Output) -> Result<ExitCode, Failure> {
        let reach = self.instance.reach()?;
        let settings = match (&self.url, &reach.config.source.postgres) {
            (Some(url), _) => {
                let (file, name) = (self.password_file.clone(), self.password_env.clone());
                PostgresSettings::of_url(url, file, name)?
            }
            (None, Some(settings)) => settings.clone(),
            (None, None) => {
                return Err("countersign.toml has no [source.postgres]: give --url postgresql://ROLE@HOST:PORT/DATABASE, or fill in [source.postgres] first".into());
            }
        };
        let schema = reach.schema()?;
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        let drafted = runtime.block_on(draft(&settings, reach.directory.path(), &schema))?;
        self.tell(&drafted, output)?;
        Ok(ExitCode::SUCCESS)
    }

    fn tell(&self, drafted: &Drafted, output: Output) -> Result<(), Failure> {
        let Some(out) = &self.out else {
            output.say(&json!(drafted), drafted.mapping.trim_end());
            output.note(&about(drafted));
            return Ok(());
        };
        files::write_new(out, &drafted.mapping)?;
        let mut document = json!(drafted);
        if let Some(document) = document.as_object_mut() {
            document.insert("out".to_owned(), out.display().to_string().into());
        }
        let text = format!("Wrote {}.\n{}", out.display(), about(drafted));
        output.say(&document, &text);
        Ok(())
    }
}

/// What was chosen, and what is left to do.
fn about(drafted: &Drafted) -> String {
    let because = |Reason { table, reasons }: &Reason| format!("{table} ({})", reasons.join("; "));
    let friendships = drafted.friendships.as_ref().map_or("none was found".to_owned(), because);
    let mut text = format!("people       {}\nfriendships  {friendships}", because(&drafted.people));
    for question in &drafted.open_questions {
        text += &format!("\n  to decide  {question}");
    }
    if !drafted.statements.is_empty() {
        text += "\nto run as the owner of the tables\n  ";
        text += &drafted.statements.join("\n  ");
    }
    text + "\nNext: name it in [source.postgres] of countersign.toml, and run countersign source check"
}
