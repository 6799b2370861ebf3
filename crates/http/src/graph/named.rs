//! The parameter `ids`: several people by their ids, the viewer among them as `me` or by id.

use countersign_domain::person::PairwiseId;

use crate::errors::GraphError;

/// The most people that are asked for by ids in one request.
pub(super) const IDS_MAX: usize = 50;

/// The people whom a request names, whoever they are.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Names {
    me: bool,
    ids: Vec<PairwiseId>,
}

/// What the viewer stands under in an answer by ids.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum ViewerKey {
    /// `me`
    Me,
    /// Their id.
    Id,
}

impl Names {
    /// Reads `ids`.
    ///
    /// # Errors
    /// [`GraphError`] 2500 for an empty list, 100 for a long one, 803 for a name that is no id.
    pub(super) fn parse(ids: &str) -> Result<Self, GraphError> {
        let names = names(ids);
        if names.is_empty() {
            return Err(GraphError::empty_identifier());
        }
        if names.len() > IDS_MAX {
            return Err(GraphError::too_many_ids(IDS_MAX));
        }
        let mut named = Self { me: false, ids: Vec::new() };
        for name in names {
            match PairwiseId::parse(name) {
                _ if name == "me" => named.me = true,
                Some(id) => named.ids.push(id),
                None => return Err(unknown(ids)),
            }
        }
        Ok(named)
    }

    /// Whether anybody is named by an id.
    pub(super) const fn has_ids(&self) -> bool {
        !self.ids.is_empty()
    }

    /// By which key the viewer is asked for, if they are, and everybody else; `viewer` is what this partner
    /// calls the viewer. Beside `me` the viewer's id is nobody's, as any id that is no friend's: an error of
    /// its own would tell whose it is.
    pub(super) fn toward(
        &self,
        viewer: Option<PairwiseId>,
    ) -> (Option<ViewerKey>, Vec<PairwiseId>) {
        if self.me {
            return (Some(ViewerKey::Me), self.ids.clone());
        }
        let others: Vec<_> = self.ids.iter().copied().filter(|id| Some(*id) != viewer).collect();
        let key = (others.len() < self.ids.len()).then_some(ViewerKey::Id);
        (key, others)
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
            let names = Names::parse(ids).map_err(|error| (error.code, error.message))?;
            Ok(names.toward(Some(viewer)))
        };
        let named = |viewer, friends: &[_]| Ok((viewer, friends.to_vec()));
        assert_eq!(read(&format!("{b}, {a},{b},,me,me")), named(Some(ViewerKey::Me), &[b, a]));
        assert_eq!(read(&format!("{viewer}")), named(Some(ViewerKey::Id), &[]));
        assert_eq!(read(&format!("{a}")), named(None, &[a]));
        assert_eq!(read(&format!("me,{viewer}")), named(Some(ViewerKey::Me), &[viewer]));
        let code = |ids: &str| read(ids).map_err(|(code, _): (u32, String)| code).err();
        assert_eq!((code(""), code(" ,, ")), (Some(2500), Some(2500)));
        let many: Vec<_> = (0..60).map(|number| PairwiseId([number; 16]).to_string()).collect();
        assert_eq!(code(&many.join(",")), Some(100));
        assert_eq!(code(&many[..IDS_MAX].join(",")), None);
        let (code, message) = read(&format!("{a},zuck")).unwrap_err();
        assert_eq!(code, 803);
        assert!(message.ends_with(&format!(": {a},zuck")), "{message}");
    }
}
