package vm

import (
	"cmp"
	"math/bits"
	"slices"
	"testing"
	"time"

	"defpager/mach"

	"pgregory.net/rapid"
)

// run is something that covers pages.
type run struct {
	place interval[run]
	n     int
}

// visited counts the nodes at which a walk over [from, to) looks, and what it finds: those whose subtree reaches behind from, up to the first that
// begins at to or later.
func visited(s *interval[run], from, to mach.PageNumber) (visits, found int) {
	if s == nil || s.reach <= from {
		return 0, 0
	}
	visits, found = visited(s.left, from, to)
	visits++
	if s.first >= to {
		return visits, found
	}
	if s.end > from {
		found++
	}
	v, f := visited(s.right, from, to)
	return visits + v, found + f
}

// Runs that come, go and grow: each walk finds those that a look at all of them finds, in order.
func TestViewers(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var x viewers[run]
		env := Env{random: 1}
		var runs, idle []*run
		pageNumber := rapid.Custom(func(t *rapid.T) mach.PageNumber { return mach.PageNumber(rapid.IntRange(0, 40).Draw(t, "page")) })
		t.Repeat(map[string]func(*rapid.T){
			"add": func(t *rapid.T) {
				r := &run{n: len(runs) + len(idle)}
				if len(idle) != 0 {
					r, idle = idle[0], idle[1:]
				}
				r.place.of = r
				first := pageNumber.Draw(t, "first")
				x.add(&r.place, first, first+pageNumber.Draw(t, "pages"), &env)
				runs = append(runs, r)
			},
			"remove": func(t *rapid.T) {
				if len(runs) == 0 {
					return
				}
				i := rapid.IntRange(0, len(runs)-1).Draw(t, "i")
				x.remove(&runs[i].place)
				idle = append(idle, runs[i])
				runs = slices.Delete(runs, i, i+1)
			},
			"extend": func(t *rapid.T) {
				if len(runs) == 0 {
					return
				}
				r := runs[rapid.IntRange(0, len(runs)-1).Draw(t, "i")]
				r.place.extend(r.place.first + pageNumber.Draw(t, "pages"))
			},
			"": func(t *rapid.T) {
				count := 0
				if err := x.check(func(*interval[run]) error { count++; return nil }); err != nil || count != len(runs) {
					t.Fatalf("%v; %d nodes for %d runs", err, count, len(runs))
				}
				from := pageNumber.Draw(t, "from")
				to := from + pageNumber.Draw(t, "to")
				var want, got []int
				for _, r := range runs {
					if r.place.first < to && r.place.end > from {
						want = append(want, r.n)
					}
				}
				last := mach.PageNumber(0)
				for s := x.over(from, to); s != nil; s = s.next(from, to) {
					got = append(got, s.of.n)
					if s.first < last {
						t.Fatalf("page %d after %d", s.first, last)
					}
					last = s.first
				}
				slices.Sort(want)
				slices.Sort(got)
				if !slices.Equal(got, want) {
					t.Fatalf("%d to %d: found %v, not %v", from, to, got, want)
				}
				if _, found := visited(x.root, from, to); found != len(want) {
					t.Fatalf("visited finds %d, not %d", found, len(want))
				}
			},
		})
	})
}

// However many runs cover other pages, and in whatever order they came, a walk looks at few of them.
func TestViewersOfOnePage(t *testing.T) {
	const n, few = 1 << 17, 3
	for _, c := range []struct {
		name string
		run  func(i uint64) (first, pages mach.PageNumber) // none covers page 0
	}{
		{"ascending", func(i uint64) (mach.PageNumber, mach.PageNumber) { return mach.PageNumber(1 + i), 1 }},
		{"descending", func(i uint64) (mach.PageNumber, mach.PageNumber) { return mach.PageNumber(1 + n + few - i), 1 }},
		{"mixed", func(i uint64) (mach.PageNumber, mach.PageNumber) {
			return mach.PageNumber(1 + bits.Reverse64(i)>>40), 3
		}},
		{"from one page on", func(i uint64) (mach.PageNumber, mach.PageNumber) { return 1, mach.PageNumber(1 + i) }},
		{"nested", func(i uint64) (mach.PageNumber, mach.PageNumber) {
			return mach.PageNumber(1 + i), mach.PageNumber(2 * (n - i))
		}},
	} {
		t.Run(c.name, func(t *testing.T) {
			var x viewers[run]
			env := Env{random: 0x9e3779b9}
			runs := make([]run, n+few)
			for i := range runs {
				r := &runs[i]
				r.place.of = r
				first, pages := mach.PageNumber(0), mach.PageNumber(1)
				if i%(n/few) != 0 || i/(n/few) >= few {
					first, pages = c.run(uint64(i))
				}
				x.add(&r.place, first, first+pages, &env)
			}
			visits, found := visited(x.root, 0, 1)
			if found != few || visits > 128 {
				t.Errorf("%d visits for %d of %d", visits, found, n)
			}
			for i := range runs[:n] {
				if runs[i].place.first != 0 {
					x.remove(&runs[i].place)
				}
			}
			if visits, found = visited(x.root, 0, 1); found != few {
				t.Errorf("afterwards %d visits find %d", visits, found)
			}
		})
	}
}

// What is done to one page costs the same, however many mappings of other pages the object has: of itself, and of objects that show it.
func TestCostAmongManyMappings(t *testing.T) {
	const many = 1 << 14
	cost := func(others int) map[string]time.Duration {
		w := newWorld(32 << 20)
		w.env.MaxEntries, w.env.MaxObjects = 1<<20, 1<<20
		o, err := NewAnonymous(w.env, 8<<30)
		if err != nil {
			t.Fatal(err)
		}
		m := w.newMap(t)
		mapObject(t, m, MapArgs{Address: base, Size: 4 * page, Object: o})
		w.mustStore(t, m, base, 1)
		for i := range uint64(others) {
			e := w.env.takeEntry()
			e.end = mach.VirtAddr(page)
			if i%2 == 0 {
				e.mapObject(o, mach.PageNumber(8+i))
				continue
			}
			above, err := o.shadowOf(mach.PageNumber(8+i), 1)
			if err != nil {
				t.Fatal(err)
			}
			e.mapObject(above, 0)
		}
		costs := make(map[string]time.Duration)
		for name, f := range map[string]func(){
			"supersede":   func() { o.supersede(0, nil) },
			"protectPage": func() { o.protectPage(0, mach.ProtRead) },
			"usage":       func() { o.usage(0) },
			"wiredAt":     func() { o.wiredAt(0) },
			"bill":        func() { o.bill(0) },
			"hide":        func() { o.hide(0, 4) },
			"alone":       func() { o.mappings.at(0).of.alone() },
		} {
			best := time.Duration(1 << 62)
			for range 20 {
				start := time.Now()
				for range 100 {
					f()
				}
				best = min(best, time.Since(start))
			}
			costs[name] = best
			if a := testing.AllocsPerRun(10, f); a != 0 {
				t.Errorf("%s allocates %v times", name, a)
			}
		}
		return costs
	}
	few := cost(4)
	for name, d := range cost(many) {
		t.Logf("%s: %v among few, %v among %d", name, few[name]/100, d/100, many)
		if d > 20*max(few[name], time.Microsecond) {
			t.Errorf("%s takes %v among %d mappings, %v among few", name, d/100, many, few[name]/100)
		}
	}
}

// The viewers of an object in the order in which a walk over all finds them are those there are: also of copies, in messages and in maps.
func TestViewersOfForks(t *testing.T) {
	w := newWorld(32 << 20)
	w.returned(t, func() {
		m := w.newMap(t)
		if _, err := m.Allocate(base, 64*page, false); err != nil {
			t.Fatal(err)
		}
		for i := mach.VirtAddr(0); i < 64; i++ {
			w.mustStore(t, m, base+i*page, byte(i))
		}
		var forks []*Map
		for range 40 {
			f, err := m.Fork()
			if err != nil {
				t.Fatal(err)
			}
			forks = append(forks, f)
			if err := f.Deallocate(base+mach.VirtAddr(len(forks))*page, page); err != nil {
				t.Fatal(err)
			}
			w.mustStore(t, f, base+50*page, 1)
			w.check(t)
		}
		o := m.find(base).object
		for o.shadow != nil {
			o = o.shadow
		}
		var firsts []mach.PageNumber
		for v := o.above.over(0, anyPage); v != nil; v = v.next(0, anyPage) {
			firsts = append(firsts, v.first)
		}
		if len(firsts) != o.aboveCount || !slices.IsSortedFunc(firsts, cmp.Compare) {
			t.Errorf("%d objects above: %v", o.aboveCount, firsts)
		}
		for _, f := range append(forks, m) {
			f.Destroy()
		}
	})
}
