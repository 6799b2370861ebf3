//! The way by which data would leave: whose data, through what kind of client.

use serde::{Deserialize, Serialize};

use crate::relation::Relation;

/// The kind of client that an agreement is about.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ClientKind {
    /// An integration that a maker builds into its devices.
    Device,
    /// An application.
    App,
}

/// A route, under which a person keeps settings: through the person's own device or app, or a friend's.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Route {
    /// My data, through a device that I use.
    MyDevice,
    /// My data, through a device that a friend of mine uses.
    FriendsDevice,
    /// My data, through an app that I use.
    MyApp,
    /// My data, through an app that a friend of mine uses.
    FriendsApp,
}

impl Route {
    /// All routes, in the order in which settings are stored.
    pub const ALL: [Self; 4] = [Self::MyDevice, Self::FriendsDevice, Self::MyApp, Self::FriendsApp];

    /// The route on which a person of this relation meets a client of this kind.
    #[must_use]
    pub const fn of(kind: ClientKind, relation: Relation) -> Self {
        match (kind, relation) {
            (ClientKind::Device, Relation::Viewer) => Self::MyDevice,
            (ClientKind::Device, Relation::Friend) => Self::FriendsDevice,
            (ClientKind::App, Relation::Viewer) => Self::MyApp,
            (ClientKind::App, Relation::Friend) => Self::FriendsApp,
        }
    }

    /// The word for it in files, pages and commands.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::MyDevice => "my_device",
            Self::FriendsDevice => "friends_device",
            Self::MyApp => "my_app",
            Self::FriendsApp => "friends_app",
        }
    }

    /// The route of this name.
    #[must_use]
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|route| route.name() == name)
    }
}
