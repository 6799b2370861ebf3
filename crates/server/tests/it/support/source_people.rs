//! People whom every source of the conformance suite has, as the tests think of them.

use std::collections::BTreeMap;

/// People and who of them are friends.
#[derive(Clone, Default)]
pub(crate) struct Network {
    pub(crate) people: Vec<Somebody>,
    /// Each friendship once, either way round.
    pub(crate) friendships: Vec<(String, String)>,
}

/// A person as a platform has them.
#[derive(Clone, Default)]
pub(crate) struct Somebody {
    pub(crate) account: String,
    pub(crate) minor: bool,
    /// JSON values by the names of fields of the default schema; `null` is no value.
    pub(crate) values: BTreeMap<String, String>,
}

/// The person whose device asks.
pub(crate) const VIEWER: &str = "ada";
/// A friend of the viewer who is a minor.
pub(crate) const MINOR: &str = "mio";
/// A friend of the viewer whose account is hard to write in a path.
pub(crate) const ODD: &str = "ö/ d%2F?a&b=c,+#\"";
/// Somebody without friends.
pub(crate) const ALONE: &str = "zoe";
/// A friend of the viewer's friends, and none of the viewer's.
pub(crate) const STRANGER: &str = "yan";

/// One value of every kind, by the field that has it. Every source can hold them.
pub(crate) const VALUES: [(&str, &str); 18] = [
    ("name", r#""Ada \"the Countess\" O'Neil \\ /""#),
    ("first_name", r#""tab\t line\n return\r bell\u0007 unit\u001f""#),
    ("middle_name", r#""""#),
    ("last_name", "\"😀 𝔸𝕕𝕒 é\""),
    ("about", r#""\ud83d\ude00 \u00e9""#),
    ("email", r#""<script>&amp;%41'--""#),
    ("locale", r#"" ""#),
    ("timezone", "-5"),
    ("verified", "true"),
    ("updated_time", "9007199254740993"),
    ("third_party_id", "1.25"),
    ("website", "0"),
    ("interested_in", "[]"),
    ("languages", r#"[{"id":"1","name":"English"},{"id":"2","name":"Klingon"}]"#),
    ("hometown", "{}"),
    (
        "education",
        r#"[{"school":{"name":"A \"b\""},"year":{"name":"1994"},"classes":[[1,[2,[]]],null]}]"#,
    ),
    ("quotes", "null"),
    ("work", r#"{"":{"a/b":{"~":[false,null,{"\u0001":""}]}}}"#),
];

impl Somebody {
    pub(crate) fn named(account: &str) -> Self {
        let mut somebody = Self { account: account.to_owned(), ..Self::default() };
        somebody.values.insert("name".to_owned(), format!("\"the name of {}\"", account.len()));
        somebody
    }

    /// The values that there are.
    pub(crate) fn present(&self) -> BTreeMap<String, String> {
        let is_there = |(_, value): &(&String, &String)| *value != "null";
        let values = self.values.iter().filter(is_there);
        values.map(|(name, value)| (name.clone(), value.clone())).collect()
    }

    /// Their profile as a JSON object.
    pub(crate) fn profile(&self) -> String {
        let members: Vec<_> =
            self.values.iter().map(|(name, value)| format!("\"{name}\":{value}")).collect();
        format!("{{{}}}", members.join(","))
    }
}

impl Network {
    /// The viewer with friends of all kinds, and people who are none.
    pub(crate) fn of_all_kinds() -> Self {
        let mut viewer = Somebody::named(VIEWER);
        let mut rich = Somebody::named("bob");
        for (name, value) in VALUES {
            viewer.values.insert(name.to_owned(), value.to_owned());
            rich.values.insert(name.to_owned(), value.to_owned());
        }
        let minor = Somebody { minor: true, ..Somebody::named(MINOR) };
        // Somebody of whom the platform knows nothing but the account.
        let bare = Somebody { account: "nil".to_owned(), ..Somebody::default() };
        let mut people = vec![viewer, rich, minor, bare];
        people.extend([ODD, ALONE, STRANGER, "007", "friend", "id"].map(Somebody::named));
        people.extend((0..30).map(|number| Somebody::named(&format!("person-{number}"))));
        let mut network = Self { people, friendships: Vec::new() };
        for (friend, is_turned) in ["bob", MINOR, "nil", ODD, "007", "friend", "id"]
            .map(str::to_owned)
            .into_iter()
            .chain((0..30).map(|number| format!("person-{number}")))
            .zip([false, true].into_iter().cycle())
        {
            let pair = (VIEWER.to_owned(), friend.clone());
            network.friendships.push(if is_turned { (pair.1, pair.0) } else { pair });
            if friend != "nil" {
                network.friendships.push((friend, STRANGER.to_owned()));
            }
        }
        network
    }

    /// The viewer with so many friends.
    pub(crate) fn of_friends(count: usize) -> Self {
        let accounts: Vec<_> = (0..count).map(|number| format!("friend-{number}")).collect();
        let mut people = vec![Somebody::named(VIEWER)];
        people.extend(accounts.iter().map(|account| Somebody::named(account)));
        let friendships =
            accounts.into_iter().map(|account| (account, VIEWER.to_owned())).collect();
        Self { people, friendships }
    }

    /// The same people, these two no longer friends.
    pub(crate) fn without_friendship(&self, one: &str, other: &str) -> Self {
        let mut network = self.clone();
        let is_it =
            |(a, b): &(String, String)| (a == one && b == other) || (a == other && b == one);
        network.friendships.retain(|pair| !is_it(pair));
        assert_ne!(network.friendships.len(), self.friendships.len());
        network
    }

    pub(crate) fn find(&self, account: &str) -> Option<&Somebody> {
        self.people.iter().find(|somebody| somebody.account == account)
    }

    /// Who are friends of this person, in no order.
    pub(crate) fn friends_of(&self, account: &str) -> Vec<&str> {
        let of = |(a, b): &'_ (String, String)| (a == account, b == account);
        let pairs = self.friendships.iter();
        let friend = |pair| match of(pair) {
            (true, _) => Some(pair.1.as_str()),
            (_, true) => Some(pair.0.as_str()),
            _ => None,
        };
        pairs.filter_map(friend).collect()
    }

    /// One line a person, as imports read them.
    pub(crate) fn to_lines(&self) -> String {
        let line = |somebody: &Somebody| {
            let Somebody { account, minor, .. } = somebody;
            let named = |(_, b): &&(String, String)| b == account;
            let friends: Vec<_> =
                self.friendships.iter().filter(named).map(|(a, _)| a.as_str()).collect();
            let (account, friends) = (quoted(account), serde_json::to_string(&friends).unwrap());
            let profile = somebody.profile();
            format!(
                "{{\"account\":{account},\"minor\":{minor},\"profile\":{profile},\"friends\":{friends}}}\n"
            )
        };
        self.people.iter().map(line).collect()
    }
}

/// A text as JSON.
pub(crate) fn quoted(text: &str) -> String {
    serde_json::to_string(text).unwrap()
}
