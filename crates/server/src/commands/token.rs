//! `countersign token`: access tokens without a sign-in, for tests and first steps.

use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;

use clap::Args;
use serde_json::json;

use super::reach::Reach;
use super::running::Running;
use super::{Failure, Output, files, newcomers};
use crate::gateway::admin::tokens::{Issued, Issuer, Wanted};
use crate::keys::SecretKey;
use crate::service::masks::MaskCache;
use crate::service::token::Tokens;
use crate::store::{Given, Holds, People, Way};

/// Make access tokens: each person grants the build everything that it declared, for ninety days.
/// The token itself holds for `[tokens] lifetime_s` seconds of countersign.toml, an hour unless changed.
///
/// One account gives the bare token; many give a line each, account, tab and token.
///
/// Example: countersign token platform --account ada --build aurora-home@1 --purpose address-book
#[derive(Args)]
pub(super) struct Token {
    /// The folder of the instance.
    dir: PathBuf,
    #[command(flatten)]
    who: Who,
    /// The build that will ask.
    #[arg(long)]
    build: String,
    /// For what it will ask.
    #[arg(long)]
    purpose: String,
    /// The people's user agents say, by the Global Privacy Control, that data be neither sold nor shared:
    /// nothing of friends and no special category is granted.
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
    /// So many people, spread evenly over the store; only while no server runs.
    #[arg(long, value_name = "N")]
    count: Option<u32>,
}

impl Token {
    pub(super) fn run(self, output: Output) -> Result<ExitCode, Failure> {
        let reach = Reach::open(&self.dir)?;
        let (accounts, tokens) = match reach.server() {
            Some(server) => {
                let accounts = self.who.named()?.ok_or(
                    "while a server runs, the people cannot be counted; name them with --account or --accounts",
                )?;
                let tokens = self.ask(server, &accounts)?;
                (accounts, tokens)
            }
            None => self.make(&reach)?,
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

    /// Has the running server make them.
    fn ask(&self, server: &Running, accounts: &[String]) -> Result<Vec<String>, Failure> {
        let mut tokens = Vec::with_capacity(accounts.len());
        for account in accounts {
            let wanted = Wanted {
                account: account.clone(),
                build: self.build.clone(),
                purpose: self.purpose.clone(),
                sec_gpc: self.sec_gpc,
            };
            let issued: Issued = server.send("POST", "/tokens", &wanted)?;
            tokens.push(issued.access_token);
        }
        Ok(tokens)
    }

    /// Makes them from the store and the key, all grants in one transaction.
    fn make(&self, reach: &Reach) -> Result<(Vec<String>, Vec<String>), Failure> {
        let log = reach.log().ok_or("the log is not open")?;
        let now = log.believed_now()?;
        let people = Arc::new(reach.people()?);
        let key = SecretKey::read(&reach.directory.key("tokens"))?;
        let tokens = Tokens::new(reach.config.origin(), reach.config.tokens.lifetime_s, &key);
        let register = log.register();
        let compiled = MaskCache::new(register.clone(), &reach.config).of(&register);
        let accounts = match self.who.named()? {
            Some(accounts) => accounts,
            None => spread(&people, self.who.count.unwrap_or_default()),
        };
        let issuer = Issuer {
            people: &people,
            tokens: &tokens,
            compiled: &compiled,
            now,
            holds: Holds::AtOnce,
        };
        issuer.check(&self.build, &self.purpose)?;
        let given = Given { by: Way::Command, sec_gpc: self.sec_gpc };
        let names: Vec<&str> = accounts.iter().map(String::as_str).collect();
        newcomers::enrol(reach, &people, &names)?;
        let tokens = issuer.issue(&names, &self.build, &self.purpose, given)?;
        Ok((accounts, tokens))
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
fn spread(people: &People, count: u32) -> Vec<String> {
    let view = people.view();
    let all = view.people_count();
    let count = count.min(all);
    let number = |i: u32| (u64::from(i) * u64::from(all) / u64::from(count.max(1))) as u32;
    let account = |i| view.person(number(i))?.account().map(str::to_owned);
    (0..count).filter_map(account).collect()
}
