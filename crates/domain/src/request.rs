//! What a client asks for: fields of the viewer, and which friends with which fields.
//!
//! What it is not: what is given. That is for [`decide`](crate::decide).

use crate::field::FieldSet;
use crate::person::PairwiseId;

/// What is asked for.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Request {
    /// Fields of the viewer; the id always comes with them.
    pub viewer: FieldSet,
    /// Which friends, if friends are asked for at all.
    pub friends: Option<FriendsRequest>,
}

/// What is asked for about friends.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct FriendsRequest {
    /// Fields of each friend; the id always comes with them.
    pub fields: FieldSet,
    /// Which friends.
    pub selection: Selection,
}

/// Which of a viewer's friends are asked for.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Selection {
    /// A page of the list.
    Page(Page),
    /// Those who have these ids. Whoever else has one of them is passed over.
    Named(Vec<PairwiseId>),
}

/// A page of the list of friends.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Page {
    /// Where in the list it lies.
    pub from: From,
    /// The most friends on it.
    pub limit: usize,
    /// Whether to count all friends who can be reached by paging.
    pub count: bool,
}

/// Where a page lies. The id is a cursor: it need not be anybody's.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum From {
    /// At the list's beginning.
    Start,
    /// It begins after this id.
    After(PairwiseId),
    /// It ends before this id.
    Before(PairwiseId),
}

impl Page {
    /// The first so many friends.
    #[must_use]
    pub const fn first(limit: usize) -> Self {
        Self { from: From::Start, limit, count: false }
    }
}

impl FriendsRequest {
    /// The first so many friends, with these fields.
    #[must_use]
    pub const fn first(fields: FieldSet, limit: usize) -> Self {
        Self { fields, selection: Selection::Page(Page::first(limit)) }
    }

    /// The friends of these ids, with these fields.
    #[must_use]
    pub const fn named(fields: FieldSet, ids: Vec<PairwiseId>) -> Self {
        Self { fields, selection: Selection::Named(ids) }
    }
}
