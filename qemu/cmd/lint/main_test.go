package main

import (
	"slices"
	"testing"
)

func TestDownloadsAreNoFindings(t *testing.T) {
	out := "go: downloading example.org/tool v1.2.3\na.go\n\ngo: downloading example.org/other v0.1.0\nb.go:1:2: wrong\n"
	if got, want := printed(out), []string{"a.go", "b.go:1:2: wrong"}; !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
	if got := printed("go: downloading example.org/tool v1.2.3\n"); got != nil {
		t.Errorf("a download alone: %q", got)
	}
}
