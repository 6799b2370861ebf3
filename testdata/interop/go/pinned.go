//go:build pinned

// Keeps a module in go.mod that only tests outside of this package read.
package main

import _ "github.com/transparency-dev/merkle/proof"
