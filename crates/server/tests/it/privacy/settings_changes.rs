//! Changes of settings that happen at once, and what "everything" opens.

use std::time::Duration;

use countersign_demo::client::Client;
use countersign_domain::field::{FieldId, FieldSet};
use countersign_domain::route::Route;
use countersign_domain::settings::Settings;
use countersign_people::store::StoreError;
use serde_json::json;

use crate::support::World;
use crate::support::people::{self, MADE, default_schema};

const ROUNDS: usize = 300;

#[test]
fn changes_at_once_do_not_undo_each_other() {
    let world = World::founded();
    world.import_lines(&[json!({ "account": "ada", "profile": {} })]);
    let people = world.people();
    let ada = people.person_of_account("ada").unwrap().unwrap();
    let opened = FieldSet::of(FieldId::ID);
    let toggle = |route: Route| {
        let mut last = people.settings(ada).unwrap().open(route);
        for round in 0..=ROUNDS {
            let wanted = if round % 2 == 0 { FieldSet::EMPTY } else { opened };
            let change = |now: Settings| {
                // Nobody else touches this route, so it is as it was last set.
                assert_eq!(now.open(route), last, "{} in round {round}", route.name());
                // The other thread has all the time to come in between, if it can.
                std::thread::sleep(Duration::from_micros(200));
                Ok::<_, StoreError>(now.with(route, wanted))
            };
            people.choose_settings(ada, MADE, change).unwrap();
            last = wanted;
        }
        assert!(last.is_empty());
        assert_eq!(people.settings(ada).unwrap().open(route), last, "closed without a log");
    };
    std::thread::scope(|threads| {
        threads.spawn(|| toggle(Route::FriendsDevice));
        threads.spawn(|| toggle(Route::FriendsApp));
    });
}

#[test]
fn a_refused_change_changes_nothing() {
    #[derive(Debug)]
    enum Refused {
        Store,
        Wish,
    }
    impl From<StoreError> for Refused {
        fn from(_: StoreError) -> Self {
            Self::Store
        }
    }
    let world = World::founded();
    world.import_lines(&[json!({ "account": "ada", "profile": {} })]);
    let people = world.people();
    let ada = people.person_of_account("ada").unwrap().unwrap();
    let before = people.settings(ada).unwrap();
    let refused =
        people.choose_settings(ada, MADE, |_| Err::<Settings, _>(Refused::Wish)).unwrap_err();
    assert!(matches!(refused, Refused::Wish));
    assert_eq!(people.settings(ada).unwrap(), before);
    let nobody = countersign_domain::person::Handle([7; 16]);
    let refused =
        people.choose_settings(nobody, MADE, |_| Ok::<_, Refused>(Settings::CLOSED)).unwrap_err();
    assert!(matches!(refused, Refused::Store));
}

#[test]
fn unauthorised_what_was_closed_over_the_admin_api_stays_closed() {
    let world = World::founded();
    world.import_lines(&[json!({ "account": "ada", "profile": {} })]);
    let serving = world.serve();
    let admin = serving.admin_token();
    let toggle = |route: &str| {
        let (client, path) = (Client::new(&world.url()), "/admin/v1/people/ada/settings");
        for round in 0..ROUNDS {
            let fields = if round % 2 == 0 { json!([]) } else { json!(["id"]) };
            let reply = client.put(path, &admin, &json!({ route: fields.clone() })).unwrap();
            assert_eq!(reply.status, 200);
            let now = client.get(path, &admin).unwrap().json().unwrap();
            assert_eq!(now[route], fields, "{route} in round {round}");
        }
    };
    std::thread::scope(|threads| {
        threads.spawn(|| toggle("friends_device"));
        threads.spawn(|| toggle("friends_app"));
    });
}

#[test]
fn everything_is_what_there_is_and_not_what_will_be() {
    let world = World::founded();
    world.import_lines(&[json!({ "account": "ada", "profile": {} })]);
    let schema = default_schema();
    assert_ne!(schema.all(), FieldSet::ALL);
    let stored = |route| {
        let people = people::open(&world.directory.people());
        let ada = people.person_of_account("ada").unwrap().unwrap();
        people.settings(ada).unwrap().open(route)
    };
    assert_eq!(stored(Route::FriendsApp), schema.all(), "the preset `open` of the import");
    let serving = world.serve();
    let body = json!({ "friends_device": ["*"], "friends_app": [] });
    let put = serving.client.put("/admin/v1/people/ada/settings", &serving.admin_token(), &body);
    assert_eq!(put.unwrap().status, 200);
    serving.stop();
    assert_eq!(stored(Route::FriendsDevice), schema.all());
    assert_eq!(stored(Route::FriendsApp), FieldSet::EMPTY);
}
