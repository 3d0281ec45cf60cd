package main

import (
	"encoding/binary"
	"math/rand/v2"

	"defpager/ipc/mig/wire"
	"defpager/mach"
)

// overcommitted has the other manager make an object of more pages than it has memory for, and looks whether they all come back, from its disks too.
func (t *tester) overcommitted(manager mach.Name) {
	if t.over == 0 {
		return
	}
	name, code := wire.DefpagerObjectCreate(t.Client, manager, 1<<40, mach.Overcommit)
	t.Must("defpager_object_create, overcommit", code)
	m := &mapped{object: name, memory: make([]byte, t.over)}
	m.memory = t.mapAgain(m)
	for round := range uint64(2) {
		for n := range len(m.memory) / page {
			noise(m.memory[n*page:(n+1)*page], round, n)
		}
		before, _ := t.stats()
		t.unmap(m.memory)
		returned := uint64(0)
		for i := 0; i < 10_000 && returned < t.over/page; i++ {
			t.Client.Sleep(1)
			now, _ := t.stats()
			returned = now - before
		}
		t.Holds("all of it goes to its manager", returned >= t.over/page)
		m.memory = t.mapAgain(m)
		wrong := uint64(0)
		var want [page]byte
		for i := range len(m.memory) / page {
			n := i * 7919 % (len(m.memory) / page)
			if noise(want[:], round, n); string(m.memory[n*page:(n+1)*page]) != string(want[:]) {
				wrong++
			}
		}
		t.Is("pages of an overcommitted object that are not as they were", wrong, 0)
	}
	f, code := t.Client.ObjectFigures(name)
	t.Must("defpager_object_figures", code)
	t.Holds("it promises nothing, and some of it is on a disk", f.Flags == uint64(mach.Overcommit) && f.Reserved == 0 && f.OnDisk != 0)
	t.Holds("all of it is somewhere", f.Resident+f.Words+f.Compressed+f.Waiting+f.OnDisk == t.over && f.Lost == 0)
	pages, code := wire.DefaultPagerObjectPages(t.Client, manager, name, 256)
	t.Must("default_pager_object_pages", code)
	t.Is("its pages are listed", uint64(pages.Count), t.over/page)

	var want [page]byte
	noise(want[:], 1, 10)
	clear(want[100:])
	t.Must("set_size to 10 pages and a bit", wire.DefaultPagerObjectSetSize(t.Client, name, 10*page+100))
	t.Must("set_size to as it was", wire.DefaultPagerObjectSetSize(t.Client, name, 1<<40))
	t.Holds("the page of the limit", string(m.memory[10*page:11*page]) == string(want[:]))
	left := 0
	for _, b := range m.memory[11*page : 40*page] {
		left += int(b)
	}
	t.Is("what was behind it", uint64(left), 0)
	t.end(m)
}

// noise fills a page with what does not compress.
func noise(p []byte, round uint64, n int) {
	r := rand.New(rand.NewPCG(round, uint64(n)))
	for ; len(p) != 0; p = p[8:] {
		binary.LittleEndian.PutUint64(p, r.Uint64())
	}
}
