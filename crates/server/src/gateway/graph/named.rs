//! The parameter `ids`: several people by their ids, the viewer among them as `me` or by id.

use countersign_domain::person::PairwiseId;

use crate::gateway::errors::GraphError;

/// The most people that are asked for by ids in one request.
pub(super) const IDS_MAX: usize = 50;

/// The people whom a request names.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Named {
    /// By which key the viewer is asked for, if they are.
    pub(super) viewer: Option<ViewerKey>,
    /// Everybody else.
    pub(super) friends: Vec<PairwiseId>,
}

/// What the viewer stands under in an answer by ids.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum ViewerKey {
    /// `me`
    Me,
    /// Their id.
    Id,
}

impl Named {
    /// Reads `ids`; `viewer` is what this partner calls the viewer.
    ///
    /// # Errors
    /// [`GraphError`] 2500 for an empty list, 100 for a long one and for the viewer under two names, 803 for a name that
    /// is no id.
    pub(super) fn parse(ids: &str, viewer: Option<PairwiseId>) -> Result<Self, GraphError> {
        let names = names(ids);
        if names.is_empty() {
            return Err(GraphError::empty_identifier());
        }
        if names.len() > IDS_MAX {
            return Err(GraphError::too_many_ids(IDS_MAX));
        }
        let mut named = Self { viewer: None, friends: Vec::new() };
        for name in names {
            let id = PairwiseId::parse(name);
            let key = match id {
                _ if name == "me" => ViewerKey::Me,
                Some(id) if Some(id) == viewer => ViewerKey::Id,
                Some(id) => {
                    named.friends.push(id);
                    continue;
                }
                None => return Err(unknown(ids)),
            };
            if named.viewer.replace(key).is_some() {
                return Err(GraphError::viewer_by_two_names());
            }
        }
        Ok(named)
    }
}

/// That somebody of these cannot be seen. It names all of them, so that it does not tell who can.
pub(super) fn unknown(ids: &str) -> GraphError {
    GraphError::unknown_aliases(&names(ids).join(","))
}

/// The different names in a list.
fn names(ids: &str) -> Vec<&str> {
    let mut names = Vec::new();
    for name in ids.split(',').map(str::trim).filter(|name| !name.is_empty()) {
        // A list that is too long is not read to its end.
        if names.len() <= IDS_MAX && !names.contains(&name) {
            names.push(name);
        }
    }
    names
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_list_names_everybody_once() {
        let [viewer, a, b] = [1, 2, 3].map(|number| PairwiseId([number; 16]));
        let read = |ids: &str| {
            Named::parse(ids, Some(viewer)).map_err(|error| (error.code, error.message))
        };
        let named = |viewer, friends: &[_]| Ok(Named { viewer, friends: friends.to_vec() });
        assert_eq!(read(&format!("{b}, {a},{b},,me,me")), named(Some(ViewerKey::Me), &[b, a]));
        assert_eq!(read(&format!("{viewer}")), named(Some(ViewerKey::Id), &[]));
        assert_eq!(read(&format!("{a}")), named(None, &[a]));
        let code = |ids: &str| read(ids).map_err(|(code, _)| code).err();
        assert_eq!((code(""), code(" ,, ")), (Some(2500), Some(2500)));
        assert_eq!(code(&format!("me,{viewer}")), Some(100));
        let many: Vec<_> = (0..60).map(|number| PairwiseId([number; 16]).to_string()).collect();
        assert_eq!(code(&many.join(",")), Some(100));
        assert_eq!(code(&many[..IDS_MAX].join(",")), None);
        let (code, message) = read(&format!("{a},zuck")).unwrap_err();
        assert_eq!(code, 803);
        assert!(message.ends_with(&format!(": {a},zuck")), "{message}");
    }
}
