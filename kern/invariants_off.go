//go:build !invariants

package kern

const invariants = false
