// Verifies a finished log folder with golang.org/x/mod/sumdb, the Go checksum database's own note and tlog packages:
// nothing of Möhür's code takes part.
//
//	GO111MODULE=off GOPATH=/usr/share/gocode go run main.go FOLDER VKEY [RECEIPT.json ...]
package main

import (
	"bytes"
	"encoding/base64"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"
)

const height = 8

func main() {
	if len(os.Args) < 3 {
		fmt.Fprintln(os.Stderr, "usage: verify FOLDER VKEY [RECEIPT.json ...]")
		os.Exit(2)
	}
	size, err := verify(os.Args[1], os.Args[2], os.Args[3:])
	if err != nil {
		fmt.Fprintln(os.Stderr, "does not verify:", err)
		os.Exit(1)
	}
	fmt.Printf("verified %d entries and %d receipts\n", size, len(os.Args)-3)
}

func verify(folder, vkey string, receipts []string) (int64, error) {
	verifier, err := note.NewVerifier(vkey)
	if err != nil {
		return 0, err
	}
	signed, err := os.ReadFile(filepath.Join(folder, "checkpoint"))
	if err != nil {
		return 0, err
	}
	tree, err := open(signed, verifier)
	if err != nil {
		return 0, fmt.Errorf("checkpoint: %w", err)
	}
	stored, err := recompute(folder, tree)
	if err != nil {
		return 0, err
	}
	if err := compareTiles(folder, tree, stored); err != nil {
		return 0, err
	}
	if err := readThroughTiles(folder, tree, stored); err != nil {
		return 0, err
	}
	for _, receipt := range receipts {
		if err := checkReceipt(receipt, verifier, tree, stored); err != nil {
			return 0, fmt.Errorf("%s: %w", receipt, err)
		}
	}
	return tree.N, nil
}

// open verifies a signed checkpoint: origin, size, base64 root.
func open(signed []byte, verifier note.Verifier) (tlog.Tree, error) {
	opened, err := note.Open(signed, note.VerifierList(verifier))
	if err != nil {
		return tlog.Tree{}, err
	}
	lines := strings.Split(opened.Text, "\n")
	if len(lines) < 4 || lines[0] != verifier.Name() {
		return tlog.Tree{}, errors.New("not a checkpoint of this log")
	}
	size, err := strconv.ParseInt(lines[1], 10, 64)
	if err != nil {
		return tlog.Tree{}, err
	}
	root, err := tlog.ParseHash(lines[2])
	if err != nil {
		return tlog.Tree{}, err
	}
	return tlog.Tree{N: size, Hash: root}, nil
}

type hashes []tlog.Hash

func (h hashes) ReadHashes(indexes []int64) ([]tlog.Hash, error) {
	found := make([]tlog.Hash, len(indexes))
	for i, index := range indexes {
		if index >= int64(len(h)) {
			return nil, fmt.Errorf("hash %d is missing", index)
		}
		found[i] = h[index]
	}
	return found, nil
}

// recompute hashes every entry of every bundle and compares the root.
func recompute(folder string, tree tlog.Tree) (hashes, error) {
	var stored hashes
	for first := int64(0); first < tree.N; first += 1 << height {
		width := tree.N - first
		if width > 1<<height {
			width = 1 << height
		}
		tile := tlog.Tile{H: height, L: 0, N: first >> height, W: int(width)}
		name := strings.Replace(tile.Path(), "tile/8/0/", "tile/entries/", 1)
		bundle, err := os.ReadFile(filepath.Join(folder, name))
		if err != nil {
			return nil, err
		}
		for entry := first; entry < first+width; entry++ {
			if len(bundle) < 2 || len(bundle)-2 < int(binary.BigEndian.Uint16(bundle)) {
				return nil, fmt.Errorf("%s: entry %d is cut off", name, entry)
			}
			end := 2 + int(binary.BigEndian.Uint16(bundle))
			added, err := tlog.StoredHashes(entry, bundle[2:end], stored)
			if err != nil {
				return nil, err
			}
			stored = append(stored, added...)
			bundle = bundle[end:]
		}
		if len(bundle) != 0 {
			return nil, fmt.Errorf("%s: %d bytes too many", name, len(bundle))
		}
	}
	root, err := tlog.TreeHash(tree.N, stored)
	if err != nil {
		return nil, err
	}
	if root != tree.Hash {
		return nil, fmt.Errorf("the entries lead to root %v, the checkpoint signs %v", root, tree.Hash)
	}
	return stored, nil
}

func path(folder string, tile tlog.Tile) string {
	return filepath.Join(folder, strings.Replace(tile.Path(), "tile/8/", "tile/", 1))
}

// compareTiles compares every hash tile with the one computed from the entries.
func compareTiles(folder string, tree tlog.Tree, stored hashes) error {
	for _, tile := range tlog.NewTiles(height, 0, tree.N) {
		// The list also names the narrower tiles of smaller trees.
		if widest := tree.N>>uint(height*tile.L) - tile.N<<height; tile.W < 1<<height && int64(tile.W) < widest {
			continue
		}
		expected, err := tlog.ReadTileData(tile, stored)
		if err != nil {
			return err
		}
		found, err := os.ReadFile(path(folder, tile))
		if err != nil {
			return err
		}
		if !bytes.Equal(found, expected) {
			return fmt.Errorf("%s does not fit the entries", path(folder, tile))
		}
	}
	return nil
}

type tiles struct{ folder string }

func (t tiles) Height() int                     { return height }
func (t tiles) SaveTiles([]tlog.Tile, [][]byte) {}
func (t tiles) ReadTiles(wanted []tlog.Tile) ([][]byte, error) {
	var found [][]byte
	for _, tile := range wanted {
		data, err := os.ReadFile(path(t.folder, tile))
		if err != nil {
			return nil, err
		}
		found = append(found, data)
	}
	return found, nil
}

// readThroughTiles reads every leaf hash as a client would who has only the tiles and the signed root.
func readThroughTiles(folder string, tree tlog.Tree, stored hashes) error {
	reader := tlog.TileHashReader(tree, tiles{folder})
	for first := int64(0); first < tree.N; first += 1 << height {
		var indexes []int64
		for entry := first; entry < first+1<<height && entry < tree.N; entry++ {
			indexes = append(indexes, tlog.StoredHashIndex(0, entry))
		}
		read, err := reader.ReadHashes(indexes)
		if err != nil {
			return err
		}
		for i, index := range indexes {
			if read[i] != stored[index] {
				return fmt.Errorf("the tiles know another entry %d", first+int64(i))
			}
		}
	}
	return nil
}

// checkReceipt verifies a receipt by itself, and that its tree is a beginning of this one.
func checkReceipt(name string, verifier note.Verifier, tree tlog.Tree, stored hashes) error {
	text, err := os.ReadFile(name)
	if err != nil {
		return err
	}
	var receipt struct{ Leaf, Proof string }
	if err := json.Unmarshal(text, &receipt); err != nil {
		return err
	}
	proof, checkpoint, found := strings.Cut(receipt.Proof, "\n\n")
	lines := strings.Split(proof, "\n")
	if !found || len(lines) < 2 || lines[0] != "c2sp.org/tlog-proof@v1" || !strings.HasPrefix(lines[1], "index ") {
		return errors.New("not a tlog-proof")
	}
	index, err := strconv.ParseInt(strings.TrimPrefix(lines[1], "index "), 10, 64)
	if err != nil {
		return err
	}
	var record tlog.RecordProof
	for _, line := range lines[2:] {
		hash, err := base64.StdEncoding.DecodeString(line)
		if err != nil || len(hash) != tlog.HashSize {
			return errors.New("not a hash: " + line)
		}
		record = append(record, *(*tlog.Hash)(hash))
	}
	seen, err := open([]byte(checkpoint), verifier)
	if err != nil {
		return err
	}
	if err := tlog.CheckRecord(record, seen.N, seen.Hash, index, tlog.RecordHash([]byte(receipt.Leaf))); err != nil {
		return err
	}
	consistency, err := tlog.ProveTree(tree.N, seen.N, stored)
	if err != nil {
		return err
	}
	return tlog.CheckTree(consistency, tree.N, tree.Hash, seen.N, seen.Hash)
}
