package replay

import "defpager/mach"

// Pages is how many pages of each task's space the operations are about.
const Pages = 24

// cell is the contents of a page, whoever shares it: all its bytes are the same.
type cell struct{ value byte }

// page is what a task maps at one place. Its cell is its own, an object's, or shared with a child.
type page struct {
	cell      *cell
	prot, max mach.Prot
	inherit   mach.Inherit
}

type task struct{ pages [Pages]*page }

// object is a memory object of the default pager.
type object struct{ cells []*cell }

// copied is a page of its own that holds what p does.
func (p *page) copied() *cell { return &cell{p.cell.value} }

func (t *task) free(first, n int) bool {
	for _, p := range t.pages[first : first+n] {
		if p != nil {
			return false
		}
	}
	return true
}

// each calls f for the pages of the range that are mapped.
func (t *task) each(first, n int, f func(*page)) {
	for _, p := range t.pages[first : first+n] {
		if p != nil {
			f(p)
		}
	}
}

func (t *task) allocate(first, n int) mach.Return {
	if !t.free(first, n) {
		return mach.NoSpace
	}
	for i := first; i < first+n; i++ {
		t.pages[i] = &page{&cell{}, mach.ProtDefault, mach.ProtAll, mach.InheritCopy}
	}
	return mach.Success
}

func (t *task) deallocate(first, n int) mach.Return {
	for i := first; i < first+n; i++ {
		t.pages[i] = nil
	}
	return mach.Success
}

func (t *task) protect(first, n int, setMax bool, prot mach.Prot) mach.Return {
	for _, p := range t.pages[first : first+n] {
		if p != nil && !p.max.Allows(prot) {
			return mach.ProtectionFailure
		}
	}
	t.each(first, n, func(p *page) {
		if setMax {
			p.max = prot
			p.prot &= prot
		} else {
			p.prot = prot
		}
	})
	return mach.Success
}

func (t *task) inherit(first, n int, how mach.Inherit) mach.Return {
	t.each(first, n, func(p *page) { p.inherit = how })
	return mach.Success
}

// read is vm_read of a range: its code, and the values.
func (t *task) read(first, n int) (values [Pages]byte, code mach.Return) {
	if code = t.access(first, n, mach.ProtRead); code != mach.Success {
		return values, code
	}
	for i := range n {
		values[i] = t.pages[first+i].cell.value
	}
	return values, mach.Success
}

// access is the code of an access to a range: the first page that is not mapped, or does not allow it, decides.
func (t *task) access(first, n int, prot mach.Prot) mach.Return {
	for _, p := range t.pages[first : first+n] {
		switch {
		case p == nil:
			return mach.InvalidAddress
		case !p.prot.Allows(prot):
			return mach.ProtectionFailure
		}
	}
	return mach.Success
}

func (t *task) write(first, n int, value byte) mach.Return {
	if code := t.access(first, n, mach.ProtWrite); code != mach.Success {
		return code
	}
	t.each(first, n, func(p *page) { p.cell.value = value })
	return mach.Success
}

func (t *task) copy(from, n, to int) mach.Return {
	values, code := t.read(from, n)
	if code != mach.Success {
		return code
	}
	if code = t.access(to, n, mach.ProtWrite); code != mach.Success {
		return code
	}
	for i := range n {
		t.pages[to+i].cell.value = values[i]
	}
	return mach.Success
}

func (t *task) mapObject(first, n int, o *object, offset int, copied bool, prot mach.Prot, how mach.Inherit) mach.Return {
	if !t.free(first, n) {
		return mach.NoSpace
	}
	for i := range n {
		p := &page{o.cells[offset+i], prot, mach.ProtAll, how}
		if copied {
			p.cell = p.copied()
		}
		t.pages[first+i] = p
	}
	return mach.Success
}

func (t *task) fork() *task {
	child := new(task)
	for i, p := range t.pages {
		if p == nil || p.inherit == mach.InheritNone {
			continue
		}
		q := *p
		if p.inherit == mach.InheritCopy {
			q.cell = p.copied()
		}
		child.pages[i] = &q
	}
	return child
}
