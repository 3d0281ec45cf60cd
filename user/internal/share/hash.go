package share

import (
	"crypto/sha256"
	"hash"

	"defpager/user/internal/text"
)

// Hasher computes and tells SHA-256 sums without taking memory.
type Hasher struct {
	hash hash.Hash
	sum  [HashSize]byte
	line text.Line
}

// NewHasher makes a Hasher.
func NewHasher() *Hasher { return &Hasher{hash: sha256.New(), line: text.New()} }

// Sum is the SHA-256 of the memory, which it also tells as "sha256 name hex", unless quiet. It is valid until the next call.
func (h *Hasher) Sum(name string, memory []byte, quiet bool) []byte {
	h.hash.Reset()
	h.hash.Write(memory)
	sum := h.hash.Sum(h.sum[:0])
	h.line.Text("sha256 ").Text(name).Text(" ").Hex(sum).Print(quiet)
	return sum
}
