package vm

import (
	"testing"

	"defpager/mach"

	"pgregory.net/rapid"
)

// The model knows pages by value: a cell is the contents of one page (its byte 5), whoever shares it. A map is a table from
// page numbers, counted from base, to cells and rights. Copying makes new cells.
type cell struct{ value byte }

type modelPage struct {
	cell    *cell
	beyond  bool // of the object's limit: every access is a memory error
	prot    mach.Prot
	inherit mach.Inherit
}

type modelMap struct {
	m     *Map
	pages map[int]modelPage
}

type modelObject struct {
	o     *Object
	cells []*cell
}

// The space of pages that the test uses: superpages are in it.
const space = 1100

func at(page int) mach.VirtAddr { return base + mach.VirtAddr(page)*mach.PageSize }

type model struct {
	w       *world
	maps    []*modelMap
	objects []*modelObject
	scarce  bool // memory may run out: operations may fail with ResourceShortage and change nothing
}

// failed checks an error against what the model expects, and reports whether the operation failed.
func (d *model) failed(t *rapid.T, what string, err error, want mach.Return) bool {
	code := mach.Code(err)
	if d.scarce && code == mach.ResourceShortage {
		return true
	}
	if code != want {
		t.Fatalf("%s: %v, the model says %v", what, err, want)
	}
	return code != mach.Success
}

func (d *model) pick(t *rapid.T) *modelMap {
	return d.maps[rapid.IntRange(0, len(d.maps)-1).Draw(t, "map")]
}

func span2(t *rapid.T) (first, n int) {
	n = rapid.SampledFrom([]int{1, 2, 3, 8, 20, 512, 600}).Draw(t, "pages")
	return rapid.OneOf(rapid.IntRange(0, 40), rapid.IntRange(0, space-n), rapid.Just(0)).Draw(t, "first"), n
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
	first, n := span2(t)
	want := mach.Success
	if d.taken(p, first, n) {
		want = mach.NoSpace
	}
	if _, err := p.m.Allocate(at(first), uint64(n)*mach.PageSize, false); d.failed(t, "vm_allocate", err, want) {
		return
	}
	for i := first; i < first+n; i++ {
		p.pages[i] = modelPage{cell: &cell{}, prot: mach.ProtDefault, inherit: mach.InheritCopy}
	}
}

func (d *model) mapObject(t *rapid.T) {
	if len(d.objects) == 0 {
		return
	}
	p := d.pick(t)
	first, n := span2(t)
	o := d.objects[rapid.IntRange(0, len(d.objects)-1).Draw(t, "object")]
	offset := rapid.IntRange(0, 4).Draw(t, "offset")
	a := MapArgs{
		Address: at(first), Size: uint64(n) * mach.PageSize, Object: o.o, Offset: uint64(offset) * mach.PageSize, Copy: rapid.Bool().Draw(t, "copy"),
		Cur: mach.ProtDefault, Max: mach.ProtAll, Inherit: rapid.SampledFrom([]mach.Inherit{mach.InheritShare, mach.InheritCopy}).Draw(t, "inherit"),
	}
	want := mach.Success
	if d.taken(p, first, n) {
		want = mach.NoSpace
	}
	if _, err := p.m.Map(&a); d.failed(t, "vm_map", err, want) {
		return
	}
	for i := range n {
		q := modelPage{prot: mach.ProtDefault, inherit: a.Inherit}
		switch k := offset + i; {
		case k >= len(o.cells):
			q.beyond, q.cell = true, &cell{}
		case a.Copy:
			q.cell = &cell{o.cells[k].value}
		default:
			q.cell = o.cells[k]
		}
		p.pages[first+i] = q
	}
}

func (d *model) protect(t *rapid.T) {
	p := d.pick(t)
	first, n := span2(t)
	prot := rapid.SampledFrom([]mach.Prot{mach.ProtNone, mach.ProtRead, mach.ProtDefault, mach.ProtAll}).Draw(t, "protection")
	if d.failed(t, "vm_protect", p.m.Protect(at(first), uint64(n)*mach.PageSize, false, prot), mach.Success) {
		return
	}
	for i := first; i < first+n; i++ {
		if q, ok := p.pages[i]; ok {
			q.prot = prot
			p.pages[i] = q
		}
	}
}

func (d *model) inherit(t *rapid.T) {
	p := d.pick(t)
	first, n := span2(t)
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
	first, n := span2(t)
	if d.failed(t, "vm_deallocate", p.m.Deallocate(at(first), uint64(n)*mach.PageSize), mach.Success) {
		return
	}
	for i := first; i < first+n; i++ {
		delete(p.pages, i)
	}
}

func (d *model) access(t *rapid.T) {
	p := d.pick(t)
	i := rapid.OneOf(rapid.IntRange(0, 60), rapid.IntRange(0, space-1)).Draw(t, "page")
	store := rapid.Bool().Draw(t, "store")
	q, ok := p.pages[i]
	access := mach.ProtRead
	if store {
		access = mach.ProtWrite
	}
	want := mach.Success
	switch {
	case !ok:
		want = mach.InvalidAddress
	case !q.prot.Allows(access):
		want = mach.ProtectionFailure
	case q.beyond:
		want = mach.MemoryError
	}
	if store {
		b := rapid.Byte().Draw(t, "value")
		if !d.failed(t, "store", d.w.store(p.m, at(i)+5, b), want) {
			q.cell.value = b
		}
		return
	}
	b, err := d.w.load(p.m, at(i)+5)
	if !d.failed(t, "load", err, want) && b != q.cell.value {
		t.Fatalf("page %d holds %#x, the model %#x", i, b, q.cell.value)
	}
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
			q.cell = &cell{q.cell.value}
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
	n := rapid.SampledFrom([]int{0, 1, 5, 30, 520, 1030}).Draw(t, "pages")
	r, err := d.w.env.Frames.Reserve(mach.PageNumber(n))
	if d.failed(t, "reserve", err, mach.Success) {
		return
	}
	o, err := NewReserved(d.w.env, uint64(n)*mach.PageSize, r)
	if d.failed(t, "create", err, mach.Success) {
		r.Release()
		return
	}
	m := &modelObject{o: o}
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

// copy is vm_copy between two ranges of one map.
func (d *model) copy(t *rapid.T) {
	if d.scarce {
		return // it may fail half way, and says so
	}
	p := d.pick(t)
	from, to := rapid.IntRange(0, 60).Draw(t, "from"), rapid.IntRange(0, 60).Draw(t, "to")
	n := rapid.IntRange(1, 8).Draw(t, "pages")
	ok := from+n <= to || to+n <= from
	for i := range n {
		s, in := p.pages[from+i]
		r, out := p.pages[to+i]
		ok = ok && in && out && !s.beyond && !r.beyond && s.prot.Allows(mach.ProtRead) && r.prot.Allows(mach.ProtWrite)
	}
	if !ok {
		return // the codes have tests of their own
	}
	values := make([]byte, n)
	for i := range values {
		values[i] = p.pages[from+i].cell.value
	}
	if d.failed(t, "vm_copy", p.m.Copy(at(from), uint64(n)*mach.PageSize, at(to)), mach.Success) {
		return
	}
	for i, v := range values {
		p.pages[to+i].cell.value = v
	}
}

func testModel(t *testing.T, memory uint64, scarce bool) {
	rapid.Check(t, func(t *rapid.T) {
		w := newWorld(memory)
		before := w.env.Frames.Stats()
		d := &model{w: w, scarce: scarce}
		d.maps = []*modelMap{{w.newMap(t), map[int]modelPage{}}}
		t.Repeat(map[string]func(*rapid.T){
			"allocate": d.allocate, "map": d.mapObject, "map again": d.mapObject, "protect": d.protect, "inherit": d.inherit,
			"deallocate": d.deallocate, "access": d.access, "access again": d.access, "access once more": d.access, "fork": d.fork,
			"destroy": d.destroy, "create": d.create, "release": d.release, "copy": d.copy,
			"": func(t *rapid.T) { w.check(t) },
		})
		for _, p := range d.maps {
			for i := range 64 { // what the random accesses did not see
				if q, ok := p.pages[i]; ok && !q.beyond && q.prot.Allows(mach.ProtRead) {
					if b, err := w.load(p.m, at(i)+5); !d.failed(t, "load", err, mach.Success) && b != q.cell.value {
						t.Fatalf("page %d holds %#x, the model %#x", i, b, q.cell.value)
					}
				}
			}
		}
		for _, o := range d.objects {
			o.o.Release()
		}
		for _, p := range d.maps {
			p.m.Destroy()
		}
		w.check(t)
		if after := w.env.Frames.Stats(); after.Free != before.Free || after.Reserved != before.Reserved {
			t.Fatalf("frames before %+v, after %+v", before, after)
		}
	})
}

func TestAgainstModel(t *testing.T) { testModel(t, 48<<20, false) }

func TestAgainstModelWithoutMemory(t *testing.T) { testModel(t, 1<<20, true) }
