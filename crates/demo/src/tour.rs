//! The tour: the story of the demonstration as steps that are checked against the running server.

use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use countersign_domain::act::{Act, Reinstatement, Subject, Suspension};
use countersign_domain::identifier::Identifier;
use countersign_people::data_dir::DataDir;
use countersign_people::store::People;
use countersign_protocol::ledger_bundle::Bundle;
use countersign_protocol::note::NoteKey;
use countersign_service::clock;
use countersign_service::governance::Submission;
use countersign_service::operations::acts::Posted;
use countersign_verifier::ledger::{self, Event, Ledger, Question as LedgerQuestion};
use countersign_verifier::log_check::{Question, check_log};
use countersign_verifier::promise::{Promise, ReceivedAnswer, check_answer};
use countersign_verifier::site::FolderSite;
use countersign_verifier::verdict::Rule;
use serde_json::{Value, json};

use super::client::{Client, Reply};
use super::world::{self, WorldError};

/// What the device asks for: its user, and seven fields of each friend.
pub const READ: &str = "/v3.0/me?fields=id,name,religion,friends.limit(400){id,name,birthday,hometown,location,work,education}";

/// How long the tour waits for a checkpoint.
const PUBLICATION_MAX: Duration = Duration::from_secs(20);

/// Somebody who follows the tour.
pub trait Audience {
    /// A step begins.
    fn step(&mut self, title: &str);
    /// Something was seen, and is as it should be.
    fn saw(&mut self, what: &str);
}

/// A running demonstration.
pub struct Tour<'a> {
    /// The instance's files.
    pub directory: &'a DataDir,
    /// Where it serves.
    pub url: &'a str,
    /// The log's name.
    pub origin: &'a str,
    /// The log's key.
    pub log_key: &'a str,
    /// What opens the admin API.
    pub admin_token: &'a str,
    /// What opens the demonstration's sign-in.
    pub sign_in_code: &'a str,
    /// The person whose device asks.
    pub account: &'a str,
    /// How many friends that person has.
    pub friends_count: usize,
    /// The platform's people.
    pub people: &'a Arc<People>,
}

/// Fails the tour with this sentence unless `holds`.
fn must(holds: bool, otherwise: impl Into<String>) -> Result<(), WorldError> {
    if holds { Ok(()) } else { Err(otherwise.into().into()) }
}

impl Tour<'_> {
    /// Walks through all steps.
    ///
    /// # Errors
    /// The first thing that is not as it should be.
    pub fn walk(&self, audience: &mut dyn Audience) -> Result<(), WorldError> {
        let client = Client::new(self.url);
        audience.step("A person signs in on the partner's device");
        let token = self.sign_in(&client)?;
        audience.saw("the device holds a token that names a build and a grant, and no person");

        let (answer, friends) = self.read_friends(&client, &token, audience)?;
        self.close_and_open(&client, &token, &friends, audience)?;
        self.friends_of_friends(&client, &token, &friends, audience)?;
        self.suspend_and_reinstate(&client, &token, audience)?;
        self.outsider(&answer, audience)?;
        self.ledger(&client, &friends, audience)
    }

    fn sign_in(&self, client: &Client) -> Result<String, WorldError> {
        let login =
            json!({ "account": self.account, "build": world::BUILD, "purpose": world::PURPOSE });
        let reply = client.post("/login", self.sign_in_code, &login)?;
        let body = reply.json()?;
        let token = body.get("access_token").and_then(Value::as_str);
        Ok(token.ok_or_else(|| format!("no token came: {body}"))?.to_owned())
    }

    fn read_friends(
        &self,
        client: &Client,
        token: &str,
        audience: &mut dyn Audience,
    ) -> Result<(Reply, Vec<Value>), WorldError> {
        audience.step("The device asks for its user and all of their friends");
        let reply = client.get(READ, token)?;
        let body = reply.json()?;
        must(reply.status == 200, format!("the answer was {}: {body}", reply.status))?;
        let friends = friends_of(&body);
        let asked = self.friends_count.min(400);
        must(!friends.is_empty(), "no friend is in the answer")?;
        must(
            friends.len() < asked,
            "every friend is in the answer, though some closed this route",
        )?;
        audience.saw(&format!(
            "{} of {asked} friends are in the answer; the others keep friends' devices closed, and nothing tells of them",
            friends.len()
        ));
        must(body.get("religion").is_none(), "the viewer's religion was released")?;
        audience.saw("religion was asked for and is absent: the agreement does not give it");
        let receipt = reply.headers.contains("countersign-receipt:");
        must(receipt, "the answer has no receipt")?;
        audience.saw("the answer carries a receipt; it was durable in the log before it left");
        Ok((reply, friends))
    }

    fn close_and_open(
        &self,
        client: &Client,
        token: &str,
        friends: &[Value],
        audience: &mut dyn Audience,
    ) -> Result<(), WorldError> {
        audience.step("A friend closes, and opens again, what friends' devices may have");
        let visible = friends.len();
        let account = self.account_of_a_visible_friend(friends)?;
        let path = format!("/admin/v1/people/{account}/settings");
        let before = client.get(&path, self.admin_token)?.json()?;
        let closed = client.put(&path, self.admin_token, &json!({ "friends_device": [] }))?;
        must(closed.status == 200, "the settings were not taken")?;
        let now = friends_of(&client.get(READ, token)?.json()?).len();
        must(now + 1 == visible, format!("{now} friends are in the next answer, not one less"))?;
        audience.saw("closed: the very next answer is without that friend");
        let open = json!({ "friends_device": before.get("friends_device") });
        client.put(&path, self.admin_token, &open)?;
        let now = friends_of(&client.get(READ, token)?.json()?).len();
        must(now == visible, "the friend did not come back")?;
        audience.saw("opened: the very next answer has them again");
        Ok(())
    }

    /// The platform knows whose pairwise id this is; a partner does not.
    fn account_of_a_visible_friend(&self, friends: &[Value]) -> Result<String, WorldError> {
        let id = first_id(friends)?;
        let account = world::account_of(self.people, self.account, id)?;
        account.ok_or_else(|| "the platform does not know its own person".into())
    }

    fn friends_of_friends(
        &self,
        client: &Client,
        token: &str,
        friends: &[Value],
        audience: &mut dyn Audience,
    ) -> Result<(), WorldError> {
        audience.step("The device tries to go further, to the friends of a friend");
        let path = format!("/v3.0/{}/friends", first_id(friends)?);
        let code = client.get(&path, token)?.error_code();
        must(code == Some(10), format!("the answer was not the error 10 but {code:?}"))?;
        audience.saw("refused: there is no friend-of-friend, for anybody");
        Ok(())
    }

    fn suspend_and_reinstate(
        &self,
        client: &Client,
        token: &str,
        audience: &mut dyn Audience,
    ) -> Result<(), WorldError> {
        audience.step("The partner is suspended");
        let subject = Subject::Partner(Identifier::parse(world::PARTNER)?);
        let reason = "the tour shows how it is done".to_owned();
        let suspension = Suspension { subject: subject.clone(), reason: reason.clone() };
        self.act(client, Act::Suspension(suspension), &world::REVIEWERS[..1])?;
        let refused = client.get(READ, token)?;
        must(refused.status == 403, "the very next request was answered")?;
        audience.saw("one reviewer's signature, and the very next request fails");
        let reinstatement = Act::Reinstatement(Reinstatement { subject, reason });
        let alone = self.act(client, reinstatement.clone(), &world::REVIEWERS[..1]);
        must(alone.is_err(), "one reviewer alone reinstated the partner")?;
        audience.saw("one reviewer alone cannot reinstate it");
        self.act(client, reinstatement, &world::REVIEWERS)?;
        let answered = client.get(READ, token)?;
        must(answered.status == 200, "the reinstated partner gets no answer")?;
        audience.saw("two can, and the device is answered again");
        Ok(())
    }

    fn act(&self, client: &Client, act: Act, reviewers: &[&str]) -> Result<(), WorldError> {
        let mut submission = Submission::of(act, clock::now());
        for reviewer in reviewers {
            world::sign_as_reviewer(&mut submission, reviewer, self.directory, self.origin)?;
        }
        let posted = serde_json::to_value(Posted::of(submission)?)?;
        let reply = client.post("/admin/v1/acts", self.admin_token, &posted)?;
        must(reply.status == 200, String::from_utf8_lossy(&reply.body))
    }

    fn outsider(&self, answer: &Reply, audience: &mut dyn Audience) -> Result<(), WorldError> {
        audience.step("An outsider checks the public files, and nothing else");
        let key = NoteKey::parse(self.log_key)?;
        let site = self.directory.site();
        let received = ReceivedAnswer {
            headers: &answer.headers,
            body: &answer.body,
            method: "GET",
            path_and_query: READ,
            request_body: b"",
            nonce: b"",
        };
        let began = Instant::now();
        let check = loop {
            let question = Question::new(&key, clock::now());
            let check = check_answer(&FolderSite::new(&site), &question, &received, |_, _| ())?;
            if check.promise != Promise::NotYet || began.elapsed() > PUBLICATION_MAX {
                break check;
            }
            std::thread::sleep(Duration::from_millis(200));
        };
        let verdict = &check.verdict;
        must(verdict.holds(), format!("the log does not hold: {:?}", verdict.failures))?;
        must(check.promise == Promise::Kept, "the receipt's promise was not kept")?;
        audience.saw(&format!(
            "{} entries: the tree, every signature and every disclosure hold against the register",
            verdict.size
        ));
        audience.saw("the receipt's promise is kept, and the answer says exactly what was logged");

        audience.step("Somebody changes one byte of the public files");
        let copy = tempfile::tempdir()?;
        copy_folder(&site, copy.path())?;
        let tile = copy.path().join("tile/entries");
        change_one_byte(&tile)?;
        let question = Question::new(&key, clock::now());
        let check = check_log(&FolderSite::new(copy.path()), &question, |_| ())?;
        let failure = check.verdict.failures.iter().find(|failure| failure.file.is_some());
        let failure = failure.ok_or("the change was not found, or its file not named")?;
        let file = failure.file.as_deref().unwrap_or_default();
        audience.saw(&format!("found: {file} is not what the checkpoint signs"));
        Ok(())
    }

    fn ledger(
        &self,
        client: &Client,
        friends: &[Value],
        audience: &mut dyn Audience,
    ) -> Result<(), WorldError> {
        audience.step("The period ends, and the friend reads what the log holds about them");
        let account = self.account_of_a_visible_friend(friends)?;
        let closed = client.post("/admin/v1/closes", self.admin_token, &json!({}))?;
        must(closed.status == 200, String::from_utf8_lossy(&closed.body))?;
        let bundle = self.bundle(client, &account)?;
        let key = NoteKey::parse(self.log_key)?;
        let question = LedgerQuestion::new(&key, clock::now());
        let (verdict, ledger) = ledger::check(&bundle, &question);
        must(verdict.holds(), format!("the ledger does not hold: {:?}", verdict.failures))?;
        let ledger = ledger.ok_or("the ledger cannot be read")?;
        let (all, left) = (ledger.lines.len(), answers(&ledger));
        must(left > 0 && left < all, "no answer is in it, or no choice")?;
        must(ledger.lines.iter().all(|line| !line.is_provisional), "something is not closed yet")?;
        audience.saw(&format!(
            "{left} answers with something of theirs, and {} choices of their own; complete, and every answer within what they had chosen",
            all - left
        ));
        let mut with_less = Bundle::parse(&bundle)?;
        with_less.items.pop();
        let (verdict, _) = ledger::check(&with_less.to_bytes(), &question);
        must(!verdict.rule_holds(Rule::LedgerComplete), "a ledger with less holds")?;
        audience.saw("the same without its last line is refused: it is not complete");
        Ok(())
    }

    /// The person's ledger, once a checkpoint has the close.
    fn bundle(&self, client: &Client, account: &str) -> Result<Vec<u8>, WorldError> {
        let began = Instant::now();
        loop {
            let path = format!("/admin/v1/people/{account}/ledger");
            let reply = client.get(&path, self.admin_token)?;
            if reply.status == 200 && !Bundle::parse(&reply.body)?.closes.is_empty() {
                return Ok(reply.body);
            }
            must(began.elapsed() < PUBLICATION_MAX, String::from_utf8_lossy(&reply.body))?;
            std::thread::sleep(Duration::from_millis(200));
        }
    }
}

/// How many lines say that something left.
fn answers(ledger: &Ledger) -> usize {
    ledger.lines.iter().filter(|line| matches!(line.event, Event::Released(_))).count()
}

fn friends_of(body: &Value) -> Vec<Value> {
    let friends = body.pointer("/friends/data").and_then(Value::as_array);
    friends.cloned().unwrap_or_default()
}

fn first_id(friends: &[Value]) -> Result<&str, WorldError> {
    let id = friends.first().and_then(|friend| friend.get("id")).and_then(Value::as_str);
    id.ok_or_else(|| "a friend without an id".into())
}

fn copy_folder(from: &Path, to: &Path) -> Result<(), WorldError> {
    std::fs::create_dir_all(to)?;
    for entry in std::fs::read_dir(from)? {
        let entry = entry?;
        let target = to.join(entry.file_name());
        if entry.file_type()?.is_dir() {
            copy_folder(&entry.path(), &target)?;
        } else {
            std::fs::copy(entry.path(), target)?;
        }
    }
    Ok(())
}

/// Changes the last byte of the first file below a folder.
fn change_one_byte(folder: &Path) -> Result<(), WorldError> {
    for entry in std::fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() {
            return change_one_byte(&path);
        }
        let mut bytes = std::fs::read(&path)?;
        if let Some(byte) = bytes.last_mut() {
            *byte ^= 1;
            return Ok(std::fs::write(&path, bytes)?);
        }
    }
    Err("there is no file to change".into())
}
