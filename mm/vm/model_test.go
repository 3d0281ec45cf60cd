package vm

import (
	"maps"
	"slices"
	"testing"

	"defpager/mach"

	"pgregory.net/rapid"
)

// The model knows pages by value: a cell is the contents of one page (its byte 5), whoever shares it. A map is a table from
// page numbers, counted from base, to cells and rights. Copying makes new cells.
type cell struct {
	value byte
	// unsure: memory ran out half way through a write, so that the page may hold maybe instead.
	unsure bool
	maybe  byte
	any    bool // so often that the model knows nothing
}

// modelPage is what a map says of one page: its cell, or the page of an object whose limit may change; with neither it is
// beyond the limit that its object had when it was copied.
type modelPage struct {
	cell      *cell
	object    *modelObject
	index     int
	prot, max mach.Prot
	inherit   mach.Inherit
}

// now is the page's cell; nil: every access is a memory error.
func (q *modelPage) now() *cell {
	if q.object == nil {
		return q.cell
	}
	if q.index < len(q.object.cells) {
		return q.object.cells[q.index]
	}
	return nil
}

// copied is a cell of its own with what q holds now.
func (q *modelPage) copied() *cell {
	c := q.now()
	if c == nil {
		return nil
	}
	own := *c
	return &own
}

type modelMap struct {
	m     *Map
	pages map[int]modelPage
}

type modelObject struct {
	o        *Object
	cells    []*cell
	max      mach.Prot
	reserved bool
}

// The space of pages that the test uses: superpages are in it. Copies go out to the lowest addresses there are.
const (
	space  = 1100
	crowd  = 16 // the pages from 0 on that all operations are about when they are dense
	lowest = -int((base - mach.MinUser) / page)
)

func at(page int) mach.VirtAddr { return base + mach.VirtAddr(page*mach.PageSize) }

// index is the page at va.
func index(va mach.VirtAddr) int { return int(int64(va-base) >> mach.PageShift) }

type model struct {
	w       *world
	maps    []*modelMap
	objects []*modelObject
	copies  []*modelCopy
	blocks  []mach.PhysAddr // the frames of physical objects
	hoarded []mach.PhysAddr // frames that nobody else shall have
	dense   bool            // few pages, so that the same ones are shared, copied and written again and again
	scarce  bool            // memory may run out: operations may fail with ResourceShortage and change nothing
	backing *store          // where pages go; nil: nowhere
}

// failed checks an error against what the model expects, and reports whether the operation failed.
func (d *model) failed(t *rapid.T, what string, err error, want mach.Return) bool {
	code := mach.Code(err)
	if d.scarce && code == mach.ResourceShortage {
		return true
	}
	if d.scarce && d.backing != nil && err == Wait && d.w.env.wanted.page == anyPage { // for frames: here nobody does
		d.w.env.Forget()
		return true
	}
	if code != want {
		t.Fatalf("%s: %v, the model says %v", what, err, want)
	}
	return code != mach.Success
}

// agrees holds what was read against a cell.
func (c *cell) agrees(t *rapid.T, what string, b byte) {
	if c.unsure && (b == c.maybe || c.any) {
		c.value = b
	}
	c.unsure, c.any = false, false
	if b != c.value {
		t.Fatalf("%s holds %#x, the model %#x", what, b, c.value)
	}
}

func (d *model) pick(t *rapid.T) *modelMap {
	return d.maps[rapid.IntRange(0, len(d.maps)-1).Draw(t, "map")]
}

// span draws a range of pages.
func (d *model) span(t *rapid.T) (first, n int) {
	if d.dense {
		n = rapid.SampledFrom([]int{1, 2, 3, 8, 12, 16}).Draw(t, "pages")
		return rapid.OneOf(rapid.IntRange(0, crowd-n), rapid.IntRange(0, crowd-n), rapid.IntRange(lowest, lowest+crowd)).Draw(t, "first"), n
	}
	n = rapid.SampledFrom([]int{1, 2, 3, 8, 20, 512, 600, 1024}).Draw(t, "pages")
	return rapid.OneOf(rapid.IntRange(0, 40), rapid.IntRange(0, space-n), rapid.Just(0), rapid.Just(min(512, space-n)), rapid.IntRange(lowest, lowest+60)).Draw(t, "first"), n
}

func (d *model) taken(p *modelMap, first, n int) bool {
	for i := first; i < first+n; i++ {
		if _, ok := p.pages[i]; ok {
			return true
		}
	}
	return false
}

func (d *model) allocate(t *rapid.T) {
	p := d.pick(t)
	first, n := d.span(t)
	want := mach.Success
	if d.taken(p, first, n) {
		want = mach.NoSpace
	}
	if _, err := p.m.Allocate(at(first), uint64(n)*mach.PageSize, false); d.failed(t, "vm_allocate", err, want) {
		return
	}
	for i := first; i < first+n; i++ {
		p.pages[i] = modelPage{cell: &cell{}, prot: mach.ProtDefault, max: mach.ProtAll, inherit: mach.InheritCopy}
	}
}

func (d *model) mapObject(t *rapid.T) {
	if len(d.objects) == 0 {
		return
	}
	p := d.pick(t)
	first, n := d.span(t)
	o := d.objects[rapid.IntRange(0, len(d.objects)-1).Draw(t, "object")]
	offset := rapid.IntRange(0, 4).Draw(t, "offset")
	a := MapArgs{
		Address: at(first), Size: uint64(n) * mach.PageSize, Object: o.o, Offset: uint64(offset) * mach.PageSize, Copy: rapid.Bool().Draw(t, "copy"),
		Cur: mach.ProtDefault, Max: mach.ProtAll, Inherit: rapid.SampledFrom([]mach.Inherit{mach.InheritShare, mach.InheritCopy}).Draw(t, "inherit"),
	}
	if rapid.Bool().Draw(t, "read only") {
		a.Cur = mach.ProtRead
	}
	want := mach.Success
	a.Anywhere = rapid.IntRange(0, 3).Draw(t, "anywhere") == 0
	switch {
	case !a.Copy && !o.max.Allows(a.Cur):
		want = mach.ProtectionFailure
	case !a.Anywhere && d.taken(p, first, n):
		want = mach.NoSpace
	}
	va, err := p.m.Map(&a)
	if d.failed(t, "vm_map", err, want) {
		return
	}
	if first = index(va); d.taken(p, first, n) {
		t.Fatalf("vm_map to %#x, which is taken", uint64(va))
	}
	for i := range n {
		q := modelPage{object: o, index: offset + i, prot: a.Cur, max: o.max, inherit: a.Inherit}
		if a.Copy {
			q.cell, q.object, q.max = q.copied(), nil, mach.ProtAll
		}
		p.pages[first+i] = q
	}
}

func (d *model) protect(t *rapid.T) {
	p := d.pick(t)
	first, n := d.span(t)
	prot := rapid.SampledFrom([]mach.Prot{mach.ProtNone, mach.ProtRead, mach.ProtWrite, mach.ProtExecute, mach.ProtDefault, mach.ProtAll}).Draw(t, "protection")
	setMax := rapid.IntRange(0, 9).Draw(t, "set maximum") == 0
	want := mach.Success
	for i := first; i < first+n; i++ {
		if q, ok := p.pages[i]; ok && !q.max.Allows(prot) {
			want = mach.ProtectionFailure
		}
	}
	if d.failed(t, "vm_protect", p.m.Protect(at(first), uint64(n)*mach.PageSize, setMax, prot), want) {
		return
	}
	for i := first; i < first+n; i++ {
		if q, ok := p.pages[i]; ok {
			if setMax {
				q.max, q.prot = prot, q.prot&prot
			} else {
				q.prot = prot
			}
			p.pages[i] = q
		}
	}
}

func (d *model) inherit(t *rapid.T) {
	p := d.pick(t)
	first, n := d.span(t)
	inherit := mach.Inherit(rapid.IntRange(0, 2).Draw(t, "inheritance"))
	if d.failed(t, "vm_inherit", p.m.Inherit(at(first), uint64(n)*mach.PageSize, inherit), mach.Success) {
		return
	}
	for i := first; i < first+n; i++ {
		if q, ok := p.pages[i]; ok {
			q.inherit = inherit
			p.pages[i] = q
		}
	}
}

func (d *model) deallocate(t *rapid.T) {
	p := d.pick(t)
	first, n := d.span(t)
	if d.failed(t, "vm_deallocate", p.m.Deallocate(at(first), uint64(n)*mach.PageSize), mach.Success) {
		return
	}
	for i := first; i < first+n; i++ {
		delete(p.pages, i)
	}
}

// access loads and stores, mostly where something is mapped.
func (d *model) access(t *rapid.T) {
	p := d.pick(t)
	mapped := slices.Sorted(maps.Keys(p.pages))
	for range rapid.IntRange(1, 6).Draw(t, "accesses") {
		i := 0
		if len(mapped) > 0 && rapid.IntRange(0, 7).Draw(t, "anywhere") != 0 {
			i = rapid.SampledFrom(mapped).Draw(t, "page")
		} else {
			i = rapid.OneOf(rapid.IntRange(0, space-1), rapid.IntRange(lowest, lowest+60)).Draw(t, "page")
		}
		if rapid.Bool().Draw(t, "store") {
			d.store(t, p, i, rapid.Byte().Draw(t, "value"), rapid.Bool().Draw(t, "by the kernel"))
		} else {
			d.load(t, p, i, rapid.Bool().Draw(t, "by the kernel"))
		}
	}
}

func (d *model) store(t *rapid.T, p *modelMap, i int, b byte, kernel bool) {
	q, ok := p.pages[i]
	want := mach.Success
	switch {
	case !ok:
		want = mach.InvalidAddress
	case !q.prot.Allows(mach.ProtWrite):
		want = mach.ProtectionFailure
	case q.now() == nil:
		want = mach.MemoryError
	}
	err := d.patiently(func() error {
		if kernel {
			return p.m.CopyOut(at(i)+5, []byte{b})
		}
		return d.w.store(p.m, at(i)+5, b)
	})
	if d.spoilt(&q, err) || d.failed(t, "store", err, want) {
		return
	}
	*q.now() = cell{value: b}
}

// patiently does what may have to wait for frames as the kernel does: when page-out has had its turn, again.
func (d *model) patiently(do func() error) error {
	err := do()
	for i := 0; err == Wait && d.scarce && i < 100; i++ {
		d.w.env.Forget()
		d.w.env.Settle()
		err = do()
	}
	return err
}

// load reads a page as the model expects. What is mapped at all can be read.
func (d *model) load(t *rapid.T, p *modelMap, i int, kernel bool) {
	q, ok := p.pages[i]
	want := mach.Success
	switch {
	case !ok:
		want = mach.InvalidAddress
	case q.prot == mach.ProtNone:
		want = mach.ProtectionFailure
	case q.now() == nil:
		want = mach.MemoryError
	}
	var b [1]byte
	var err error
	if kernel {
		err = p.m.CopyIn(b[:], at(i)+5)
	} else {
		b[0], err = d.w.load(p.m, at(i)+5)
	}
	if !d.spoilt(&q, err) && !d.failed(t, "load", err, want) {
		q.now().agrees(t, "a page", b[0])
	}
}

// spoilt reports whether err says that a copy lost what it was a copy of: the writers of a reserved object go first when
// memory is short.
func (d *model) spoilt(q *modelPage, err error) bool {
	return d.scarce && mach.Code(err) == mach.MemoryError && q.object == nil
}

func (d *model) fork(t *rapid.T) {
	if len(d.maps) == 4 {
		return
	}
	p := d.pick(t)
	child, err := p.m.Fork()
	if d.failed(t, "fork", err, mach.Success) {
		return
	}
	c := &modelMap{child, map[int]modelPage{}}
	for i, q := range p.pages {
		switch q.inherit {
		case mach.InheritNone:
			continue
		case mach.InheritCopy:
			q.cell, q.object = q.copied(), nil
		}
		c.pages[i] = q
	}
	d.maps = append(d.maps, c)
}

func (d *model) destroy(t *rapid.T) {
	if len(d.maps) == 1 {
		return
	}
	i := rapid.IntRange(0, len(d.maps)-1).Draw(t, "map")
	d.maps[i].m.Destroy()
	d.maps = append(d.maps[:i], d.maps[i+1:]...)
}

func (d *model) create(t *rapid.T) {
	if len(d.objects) == 3 {
		return
	}
	sizes := []int{0, 1, 5, 30, 520, 1024, 1030}
	if d.dense {
		sizes = []int{1, 8, 12, 14, 16, 20}
	}
	n := rapid.SampledFrom(sizes).Draw(t, "pages")
	r, err := d.w.env.Frames.Reserve(mach.PageNumber(n))
	if d.failed(t, "reserve", err, mach.Success) {
		return
	}
	o, err := NewReserved(d.w.env, uint64(n)*mach.PageSize, r)
	if d.failed(t, "create", err, mach.Success) {
		r.Release()
		return
	}
	m := &modelObject{o: o, max: mach.ProtAll, reserved: true}
	for range n {
		m.cells = append(m.cells, &cell{})
	}
	d.objects = append(d.objects, m)
}

func (d *model) release(t *rapid.T) {
	if len(d.objects) == 0 {
		return
	}
	i := rapid.IntRange(0, len(d.objects)-1).Draw(t, "object")
	d.objects[i].o.Release()
	d.objects = append(d.objects[:i], d.objects[i+1:]...)
}

// hoard leaves few frames to all others, or gives back what it took.
func (d *model) hoard(t *rapid.T) {
	if !d.scarce {
		return
	}
	for _, f := range d.hoarded {
		d.w.env.Frames.Free(f)
	}
	d.hoarded = d.hoarded[:0]
	if leave := rapid.IntRange(-1, 8).Draw(t, "leave"); leave >= 0 {
		s := d.w.env.Frames.Stats()
		for range max(0, int(s.Free-s.Reserved)-leave) {
			f, err := d.w.env.Frames.Alloc()
			if err != nil {
				t.Fatal(err)
			}
			d.hoarded = append(d.hoarded, f)
		}
	}
}

// check verifies all invariants, and that every frame has an owner.
func (d *model) check(t *rapid.T) {
	d.w.check(t)
	own := mach.PageNumber(len(d.hoarded) + len(d.blocks)<<blockOrder)
	if taken, owned := d.w.env.Frames.Stats().Taken, d.w.env.Ledger().Total(); taken != owned+own {
		t.Fatalf("%d frames are taken, %d of them by memory and %d by the test", taken, owned, own)
	}
}

// pageOut takes frames away from pages that were not used lately.
func (d *model) pageOut(t *rapid.T) {
	if d.backing != nil {
		d.backing.room = rapid.IntRange(0, 40).Draw(t, "room")
		d.w.env.sweep(rapid.IntRange(1, 30).Draw(t, "pages to page out"), 3000)
	}
}

func testModel(t *testing.T, memory uint64, dense, scarce, paging bool) {
	rapid.Check(t, func(t *rapid.T) {
		w := newWorld(memory)
		before := w.env.Frames.Stats()
		if scarce {
			w.env.MaxEntries = rapid.IntRange(10, 60).Draw(t, "entries")
			w.env.MaxObjects = rapid.IntRange(5, 60).Draw(t, "objects")
		}
		w.env.listMax = rapid.SampledFrom([]int{0, 3, listMax}).Draw(t, "entries without a tree")
		d := &model{w: w, dense: dense, scarce: scarce}
		if paging {
			d.backing = newStore(w.env)
			w.env.Backing = d.backing
		}
		d.maps = []*modelMap{{w.newMap(t), map[int]modelPage{}}}
		t.Repeat(map[string]func(*rapid.T){
			"allocate": d.allocate, "map": d.mapObject, "map again": d.mapObject, "protect": d.protect, "inherit": d.inherit,
			"deallocate": d.deallocate, "access": d.access, "access again": d.access, "access once more": d.access, "access and access": d.access, "fork": d.fork, "fork again": d.fork, "send again": d.send, "receive again": d.receive,
			"destroy": d.destroy, "create": d.create, "create physical": d.createPhysical, "release": d.release,
			"set limit": d.setLimit, "copy": d.copy, "send": d.send, "receive": d.receive, "overwrite": d.overwrite,
			"discard": d.discard, "look": d.look, "hoard": d.hoard, "page out": d.pageOut, "page out again": d.pageOut,
			"": func(t *rapid.T) { d.check(t) },
		})
		for _, p := range d.maps { // what the random accesses did not see
			for _, i := range slices.Sorted(maps.Keys(p.pages)) {
				d.load(t, p, i, false)
			}
		}
		w.check(t)
		for len(d.copies) > 0 {
			d.take(0).c.Discard()
		}
		for _, p := range d.maps {
			p.m.Destroy()
		}
		for _, o := range d.objects {
			o.o.Release()
		}
		w.check(t)
		for _, f := range d.hoarded {
			w.env.Frames.Free(f)
		}
		for _, b := range d.blocks {
			w.env.Frames.FreeOrder(b, blockOrder)
		}
		if after := w.env.Frames.Stats(); after.Free != before.Free || after.Reserved != before.Reserved {
			t.Fatalf("frames before %+v, after %+v", before, after)
		}
		if paging && len(d.backing.pages) != 0 {
			t.Fatalf("the backing still keeps %d pages", len(d.backing.pages))
		}
	})
}

func TestAgainstModel(t *testing.T) { testModel(t, 48<<20, false, false, false) }

func TestAgainstModelWithoutMemory(t *testing.T) { testModel(t, 6<<20, false, true, false) }

func TestDenseAgainstModel(t *testing.T) { testModel(t, 2<<20, true, false, false) }

func TestDenseAgainstModelWithoutMemory(t *testing.T) { testModel(t, 2<<20, true, true, false) }

func TestPagedAgainstModel(t *testing.T) { testModel(t, 48<<20, false, false, true) }

func TestPagedAgainstModelWithoutMemory(t *testing.T) { testModel(t, 6<<20, false, true, true) }

func TestDensePagedAgainstModel(t *testing.T) { testModel(t, 2<<20, true, false, true) }

func TestDensePagedAgainstModelWithoutMemory(t *testing.T) { testModel(t, 2<<20, true, true, true) }
