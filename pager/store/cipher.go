package store

import (
	"crypto/aes"
	"crypto/cipher"
	"io"

	"defpager/mach"

	"golang.org/x/crypto/chacha20poly1305"
	"golang.org/x/sys/cpu"
)

// Cipher is how pages are encrypted and authenticated. Keys (32 bytes), nonces and tags are of the same size with each, and one bit that differs is
// found by each.
type Cipher uint8

// Ciphers.
const (
	// Quickest is whichever of the others seals a page in less time.
	Quickest Cipher = iota
	// AESGCM is AES-256-GCM: 11,000 instructions a page on a processor that has some for it, 620,000 on others.
	AESGCM
	// ChaCha20Poly1305 needs nothing of the processor: 105,000 instructions a page.
	ChaCha20Poly1305
)

// String is the cipher's usual name.
func (c Cipher) String() string {
	return [...]string{"the quickest", "AES-256-GCM", "ChaCha20-Poly1305"}[c]
}

// hardwareAES reports whether the processor has instructions for AES-GCM.
func hardwareAES() bool { return cpu.X86.HasAES && cpu.X86.HasPCLMULQDQ }

// with is the cipher with a key.
func (c Cipher) with(key *[chacha20poly1305.KeySize]byte) (cipher.AEAD, error) {
	if c == ChaCha20Poly1305 {
		return chacha20poly1305.New(key[:])
	}
	block, err := aes.NewCipher(key[:])
	if err != nil {
		return nil, err
	}
	return cipher.NewGCM(block)
}

// withNewKey is the cipher with a key of its own.
func (c Cipher) withNewKey(random io.Reader) (cipher.AEAD, error) {
	var key [chacha20poly1305.KeySize]byte
	defer clear(key[:])
	if _, err := io.ReadFull(random, key[:]); err != nil {
		return nil, err
	}
	return c.with(&key)
}

// quickest finds out by now, a clock in nanoseconds; without one the processor's own instructions count. That a processor has them does not mean that they are
// quick: to an emulator they are the slowest of all.
func quickest(now func() int64) (Cipher, error) {
	if !hardwareAES() {
		return ChaCha20Poly1305, nil
	}
	if now == nil {
		return AESGCM, nil
	}
	gcm, err := AESGCM.try(now)
	if err != nil {
		return 0, err
	}
	chacha, err := ChaCha20Poly1305.try(now)
	if chacha < gcm {
		return ChaCha20Poly1305, err
	}
	return AESGCM, err
}

// try seals a page a few times, with a key that is used for nothing else, and answers the shortest time: whatever came between made the others longer.
func (c Cipher) try(now func() int64) (int64, error) {
	const times = 4
	aead, err := c.with(new([chacha20poly1305.KeySize]byte))
	if err != nil {
		return 0, err
	}
	page, sealed, nonce := make([]byte, mach.PageSize), make([]byte, 0, mach.PageSize+tagSize), make([]byte, nonceSize)
	least := int64(1<<63 - 1)
	for range times {
		start := now()
		aead.Seal(sealed, nonce, page, nil)
		least = min(least, now()-start)
	}
	return least, nil
}
