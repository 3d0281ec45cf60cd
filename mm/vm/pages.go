package vm

import (
	"fmt"
	"math"

	"defpager/mach"
)

// slot is what an object knows of one page: the frame's address, with flags in its low bits, or where its contents are kept; 0: nothing.
type slot uint64

// slotSuper marks the 512 pages of an aligned 2 MiB frame block whose frames still all belong to the object.
const slotSuper slot = 1

func (s slot) frame() mach.PhysAddr { return mach.PhysAddr(s &^ mach.PageMask) }

// slotOut, the highest bit, marks a page that has no frame: the other bits are the token of its contents, so that no flag of frames is set.
// Pmap.FillRun leaves such slots out.
const (
	slotOut    slot = 1 << 63
	tokenShift      = 4
)

func outSlot(t Token) slot { return slotOut | slot(t)<<tokenShift }

func (s slot) out() bool { return s&slotOut != 0 }

func (s slot) token() Token { return Token(s &^ slotOut >> tokenShift) }

// pageTree holds an object's resident pages by page number: a radix tree of 64-slot nodes, as high as its largest page
// number wants. At height 0 the root is page 0's slot itself, so an object of one page needs no node.
type pageTree struct {
	root   uint64 // a slot at height 0, else a nodeRef
	height uint8
	count  uint32 // slots that are not 0
	out    uint32 // of those, pages without a frame
	nodes  uint32
	payer  *Account // of the object, who pays for pages without a frame; nil: nobody

	key    uint32     // leafKey of the recent leaf's pages; 0: there is none, or they are too far out
	recent recentLeaf // looked at last, to spare the descent: faults come in runs
}

// recentLeaf is a view of the leaf node with the pages of one number.
type recentLeaf struct {
	slots *node
	used  *uint64 // the node's count of slots that are not 0
}

// leafKey is a number that is the same for the pages of one leaf, and never 0.
func leafKey(n mach.PageNumber) mach.PageNumber { return n>>nodeShift + 1 }

// heightFor is the height of a tree that can hold page n.
func heightFor(n mach.PageNumber) uint8 {
	h := uint8(0)
	for n != 0 {
		n >>= nodeShift
		h++
	}
	return h
}

// leaf makes the leaf that would hold page n the recent one, and reports whether there is one. At height 0 there is none.
func (t *pageTree) leaf(p *nodePool, n mach.PageNumber) bool {
	return mach.PageNumber(t.key) == leafKey(n) || t.descend(p, n)
}

func (t *pageTree) descend(p *nodePool, n mach.PageNumber) bool {
	if t.root == 0 || t.height == 0 || n>>(nodeShift*t.height) != 0 {
		return false
	}
	r := nodeRef(t.root)
	for level := t.height - 1; level > 0; level-- {
		r = nodeRef(p.at(r)[n>>(nodeShift*level)&(nodeSlots-1)])
		if r == 0 {
			return false
		}
	}
	t.remember(p, n, r)
	return true
}

// remember makes r, which has page n, the recent leaf.
func (t *pageTree) remember(p *nodePool, n mach.PageNumber, r nodeRef) {
	t.recent = recentLeaf{slots: p.at(r), used: p.count(r)}
	if t.key = 0; leafKey(n) <= math.MaxUint32 {
		t.key = uint32(leafKey(n))
	}
}

// get is page n's slot.
func (t *pageTree) get(p *nodePool, n mach.PageNumber) slot {
	switch {
	case t.leaf(p, n):
		return slot(t.recent.slots[n&(nodeSlots-1)])
	case n == 0 && t.height == 0:
		return slot(t.root)
	}
	return 0
}

// run views the slots of page n and of those behind it that lie in the same leaf; nil: there is no leaf.
func (t *pageTree) run(p *nodePool, n mach.PageNumber) []uint64 {
	if !t.leaf(p, n) {
		return nil
	}
	return t.recent.slots[n&(nodeSlots-1):]
}

// filled counts slots that were 0 and are not any more, in the view that run returned last.
func (t *pageTree) filled(slots uint64) {
	t.count += uint32(slots)
	*t.recent.used += slots
}

// put makes s page n's slot; s is not 0. With promised the nodes come out of the owner's promise and put cannot fail;
// without it may fail with ResourceShortage, and then nothing has changed.
func (t *pageTree) put(p *nodePool, n mach.PageNumber, s slot, promised bool) error {
	if t.height > 0 {
		if t.leaf(p, n) {
			t.set(n, s)
			return nil
		}
	} else if n == 0 {
		if t.root == 0 {
			t.count++
		}
		t.tally(slot(t.root), s)
		t.root = uint64(s)
		return nil
	}
	if promised {
		t.grow(p, n, s)
		return nil
	}
	most, err := t.room(p, n)
	if err != nil {
		return err
	}
	t.putIn(p, n, s, most)
	return nil
}

// room promises the nodes that page n's slot needs, and says how many. It fails with ResourceShortage, and promises none then.
func (t *pageTree) room(p *nodePool, n mach.PageNumber) (uint64, error) {
	if t.leaf(p, n) || n == 0 && t.height == 0 {
		return 0, nil
	}
	h := max(heightFor(n), t.height)
	most := uint64(h-t.height) + uint64(h) // roots on top of the old one, and a path down
	return most, p.promise(most)
}

// putIn is put with the nodes that room promised: it cannot fail.
func (t *pageTree) putIn(p *nodePool, n mach.PageNumber, s slot, most uint64) {
	before := t.nodes
	_ = t.put(p, n, s, true)
	p.forget(most - uint64(t.nodes-before))
}

// set stores s in the recent leaf, which is n's.
func (t *pageTree) set(n mach.PageNumber, s slot) {
	at := &t.recent.slots[n&(nodeSlots-1)]
	if *at == 0 {
		t.filled(1)
	}
	if (slot(*at) | s).out() {
		t.tally(slot(*at), s)
	}
	*at = uint64(s)
}

// tally counts pages without a frame when a slot changes.
func (t *pageTree) tally(from, to slot) {
	if from.out() {
		t.goes(-1)
	}
	if to.out() {
		t.goes(1)
	}
}

// goes counts n pages more that have no frame.
func (t *pageTree) goes(n int) {
	t.out += uint32(n)
	if t.payer != nil {
		t.payer.Out += mach.PageNumber(n)
	}
}

// exchange has two trees change places, but not those who pay for them.
func (t *pageTree) exchange(u *pageTree) {
	a, b := int(t.out), int(u.out)
	t.goes(-a)
	u.goes(-b)
	*t, *u = *u, *t
	t.payer, u.payer = u.payer, t.payer
	t.goes(b)
	u.goes(a)
}

// resident is the number of pages that have a frame.
func (t *pageTree) resident() mach.PageNumber { return mach.PageNumber(t.count - t.out) }

// grow makes the nodes that page n needs, then stores s. The nodes were promised.
func (t *pageTree) grow(p *nodePool, n mach.PageNumber, s slot) {
	for h := heightFor(n); t.height < h; t.height++ {
		if t.root == 0 {
			continue
		}
		r := t.node(p)
		p.at(r)[0] = t.root
		*p.count(r) = 1
		t.root = uint64(r)
	}
	if t.root == 0 {
		t.root = uint64(t.node(p))
	}
	r := nodeRef(t.root)
	for level := t.height - 1; level > 0; level-- {
		at := &p.at(r)[n>>(nodeShift*level)&(nodeSlots-1)]
		if *at == 0 {
			*at = uint64(t.node(p))
			*p.count(r)++
		}
		r = nodeRef(*at)
	}
	t.remember(p, n, r)
	t.set(n, s)
}

func (t *pageTree) node(p *nodePool) nodeRef {
	t.nodes++
	return p.take()
}

// remove empties page n's slot and says what it held. keep: nodes that become empty stay promised.
func (t *pageTree) remove(p *nodePool, n mach.PageNumber, keep bool) slot {
	if t.get(p, n) == 0 {
		return 0
	}
	if t.height == 0 {
		s := slot(t.root)
		t.tally(s, 0)
		*t = pageTree{payer: t.payer}
		return s
	}
	s, empty := t.cut(p, nodeRef(t.root), t.height-1, n, keep)
	t.count--
	t.tally(s, 0)
	if empty {
		t.root, t.height = 0, 0
	}
	return s
}

// cut removes page n below r and reports whether r was freed because nothing is left in it.
func (t *pageTree) cut(p *nodePool, r nodeRef, level uint8, n mach.PageNumber, keep bool) (s slot, empty bool) {
	at := &p.at(r)[n>>(nodeShift*level)&(nodeSlots-1)]
	if level == 0 {
		s = slot(*at)
	} else {
		var gone bool
		if s, gone = t.cut(p, nodeRef(*at), level-1, n, keep); !gone {
			return s, false
		}
	}
	*at = 0
	c := p.count(r)
	*c--
	if *c != 0 {
		return s, false
	}
	t.drop(p, r, keep)
	return s, true
}

func (t *pageTree) drop(p *nodePool, r nodeRef, keep bool) {
	if t.recent.slots == p.at(r) {
		t.key, t.recent = 0, recentLeaf{}
	}
	t.nodes--
	p.put(r, keep)
}

// lower takes needless roots away after pages were removed, so that a tree is never higher than its limit wants.
func (t *pageTree) lower(p *nodePool, keep bool) {
	for t.height > 0 && t.root != 0 {
		r := nodeRef(t.root)
		n := p.at(r)
		if *p.count(r) != 1 || n[0] == 0 {
			return
		}
		t.root = n[0]
		n[0] = 0
		*p.count(r) = 0
		t.height--
		t.drop(p, r, keep)
	}
}

// next finds the first resident page at or after n.
func (t *pageTree) next(p *nodePool, n mach.PageNumber) (mach.PageNumber, slot, bool) {
	if t.height == 0 {
		return 0, slot(t.root), n == 0 && t.root != 0
	}
	if n>>(nodeShift*t.height) != 0 {
		return 0, 0, false
	}
	return search(p, nodeRef(t.root), t.height-1, n)
}

// search is next below one node; n lies within it.
func search(p *nodePool, r nodeRef, level uint8, n mach.PageNumber) (mach.PageNumber, slot, bool) {
	v := p.at(r)
	shift := nodeShift * level
	for i := n >> shift & (nodeSlots - 1); i < nodeSlots; i++ {
		if v[i] != 0 {
			if level == 0 {
				return n, slot(v[i]), true
			}
			if found, s, ok := search(p, nodeRef(v[i]), level-1, n); ok {
				return found, s, true
			}
		}
		n = (n>>shift + 1) << shift
	}
	return 0, 0, false
}

// clear empties the tree and frees every page. keep: the nodes stay promised.
func (t *pageTree) clear(env *Env, keep bool) {
	if t.height > 0 && t.root != 0 {
		t.clearNode(env, nodeRef(t.root), t.height-1, keep)
	} else if t.root != 0 {
		env.freeSlot(slot(t.root))
	}
	if t.out != 0 {
		t.goes(-int(t.out))
	}
	*t = pageTree{payer: t.payer}
}

func (t *pageTree) clearNode(env *Env, r nodeRef, level uint8, keep bool) {
	v := env.nodes.at(r)
	switch first := slot(v[0]); {
	case level > 0:
		for _, below := range v {
			if below != 0 {
				t.clearNode(env, nodeRef(below), level-1, keep)
			}
		}
	case first&slotSuper == 0:
		for _, s := range v {
			if s != 0 {
				env.freeSlot(slot(s))
			}
		}
	case first.frame()&(mach.SuperSize-1) == 0: // as the first, so all: this leaf, and the seven behind it
		env.Frames.FreeOrder(first.frame(), mach.SuperShift-mach.PageShift)
	}
	*v = node{}
	*env.nodes.count(r) = 0
	t.drop(&env.nodes, r, keep)
}

// freeSlot frees what a slot that is in no tree any more holds: a frame by itself, or contents without a frame.
func (env *Env) freeSlot(s slot) {
	if s.out() {
		env.drop(s.token())
		return
	}
	env.Frames.Free(s.frame())
}

// check verifies counts and that no node is empty.
func (t *pageTree) check(p *nodePool) error {
	var pages, out, nodes uint32
	var walk func(r nodeRef, level uint8) error
	walk = func(r nodeRef, level uint8) error {
		nodes++
		var used uint64
		for _, s := range p.at(r) {
			if s == 0 {
				continue
			}
			used++
			if level == 0 {
				pages++
				if slot(s).out() {
					out++
				}
			} else if err := walk(nodeRef(s), level-1); err != nil {
				return err
			}
		}
		if used == 0 || used != *p.count(r) {
			return fmt.Errorf("page tree: node %#x has %d slots and counts %d", r, used, *p.count(r))
		}
		return nil
	}
	switch {
	case t.root == 0:
	case t.height == 0:
		pages = 1
		if slot(t.root).out() {
			out = 1
		}
	default:
		if err := walk(nodeRef(t.root), t.height-1); err != nil {
			return err
		}
	}
	if pages != t.count || nodes != t.nodes || out != t.out {
		return fmt.Errorf("page tree: %d pages, %d of them out, in %d nodes, counted %d, %d in %d", pages, out, nodes, t.count, t.out, t.nodes)
	}
	return nil
}
