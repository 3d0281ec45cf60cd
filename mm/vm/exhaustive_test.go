package vm

import (
	"fmt"
	"testing"

	"defpager/mach"
)

// The window of the exhaustive test, in pages.
const few = 5

// sort is what a small entry maps.
type sort int

const (
	private sort = iota // pages of its own, the even ones touched
	sharing             // the same pages of an object, for writing
	copied              // a copy of those pages
	sorts
)

// small is a map of few pages, by value: what each holds, and how.
type smallMap struct {
	m      *Map
	object *Object
	cells  [few]byte // of the object
	pages  [few]smallPage
}

type smallPage struct {
	mapped    bool
	shared    bool // what it holds is the object's
	value     byte
	prot, max mach.Prot
	inherit   mach.Inherit
	wired     bool
}

func (s *smallMap) value(i int) byte {
	if s.pages[i].shared {
		return s.cells[i]
	}
	return s.pages[i].value
}

// place is entries by their ends: [at[0], at[1]), [at[2], at[3]) and [at[4], at[5]).
type placement struct {
	at    [6]int
	sorts [3]sort
}

// placements yields all ways to put three entries into the window.
func placements(yield func(placement)) {
	var p placement
	var ends func(i, from int)
	ends = func(i, from int) {
		if i == 6 {
			for n := range int(sorts * sorts * sorts) {
				p.sorts = [3]sort{sort(n % 3), sort(n / 3 % 3), sort(n / 9)}
				yield(p)
			}
			return
		}
		for at := from; at <= few; at++ {
			p.at[i] = at
			ends(i+1, at+1-i%2) // entries are not empty but may touch
		}
	}
	ends(0, 0)
}

// build makes the map of a placement.
func (p placement) build(t *testing.T, w *world) *smallMap {
	s := &smallMap{m: w.newMap(t), object: w.reserved(t, few)}
	for i := range few {
		s.cells[i] = byte(0x40 + i)
	}
	scratch := w.newMap(t)
	mapShared(t, scratch, base, s.object)
	for i, b := range s.cells {
		w.mustStore(t, scratch, at(i), b)
	}
	scratch.Destroy()
	for n, sort := range p.sorts {
		from, to := p.at[2*n], p.at[2*n+1]
		a := MapArgs{Address: at(from), Size: uint64(to-from) * page, Cur: mach.ProtDefault, Max: mach.ProtAll, Inherit: mach.InheritCopy}
		if sort != private {
			a.Object, a.Offset, a.Copy = s.object, uint64(from)*page, sort == copied
		}
		if _, err := s.m.Map(&a); err != nil {
			t.Fatal(err)
		}
		for i := from; i < to; i++ {
			q := smallPage{mapped: true, shared: sort == sharing, prot: a.Cur, max: a.Max, inherit: a.Inherit}
			switch {
			case sort == copied:
				q.value = s.cells[i]
			case sort == private && i%2 == 0:
				q.value = byte(0x10 + i)
				w.mustStore(t, s.m, at(i), q.value)
			}
			s.pages[i] = q
		}
	}
	return s
}

// smallOperation does something to the pages [from, to) of a map and of its model, and answers the code and the expected one.
type smallOperation struct {
	name string
	do   func(s *smallMap, from, to int) (want mach.Return, err error)
}

// all reports whether every page of the range fulfils f.
func (s *smallMap) all(from, to int, f func(*smallPage) bool) bool {
	for i := from; i < to; i++ {
		if !f(&s.pages[i]) {
			return false
		}
	}
	return true
}

func (s *smallMap) mapped(from, to int, f func(*smallPage)) {
	for i := from; i < to; i++ {
		if q := &s.pages[i]; q.mapped {
			f(q)
		}
	}
}

func smallOperations() []smallOperation {
	size := func(from, to int) uint64 { return uint64(to-from) * page }
	isMapped := func(q *smallPage) bool { return q.mapped }
	isFree := func(q *smallPage) bool { return !q.mapped }
	return []smallOperation{
		{"vm_deallocate", func(s *smallMap, from, to int) (mach.Return, error) {
			err := s.m.Deallocate(at(from), size(from, to))
			s.mapped(from, to, func(q *smallPage) { *q = smallPage{} })
			return mach.Success, err
		}},
		{"vm_allocate", func(s *smallMap, from, to int) (mach.Return, error) {
			_, err := s.m.Allocate(at(from), size(from, to), false)
			if !s.all(from, to, isFree) {
				return mach.NoSpace, err
			}
			for i := from; i < to; i++ {
				s.pages[i] = smallPage{mapped: true, prot: mach.ProtDefault, max: mach.ProtAll, inherit: mach.InheritCopy}
			}
			return mach.Success, err
		}},
		{"vm_protect read", func(s *smallMap, from, to int) (mach.Return, error) {
			err := s.m.Protect(at(from), size(from, to), false, mach.ProtRead)
			s.mapped(from, to, func(q *smallPage) { q.prot = mach.ProtRead })
			return mach.Success, err
		}},
		{"vm_protect maximum", func(s *smallMap, from, to int) (mach.Return, error) {
			err := s.m.Protect(at(from), size(from, to), true, mach.ProtRead)
			s.mapped(from, to, func(q *smallPage) { q.max, q.prot = mach.ProtRead, q.prot&mach.ProtRead })
			return mach.Success, err
		}},
		{"vm_inherit share", func(s *smallMap, from, to int) (mach.Return, error) {
			err := s.m.Inherit(at(from), size(from, to), mach.InheritShare)
			s.mapped(from, to, func(q *smallPage) { q.inherit = mach.InheritShare })
			return mach.Success, err
		}},
		{"vm_wire", func(s *smallMap, from, to int) (mach.Return, error) {
			err := s.m.Wire(at(from), size(from, to), mach.ProtRead)
			if !s.all(from, to, isMapped) {
				return mach.NoSpace, err
			}
			s.mapped(from, to, func(q *smallPage) { q.wired = true })
			return mach.Success, err
		}},
		{"vm_map of the object", func(s *smallMap, from, to int) (mach.Return, error) {
			_, err := s.m.Map(&MapArgs{
				Address: at(from), Size: size(from, to), Object: s.object, Offset: uint64(from) * page,
				Cur: mach.ProtDefault, Max: mach.ProtDefault, Inherit: mach.InheritShare,
			})
			if !s.all(from, to, isFree) {
				return mach.NoSpace, err
			}
			for i := from; i < to; i++ {
				s.pages[i] = smallPage{mapped: true, shared: true, prot: mach.ProtDefault, max: mach.ProtDefault, inherit: mach.InheritShare}
			}
			return mach.Success, err
		}},
		{"vm_copy by a page", func(s *smallMap, from, to int) (mach.Return, error) {
			n := min(to, few-1) - from
			if n <= 0 {
				return mach.Success, nil
			}
			err := s.m.Copy(at(from), uint64(n)*page, at(from+1))
			if !s.all(from, from+n+1, isMapped) {
				return mach.InvalidAddress, err
			}
			var values [few]byte
			for i := range n {
				values[i] = s.value(from + i)
			}
			for i := range n {
				s.put(from+1+i, values[i])
			}
			return mach.Success, err
		}},
		{"out of line to another place, and back", func(s *smallMap, from, to int) (mach.Return, error) {
			c, err := s.m.CopyMapIn(at(from), size(from, to), true)
			if !s.all(from, to, isMapped) {
				return mach.InvalidAddress, err
			}
			if err != nil {
				return mach.Success, err
			}
			for i := from; i < to; i++ {
				s.pages[i] = smallPage{
					mapped: true, value: s.value(i), prot: mach.ProtDefault, max: mach.ProtAll, inherit: mach.InheritCopy,
				}
			}
			va, err := s.m.CopyMapOut(c)
			if err != nil {
				return mach.Success, err
			}
			for i := from; i < to; i++ { // it went to the lowest place there is
				b := [1]byte{}
				if err := s.m.CopyIn(b[:], va+mach.VirtAddr(i-from)*page); err != nil || b[0] != s.pages[i].value {
					return mach.Success, fmt.Errorf("page %d holds %#x where it went, %v", i, b[0], err)
				}
			}
			for i := from; i < to; i++ {
				s.pages[i] = smallPage{}
			}
			return mach.Success, s.m.Deallocate(va, size(from, to))
		}},
	}
}

// put writes a byte to page i of the model.
func (s *smallMap) put(i int, b byte) {
	if s.pages[i].shared {
		s.cells[i] = b
	} else {
		s.pages[i].value = b
	}
}

// agree holds every page of the map against the model: what vm_region says, what is read, and what can be written, by the map
// and by a fork of it.
func (s *smallMap) agree(w *world) error {
	if err := w.env.Check(); err != nil {
		return err
	}
	if err := s.look(w, s.m); err != nil {
		return err
	}
	child, err := s.m.Fork()
	if err != nil {
		return err
	}
	defer child.Destroy()
	for i := range few {
		q := s.pages[i]
		if _, err := w.load(child, at(i)); q.mapped && err != nil {
			return fmt.Errorf("page %d in a fork: %w", i, err)
		}
		if q.mapped && q.prot.Allows(mach.ProtWrite) {
			if err := w.store(s.m, at(i), 0x77); err != nil {
				return fmt.Errorf("storing to page %d: %w", i, err)
			}
			old := s.value(i)
			s.put(i, 0x77)
			want := old // a copy
			if q.inherit == mach.InheritShare {
				want = 0x77
			}
			if got, err := w.load(child, at(i)); err != nil || got != want {
				return fmt.Errorf("page %d in a fork holds %#x after a store by the parent, want %#x, %w", i, got, want, err)
			}
		} else if err := w.store(s.m, at(i), 0x77); err == nil {
			return fmt.Errorf("a store to page %d, which is not to be written", i)
		}
	}
	if err := s.look(w, s.m); err != nil {
		return err
	}
	return w.env.Check()
}

func (s *smallMap) look(w *world, m *Map) error {
	wired := uint64(0)
	for i := range few {
		q := s.pages[i]
		r, err := m.Region(at(i))
		inside := err == nil && r.Address <= at(i)
		if inside != q.mapped {
			return fmt.Errorf("vm_region says that page %d is mapped: %v", i, inside)
		}
		if inside && (r.Prot != q.prot || r.MaxProt != q.max || r.Inherit != q.inherit) {
			return fmt.Errorf("vm_region says of page %d: %+v, the model %+v", i, r, q)
		}
		if q.wired {
			wired += page
		}
		got, err := w.load(m, at(i))
		switch {
		case !q.mapped && mach.Code(err) != mach.InvalidAddress:
			return fmt.Errorf("page %d is not mapped, a load answers %w", i, err)
		case q.mapped && (err != nil || got != s.value(i)):
			return fmt.Errorf("page %d holds %#x, the model %#x, %w", i, got, s.value(i), err)
		}
	}
	if m.Wired() != wired {
		return fmt.Errorf("%d bytes are wired, want %d", m.Wired(), wired)
	}
	return nil
}

// TestEverySmallMap does each operation with each range of a map of three entries, wherever they are and whatever they map.
func TestEverySmallMap(t *testing.T) {
	w := newWorld(1 << 20)
	before := w.env.Frames.Stats().Free
	cases := 0
	placements(func(p placement) {
		for _, op := range smallOperations() {
			for from := range few {
				for to := from + 1; to <= few; to++ {
					w.env.listMax = cases % 3 * 2 // with a tree, one that is made by the operation, and without
					s := p.build(t, w)
					want, err := op.do(s, from, to)
					if mach.Code(err) != want {
						t.Fatalf("%+v: %s of [%d, %d): %v, want %v", p, op.name, from, to, err, want)
					}
					if err := s.agree(w); err != nil {
						t.Fatalf("%+v: after %s of [%d, %d): %v", p, op.name, from, to, err)
					}
					s.m.Destroy()
					s.object.Release()
					cases++
				}
			}
		}
	})
	w.check(t)
	if free := w.env.Frames.Stats().Free; before-free > 2 {
		t.Errorf("%d of %d frames are left", free, before)
	}
	if cases < 50_000 {
		t.Errorf("only %d cases", cases)
	}
}
