package vm

import (
	"defpager/board"
	"defpager/mach"

	"pgregory.net/rapid"
)

// modelCopy is a Copy on its way: the pages that it touches, of which those at its ends are not all in it.
type modelCopy struct {
	c         *Copy
	off, size int
	pages     []modelPage // without rights
}

// A physical object has so many pages.
const blockOrder = 3

func (d *model) createPhysical(t *rapid.T) {
	if len(d.objects) == 3 {
		return
	}
	b, err := d.w.env.Frames.AllocOrder(blockOrder)
	if d.failed(t, "allocate", err, mach.Success) {
		return
	}
	d.blocks = append(d.blocks, b)
	m := &modelObject{max: rapid.SampledFrom([]mach.Prot{mach.ProtRead, mach.ProtDefault, mach.ProtAll}).Draw(t, "maximum")}
	if m.o, err = NewPhysical(d.w.env, board.Range{Start: b, Size: page << blockOrder}, m.max); d.failed(t, "create physical", err, mach.Success) {
		return
	}
	clear(d.w.env.Mem.Bytes(b, page<<blockOrder))
	for i := range mach.PhysAddr(1 << blockOrder) {
		m.cells = append(m.cells, &cell{value: byte(0xa0 + i)})
		d.w.env.Mem.Bytes(b+i*page+5, 1)[0] = byte(0xa0 + i)
	}
	d.objects = append(d.objects, m)
}

func (d *model) setLimit(t *rapid.T) {
	if len(d.objects) == 0 {
		return
	}
	o := d.objects[rapid.IntRange(0, len(d.objects)-1).Draw(t, "object")]
	sizes := []int{0, 1, 3, 10, 63, 65, 511, 600, 1100}
	if d.dense {
		sizes = []int{0, 5, 8, 10, 12, 16, 20}
	}
	n := rapid.SampledFrom(sizes).Draw(t, "pages")
	want := mach.Success
	if !o.reserved {
		want = mach.InvalidArgument
	}
	if d.failed(t, "limit", o.o.SetLimit(uint64(n)*page), want) {
		return
	}
	o.cells = o.cells[:min(n, len(o.cells))]
	for len(o.cells) < n {
		o.cells = append(o.cells, &cell{})
	}
}

// bytes draws a range of bytes that touches pages from first on, and says how many.
func (d *model) bytes(t *rapid.T) (off, size, pages int) {
	sizes := []int{1, 2, 3, 7, 8, 9, 12, 20, 40, 520}
	if d.dense {
		sizes = []int{1, 3, 9, 10, 11, 12, 14}
	}
	n := rapid.SampledFrom(sizes).Draw(t, "pages")
	off = rapid.SampledFrom([]int{0, 0, 3, 5, 6, 4000}).Draw(t, "offset")
	size = n*page - off - rapid.SampledFrom([]int{0, 0, 1, page - 6, page - 5, page - 1}).Draw(t, "less")
	if size <= 0 {
		size = 1
	}
	return off, size, (off + size + page - 1) / page
}

// has reports whether byte 5 of page i is in a range of bytes.
func has(off, size, i int) bool { return i*page+5 >= off && i*page+5 < off+size }

// refused is what vm_read or vm_write says of the range before it does anything.
func (p *modelMap) refused(first, pages int, prot mach.Prot) mach.Return {
	for i := range pages {
		q, ok := p.pages[first+i]
		switch {
		case !ok:
			return mach.InvalidAddress
		case !q.prot.Allows(prot):
			return mach.ProtectionFailure
		}
	}
	return mach.Success
}

// near draws a page to start from.
func (d *model) near(t *rapid.T, what string) int {
	if d.dense {
		return rapid.OneOf(rapid.IntRange(0, 6), rapid.IntRange(lowest, lowest+6)).Draw(t, what)
	}
	return rapid.OneOf(rapid.IntRange(0, 40), rapid.Just(0), rapid.IntRange(lowest, lowest+20), rapid.IntRange(480, 560)).Draw(t, what)
}

// send is vm_map_copyin.
func (d *model) send(t *rapid.T) {
	if len(d.copies) == 3 {
		return
	}
	p := d.pick(t)
	first := d.near(t, "first")
	off, size, pages := d.bytes(t)
	dealloc := rapid.Bool().Draw(t, "deallocate")
	want := p.refused(first, pages, mach.ProtRead)
	c := &modelCopy{off: off, size: size}
	spoilt := false
	for i := range pages {
		q := p.pages[first+i]
		whole := size > small && i*page >= off && (i+1)*page <= off+size
		if q.now() == nil && !whole && want == mach.Success {
			want = mach.MemoryError
		}
		spoilt = spoilt || q.object == nil
		if q.cell = q.copied(); !has(off, size, i) {
			q.cell = &cell{}
		}
		c.pages = append(c.pages, modelPage{cell: q.cell})
	}
	var err error
	c.c, err = p.m.CopyMapIn(at(first)+mach.VirtAddr(off), uint64(size), dealloc)
	if spoilt && d.spoilt(&modelPage{}, err) || d.failed(t, "copyin", err, want) {
		return
	}
	if dealloc {
		for i := range pages {
			delete(p.pages, first+i)
		}
	}
	d.copies = append(d.copies, c)
}

func (d *model) take(i int) *modelCopy {
	c := d.copies[i]
	d.copies = append(d.copies[:i], d.copies[i+1:]...)
	return c
}

func (d *model) pickCopy(t *rapid.T) int { return rapid.IntRange(0, len(d.copies)-1).Draw(t, "copy") }

// receive is vm_map_copyout.
func (d *model) receive(t *rapid.T) {
	if len(d.copies) == 0 {
		return
	}
	p := d.pick(t)
	k := d.pickCopy(t)
	va, err := p.m.CopyMapOut(d.copies[k].c)
	if d.failed(t, "copyout", err, mach.Success) {
		return
	}
	c := d.take(k)
	first := index(va)
	if at(first)+mach.VirtAddr(c.off) != va || d.taken(p, first, len(c.pages)) {
		t.Fatalf("copyout to %#x, which is taken or has another offset", uint64(va))
	}
	for i, q := range c.pages {
		q.prot, q.max, q.inherit = mach.ProtDefault, mach.ProtAll, mach.InheritCopy
		p.pages[first+i] = q
	}
}

func (d *model) discard(t *rapid.T) {
	if len(d.copies) > 0 {
		d.take(d.pickCopy(t)).c.Discard()
	}
}

// look reads a copy on its way.
func (d *model) look(t *rapid.T) {
	if len(d.copies) == 0 {
		return
	}
	c := d.copies[d.pickCopy(t)]
	i := rapid.IntRange(0, len(c.pages)-1).Draw(t, "page")
	if !has(c.off, c.size, i) {
		return
	}
	want := mach.Success
	if c.pages[i].cell == nil {
		want = mach.MemoryError
	}
	var b [1]byte
	if err := c.c.ReadAt(b[:], uint64(i*page+5-c.off)); !d.spoilt(&c.pages[i], err) && !d.failed(t, "look", err, want) {
		c.pages[i].cell.agrees(t, "a copy", b[0])
	}
}

// overwrite is vm_write.
func (d *model) overwrite(t *rapid.T) {
	if len(d.copies) == 0 {
		return
	}
	p := d.pick(t)
	k := d.pickCopy(t)
	c := d.copies[k]
	first := d.near(t, "first")
	if d.written(t, "vm_write", p, first, c, func() error { return p.m.Write(at(first)+mach.VirtAddr(c.off), c.c) }) {
		d.take(k)
	}
}

// copy is vm_copy.
func (d *model) copy(t *rapid.T) {
	p := d.pick(t)
	from, to := d.near(t, "from"), d.near(t, "to")
	c := &modelCopy{}
	var pages int
	c.off, c.size, pages = d.bytes(t)
	want := p.refused(from, pages, mach.ProtRead)
	for i := range pages {
		q := p.pages[from+i]
		if q.now() == nil && want == mach.Success {
			return // what fails first is a matter of sizes
		}
		c.pages = append(c.pages, modelPage{cell: q.copied()})
	}
	f := func() error {
		return p.m.Copy(at(from)+mach.VirtAddr(c.off), uint64(c.size), at(to)+mach.VirtAddr(c.off))
	}
	if want != mach.Success {
		d.failed(t, "vm_copy", f(), want)
		return
	}
	d.written(t, "vm_copy", p, to, c, f)
}

// written does what writes c over pages from first on, and reports whether it did.
func (d *model) written(t *rapid.T, what string, p *modelMap, first int, c *modelCopy, f func() error) bool {
	want := p.refused(first, len(c.pages), mach.ProtWrite)
	for i := range c.pages {
		if q := p.pages[first+i]; want == mach.Success && (q.now() == nil || c.pages[i].cell == nil) {
			return false // half of it would be done
		}
	}
	err := f()
	failed := d.spoilt(&modelPage{}, err) || d.failed(t, what, err, want)
	if want != mach.Success {
		return false
	}
	for i := range c.pages {
		if !has(c.off, c.size, i) {
			continue
		}
		q := p.pages[first+i]
		now, then := q.now(), c.pages[i].cell
		if failed {
			now.alternatively(then)
		} else {
			*now = *then
		}
	}
	return !failed
}

// alternatively notes that c may have become what x is, or not. Of three possible values it remembers that anything goes.
func (c *cell) alternatively(x *cell) {
	switch {
	case c.unsure || x.unsure:
		c.unsure, c.any = true, true
	case c.value != x.value:
		c.unsure, c.maybe = true, x.value
	}
}
