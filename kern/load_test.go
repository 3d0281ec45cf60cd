package kern

import (
	"bytes"
	"testing"

	"defpager/mach"
)

// A program whose segments begin and end within pages: each byte is where it belongs, zeros fill the rest, and every page has the
// rights of the segments in it.
func TestLoadSegments(t *testing.T) {
	m := newMachine(t)
	m.mayDie()
	ran := false
	at := m.entry(func(u *user) {
		ran = true
		a := mach.VirtAddr(u.RIP).Trunc()
		text := make([]byte, 0x1800)
		u.Read(a, text)
		u.is("the first byte of text", uint64(text[0x200]), 't')
		u.is("the last byte of text", uint64(text[0x17ff]), 't')
		u.is("data in the page of text", uint64(u.Load(a+0x1800)), 'd')
		u.is("the end of data", uint64(u.Load(a+0x27ff)), 'd')
		u.is("zeros behind data", uint64(u.Load(a+0x2800)), 0)
		u.is("more zeros", u.Load64(a+0x7ff8), 0)
		u.is("constants", uint64(u.Load(a+0x9010)), 'c')
		u.Store(a+0x1fff, 1) // the page that both share
		u.Store(a+0x7fff, 1)
		u.Store(a+0x9010, 1)
		t.Error("wrote to constants")
	})
	file := elf(elfExec, at, 0x4000,
		elfSegment{elfLoad, 5, 0, at, 0x1800, 0x1800},
		elfSegment{elfLoad, 6, 0x1800, at + 0x1800, 0x1000, 0x6800},
		elfSegment{elfLoad, 4, 0x3020, at + 0x9010, 0x100, 0x100})
	copy(file[0x200:], bytes.Repeat([]byte("t"), 0x1600))
	copy(file[0x1800:], bytes.Repeat([]byte("d"), 0x1000))
	copy(file[0x3020:], bytes.Repeat([]byte("c"), 0x100))
	m.module("p", file)
	m.Do(func() {
		task, err := m.Start([]string{"p"})
		if err != nil {
			t.Fatal(err)
		}
		var prots []mach.Prot
		for _, page := range []mach.VirtAddr{0, 1, 2, 7, 9} {
			g, err := task.memory.Region(mach.VirtAddr(at) + page*mach.PageSize)
			if err != nil {
				t.Fatal(err)
			}
			prots = append(prots, g.Prot)
		}
		for i, want := range []mach.Prot{mach.ProtRead | mach.ProtExecute, mach.ProtAll, mach.ProtDefault, mach.ProtDefault, mach.ProtRead} {
			if prots[i] != want {
				t.Errorf("page %d: %v, want %v", i, prots[i], want)
			}
		}
	})
	m.finish()
	if !ran {
		t.Error("the program did not run")
	}
	m.says("terminated: EXC_BAD_ACCESS, KERN_PROTECTION_FAILURE")
}

// Each page has the rights of all segments in it, and of no others.
func TestRightsOfPages(t *testing.T) {
	m := newMachine(t)
	at := m.entry(func(*user) {})
	m.module("p", elf(elfExec, at, 0x6000,
		elfSegment{elfLoad, 5, 0, at, 0x800, 0x800},
		elfSegment{elfLoad, 4, 0x800, at + 0x800, 0x100, 0x100},
		elfSegment{elfLoad, 6, 0x900, at + 0x900, 0x1f00, 0x1f00},
		elfSegment{elfLoad, 5, 0x2800, at + 0x2800, 0x3000, 0x3000}))
	m.Do(func() {
		task, err := m.Start([]string{"p"})
		if err != nil {
			t.Fatal(err)
		}
		for i, want := range []mach.Prot{7, 3, 7, 5, 5, 5} {
			g, err := task.memory.Region(mach.VirtAddr(at) + mach.VirtAddr(i)*mach.PageSize)
			if err != nil || g.Prot != want {
				t.Errorf("page %d: %v, %v; want %v", i, g.Prot, err, want)
			}
		}
	})
	m.finish()
}

// Segments that fit the file's pages are the module's own frames, and nobody writes to those.
func TestLoadInPlace(t *testing.T) {
	m := newMachine(t)
	m.mayDie()
	for range 2 {
		m.program("p $(task-create) $(task-resume)", func(u *user) {
			u.is("the file's first byte", uint64(u.Load(mach.VirtAddr(u.RIP).Trunc())), 0x7f)
			u.Store(mach.VirtAddr(u.RIP).Trunc(), 0)
			t.Error("wrote to text")
		})
	}
	before := m.frames.Stats().Taken
	m.Do(func() { m.Boot() })
	// Page tables, stacks and radix trees only: no copy of the text.
	if n := m.frames.Stats().Taken - before; n > 20 {
		t.Errorf("%d frames for two programs", n)
	}
	m.finish()
}

// A program too large for the memory is refused, and leaves nothing behind.
func TestLoadTooLarge(t *testing.T) {
	m := newMachine(t)
	at := m.entry(func(*user) {})
	m.module("p", elf(elfExec, at, 0x2000,
		elfSegment{elfLoad, 5, 0, at, 0x1000, 0x1000},
		elfSegment{elfLoad, 6, 0x1000, at + 0x1000, 0x1000, 1 << 40}))
	m.module("q", elf(elfExec, at, 0x1000, elfSegment{elfLoad, 7, 0, at, 0x800, 0x1000}))
	m.Do(func() {
		if _, err := m.Start([]string{"p"}); err != nil {
			t.Fatal(err) // memory is taken when it is touched
		}
		var held []mach.PhysAddr
		for {
			f, err := m.frames.Alloc()
			if err != nil {
				break
			}
			held = append(held, f)
		}
		for range 40 {
			if _, err := m.Start([]string{"q"}); mach.Code(err) != mach.ResourceShortage {
				t.Errorf("with %d frames: %v", m.frames.Stats().Free, err)
			}
			m.settle()
			m.frames.Free(held[len(held)-1])
			held = held[:len(held)-1]
			if m.frames.Stats().Free > 8 {
				break
			}
		}
		for _, f := range held {
			m.frames.Free(f)
		}
	})
	m.finish()
}
