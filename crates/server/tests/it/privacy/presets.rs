//! Presets over the admin API, and the notice on every page while the settings of 2014 are on.

use serde_json::{Value, json};

use crate::support::village;
use crate::support::{Serving, World, finish, program, send};

const NOTICE: &str = "The preset <code>legacy-2014</code> is on";

impl Serving<'_> {
    /// Changes somebody's settings; what is said to it.
    pub(crate) fn put_settings(&self, account: &str, wanted: &Value) -> (u16, Value) {
        let path = format!("/admin/v1/people/{account}/settings");
        let reply = self.client.put(&path, &self.admin_token(), wanted).unwrap();
        (reply.status, reply.json().unwrap())
    }

    /// Whether both pages say that the settings of 2014 are on.
    fn is_noticed(&self) -> bool {
        let [register, docs] = ["/", "/docs"].map(|path| self.page(path).contains(NOTICE));
        assert_eq!(register, docs, "one page says it and the other does not");
        register
    }
}

#[test]
fn a_preset_is_applied_before_the_routes_that_are_named_and_is_told_while_it_holds() {
    let world = village::founded();
    let serving = world.serve();
    let put = |wanted: Value| serving.put_settings("ada", &wanted).1;
    for preset in ["closed", "default", "friends-basics", "open", "legacy-2014"] {
        let now = put(json!({ "preset": preset }));
        assert_eq!(now["preset"], preset);
        let read = serving.get("/admin/v1/people/ada/settings", &serving.admin_token());
        assert_eq!(read.json().unwrap(), now, "{preset}");
    }
    let basics = put(json!({ "preset": "friends-basics" }));
    assert_eq!(basics["friends_app"], json!(["id", "name"]));
    assert_eq!(basics["friends_device"], json!(["id", "name"]));
    let own = put(json!({ "preset": "closed", "my_device": ["id"] }));
    assert_eq!((own.get("preset"), &own["my_device"]), (None, &json!(["id"])));
    assert_eq!(put(json!({ "my_device": [] }))["preset"], "closed", "it is that of the settings");
    let before = put(json!({}));
    for (wanted, expected) in [
        (json!({ "preset": "legacy" }), "there is no preset"),
        (json!({ "preset": "mixed" }), "there is no preset"),
        (json!({ "preset": "open", "my_tv": ["id"] }), "there is no route"),
        (json!({ "preset": "open", "my_app": ["shoe_size"] }), "there is no field"),
    ] {
        let (status, said) = serving.put_settings("ada", &wanted);
        assert_eq!(status, 422, "{said}");
        assert!(said["error"].as_str().unwrap().contains(expected), "{said}");
    }
    assert_eq!(put(json!({})), before, "what is refused changes nothing");
}

#[test]
fn every_page_says_while_anybody_has_the_settings_of_2014() {
    let world = village::founded();
    let serving = world.serve();
    assert!(!serving.is_noticed());
    serving.put_settings("open-01", &json!({ "preset": "legacy-2014" }));
    serving.put_settings("open-02", &json!({ "preset": "legacy-2014" }));
    assert!(serving.is_noticed());
    serving.put_settings("open-01", &json!({ "friends_app": [] }));
    assert!(serving.is_noticed(), "another one still has them");
    serving.stop();
    let serving = world.serve();
    assert!(serving.is_noticed(), "it was forgotten");
    serving.put_settings("open-02", &json!({ "preset": "closed" }));
    assert!(!serving.is_noticed());
    serving.stop();
    // New people would begin with it, whether or not there are any.
    world.configure("new_people = \"default\"", "new_people = \"legacy-2014\"");
    assert!(world.serve().is_noticed());
}

#[test]
fn people_who_are_imported_with_the_settings_of_2014_are_noticed_until_they_have_others() {
    let world = World::founded();
    let path = world.path().join("people.jsonl");
    std::fs::write(&path, "{\"account\":\"ada\"}\n{\"account\":\"bob\"}\n").unwrap();
    let import = |settings: &str| {
        let mut command = program(&["people", "import", "jsonl"]);
        let command =
            command.arg("--dir").arg(world.path()).arg(&path).args(["--settings", settings]);
        assert!(finish(command).status.success());
    };
    for (settings, is_noticed) in [("legacy-2014", true), ("legacy-2014", true), ("default", false)]
    {
        import(settings);
        assert_eq!(world.serve().is_noticed(), is_noticed, "{settings}");
    }
    let people = world.people();
    let ada = people.person_of_account("ada").unwrap().unwrap();
    assert_eq!(people.history(ada, None, 9).unwrap().len(), 1, "the import that changed something");
}

#[test]
fn settings_grants_and_history_of_nobody_are_not_there() {
    let world = village::founded();
    let serving = world.serve();
    let admin = format!("Bearer {}", serving.admin_token());
    for path in ["settings", "grants", "history"] {
        let path = format!("/admin/v1/people/nobody/{path}");
        let reply = send(&world.url(), "GET", &path, &[("authorization", &admin)], "");
        assert_eq!(reply.status, 404, "{path}");
    }
}
