//! The index against its definition read aloud, against every proof that an operator could show of it, and
//! against a root that other code computed.

use proptest::prelude::*;

use super::*;

fn hex(hash: Hash) -> String {
    const_hex::encode(hash)
}

/// The definition, read aloud: no stack, no order, one list for each side.
fn naive_root(leaves: &[Leaf], from: u16) -> Hash {
    match leaves {
        [] => empty_index_root(),
        [leaf] => leaf.hash(),
        [first, ..] => {
            let depth = u8::try_from(from).unwrap();
            let (left, right): (Vec<_>, Vec<_>) =
                leaves.iter().partition(|leaf| !leaf.label.bit(depth));
            if left.is_empty() || right.is_empty() {
                return naive_root(leaves, from + 1);
            }
            let children = [naive_root(&left, from + 1), naive_root(&right, from + 1)];
            node_hash(depth, &first.label.prefix(depth), [&children[0], &children[1]])
        }
    }
}

fn root(leaves: &[Leaf]) -> Hash {
    let mut builder = IndexBuilder::new();
    leaves.iter().for_each(|leaf| builder.push(*leaf).unwrap());
    assert_eq!(builder.count(), leaves.len() as u64);
    builder.root()
}

/// Labels that agree in many bits as well as labels that agree in few.
fn any_label() -> impl Strategy<Value = Label> {
    (any::<[u8; 32]>(), 0_u8..=255, any::<bool>()).prop_map(|(bytes, depth, is_near)| {
        let random = Label(bytes);
        if !is_near {
            return random;
        }
        let mut near = Label([0xa5; 32]).prefix(depth).0;
        near[usize::from(depth / 8)] |= random.0[0] & (0xff >> (depth % 8));
        Label(near)
    })
}

fn any_leaves() -> impl Strategy<Value = Vec<Leaf>> {
    prop::collection::btree_map(any_label(), any::<[u8; 32]>(), 0..40)
        .prop_map(|map| map.into_iter().map(|(label, list)| Leaf { label, list }).collect())
}

/// An index as its builder shows it.
#[derive(Default)]
struct Kept(Vec<Leaf>, Vec<Node>);

impl Kept {
    fn of(leaves: &[Leaf]) -> Self {
        let (mut builder, mut nodes) = (IndexBuilder::new(), Vec::new());
        leaves.iter().for_each(|leaf| builder.push_with(*leaf, |node| nodes.push(node)).unwrap());
        assert_eq!(builder.root_with(|node| nodes.push(node)), root(leaves));
        Self(leaves.to_vec(), nodes)
    }

    fn root(&self) -> Option<Child> {
        let last = |count: usize| count as u64 - 1;
        match (self.0.len(), self.1.len()) {
            (0, _) => None,
            (leaves, 0) => Some(Child::Leaf(last(leaves))),
            (_, nodes) => Some(Child::Node(last(nodes))),
        }
    }
}

impl Stored for Kept {
    type Error = std::convert::Infallible;

    fn leaf(&self, number: u64) -> Result<Leaf, Self::Error> {
        Ok(self.0[number as usize])
    }

    fn node(&self, number: u64) -> Result<Node, Self::Error> {
        Ok(self.1[number as usize])
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]

    #[test]
    fn property_a_stored_index_gives_the_same_proofs(leaves in any_leaves(), other in any_label()) {
        let kept = Kept::of(&leaves);
        let labels = leaves.iter().map(|leaf| leaf.label).chain([other]);
        for label in labels {
            let (proof, number) = prove_stored(&kept, kept.root(), &label).unwrap();
            prop_assert_eq!(&proof, &prove(&leaves, &label).unwrap());
            let place = leaves.iter().position(|leaf| leaf.label == label);
            prop_assert_eq!(number, place.map(|place| place as u64));
        }
    }

    #[test]
    fn property_the_root_is_that_of_the_definition(leaves in any_leaves()) {
        prop_assert_eq!(root(&leaves), naive_root(&leaves, 0));
    }

    #[test]
    fn property_everybody_is_shown_present_or_absent_and_never_both(
        leaves in any_leaves(), strangers in prop::collection::vec(any_label(), 8), flip: prop::sample::Index,
    ) {
        let root = root(&leaves);
        let everybody = leaves.iter().map(|leaf| leaf.label).chain(strangers);
        for label in everybody {
            let own = leaves.iter().find(|leaf| leaf.label == label).map(|leaf| leaf.list);
            let proof = prove(&leaves, &label).unwrap();
            prop_assert_eq!(proof.verify(&root, &label), Ok(own));
            let bytes = proof.to_bytes();
            prop_assert_eq!(Proof::parse(&bytes), Ok(proof));
            let mut bent = bytes.clone();
            let bit = flip.index(bytes.len() * 8);
            bent[bit / 8] ^= 1 << (bit % 8);
            let said = Proof::parse(&bent).and_then(|proof| proof.verify(&root, &label));
            prop_assert!(said.is_err(), "bit {bit} of {} bytes says {said:?}", bytes.len());
        }
    }

    /// Whatever an operator shows, of other people's paths too: nobody's list is denied or exchanged.
    #[test]
    fn property_no_other_proof_denies_a_list(leaves in any_leaves()) {
        let root = root(&leaves);
        for shown_of in &leaves {
            let proof = prove(&leaves, &shown_of.label).unwrap();
            for shown in with_other_ends(&proof, &shown_of.label, &leaves) {
                for leaf in &leaves {
                    let said = shown.verify(&root, &leaf.label);
                    prop_assert!(said.is_err() || said == Ok(Some(leaf.list)), "{said:?}");
                }
            }
        }
    }

    #[test]
    fn property_no_bytes_break_the_reader_and_each_proof_has_one_spelling(bytes: Vec<u8>) {
        if let Ok(proof) = Proof::parse(&bytes) {
            prop_assert_eq!(proof.to_bytes(), bytes);
        }
    }
}

/// The proof as it is, and cut short at every step, with an end that claims something else: other leaves,
/// and the very nodes that the path goes through.
fn with_other_ends(proof: &Proof, label: &Label, leaves: &[Leaf]) -> Vec<Proof> {
    let list = leaves.iter().find(|leaf| leaf.label == *label).unwrap().list;
    let mut own = Leaf { label: *label, list }.hash();
    let denied = End::OtherLeaf(Leaf { label: *label, list });
    let mut shown = vec![proof.clone(), Proof { end: denied, ..proof.clone() }];
    for (count, Step { depth, sibling }) in proof.steps.iter().enumerate().rev() {
        let steps = proof.steps[..count].to_vec();
        let children = if label.bit(*depth) { [*sibling, own] } else { [own, *sibling] };
        let prefix = label.prefix(*depth);
        own = node_hash(*depth, &prefix, [&children[0], &children[1]]);
        let through = End::OtherNode { depth: *depth, prefix, children };
        let others = leaves.iter().map(|leaf| End::OtherLeaf(*leaf));
        let ends = others.chain([End::Empty, End::Own { list }, through]);
        shown.extend(ends.map(|end| Proof { steps: steps.clone(), end }));
    }
    shown
}

fn labels(first_bytes: &[u8]) -> Vec<Leaf> {
    let label = |byte: &u8| {
        let mut bytes = [0; 32];
        bytes[0] = *byte;
        Leaf { label: Label(bytes), list: [*byte; 32] }
    };
    first_bytes.iter().map(label).collect()
}

#[test]
fn leaves_out_of_order_or_twice_make_no_index() {
    for (bytes, leaf) in [([1, 3, 2], 2), ([1, 1, 2], 1)] {
        let leaves = labels(&bytes);
        let mut builder = IndexBuilder::new();
        let pushed = leaves.iter().try_for_each(|leaf| builder.push(*leaf));
        assert_eq!(pushed, Err(IndexError::Order { leaf }));
        assert_eq!(builder.count(), leaf, "a refused leaf was counted");
        assert_eq!(prove(&leaves, &leaves[0].label), Err(IndexError::Order { leaf }));
    }
}

/// An operator builds a tree with a person at a place that their label does not lead to. Their own proof
/// then fails; what they get is that they are absent, and whoever rebuilds the index finds another root.
#[test]
fn a_leaf_in_a_wrong_place_is_not_present() {
    let leaves = labels(&[0b0000_0000, 0b0100_0000, 0b1000_0000]);
    let [one, hidden, other] = [leaves[0], leaves[1], leaves[2]];
    let right = node_hash(1, &other.label.prefix(1), [&other.hash(), &hidden.hash()]);
    let bent = node_hash(0, &Label([0; 32]), [&one.hash(), &right]);
    let sibling = one.hash();
    let steps = vec![Step { depth: 0, sibling }, Step { depth: 1, sibling: other.hash() }];
    let shown = Proof { steps, end: End::Own { list: hidden.list } };
    assert_eq!(shown.verify(&bent, &hidden.label), Err(ProofError::Root));
    assert_ne!(bent, root(&leaves));
}

#[test]
fn paths_that_do_not_descend_are_refused() {
    let leaves = labels(&[0, 1, 2, 3]);
    let mut proof = prove(&leaves, &leaves[1].label).unwrap();
    proof.steps.swap(0, 1);
    let said = proof.verify(&root(&leaves), &leaves[1].label);
    assert_eq!(said, Err(ProofError::Depth { step: 1 }));
    proof.steps.swap(0, 1);
    proof.end = End::Empty;
    let said = proof.verify(&root(&leaves), &leaves[1].label);
    assert_eq!(
        said,
        Err(ProofError::End),
        "nobody is in an index, and nowhere beneath a node of one"
    );
}

#[test]
fn lists_differ_by_every_part_of_every_item() {
    let item = Item { index: 7, position: 1, commitment: [9; 32] };
    let lists = [
        vec![],
        vec![item],
        vec![item, item],
        vec![Item { index: 8, ..item }],
        vec![Item { position: 2, ..item }],
        vec![Item { commitment: [8; 32], ..item }],
    ];
    let commitments: std::collections::BTreeSet<_> =
        lists.iter().map(|items| list_commitment(items)).collect();
    assert_eq!(commitments.len(), lists.len());
}

/// The vector is written by the few lines of Python in vectors/README.md, which share no code with this.
#[test]
fn the_vector_made_by_other_code_comes_out() {
    let mut leaves: Vec<Leaf> = (0..100_u8)
        .map(|n| {
            let items: Vec<_> = (0..n % 4)
                .map(|i| Item {
                    index: u64::from(n) * 1_000 + u64::from(i),
                    position: u32::from(i),
                    commitment: [n; 32],
                })
                .collect();
            Leaf { label: Label::of(&Secret([n; 32]), 42), list: list_commitment(&items) }
        })
        .collect();
    leaves.sort_by_key(|leaf| leaf.label);
    assert_eq!(hex(root(&leaves)), include_str!("../../vectors/person_index.txt").trim());
}
