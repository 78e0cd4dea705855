// Tlogcheck verifies a transparency log with golang.org/x/mod's note and tlog packages, and none of our code.
//
//	tlogcheck [-ca FILE] [-bearer FILE] [-old CHECKPOINT] VKEY DIR|URL
//
// It fetches the checkpoint and checks its signature, fetches hash tiles through tlog.TileHashReader (which checks
// each against the tree's head), checks that every entry hashes to its leaf, with an inclusion proof for some, and,
// with -old, that the tree of that checkpoint is a prefix of this one.  Prints "ok SIZE ROOT".
//
// Copyright (C) 2026 the whosh authors.  SPDX-License-Identifier: GPL-3.0-or-later
package main

import (
	"crypto/tls"
	"crypto/x509"
	"encoding/binary"
	"flag"
	"fmt"
	"io/ioutil"
	"net/http"
	"os"
	"path/filepath"
	"strings"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"
)

const height = 8

var (
	ca     = flag.String("ca", "", "the CA certificate to believe")
	bearer = flag.String("bearer", "", "file with the token to send")
	old    = flag.String("old", "", "an earlier checkpoint")
	client = http.DefaultClient
	token  string
)

func fail(format string, args ...interface{}) {
	fmt.Fprintf(os.Stderr, "tlogcheck: "+format+"\n", args...)
	os.Exit(1)
}

func must(err error, what string) {
	if err != nil {
		fail("%s: %v", what, err)
	}
}

// fetch reads one of the log's files, from a folder or a server.
func fetch(base, path string) ([]byte, error) {
	if !strings.HasPrefix(base, "https://") {
		return ioutil.ReadFile(filepath.Join(base, path))
	}
	request, err := http.NewRequest("GET", base+"/"+path, nil)
	if err != nil {
		return nil, err
	}
	if token != "" {
		request.Header.Set("Authorization", "Bearer "+token)
	}
	answer, err := client.Do(request)
	if err != nil {
		return nil, err
	}
	defer answer.Body.Close()
	body, err := ioutil.ReadAll(answer.Body)
	if err == nil && answer.StatusCode != 200 {
		err = fmt.Errorf("%s: %s", path, answer.Status)
	}
	return body, err
}

// path is where C2SP tlog-tiles has a tile: tlog's own Path has the height in it.
func path(t tlog.Tile) string {
	p := strings.TrimPrefix(t.Path(), fmt.Sprintf("tile/%d/", t.H))
	if t.L < 0 {
		p = strings.TrimPrefix(p, "data/")
		return "tile/entries/" + p
	}
	return "tile/" + p
}

// fetchPart reads a partial tile, or, when that is gone because the full one has come, the beginning of that.
func fetchPart(base string, tile tlog.Tile, cut func([]byte) []byte) ([]byte, error) {
	data, err := fetch(base, path(tile))
	if err == nil || tile.W == 1<<height {
		return data, err
	}
	tile.W = 1 << height
	if data, err = fetch(base, path(tile)); err != nil {
		return nil, err
	}
	return cut(data), nil
}

type tiles struct{ base string }

func (t tiles) Height() int { return height }

func (t tiles) ReadTiles(wanted []tlog.Tile) ([][]byte, error) {
	var data [][]byte
	for _, tile := range wanted {
		one, err := fetchPart(t.base, tile, func(full []byte) []byte { return full[:tile.W*tlog.HashSize] })
		if err != nil {
			return nil, err
		}
		if len(one) != tile.W*tlog.HashSize {
			return nil, fmt.Errorf("%s has %d bytes", path(tile), len(one))
		}
		data = append(data, one)
	}
	return data, nil
}

func (t tiles) SaveTiles([]tlog.Tile, [][]byte) {}

// open checks a checkpoint's signature and reads its first three lines.
func open(text []byte, verifier note.Verifier) tlog.Tree {
	signed, err := note.Open(text, note.VerifierList(verifier))
	must(err, "checkpoint")
	lines := strings.SplitN(signed.Text, "\n", 4)
	if len(lines) < 4 || lines[0] != verifier.Name() {
		fail("checkpoint: it is of %q", lines[0])
	}
	var tree tlog.Tree
	_, err = fmt.Sscanf(lines[1], "%d", &tree.N)
	must(err, "checkpoint's size")
	tree.Hash, err = tlog.ParseHash(lines[2])
	must(err, "checkpoint's root")
	return tree
}

func bundle(base string, tree tlog.Tree, n int64) [][]byte {
	width := tree.N - n*256
	if width > 256 {
		width = 256
	}
	data, err := fetchPart(base, tlog.Tile{H: height, L: -1, N: n, W: int(width)}, func(full []byte) []byte {
		at := 0
		for i := int64(0); i < width; i++ {
			at += 2 + int(binary.BigEndian.Uint16(full[at:]))
		}
		return full[:at]
	})
	must(err, "entries")
	var entries [][]byte
	for len(data) >= 2 {
		size := int(binary.BigEndian.Uint16(data))
		if len(data) < 2+size {
			break
		}
		entries = append(entries, data[2:2+size])
		data = data[2+size:]
	}
	if len(data) != 0 || int64(len(entries)) != width {
		fail("entries: bundle %d is not %d entries", n, width)
	}
	return entries
}

func main() {
	flag.Parse()
	if flag.NArg() != 2 {
		fail("usage: tlogcheck [-ca FILE] [-bearer FILE] [-old CHECKPOINT] VKEY DIR|URL")
	}
	base := strings.TrimSuffix(flag.Arg(1), "/")
	if *ca != "" {
		pem, err := ioutil.ReadFile(*ca)
		must(err, "CA")
		pool := x509.NewCertPool()
		if !pool.AppendCertsFromPEM(pem) {
			fail("CA: no certificate")
		}
		client = &http.Client{Transport: &http.Transport{TLSClientConfig: &tls.Config{RootCAs: pool}}}
	}
	if *bearer != "" {
		text, err := ioutil.ReadFile(*bearer)
		must(err, "token")
		token = strings.TrimSpace(string(text))
	}
	verifier, err := note.NewVerifier(flag.Arg(0))
	must(err, "vkey")
	text, err := fetch(base, "checkpoint")
	must(err, "checkpoint")
	tree := open(text, verifier)
	reader := tlog.TileHashReader(tree, tiles{base})
	for n := int64(0); n*256 < tree.N; n++ {
		entries := bundle(base, tree, n)
		var indexes []int64
		for i := range entries {
			indexes = append(indexes, tlog.StoredHashIndex(0, n*256+int64(i)))
		}
		hashes, err := reader.ReadHashes(indexes)
		must(err, "hash tiles")
		for i, entry := range entries {
			index := n*256 + int64(i)
			if tlog.RecordHash(entry) != hashes[i] {
				fail("entry %d is not what the tree holds", index)
			}
			if index%97 == 0 || index == tree.N-1 {
				proof, err := tlog.ProveRecord(tree.N, index, reader)
				must(err, "inclusion proof")
				must(tlog.CheckRecord(proof, tree.N, tree.Hash, index, tlog.RecordHash(entry)), "inclusion")
			}
		}
	}
	if *old != "" {
		text, err := ioutil.ReadFile(*old)
		must(err, "old checkpoint")
		before := open(text, verifier)
		if before.N > tree.N {
			fail("the tree has shrunk from %d to %d", before.N, tree.N)
		}
		if before.N > 0 {
			proof, err := tlog.ProveTree(tree.N, before.N, reader)
			must(err, "consistency proof")
			must(tlog.CheckTree(proof, tree.N, tree.Hash, before.N, before.Hash), "consistency")
		}
	}
	fmt.Printf("ok %d %s\n", tree.N, tree.Hash)
}
