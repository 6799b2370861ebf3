package main

import (
	"crypto/rand"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"os"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"
)

const origin = "go.example/log"

// written is a log as Go's code makes it: leaf i is the text "leaf i".
type written struct {
	VKey        string        `json:"vkey"`
	Checkpoint  string        `json:"checkpoint"`
	Inclusions  []inclusion   `json:"inclusions"`
	Consistency []consistency `json:"consistency"`
}

type inclusion struct {
	Index int64    `json:"index"`
	Proof []string `json:"proof"`
}

type consistency struct {
	Size  int64    `json:"size"`
	Root  string   `json:"root"`
	Proof []string `json:"proof"`
}

// write signs a checkpoint over a log of this size with a new key, makes proofs, and writes all of it.
func write(path string, size int64) error {
	var stored []tlog.Hash
	reader := tlog.HashReaderFunc(func(indexes []int64) ([]tlog.Hash, error) {
		var found []tlog.Hash
		for _, index := range indexes {
			found = append(found, stored[index])
		}
		return found, nil
	})
	for i := int64(0); i < size; i++ {
		more, err := tlog.StoredHashes(i, []byte(fmt.Sprintf("leaf %d", i)), reader)
		if err != nil {
			return err
		}
		stored = append(stored, more...)
	}
	out, err := sign(size, reader)
	if err != nil {
		return err
	}
	for _, n := range someLeaves(size) {
		proof, err := tlog.ProveRecord(size, n, reader)
		if err != nil {
			return err
		}
		out.Inclusions = append(out.Inclusions, inclusion{n, hashes(proof)})
	}
	for _, n := range earlierSizes(size) {
		earlier, err := tlog.TreeHash(n, reader)
		if err != nil {
			return err
		}
		proof, err := tlog.ProveTree(size, n, reader)
		if err != nil {
			return err
		}
		root := fmt.Sprintf("%x", earlier[:])
		out.Consistency = append(out.Consistency, consistency{n, root, hashes(proof)})
	}
	text, err := json.Marshal(out)
	if err != nil {
		return err
	}
	return os.WriteFile(path, text, 0o644)
}

func sign(size int64, reader tlog.HashReader) (*written, error) {
	skey, vkey, err := note.GenerateKey(rand.Reader, origin)
	if err != nil {
		return nil, err
	}
	signer, err := note.NewSigner(skey)
	if err != nil {
		return nil, err
	}
	root, err := tlog.TreeHash(size, reader)
	if err != nil {
		return nil, err
	}
	text := fmt.Sprintf("%s\n%d\n%s\n", origin, size, base64.StdEncoding.EncodeToString(root[:]))
	signed, err := note.Sign(&note.Note{Text: text}, signer)
	if err != nil {
		return nil, err
	}
	return &written{VKey: vkey, Checkpoint: string(signed)}, nil
}
