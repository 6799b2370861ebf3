//! Whether an id is the viewer's own is told by an entry in the log or not at all: what a client may not
//! be told of the viewer, no error says either.

use countersign_demo::client::Reply;
use countersign_demo::world;
use countersign_domain::act::{Act, Review, ReviewOutcome, Subject, Suspension};
use countersign_domain::identifier::Identifier;
use serde_json::{Value, json};

use crate::support::village;
use crate::support::{Serving, header, send};

/// An id that is nobody's.
const NOBODY: &str = "0123456789abcdef0123456789abcdef";

/// Every shape of a request in which an id stands; `ID` is the id asked about, `FRIEND` a friend's.
fn shapes() -> Vec<String> {
    let fields = [
        "",
        "?fields=id",
        "?fields=id,name,work",
        "?fields=bogus",
        "?fields=name{first}",
        "?fields=friends",
        "?fields=name,friends.limit(2){name}",
        "?fields=friends.limit(0)",
        "?fields=friends.limit(x)",
        "?fields=friends.after(x)",
        "?fields=friends.after(ID)",
        "?fields=friends.summary(order)",
        "?fields=friends{friends}",
        "?fields=friends{bogus}",
        "?fields=friends,friends",
        "?fields=friends.as(x)",
        "?fields=friends{",
        "?fields=name.as(x)",
        "?limit=0",
        "?limit=x&summary=order",
        "?after=x",
        "?after=ID&before=ID",
        "?summary=true&limit=1",
    ];
    let mut shapes = Vec::new();
    for path in ["/ID", "/v2.8/ID", "/ID/friends", "/ID/friends/FRIEND", "/ID/friends/ID"] {
        shapes.extend(fields.iter().map(|fields| format!("{path}{fields}")));
    }
    for ids in ["ID", "me,ID", "ID,me", "FRIEND,ID", "me,FRIEND,ID", "ID,zuck", "ID,4"] {
        let parameters = fields.iter().map(|fields| fields.replacen('?', "&", 1));
        shapes.extend(parameters.map(|parameters| format!("/v3.0/?ids={ids}{parameters}")));
    }
    for rest in ["", "/email", "?status=granted", "/email/x"] {
        shapes.push(format!("/ID/permissions{rest}"));
    }
    shapes.extend(
        ["/ID/bogus", "/ID/friends/zuck", "/ID?callback=x", "/ID?method=DELETE"].map(str::to_owned),
    );
    shapes
}

/// Status, headers and body of an answer without an entry, the id replaced in them.
fn told(reply: &Reply, id: &str) -> (u16, Vec<String>, Value) {
    let replaced = |text: &str| text.replace(id, "ID");
    let kept = |line: &&str| !line.starts_with("date:") && !line.starts_with("content-length:");
    let headers = reply.headers.lines().filter(kept).map(replaced).collect();
    let mut body: Value =
        serde_json::from_str(&replaced(&String::from_utf8_lossy(&reply.body))).unwrap();
    if let Some(error) = body.get_mut("error").and_then(Value::as_object_mut) {
        error.remove("fbtrace_id");
    }
    (reply.status, headers, body)
}

impl Serving<'_> {
    /// What a batch of this one question says to it.
    fn operation(&self, path: &str, token: &str) -> Value {
        let bearer = format!("Bearer {token}");
        let headers = [("authorization", &*bearer), ("content-type", "application/json")];
        let batch = json!({ "batch": [{ "relative_url": path }] }).to_string();
        let reply = send(&self.world.url(), "POST", "/", &headers, &batch);
        serde_json::from_slice::<Value>(&reply.body).unwrap()[0].take()
    }

    /// Asks every shape about the viewer and about nobody; how many were answered with an entry.
    fn assert_alike(&self, state: &str, viewer: &str, friend: &str, token: &str) -> usize {
        let mut answered = 0;
        for shape in shapes() {
            let shape = shape.replace("FRIEND", friend).replace('{', "%7B").replace('}', "%7D");
            let [of_viewer, of_nobody] = [viewer, NOBODY].map(|id| shape.replace("ID", id));
            let head = self.head();
            let reply = self.get(&of_viewer, token);
            if self.head() > head {
                assert!(header(&reply, "countersign-receipt").is_some(), "{state}: {shape}");
                answered += 1;
                continue;
            }
            assert_ne!(reply.status, 200, "{state}: {shape}");
            let nobody = self.get(&of_nobody, token);
            assert_eq!(told(&reply, viewer), told(&nobody, NOBODY), "{state}: {shape}");
            let [one, other] = [&of_viewer, &of_nobody].map(|path| {
                let mut answer = self.operation(path, token);
                let body = answer["body"].take();
                let mut body: Value = serde_json::from_str(body.as_str().unwrap()).unwrap();
                body["error"].as_object_mut().unwrap().remove("fbtrace_id");
                format!("{answer} {body}").replace(viewer, "ID").replace(NOBODY, "ID")
            });
            assert_eq!(one, other, "{state}, in a batch: {shape}");
        }
        answered
    }
}

#[test]
fn property_no_error_tells_whether_an_id_is_the_viewers() {
    let world = village::founded();
    let token = world.token(village::VIEWER);
    let (viewer, friend) = (world.id(village::VIEWER), world.id(&village::open(1)));
    let serving = world.serve();
    let settings = |fields: Value| {
        let path = format!("/admin/v1/people/{}/settings", village::VIEWER);
        let body = json!({ "my_device": fields });
        let reply = serving.client.put(&path, &serving.admin_token(), &body).unwrap();
        assert_eq!(reply.status, 200);
    };
    let alike = |state: &str| serving.assert_alike(state, &viewer, &friend, &token);
    let name = |name: &str| Identifier::parse(name).unwrap();
    assert!(alike("all open") > 40);
    settings(json!(["id", "name"]));
    assert!(alike("the list closed") > 40);
    settings(json!(["name", "friends", "work"]));
    assert_eq!(alike("the id closed"), 0);
    settings(json!([]));
    assert_eq!(alike("all closed"), 0);
    settings(json!(["id", "name", "friends", "work"]));
    let (subject, reason) = (Subject::Client(name(world::CLIENT)), "a test".to_owned());
    let build = name(world::BUILD);
    let revoke = Act::Review(Review { build, outcome: ReviewOutcome::Revoke });
    serving.submit(revoke, &["reviewer:ines"]).unwrap();
    assert_eq!(alike("the build revoked"), 0);
    serving.submit(Act::Suspension(Suspension { subject, reason }), &["reviewer:ines"]).unwrap();
    assert_eq!(alike("the client suspended"), 0);
}
