//! Whom an answer reaches: what is counted of it. It is made once, on the thread of whoever asks, so that
//! the one thread that appends compares bitmaps and no people.

use std::borrow::Cow;
use std::fmt;
use std::sync::Arc;

use countersign_domain::field::FieldSet;
use countersign_domain::identifier::Identifier;
use roaring::{MultiOps as _, RoaringBitmap};

use super::category::{Categories, Category};

/// Which people are counted.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub(super) enum Counted {
    /// Everybody in an answer.
    Everybody,
    /// Those of whom a field of one of these categories was released. In order, each once.
    Of(Vec<Category>),
    /// Those who granted: the viewers.
    Viewers,
}

/// Whom an answer reaches.
pub struct Reach {
    pub(super) client: Identifier,
    pub(super) partner: Identifier,
    pub(super) people: RoaringBitmap,
    pub(super) viewers: RoaringBitmap,
    /// Most categories have the same people, and then the same bitmap.
    pub(super) by_category: Vec<(Category, Arc<RoaringBitmap>)>,
}

impl Reach {
    /// People by their numbers, with what is released of each, the viewer first.
    pub(super) fn new(
        client: Identifier,
        partner: Identifier,
        numbers: &[u32],
        fields: &[FieldSet],
        categories: &Categories,
    ) -> Self {
        let viewers = numbers.first().copied().into_iter().collect();
        let mut people: Vec<(u32, FieldSet)> =
            numbers.iter().copied().zip(fields.iter().copied()).collect();
        // Bitmaps grow fastest from below.
        people.sort_unstable_by_key(|(number, _)| *number);
        let released = fields.iter().copied().fold(FieldSet::EMPTY, FieldSet::or);
        let mut distinct: Vec<(Vec<u32>, Arc<RoaringBitmap>)> = Vec::new();
        let of_category = |(category, of): (Category, FieldSet)| {
            let reached = people.iter().filter(|(_, fields)| !fields.and(of).is_empty());
            let reached: Vec<u32> = reached.map(|(number, _)| *number).collect();
            if let Some((_, same)) = distinct.iter().find(|(known, _)| *known == reached) {
                return (category, Arc::clone(same));
            }
            let bitmap = Arc::new(reached.iter().copied().collect());
            distinct.push((reached, Arc::clone(&bitmap)));
            (category, bitmap)
        };
        Self {
            client,
            partner,
            viewers,
            by_category: categories.of(released).map(of_category).collect(),
            people: people.iter().map(|(number, _)| *number).collect(),
        }
    }

    /// Those who are counted.
    pub(super) fn of(&self, counted: &Counted) -> Cow<'_, RoaringBitmap> {
        match counted {
            Counted::Everybody => Cow::Borrowed(&self.people),
            Counted::Viewers => Cow::Borrowed(&self.viewers),
            Counted::Of(categories) => {
                let mut distinct: Vec<&Arc<RoaringBitmap>> = Vec::new();
                for (_, people) in self.by_category.iter().filter(|(of, _)| categories.contains(of))
                {
                    if !distinct.iter().any(|known| Arc::ptr_eq(known, people)) {
                        distinct.push(people);
                    }
                }
                match distinct.as_slice() {
                    [] => Cow::Owned(RoaringBitmap::new()),
                    [only] => Cow::Borrowed(only),
                    several => Cow::Owned(several.iter().map(|people| people.as_ref()).union()),
                }
            }
        }
    }
}

impl fmt::Debug for Reach {
    /// Says for whom alone.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Reach({}, …)", self.client)
    }
}
