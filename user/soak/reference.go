package main

import (
	"encoding/binary"

	"defpager/mach"
)

// pages is how many pages of each task's space the operations are about.
const pages = 1024

// cell is a page's contents, whoever shares it, as a number that determines all its bytes: 0 for zeros.
type cell struct{ value uint32 }

// page is what a task maps at one place: a page of an object, or a cell that is its own or shared with a child.
type page struct {
	object  *object // nil: cell
	index   int     // of the object's page
	cell    *cell   // nil: nothing, or the contents lay beyond the end of an object that was copied
	inherit mach.Inherit
	mapped  bool
}

// contents is the cell that a page shows now, nil behind the end of its object.
func (p *page) contents() *cell {
	switch {
	case p.object == nil:
		return p.cell
	case p.index < len(p.object.cells):
		return p.object.cells[p.index]
	}
	return nil
}

// arena is where a round's reference lies. It is taken once: the program's own memory stays as it is while the books are open.
type arena struct {
	tasks   [tasks]task
	cells   [128 << 10]cell
	objects [96]object
	used    int // cells
	made    int // objects
}

// clear gives all back.
func (a *arena) clear() { a.used, a.made = 0, 0 }

// full reports whether one more operation could want more cells than there are.
func (a *arena) full() bool { return a.used+pages > len(a.cells) || a.made == len(a.objects) }

func (a *arena) cell(value uint32) *cell {
	c := &a.cells[a.used]
	a.used++
	c.value = value
	return c
}

// task is an empty task.
func (a *arena) task(i int) *task {
	a.tasks[i] = task{}
	return &a.tasks[i]
}

func (a *arena) object() *object {
	o := &a.objects[a.made]
	a.made++
	o.cells, o.given = o.room[:0], false
	return o
}

// copied is a page of its own that holds what p does.
func (a *arena) copied(p *page) page {
	q := page{inherit: p.inherit, mapped: true}
	if c := p.contents(); c != nil {
		q.cell = a.cell(c.value)
	}
	return q
}

// task is one of the tasks, the program's own among them.
type task struct {
	port  mach.Name
	own   bool
	pages [pages]page
}

// run is how many pages from first on are mapped, or are not, up to n.
func (t *task) run(first, n int, mapped bool) int {
	for i := range n {
		if t.pages[first+i].mapped != mapped {
			return i
		}
	}
	return n
}

// whole is how many pages from first on hold something, up to n.
func (t *task) whole(first, n int) int {
	for i := range n {
		if t.pages[first+i].contents() == nil {
			return i
		}
	}
	return n
}

// inherit is what a new child gets.
func (a *arena) inherit(t, child *task) {
	for i := range t.pages {
		p := &t.pages[i]
		switch {
		case !p.mapped || p.inherit == mach.InheritNone:
		case p.inherit == mach.InheritShare:
			child.pages[i] = *p
		default:
			child.pages[i] = a.copied(p)
		}
	}
}

// object is a memory object of the default pager.
type object struct {
	port  mach.Name // NameNull when the right is given up
	cells []*cell
	room  [longest]*cell // where they lie
	given bool           // a task has a right
	live  bool           // as objectPages found
	over  bool           // nothing was promised to it
}

// resize makes the object longer, by zeros, or shorter.
func (a *arena) resize(o *object, n int) {
	o.cells = o.cells[:min(n, len(o.cells))]
	for len(o.cells) < n {
		o.cells = append(o.cells, a.cell(0))
	}
}

// word is word i of a page: zeros, one word repeated, what compresses well, or noise.
func word(value uint32, i int) uint64 {
	if value == 0 {
		return 0
	}
	switch value % 4 {
	case 0:
		return uint64(value) * 0x0101010101
	case 1:
		return uint64(value)<<8 | uint64(i&7)
	}
	x := (uint64(value)<<9 | uint64(i)) * 0x9e3779b97f4a7c15
	x ^= x >> 29
	x *= 0xbf58476d1ce4e5b9
	return x ^ x>>32
}

// fill writes what a value determines to a page.
func fill(page []byte, value uint32) {
	for i := range mach.PageSize / 8 {
		binary.LittleEndian.PutUint64(page[8*i:], word(value, i))
	}
}

// holds reports whether a page is what a value determines, to the last byte.
func holds(page []byte, value uint32) bool {
	for i := range mach.PageSize / 8 {
		if binary.LittleEndian.Uint64(page[8*i:]) != word(value, i) {
			return false
		}
	}
	return true
}
