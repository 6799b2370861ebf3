package proof

import (
	"encoding/json"
	"fmt"
	"os"
	"testing"

	"github.com/transparency-dev/merkle/compact"
	"github.com/transparency-dev/merkle/rfc6962"
)

// The largest tree of which all proofs are printed.
const sizeMax = 12

type inclusionVector struct {
	LeafIndex uint64   `json:"leafIndex"`
	TreeSize  uint64   `json:"treeSize"`
	Root      []byte   `json:"root"`
	LeafHash  []byte   `json:"leafHash"`
	Proof     [][]byte `json:"proof"`
	Desc      string   `json:"desc"`
	WantErr   bool     `json:"wantErr"`
}

type consistencyVector struct {
	Size1   uint64   `json:"size1"`
	Size2   uint64   `json:"size2"`
	Root1   []byte   `json:"root1"`
	Root2   []byte   `json:"root2"`
	Proof   [][]byte `json:"proof"`
	Desc    string   `json:"desc"`
	WantErr bool     `json:"wantErr"`
}

type printed struct {
	Inclusion   []inclusionVector   `json:"inclusion"`
	Consistency []consistencyVector `json:"consistency"`
}

// TestPrintVectors writes this package's known proofs, those of all small trees, and everything that its
// own tests corrupt about them, each with the verdict of its own verifier, to the file VECTORS.
func TestPrintVectors(t *testing.T) {
	var out printed
	// The first one of inclusionProofs is an invalid path.
	for _, p := range inclusionProofs[1:] {
		leafHash := rfc6962.DefaultHasher.HashLeaf(leaves[p.leaf-1])
		out.addInclusion(p.leaf-1, p.size, roots[p.size-1], leafHash, p.proof)
	}
	for _, p := range consistencyProofs {
		out.addConsistency(p.size1, p.size2, roots[p.size1-1], roots[p.size2-1], p.proof)
	}
	tree := newSmallTree(t)
	for size := uint64(1); size <= sizeMax; size++ {
		for index := uint64(0); index < size; index++ {
			nodes, err := Inclusion(index, size)
			proof := tree.proof(t, nodes, err)
			out.addInclusion(index, size, tree.roots[size], tree.leaves[index], proof)
		}
		for size1 := uint64(1); size1 <= size; size1++ {
			nodes, err := Consistency(size1, size)
			proof := tree.proof(t, nodes, err)
			out.addConsistency(size1, size, tree.roots[size1], tree.roots[size], proof)
		}
	}
	text, err := json.Marshal(out)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(os.Getenv("VECTORS"), text, 0o644); err != nil {
		t.Fatal(err)
	}
}

func (out *printed) addInclusion(index, size uint64, root, leafHash []byte, proof [][]byte) {
	probes := []inclusionProbe{{index, size, root, leafHash, proof, "as it should be"}}
	for _, p := range append(probes, corruptInclusionProof(index, size, proof, root, leafHash)...) {
		err := VerifyInclusion(hasher, p.leafIndex, p.treeSize, p.leafHash, p.proof, p.root)
		desc := fmt.Sprintf("leaf %d of %d, %s", index, size, p.desc)
		out.Inclusion = append(out.Inclusion, inclusionVector{
			p.leafIndex, p.treeSize, p.root, p.leafHash, p.proof, desc, err != nil})
	}
}

func (out *printed) addConsistency(size1, size2 uint64, root1, root2 []byte, proof [][]byte) {
	probes := []consistencyProbe{{size1, size2, root1, root2, proof, "as it should be"}}
	// Proofs without a hash are not corrupted: the package's own tests leave them out, too.
	if len(proof) > 0 {
		probes = append(probes, corruptConsistencyProof(size1, size2, root1, root2, proof)...)
	}
	for _, p := range probes {
		err := VerifyConsistency(hasher, p.size1, p.size2, p.proof, p.root1, p.root2)
		desc := fmt.Sprintf("from %d to %d, %s", size1, size2, p.desc)
		out.Consistency = append(out.Consistency, consistencyVector{
			p.size1, p.size2, p.root1, p.root2, p.proof, desc, err != nil})
	}
}

// smallTree holds every complete subtree of a tree of sizeMax leaves, and the root of each size.
type smallTree struct {
	nodes  map[compact.NodeID][]byte
	leaves [][]byte
	roots  [][]byte
}

func newSmallTree(t *testing.T) *smallTree {
	tree := &smallTree{nodes: map[compact.NodeID][]byte{}}
	factory := compact.RangeFactory{Hash: hasher.HashChildren}
	growing := factory.NewEmptyRange(0)
	tree.roots = append(tree.roots, hasher.EmptyRoot())
	for i := uint64(0); i < sizeMax; i++ {
		leaf := hasher.HashLeaf([]byte{byte(i)})
		tree.leaves = append(tree.leaves, leaf)
		err := growing.Append(leaf, func(id compact.NodeID, hash []byte) { tree.nodes[id] = hash })
		if err != nil {
			t.Fatal(err)
		}
		root, err := growing.GetRootHash(nil)
		if err != nil {
			t.Fatal(err)
		}
		tree.roots = append(tree.roots, root)
	}
	return tree
}

func (tree *smallTree) proof(t *testing.T, nodes Nodes, err error) [][]byte {
	if err != nil {
		t.Fatal(err)
	}
	var hashes [][]byte
	for _, id := range nodes.IDs {
		hashes = append(hashes, tree.nodes[id])
	}
	proof, err := nodes.Rehash(hashes, hasher.HashChildren)
	if err != nil {
		t.Fatal(err)
	}
	return proof
}
