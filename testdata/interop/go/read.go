package main

import (
	"encoding/base64"
	"encoding/binary"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"golang.org/x/mod/sumdb/tlog"
)

// tileHeight is that of C2SP tlog-tiles.
const tileHeight = 8

// done says what was verified.
type done struct {
	Origin       string `json:"origin"`
	Size         int64  `json:"size"`
	Root         string `json:"root"`
	Entries      int64  `json:"entries"`
	Inclusions   int    `json:"inclusions"`
	Consistency  int    `json:"consistency"`
	TilesTouched int    `json:"tiles"`
}

// site is a static log in a folder. Go's tlog asks for its own paths, tile/8/L/NNN; C2SP's have no height.
type site struct {
	dir   string
	tiles map[string]bool
}

func (s *site) Height() int { return tileHeight }

func (s *site) ReadTiles(tiles []tlog.Tile) ([][]byte, error) {
	var all [][]byte
	for _, tile := range tiles {
		path, found := strings.CutPrefix(tile.Path(), fmt.Sprintf("tile/%d/", tileHeight))
		if !found {
			return nil, fmt.Errorf("unexpected tile path %s", tile.Path())
		}
		data, err := os.ReadFile(filepath.Join(s.dir, "tile", path))
		if err != nil {
			return nil, err
		}
		if len(data) != tile.W*tlog.HashSize {
			return nil, fmt.Errorf("tile/%s has %d bytes", path, len(data))
		}
		s.tiles[path] = true
		all = append(all, data)
	}
	return all, nil
}

func (s *site) SaveTiles([]tlog.Tile, [][]byte) {}

// read verifies everything in the log of dir: note, tiles, entry bundles, and proofs made from the tiles.
func read(dir, vkey string) (*done, error) {
	msg, err := os.ReadFile(filepath.Join(dir, "checkpoint"))
	if err != nil {
		return nil, err
	}
	opened, err := openNote(msg, vkey)
	if err != nil {
		return nil, err
	}
	origin, tree, err := parseCheckpoint(opened.Text)
	if err != nil {
		return nil, err
	}
	s := &site{dir: dir, tiles: map[string]bool{}}
	reader := tlog.TileHashReader(tree, s)
	done := &done{Origin: origin, Size: tree.N, Root: fmt.Sprintf("%x", tree.Hash[:])}
	root, err := tlog.TreeHash(tree.N, reader)
	if err != nil {
		return nil, err
	}
	if root != tree.Hash {
		return nil, fmt.Errorf("the tiles have root %v, the note says %v", root, tree.Hash)
	}
	if err := s.checkEntries(tree, reader, done); err != nil {
		return nil, err
	}
	if err := prove(tree, reader, done); err != nil {
		return nil, err
	}
	done.TilesTouched = len(s.tiles)
	return done, nil
}

// parseCheckpoint reads C2SP's three lines; tlog.ParseTree would want Go's own first line.
func parseCheckpoint(text string) (string, tlog.Tree, error) {
	lines := strings.Split(text, "\n")
	if len(lines) != 4 || lines[3] != "" {
		return "", tlog.Tree{}, fmt.Errorf("a checkpoint has three lines: %q", text)
	}
	size, err := strconv.ParseInt(lines[1], 10, 64)
	if err != nil {
		return "", tlog.Tree{}, err
	}
	root, err := base64.StdEncoding.DecodeString(lines[2])
	if err != nil || len(root) != tlog.HashSize {
		return "", tlog.Tree{}, fmt.Errorf("not a root: %q", lines[2])
	}
	return lines[0], tlog.Tree{N: size, Hash: tlog.Hash(root)}, nil
}

// checkEntries compares the hash of every entry of every bundle with the tree's.
func (s *site) checkEntries(tree tlog.Tree, reader tlog.HashReader, done *done) error {
	for first := int64(0); first < tree.N; first += 256 {
		width := min(256, tree.N-first)
		tile := tlog.Tile{H: tileHeight, L: 0, N: first / 256, W: int(width)}
		path := strings.TrimPrefix(tile.Path(), fmt.Sprintf("tile/%d/0/", tileHeight))
		bundle, err := os.ReadFile(filepath.Join(s.dir, "tile", "entries", path))
		if err != nil {
			return err
		}
		var indexes []int64
		for i := first; i < first+width; i++ {
			indexes = append(indexes, tlog.StoredHashIndex(0, i))
		}
		leaves, err := reader.ReadHashes(indexes)
		if err != nil {
			return err
		}
		for i, leaf := range leaves {
			if len(bundle) < 2 || len(bundle)-2 < int(binary.BigEndian.Uint16(bundle)) {
				return fmt.Errorf("tile/entries/%s is cut off in entry %d", path, i)
			}
			length := int(binary.BigEndian.Uint16(bundle))
			if tlog.RecordHash(bundle[2:2+length]) != leaf {
				return fmt.Errorf("entry %d is not the leaf in the tree", first+int64(i))
			}
			bundle = bundle[2+length:]
			done.Entries++
		}
		if len(bundle) != 0 {
			return fmt.Errorf("tile/entries/%s goes on after its last entry", path)
		}
	}
	return nil
}

// prove makes proofs from the tiles and checks them against the signed root.
func prove(tree tlog.Tree, reader tlog.HashReader, done *done) error {
	for _, n := range someLeaves(tree.N) {
		leaf, err := reader.ReadHashes([]int64{tlog.StoredHashIndex(0, n)})
		if err != nil {
			return err
		}
		proof, err := tlog.ProveRecord(tree.N, n, reader)
		if err != nil {
			return err
		}
		if err := tlog.CheckRecord(proof, tree.N, tree.Hash, n, leaf[0]); err != nil {
			return fmt.Errorf("leaf %d: %w", n, err)
		}
		done.Inclusions++
	}
	for _, n := range earlierSizes(tree.N) {
		earlier, err := tlog.TreeHash(n, reader)
		if err != nil {
			return err
		}
		proof, err := tlog.ProveTree(tree.N, n, reader)
		if err != nil {
			return err
		}
		if err := tlog.CheckTree(proof, tree.N, tree.Hash, n, earlier); err != nil {
			return fmt.Errorf("size %d: %w", n, err)
		}
		done.Consistency++
	}
	return nil
}
