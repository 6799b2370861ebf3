//! People by their ids: several in one answer, one in a list of one, and all or none.

use serde_json::json;

use crate::support::checked::Recipient;
use crate::support::ids;
use crate::support::village;

#[test]
fn people_stand_under_what_they_were_asked_for_by() {
    let world = village::founded();
    let (ada, token) = (world.id(village::VIEWER), world.token(village::VIEWER));
    let [first, second] = [1, 2].map(|number| world.id(&village::open(number)));
    let serving = world.serve();
    let recipient = Recipient::new(&serving, &token);
    let name = |account: &str| village::value("name", account);
    let one = json!({ "name": name(&village::open(1)), "id": first });
    let two = json!({ "name": name(&village::open(2)), "id": second });
    let me = json!({ "name": name(village::VIEWER), "id": ada });
    for path in [
        format!("/?ids={first},me,{second},{first}&fields=id,name"),
        format!("/v26.0/?ids=me,{second},{first}"),
        format!("/v2.8?ids={second}%2C%20{first},,me,&fields=name"),
    ] {
        let expected = json!({ "me": me, first.clone(): one, second.clone(): two });
        assert_eq!(recipient.read(&path), expected, "{path}");
    }
    let raw = recipient.get(&format!("/?ids={first},{second},{ada}"));
    let raw = String::from_utf8(raw.body).unwrap();
    let place = |id: &str| raw.find(&format!("\"{id}\":{{")).unwrap();
    assert!(place(&ada) < place(first.clone().min(second.clone()).as_str()), "{raw}");
    assert!(place(first.as_str().min(&second)) < place(first.as_str().max(&second)), "{raw}");
    assert_eq!(recipient.read(&format!("/?ids={first}")), json!({ first.clone(): one }));
    assert_eq!(recipient.read("/?ids=me"), json!({ "me": me }));
    assert_eq!(recipient.read(&format!("/?ids={ada}")), json!({ ada.clone(): me }));
    let nested = recipient.read("/?ids=me&fields=name,friends.limit(2).summary(true){name}");
    assert_eq!(ids(&nested["me"]["friends"]).len(), 2);
    assert_eq!(nested["me"]["friends"]["summary"]["total_count"], village::visible().len());
    recipient.follow(&nested["me"]["friends"]["paging"]["next"]);
    // What a friend keeps closed is missing of them and of nobody else.
    let partly = world_id(&recipient, village::PARTLY);
    let mixed = recipient.read(&format!("/?ids={partly},{first},me&fields=id,name,work"));
    assert_eq!(mixed[&partly], json!({ "name": name(village::PARTLY), "id": partly }));
    assert_eq!(mixed[&first]["work"], village::value("work", &village::open(1)));
    assert_eq!(recipient.check(), 11);
}

/// The id of a friend, found as a client finds it: by name.
fn world_id(recipient: &Recipient<'_>, account: &str) -> String {
    let page = recipient.read("/me/friends?fields=name&limit=400");
    let friends = page["data"].as_array().unwrap();
    let found = friends.iter().find(|f| f["name"] == village::value("name", account).as_str());
    found.unwrap()["id"].as_str().unwrap().to_owned()
}

#[test]
fn one_who_cannot_be_seen_fails_the_whole_request_and_is_not_told_from_the_others() {
    let world = village::founded();
    let token = world.token(village::VIEWER);
    let friend = world.id(&village::open(1));
    let nobody = "0123456789abcdef0123456789abcdef".to_owned();
    let [closed, far, stranger] =
        [village::closed(1), village::far(1), village::STRANGER.to_owned()].map(|a| world.id(&a));
    let serving = world.serve();
    let head = serving.head();
    let mut said = Vec::new();
    for hidden in [&closed, &far, &stranger, &nobody, &"zuck".to_owned()] {
        for asked in [format!("{friend},{hidden},me"), format!("{hidden},{friend}"), hidden.clone()]
        {
            let reply = serving.get(&format!("/?ids={asked}&fields=id,name"), &token);
            let error = reply.json().unwrap()["error"].clone();
            assert_eq!((reply.status, error["code"].as_u64()), (400, Some(803)), "{asked}");
            let message = error["message"].as_str().unwrap().to_owned();
            assert!(message.ends_with(&format!(" do not exist: {asked}")), "{message}");
            said.push(message.replace(hidden.as_str(), "HIDDEN"));
        }
    }
    let (first, others) = said.split_at(3);
    assert!(others.chunks(3).all(|others| others == first), "{said:?}");
    assert_eq!(serving.head(), head, "nothing was released, so nothing was logged");
    // Others' ids toward this partner are not this viewer's friends.
    let many = vec![friend.as_str(); 60].join(",");
    assert_eq!(serving.get(&format!("/?ids={many}"), &token).status, 200);
    let friends_of = format!("/?ids={friend},me&fields=friends{{name}}").replace('{', "%7B");
    assert_eq!(serving.get(&friends_of.replace('}', "%7D"), &token).error_code(), Some(10));
}

#[test]
fn a_friend_is_asked_after_by_id() {
    let world = village::founded();
    let (ada, token) = (world.id(village::VIEWER), world.token(village::VIEWER));
    let friend = world.id(&village::open(3));
    let outsiders = [village::closed(2), village::far(2), village::STRANGER.to_owned()];
    let outsiders = outsiders.map(|account| world.id(&account));
    let serving = world.serve();
    let recipient = Recipient::new(&serving, &token);
    for path in
        ["/me/friends/FRIEND", "/ADA/friends/FRIEND/", "/v4.0//me/friends/FRIEND?fields=id,name"]
    {
        let path = path.replace("FRIEND", &friend).replace("ADA", &ada);
        let name = village::value("name", &village::open(3));
        assert_eq!(recipient.read(&path), json!({ "data": [{ "name": name, "id": friend }] }));
    }
    for id in outsiders.iter().chain([&ada, &"0".repeat(32)]) {
        let list = recipient.read(&format!("/me/friends/{id}?fields=name,work&summary=true"));
        assert_eq!(list, json!({ "data": [] }));
        let path = format!("/{friend}/friends/{id}");
        assert_eq!(recipient.get(&path).error_code(), Some(10));
    }
    recipient.check();
}
