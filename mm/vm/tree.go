package vm

import (
	"fmt"

	"defpager/mach"
)

// The entries of a map form a treap by address (treap.go). Each entry also knows the gap of free addresses behind it and the largest gap in its
// subtree, so that a place for a new entry is found in logarithmic time however full the map is.
//
// A map of few entries, as most are, does without the tree: to walk the list costs less than to keep a tree in order.
//
// The head of a map, an entry without addresses at the start of the space, stands for the gap before the first one.

// listMax is Env.listMax, but in tests.
const listMax = 32

// find is the entry that contains va; nil if none does.
func (m *Map) find(va mach.VirtAddr) *Entry {
	if e := m.floor(va); va >= e.start && va < e.end {
		return e
	}
	return nil
}

// floor is the last entry that starts at or below va, the head if there is none.
func (m *Map) floor(va mach.VirtAddr) *Entry {
	if e := m.hint; va >= e.start && va < e.end {
		return e
	}
	best := &m.head
	if m.root == nil {
		if va >= m.hint.start {
			best = m.hint
		}
		for e := best.next; e != nil && e.start <= va; e = e.next {
			best = e
		}
		return best
	}
	for e := m.root; e != nil; {
		if va < e.start {
			e = e.left
			continue
		}
		best = e
		e = e.right
	}
	return best
}

// insert puts e behind its neighbour prev, into a gap that has room for it.
func (m *Map) insert(prev, e *Entry) {
	e.m = m
	e.prev, e.next = prev, prev.next
	prev.next = e
	if e.next != nil {
		e.next.prev = e
	}
	m.count++
	m.account(e, e.size())
	e.gap, prev.gap = e.gapBehind(), prev.gapBehind()
	if m.root != nil {
		m.plant(prev, e)
		m.fixUp(prev)
	} else if m.count > m.env.listMax {
		m.plantAll()
	}
	if e.object != nil {
		m.own(e.object)
	}
}

// plantAll makes the tree.
func (m *Map) plantAll() {
	m.root = &m.head
	for e := m.head.next; e != nil; e = e.next {
		m.plant(e.prev, e)
	}
}

// plant puts e into the tree, in which its neighbour prev is, and the one behind it if any entry behind it is.
func (m *Map) plant(prev, e *Entry) {
	m.seed = shuffle(m.seed)
	e.priority = m.seed
	if prev.right == nil {
		prev.right, e.parent = e, prev
	} else {
		p := e.next // the leftmost below prev.right
		p.left, e.parent = e, p
	}
	e.maxGap = e.gap
	for e.parent != nil && e.parent.priority < e.priority {
		m.rotate(e)
	}
	m.fixUp(e.parent)
}

// remove takes e out of the map.
func (m *Map) remove(e *Entry) {
	prev := e.prev
	prev.next = e.next
	if e.next != nil {
		e.next.prev = prev
	}
	m.count--
	m.account(e, -e.size())
	if m.hint == e {
		m.hint = &m.head
	}
	if m.root != nil {
		m.uproot(e)
	}
	e.prev, e.next = nil, nil
	m.regap(prev)
}

// uproot takes e out of the tree.
func (m *Map) uproot(e *Entry) {
	for e.left != nil || e.right != nil {
		up := e.left
		if up == nil || e.right != nil && e.right.priority > up.priority {
			up = e.right
		}
		m.rotate(up)
	}
	p := e.parent
	if p.left == e { // the head is the only entry without a parent at times, and is never removed
		p.left = nil
	} else {
		p.right = nil
	}
	e.parent = nil
	m.fixUp(p)
}

// resize moves e's bounds, within its gap. The map's order stays.
func (m *Map) resize(e *Entry, start, end mach.VirtAddr) {
	m.account(e, uint64(end-start)-e.size())
	e.start, e.end = start, end
	if e.object != nil {
		e.place.extend(e.place.first + e.pages())
	}
	m.regap(e)
	m.regap(e.prev)
}

// gapBehind is the number of free bytes between e and its successor.
func (e *Entry) gapBehind() uint64 {
	if e.next != nil {
		return uint64(e.next.start - e.end)
	}
	return uint64(mach.MaxUser - e.end)
}

// regap computes the gap behind e anew, and everything that depends on it.
func (m *Map) regap(e *Entry) {
	e.gap = e.gapBehind()
	if m.root != nil {
		m.fixUp(e)
	}
}

// fixUp computes maxGap anew from e upwards, until it stays as it was: nothing else changes for those above.
func (m *Map) fixUp(e *Entry) {
	for ; e != nil; e = e.parent {
		g := e.largest()
		if g == e.maxGap {
			return
		}
		e.maxGap = g
	}
}

// largest is the largest gap at e and below.
func (e *Entry) largest() uint64 {
	g := e.gap
	if e.left != nil {
		g = max(g, e.left.maxGap)
	}
	if e.right != nil {
		g = max(g, e.right.maxGap)
	}
	return g
}

// rotate lifts e above its parent.
func (m *Map) rotate(e *Entry) {
	p := e.parent
	var above *links[Entry]
	if p.parent != nil {
		above = &p.parent.links
	}
	if moved := e.lift(e, &p.links, above, &m.root); moved != nil {
		moved.parent = p
	}
	p.maxGap = p.largest()
	e.maxGap = e.largest()
}

// nextGap is the first entry after e that has at least size free bytes behind it; nil if there is none.
func (e *Entry) nextGap(size uint64) *Entry {
	if e.m.root == nil {
		for e = e.next; e != nil && e.gap < size; e = e.next {
		}
		return e
	}
	if e.right != nil && e.right.maxGap >= size {
		return e.right.firstGap(size)
	}
	for ; e.parent != nil; e = e.parent {
		p := e.parent
		if p.left != e {
			continue
		}
		if p.gap >= size {
			return p
		}
		if p.right != nil && p.right.maxGap >= size {
			return p.right.firstGap(size)
		}
	}
	return nil
}

// firstGap is the first entry below e with a gap of at least size. Precondition: e.maxGap >= size.
func (e *Entry) firstGap(size uint64) *Entry {
	for {
		switch {
		case e.left != nil && e.left.maxGap >= size:
			e = e.left
		case e.gap >= size:
			return e
		default:
			e = e.right
		}
	}
}

// checkTree verifies the order, the heap, the gaps and the list.
func (m *Map) checkTree() error {
	var last *Entry
	count := -1 // the head does not count
	var size, none, wired uint64
	see := func(e *Entry) error {
		if last != nil && (last.next != e || e.prev != last || e.start < last.end) {
			return fmt.Errorf("entry %#x: wrong order after %#x", e.start, last.start)
		}
		if e.gap != e.gapBehind() || m.root != nil && e.maxGap != e.largest() {
			return fmt.Errorf("entry %#x: gap %#x of %#x, largest %#x of %#x", e.start, e.gap, e.gapBehind(), e.maxGap, e.largest())
		}
		if e.stays {
			return fmt.Errorf("entry %#x: stays as if it was on its way", e.start)
		}
		if e.m != m || m.root == nil && (e.left != nil || e.right != nil || e.parent != nil) {
			return fmt.Errorf("entry %#x: of another map, or in a tree that is not there", e.start)
		}
		last = e
		count++
		size += e.size()
		if e.max == mach.ProtNone {
			none += e.size()
		}
		if e.wired != mach.ProtNone {
			wired += e.size()
		}
		return nil
	}
	var walk func(e, parent *Entry) error
	walk = func(e, parent *Entry) error {
		if e == nil {
			return nil
		}
		if e.parent != parent || parent != nil && e.priority > parent.priority {
			return fmt.Errorf("entry %#x: wrong parent or priority", e.start)
		}
		if err := walk(e.left, e); err != nil {
			return err
		}
		if err := see(e); err != nil {
			return err
		}
		return walk(e.right, e)
	}
	if m.root == nil {
		for e := &m.head; e != nil; e = e.next {
			if err := see(e); err != nil {
				return err
			}
		}
		if m.count > m.env.listMax {
			return fmt.Errorf("map: %d entries without a tree", m.count)
		}
	} else if err := walk(m.root, nil); err != nil {
		return err
	}
	if count != m.count || size != m.size || last.next != nil {
		return fmt.Errorf("map: %d entries of %#x bytes, counted %d of %#x", count, size, m.count, m.size)
	}
	if none != m.none || wired != m.wired {
		return fmt.Errorf("map: %#x bytes without access, %#x wired; counted %#x and %#x", none, wired, m.none, m.wired)
	}
	return nil
}
