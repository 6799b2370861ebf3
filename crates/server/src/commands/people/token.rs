//! `countersign people token`: access tokens without a sign-in, for tests and first steps.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::Args;
use countersign_people::store::Way;
use countersign_service::operations::tokens::{Issued, Wanted};
use serde_json::json;

use crate::commands::instance_dir::InstanceDir;
use crate::commands::reach::Reach;
use crate::commands::running::Call;
use crate::commands::{Failure, Output, files};

/// Make access tokens: each person grants the build everything that it declared, for ninety days.
/// The token itself holds for `[tokens] lifetime_s` seconds of countersign.toml, an hour unless changed.
///
/// One account gives the bare token; many give a line each, account, tab and token.
///
/// Example: countersign people token --account ada --build aurora-home@1 --purpose address-book
#[derive(Args)]
pub(in crate::commands) struct Token {
    #[command(flatten)]
    instance: InstanceDir,
    #[command(flatten)]
    who: Who,
    /// The build that will ask.
    #[arg(long)]
    build: String,
    /// The purpose for which it will ask, from its agreement.
    #[arg(long)]
    purpose: String,
    /// The people's browsers send `Sec-GPC: 1` (Global Privacy Control): nothing of friends and no special
    /// category is granted.
    #[arg(long)]
    sec_gpc: bool,
}

/// Whose tokens they are.
#[derive(Args)]
#[group(required = true, multiple = false)]
struct Who {
    /// The platform's own name for the person.
    #[arg(long)]
    account: Option<String>,
    /// A file with an account a line.
    #[arg(long, value_name = "FILE")]
    accounts: Option<PathBuf>,
    /// For this many people, spread evenly over the store; only while no server runs.
    #[arg(long, value_name = "N")]
    count: Option<u32>,
}

impl Token {
    pub(in crate::commands) fn run(self, output: Output) -> Result<ExitCode, Failure> {
        let reach = self.instance.reach()?;
        let accounts = match self.who.named()? {
            Some(accounts) => accounts,
            None => spread(&reach, self.who.count.unwrap_or_default())?,
        };
        let wanted = |account: &str| Wanted {
            account: account.to_owned(),
            build: self.build.clone(),
            purpose: self.purpose.clone(),
            sec_gpc: self.sec_gpc,
        };
        let tokens = if reach.has_server() {
            let token = |account: &String| {
                let wanted = wanted(account);
                let call = Call::send("POST", "/tokens", &wanted)?;
                let issued: Issued = reach
                    .call(&call, async |here| here.issue_token(&wanted, Way::Command).await)?;
                Ok::<_, Failure>(issued.access_token)
            };
            accounts.iter().map(token).collect::<Result<Vec<_>, _>>()?
        } else {
            // All grants are durable together, which spares a disk that is asked for thousands of them.
            reach
                .here(async |here| here.issue_tokens(&accounts, &wanted(""), Way::Command).await)?
        };
        if self.who.account.is_some()
            && let Some(token) = tokens.first()
        {
            output.say(&json!({ "access_token": token, "token_type": "bearer" }), token);
            return Ok(ExitCode::SUCCESS);
        }
        let pairs = || accounts.iter().zip(&tokens);
        let documents = pairs()
            .map(|(account, token)| json!({ "account": account, "access_token": token }))
            .collect::<Vec<_>>();
        let lines: Vec<_> = pairs().map(|(account, token)| format!("{account}\t{token}")).collect();
        output.say(&json!({ "tokens": documents }), &lines.join("\n"));
        Ok(ExitCode::SUCCESS)
    }
}

impl Who {
    /// The accounts, where they are named.
    fn named(&self) -> Result<Option<Vec<String>>, Failure> {
        if let Some(account) = &self.account {
            return Ok(Some(vec![account.clone()]));
        }
        let Some(file) = &self.accounts else { return Ok(None) };
        let text = files::read_text(file)?;
        let lines = text.lines().filter(|line| !line.is_empty());
        Ok(Some(lines.map(str::to_owned).collect()))
    }
}

/// So many accounts, evenly over the store; all of them if there are fewer.
fn spread(reach: &Reach, count: u32) -> Result<Vec<String>, Failure> {
    if reach.has_server() {
        let why = "while a server runs, the people cannot be counted; name them with --account or --accounts";
        return Err(why.into());
    }
    reach.here(async |here| {
        let view = here.people.view();
        let all = view.people_count();
        let count = count.min(all);
        let number = |i: u32| (u64::from(i) * u64::from(all) / u64::from(count.max(1))) as u32;
        let account = |i| view.person(number(i))?.account().map(str::to_owned);
        Ok((0..count).filter_map(account).collect())
    })
}
