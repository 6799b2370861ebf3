// Command interop reads and writes logs with Go's own code (golang.org/x/mod/sumdb), so that tests can
// see whether Countersign's notes, tiles and proofs mean the same to somebody else.
//
//	interop read DIR VKEY         verifies the static log in DIR, proves and checks, prints what it did
//	interop write DIR N...        signs a note over N leaves for each N and proves things about them
//
// What it is not: a part of Countersign. Tests build and run it.
package main

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strconv"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"
)

func main() {
	if err := run(os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "interop:", err)
		os.Exit(1)
	}
}

func run(args []string) error {
	if len(args) == 3 && args[0] == "read" {
		done, err := read(args[1], args[2])
		if err != nil {
			return err
		}
		return json.NewEncoder(os.Stdout).Encode(done)
	}
	if len(args) >= 3 && args[0] == "write" {
		for _, arg := range args[2:] {
			size, err := strconv.ParseInt(arg, 10, 64)
			if err != nil {
				return err
			}
			if err := write(filepath.Join(args[1], arg+".json"), size); err != nil {
				return err
			}
		}
		return nil
	}
	return fmt.Errorf("usage: interop read DIR VKEY | interop write DIR N...")
}

// openNote verifies a note with the one key that is known.
func openNote(msg []byte, vkey string) (*note.Note, error) {
	verifier, err := note.NewVerifier(vkey)
	if err != nil {
		return nil, err
	}
	return note.Open(msg, note.VerifierList(verifier))
}

// someLeaves are the leaves that are proved one by one: all of a small log, the edges of tiles in a large one.
func someLeaves(size int64) []int64 {
	var leaves []int64
	for i := int64(0); i < size; i++ {
		at := i % 256
		if size <= 1024 || i == size-1 || ((i/256)%37 == 0 && (at == 0 || at == 255)) {
			leaves = append(leaves, i)
		}
	}
	return leaves
}

// earlierSizes are the sizes from which consistency is proved.
func earlierSizes(size int64) []int64 {
	var sizes []int64
	for n := int64(1); n <= size; n++ {
		if n <= 8 || n >= size-3 || n&(n-1) == 0 || n%256 == 255 && size <= 1024 || n%9973 == 0 {
			sizes = append(sizes, n)
		}
	}
	return sizes
}

func hashes[P ~[]tlog.Hash](proof P) []string {
	texts := []string{}
	for _, hash := range proof {
		texts = append(texts, fmt.Sprintf("%x", hash[:]))
	}
	return texts
}
