//go:build invariants

package kern

// invariants makes the kernel check itself after every trap.
const invariants = true
