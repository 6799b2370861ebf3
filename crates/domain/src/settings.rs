//! A person's own choices: which fields are open, by route.

use crate::field::FieldSet;
use crate::route::Route;

/// The fields that a person has opened, per route. What is not opened is closed.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Settings([FieldSet; 4]);

impl Settings {
    /// Everything closed.
    pub const CLOSED: Self = Self([FieldSet::EMPTY; 4]);

    /// What a new person starts with: everything open through their own device and app, nothing
    /// through anybody else's.
    pub const DEFAULT: Self =
        Self([FieldSet::ALL, FieldSet::EMPTY, FieldSet::ALL, FieldSet::EMPTY]);

    /// The settings with these sets, in the order of [`Route::ALL`].
    #[must_use]
    pub const fn from_sets(sets: [FieldSet; 4]) -> Self {
        Self(sets)
    }

    /// The sets, in the order of [`Route::ALL`].
    #[must_use]
    pub const fn sets(&self) -> &[FieldSet; 4] {
        &self.0
    }

    /// The fields that are open on this route.
    #[must_use]
    pub const fn open(&self, route: Route) -> FieldSet {
        self.0[route as usize]
    }

    /// What of these settings is about these fields.
    #[must_use]
    pub fn within(self, fields: FieldSet) -> Self {
        Self(self.0.map(|open| open.and(fields)))
    }

    /// What is open in both.
    #[must_use]
    pub fn and(self, other: Self) -> Self {
        Self(std::array::from_fn(|route| self.0[route].and(other.0[route])))
    }

    /// These settings with `open` on one route; the other routes stay as they are.
    #[must_use]
    pub const fn with(mut self, route: Route, open: FieldSet) -> Self {
        self.0[route as usize] = open;
        self
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::field::FieldId;

    #[test]
    fn opening_one_route_opens_no_other() {
        for route in Route::ALL {
            let opened = Settings::CLOSED.with(route, FieldSet::of(FieldId::ID));
            for other in Route::ALL {
                assert_eq!(opened.open(other).is_empty(), other != route);
            }
        }
    }
}
