package main

import "testing"

func TestOrdersTouchEveryPageOnce(t *testing.T) {
	const n = 256
	for name, order := range map[string]func(i, n uint64) uint64{"ascending": ascending, "scattered": scattered} {
		var seen [n]bool
		last := uint64(n)
		for i := range uint64(n) {
			page := order(i, n)
			if seen[page] {
				t.Errorf("%s: page %d twice", name, page)
			}
			if name == "scattered" && page == last+1 {
				t.Errorf("scattered: page %d follows %d", page, last)
			}
			seen[page] = true
			last = page
		}
	}
}
