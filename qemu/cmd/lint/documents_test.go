package main

import (
	"slices"
	"testing"
)

func TestMissingNames(t *testing.T) {
	s := source{
		files:   []string{"README.md", "docs/pager.md", "mm/vm/map.go", "mm/vm/map_test.go", "qemu/cmd/defpager/main.go", "user/steps/main.go"},
		words:   map[string]bool{"Map": true, "Fault": true, "TestModel": true, "steps": true, "size": true, "vm": true},
		targets: map[string]bool{"run": true, "bench-check": true},
	}
	for _, c := range []struct {
		text string
		want []string
	}{
		{"`make run` and `make bench-check`, `make bent`, to make do", []string{"make bent"}},
		{"[a](pager.md) [b](vm.md) [c](https://example.org/x) [d](pager.md#end)", []string{"vm.md"}},
		{"`mm/vm/map.go`, `mm/vm`, `mm/vm/*_test.go`, `map.go`, `cmd/defpager`, `pager.md`", nil},
		{"`mm/vm/mop.go`, `mop.go`, `mm/wm`", []string{"mm/vm/mop.go", "mm/wm", "mop.go"}},
		{"`Map.Fault`, `vm.Map.Fault(va)`, `Map.Faint`, `TestModel`, `TestMuddle`", []string{"Map.Faint", "TestMuddle"}},
		{"`--size=MIB`, `--sighs`, `steps`, `make run FILE=x | y`, `build/user/steps`", []string{"--sighs"}},
		{"```\n`gone.go`\n```\n", nil},
	} {
		if got := s.missing("docs/a.md", c.text); !slices.Equal(got, c.want) {
			t.Errorf("%s: missing %q, want %q", c.text, got, c.want)
		}
	}
}
