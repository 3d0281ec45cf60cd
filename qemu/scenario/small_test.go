package scenario

import (
	"slices"
	"testing"
)

// TestSmallestMachine: the main job is done with as little memory as MEM= may say, with the programs that have room.
func TestSmallestMachine(t *testing.T) {
	t.Parallel()
	lines := trace(t, "demo", "-v", "-accel", "tcg", "-mem", "64M", "-file", "go.mod")
	for _, want := range []string{"MEM=64M has no room for all the programs: the guest gets creator, hello, reader, sharer", "creator: done"} {
		if !slices.Contains(lines, want) {
			t.Errorf("no line says %q:\n%q", want, lines)
		}
	}
}
