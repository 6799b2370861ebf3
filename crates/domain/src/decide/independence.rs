//! Independence: what one person opens, closes or grants widens nothing but that. Random circles are
//! decided about as a whole, before and after one change.
//!
//! The doors are the exceptions, and the only ones. An id is the door to its person's record: where it
//! is opened, what the same person had opened on the same route comes along. The viewer's id is the
//! door to the answer, and the viewer's list the door to their friends' records, each of which still is
//! what that friend opened to friends' clients. And the list is told of exactly if somebody is in it.

use std::collections::BTreeSet;

use proptest::prelude::*;

use super::tests::{Circle, NOW, basis_of, bits};
use super::*;
use crate::request::FriendsRequest;
use crate::route::ClientKind;

const PEOPLE: usize = 5;
const KINDS: [ClientKind; 2] = [ClientKind::Device, ClientKind::App];
const LISTS: FieldSet = FieldSet::from_bits(0b11);

/// Everything that one change can be about: people with settings, who are friends, and a grant of each of
/// them to a device and to an app.
#[derive(Clone, Debug)]
struct World {
    settings: [[FieldSet; 4]; PEOPLE],
    present: [FieldSet; PEOPLE],
    minors: [bool; PEOPLE],
    friends: [[bool; PEOPLE]; PEOPLE],
    masks: [[FieldSet; 3]; 2],
    /// By viewer and kind: the viewer's own fields, and those of friends.
    grants: [[[FieldSet; 2]; 2]; PEOPLE],
}

/// A released field: who asked through what, and which field of whom.
type Told = (usize, usize, usize, u8);

fn world() -> impl Strategy<Value = World> {
    (
        proptest::array::uniform5(proptest::array::uniform4(bits())),
        proptest::array::uniform5(bits()),
        proptest::array::uniform5(any::<bool>()),
        proptest::array::uniform5(proptest::array::uniform5(any::<bool>())),
        proptest::array::uniform2(proptest::array::uniform3(bits())),
        proptest::array::uniform5(proptest::array::uniform2(proptest::array::uniform2(bits()))),
    )
        .prop_map(|(settings, present, minors, friends, masks, grants)| {
            // Of what is closed in every clause little would be left to compare.
            let present = present.map(|set| set.or(LISTS).or(FieldSet::from_bits(0b1111_0000)));
            let masks = masks.map(|masks| masks.map(|set| set.or(FieldSet::from_bits(0b11_1011))));
            let grants = grants.map(|of| of.map(|sets| sets.map(|set| set.or(LISTS))));
            World { settings, present, minors, friends, masks, grants }
        })
}

impl World {
    /// Whether these are friends of each other.
    fn are_friends(&self, one: usize, other: usize) -> bool {
        one != other && (self.friends[one][other] || self.friends[other][one])
    }

    /// The viewer with all of their friends.
    fn circle(&self, viewer: usize) -> Vec<Candidate> {
        let others = (0..PEOPLE).filter(|other| self.are_friends(viewer, *other));
        let candidate = |person: usize| Candidate {
            handle: Handle([person as u8; 16]),
            pairwise: PairwiseId([person as u8; 16]),
            settings: Settings::from_sets(self.settings[person]),
            present: self.present[person],
            minor: self.minors[person],
        };
        std::iter::once(viewer).chain(others).map(candidate).collect()
    }

    /// What is released to everybody who asks for everything, through both kinds of client.
    fn told(&self) -> BTreeSet<Told> {
        let mut told = BTreeSet::new();
        for viewer in 0..PEOPLE {
            for (kind, number) in KINDS.into_iter().zip(0..) {
                let [own, friend, minor] = self.masks[number];
                let mut basis = basis_of(own, friend, minor);
                basis.kind = kind;
                let basis = Arc::new(basis);
                let [own, friend] = self.grants[viewer][number];
                let grant = super::tests::grant(&basis, own, friend);
                let friends = Some(FriendsRequest::first(FieldSet::ALL, PEOPLE));
                let request = Request { viewer: FieldSet::ALL, friends };
                let circle = Circle(self.circle(viewer));
                let Ok(permitted) = decide(&basis, &grant, request, circle, NOW, 0) else {
                    continue;
                };
                for record in &permitted.decided().records {
                    let Handle([person, ..]) = record.handle;
                    let fields = record.fields.iter().map(|field| field.number() as u8);
                    told.extend(fields.map(|field| (viewer, number, usize::from(person), field)));
                }
            }
        }
        told
    }

    /// Whether one more thing may be told in this world because this person opened these fields on this route.
    fn may_be_more(&self, more: Told, person: usize, route: Route, opened: FieldSet) -> bool {
        let (viewer, kind, told_of, field) = more;
        let field = FieldId::new(field).unwrap();
        let relation =
            |told_of| if told_of == viewer { Relation::Viewer } else { Relation::Friend };
        let route_of = |told_of| Route::of(KINDS[kind], relation(told_of));
        let is_open =
            |person: usize| self.settings[person][route_of(person) as usize].contains(field);
        if !is_open(told_of) {
            return false;
        }
        let is_door = opened.contains(FieldId::ID) || opened.contains(FieldId::FRIENDS);
        let own_record = told_of == person
            && route_of(person) == route
            && (opened.contains(field) || opened.contains(FieldId::ID));
        let viewers_door = viewer == person && route_of(viewer) == route && is_door;
        let list = told_of == viewer
            && field == FieldId::FRIENDS
            && self.are_friends(viewer, person)
            && route_of(person) == route
            && opened.contains(FieldId::ID);
        own_record || viewers_door || list
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]
    #[test]
    fn property_a_change_of_settings_widens_nothing_but_what_it_opens(
        before in world(), person in 0..PEOPLE, route in 0..4_usize, chosen in bits(),
    ) {
        let mut after = before.clone();
        after.settings[person][route] = chosen;
        let opened = chosen.without(before.settings[person][route]);
        let route = Route::ALL[route];
        let (was, is) = (before.told(), after.told());
        for more in is.difference(&was) {
            prop_assert!(
                after.may_be_more(*more, person, route, opened),
                "{:?} by opening {:?} of {} on {:?}", more, opened, person, route
            );
        }
        // And closing takes nothing from anybody's record but this person's, unless a door was closed.
        let closed = before.settings[person][route as usize].without(chosen);
        for less in was.difference(&is) {
            prop_assert!(before.may_be_more(*less, person, route, closed), "{:?} is gone", less);
        }
    }

    #[test]
    fn property_a_preset_widens_nothing_but_what_it_opens(
        before in world(), person in 0..PEOPLE, chosen in proptest::array::uniform4(bits()),
    ) {
        // A preset is settings of all four routes at once.
        let mut after = before.clone();
        after.settings[person] = chosen;
        for more in after.told().difference(&before.told()) {
            let by_some_route = Route::ALL.into_iter().any(|route| {
                let opened = chosen[route as usize].without(before.settings[person][route as usize]);
                after.may_be_more(*more, person, route, opened)
            });
            prop_assert!(by_some_route, "{:?}", more);
        }
    }

    #[test]
    fn property_a_grant_widens_nothing_under_any_other_grant(
        before in world(), viewer in 0..PEOPLE, kind in 0..2_usize, given in [bits(), bits()],
    ) {
        let mut after = before.clone();
        after.grants[viewer][kind] = given;
        let [was, is] = [&before, &after].map(World::told);
        let elsewhere = |told: &BTreeSet<Told>| -> BTreeSet<Told> {
            told.iter().copied().filter(|one| (one.0, one.1) != (viewer, kind)).collect()
        };
        prop_assert_eq!(elsewhere(&was), elsewhere(&is));
        for (asking, _, told_of, field) in is.difference(&was) {
            let given = given[usize::from(asking != told_of)];
            prop_assert!(given.contains(FieldId::new(*field).unwrap()));
        }
    }

    #[test]
    fn property_less_in_any_clause_is_never_more_in_the_answer(
        world in world(), less in proptest::array::uniform4(bits()), viewer in 0..PEOPLE,
    ) {
        let all = world.told();
        let mut narrower = world.clone();
        narrower.grants[viewer] = narrower.grants[viewer].map(|sets| sets.map(|set| set.and(less[0])));
        prop_assert!(narrower.told().is_subset(&all), "by the grant");
        let mut narrower = world.clone();
        narrower.masks = narrower.masks.map(|masks| masks.map(|mask| mask.and(less[1])));
        prop_assert!(narrower.told().is_subset(&all), "by the masks");
        let mut narrower = world.clone();
        narrower.settings = narrower.settings.map(|of| of.map(|set| set.and(less[2])));
        prop_assert!(narrower.told().is_subset(&all), "by everybody's settings");
        let mut narrower = world;
        narrower.present = narrower.present.map(|set| set.and(less[3]));
        prop_assert!(narrower.told().is_subset(&all), "by what there is");
    }

    #[test]
    fn property_the_global_privacy_control_only_narrows(
        world in world(), viewer in 0..PEOPLE, special in bits(),
    ) {
        let mut under = world.clone();
        for sets in &mut under.grants[viewer] {
            let basis = basis_of(FieldSet::ALL, FieldSet::ALL, FieldSet::ALL);
            let grant = super::tests::grant(&basis, sets[0], sets[1]).under_gpc(special.without(LISTS));
            *sets = [grant.viewer, grant.friend];
        }
        let told = under.told();
        prop_assert!(told.is_subset(&world.told()));
        for (asking, _, told_of, field) in told.iter().filter(|one| one.0 == viewer) {
            prop_assert_eq!(asking, told_of);
            let special = special.without(LISTS).with(FieldId::FRIENDS);
            prop_assert!(!special.contains(FieldId::new(*field).unwrap()));
        }
    }
}
