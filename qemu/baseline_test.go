package qemu

import (
	"io"
	"maps"
	"path/filepath"
	"strings"
	"testing"
)

func TestBaseline(t *testing.T) {
	before := map[string]int{}
	for _, row := range guarded() {
		before[row] = 1000
	}
	file := filepath.Join(t.TempDir(), "baseline.tsv")
	if err := writeBaseline(file, before); err != nil {
		t.Fatal(err)
	}
	read, err := readBaseline(file)
	if err != nil || !maps.Equal(read, before) {
		t.Fatalf("read back %v, %v", read, err)
	}
	for _, c := range []struct {
		now  int
		fail string
	}{{1000, ""}, {1030, ""}, {10, ""}, {1031, "task-rpc: 1031 instructions, more than 3 % above the baseline of 1000"}, {0, "not measured"}} {
		now := maps.Clone(before)
		now["task-rpc"] = c.now
		err := compareBaseline(before, now, io.Discard)
		if c.fail == "" && err != nil || c.fail != "" && (err == nil || !strings.Contains(err.Error(), c.fail)) {
			t.Errorf("%d: %v", c.now, err)
		}
	}
	known := map[string]bool{}
	for _, r := range rows() {
		known[r.name] = true
	}
	for _, row := range guarded() {
		if !known[row] {
			t.Errorf("%s is no row of the table", row)
		}
	}
}
