//! How many friends there are to page through, and nothing about those who are not.

use serde_json::{Value, json};

use crate::support::checked::Recipient;
use crate::support::ids;
use crate::support::village;

#[test]
fn a_summary_says_how_many_friends_can_be_paged_through() {
    let world = village::founded();
    let token = world.token(village::VIEWER);
    let serving = world.serve();
    let recipient = Recipient::new(&serving, &token);
    let count = village::visible().len();
    for summary in ["true", "1", "total_count"] {
        let page = recipient.read(&format!("/me/friends?limit=2&summary={summary}"));
        assert_eq!(page["summary"], json!({ "total_count": count }), "{summary}");
        let me = recipient.read(&format!("/me?fields=friends.limit(2).summary({summary})"));
        assert_eq!(me["friends"]["summary"], json!({ "total_count": count }), "{summary}");
        assert_eq!(ids(&me["friends"]).len(), 2);
    }
    for summary in ["false", "0", ""] {
        let page = recipient.read(&format!("/me/friends?summary={summary}"));
        assert_eq!(page.get("summary"), None, "{summary:?}");
        let me = recipient.read(&format!("/me?fields=friends.summary({summary})"));
        assert_eq!(me["friends"].get("summary"), None, "{summary:?}");
    }
    assert_eq!(recipient.get("/me/friends?summary=order").error_code(), Some(100));
    recipient.check();
}

#[test]
fn where_nobody_is_listed_nothing_is_counted() {
    let world = village::founded();
    let token = world.token(village::VIEWER);
    let lonely = world.token(village::STRANGER);
    let serving = world.serve();
    let recipient = Recipient::new(&serving, &token);
    let nobody = json!({ "data": [], "summary": { "total_count": 0 } });
    let past = "f".repeat(32);
    assert_eq!(recipient.read(&format!("/me/friends?summary=true&after={past}")), nobody);
    let me = recipient.read(&format!("/me?fields=id,friends.summary(true).after({past})"));
    assert_eq!(me.get("friends"), None);
    let alone = Recipient::new(&serving, &lonely);
    assert_eq!(alone.read("/me/friends?summary=true"), nobody);
    assert_eq!(alone.read("/me?fields=friends.summary(true)").get("friends"), None);
    for account in village::visible() {
        serving.open_to_friends_devices(&account, &[]);
    }
    // All are closed: just as if there were none.
    assert_eq!(recipient.read("/me/friends?summary=true"), nobody);
    recipient.check();
}

/// Every shape of an answer that counts or pages.
fn shapes(recipient: &Recipient<'_>) -> Vec<Value> {
    [
        "/me/friends?summary=true&limit=400&fields=id,name,work,birthday",
        "/me/friends?summary=true&limit=3",
        "/me?fields=id,name,friends.limit(5).summary(true){name,birthday}",
    ]
    .map(|path| recipient.read(path))
    .to_vec()
}

#[test]
fn what_a_hidden_friend_opens_or_closes_changes_no_answer() {
    let world = village::founded();
    let token = world.token(village::VIEWER);
    let serving = world.serve();
    let recipient = Recipient::new(&serving, &token);
    let before = shapes(&recipient);
    let hidden = village::closed(3);
    for fields in [&["name"][..], &["name", "work", "birthday", "friends"], &["email"], &[]] {
        serving.open_to_friends_devices(&hidden, fields);
        assert_eq!(shapes(&recipient), before, "{fields:?}");
    }
    // What a friend who is seen closes shows in their own record, and does not change how many there are.
    serving.open_to_friends_devices(&village::open(1), &["id"]);
    let after = shapes(&recipient);
    assert_ne!(after, before);
    for (after, before) in after.iter().zip(&before) {
        let list = |answer: &Value| answer.get("friends").unwrap_or(answer).clone();
        assert_eq!(list(after)["summary"], list(before)["summary"]);
        assert_eq!(list(after)["paging"], list(before)["paging"]);
    }
    // Only the id makes a friend count.
    serving.open_to_friends_devices(&hidden, &["id"]);
    let count = before[0]["summary"]["total_count"].as_u64().unwrap();
    assert_eq!(shapes(&recipient)[0]["summary"]["total_count"], count + 1);
    recipient.check();
}
