//! Where a change of what somebody chose comes from, and when it holds.

use countersign_domain::time::Timestamp;

/// The way by which a change came.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Way {
    /// The admin API, which commands use too while a server runs.
    AdminApi,
    /// A command, on the store itself.
    Command,
    /// An import with other settings for people who had not chosen their own.
    Import,
    /// The demonstration's sign-in.
    Login,
    /// The log, which had it when the store was restored from an older backup.
    Recovery,
    /// The change feed: what the person chose on the platform's own pages.
    Feed,
}

impl Way {
    const ALL: [Self; 6] =
        [Self::AdminApi, Self::Command, Self::Import, Self::Login, Self::Recovery, Self::Feed];

    /// The word for it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::AdminApi => "admin_api",
            Self::Command => "command",
            Self::Import => "import",
            Self::Login => "login",
            Self::Recovery => "recovery",
            Self::Feed => "feed",
        }
    }

    pub(super) const fn code(self) -> u8 {
        match self {
            Self::AdminApi => 1,
            Self::Command => 2,
            Self::Import => 3,
            Self::Login => 4,
            Self::Recovery => 5,
            Self::Feed => 6,
        }
    }

    pub(super) fn of_code(code: u8) -> Option<Self> {
        Self::ALL.into_iter().find(|way| way.code() == code)
    }
}

/// When and by which way something was changed.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Made {
    /// When.
    pub at: Timestamp,
    /// By which way.
    pub by: Way,
}

/// How a grant was given. When, the grant says itself.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Given {
    /// By which way.
    pub by: Way,
    /// Whether the viewer's user agent said then that data be neither sold nor shared.
    pub sec_gpc: bool,
}

impl From<Way> for Given {
    /// By this way, and nothing was said about selling or sharing.
    fn from(by: Way) -> Self {
        Self { by, sec_gpc: false }
    }
}

/// When a choice holds.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Holds {
    /// As soon as it is kept: it closes something, or an import made it while nobody is served.
    AtOnce,
    /// When the log has it.
    OnceLogged,
}

impl Holds {
    pub(super) const fn code(self) -> u8 {
        match self {
            Self::AtOnce => 0,
            Self::OnceLogged => 1,
        }
    }

    pub(super) fn of(bytes: &[u8]) -> Self {
        if bytes == [Self::OnceLogged.code()] { Self::OnceLogged } else { Self::AtOnce }
    }
}
