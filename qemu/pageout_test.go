package qemu

import (
	"maps"
	"strings"
	"testing"
)

func TestReadPageOut(t *testing.T) {
	const text = "defpager> paging measure ram0\n24 MiB in large writes: 3613.8 MiB/s; by page-out: 288.1 MiB/s, 8 %; a page takes 1080 ns and 13560 ns, AES-256-GCM\n" +
		"defpager> paging measure ram0 300\n24 MiB in large writes: 276.7 MiB/s; by page-out: 284.7 MiB/s, 103 %; a page takes 14117 ns and 13720 ns, AES-256-GCM\ndefpager> "
	c, err := readPageOut(text)
	if want := (figures{"plain-write": 1080, "page-out": 13560, "plain-write-rated": 14117, "page-out-rated": 13720}); err != nil || !maps.Equal(c, want) {
		t.Errorf("%v, %v", c, err)
	}
	r := measured{ours: c}
	if line := r.pageOutShare(); !strings.Contains(line, "300 MB/s page-out writes at 102 % of what") || !strings.Contains(line, "13,720 ns and 14,117 ns") {
		t.Error(line)
	}
	if line := (&measured{}).pageOutShare(); line != "" {
		t.Errorf("of nothing: %s", line)
	}
	for _, other := range []string{"", text + text, strings.Replace(text, "AES-256-GCM", "ChaCha20-Poly1305", 1)} {
		if c, err := readPageOut(other); err == nil {
			t.Errorf("%q: %v", other, c)
		}
	}
}

// Both rows have what 90 % of a disk's rate leaves for a page as their target: 4096 bytes at 300 MB/s take 13,653 ns.
func TestPageOutGoal(t *testing.T) {
	if pageOutGoal != 15170 {
		t.Errorf("%d ns", pageOutGoal)
	}
}
