package vm

import "defpager/mach"

// heldMax is how many pages are held: an instruction needs no more at once, two that it lies in and two of each of its two operands.
const heldMax = 6

// held is frames that page-out leaves where they are, for an instruction that needs several pages at once: while hardly any can go, each fault
// might take away what the one before brought.
type held struct {
	frames [heldMax]mach.PhysAddr
	next   int
	any    bool
}

// Hold has the page at va, which a fault brought, stay in its frame until Unhold, or until as many others were held as an instruction may need.
func (m *Map) Hold(va mach.VirtAddr) {
	leaf, ok := m.pmap.Lookup(va)
	if !ok {
		return
	}
	h := &m.env.held
	h.frames[h.next] = leaf.Address + mach.PhysAddr(uint64(va)&(leaf.Size-1)&^mach.PageMask)
	h.next = (h.next + 1) % heldMax
	h.any = true
}

// Unhold lets go what is held.
func (env *Env) Unhold() { env.held = held{} }

// pressedFor is for how many ticks page-out counts as going on.
const pressedFor = 100

// Pressed reports whether pages were paged out lately: only then may it be worth while to hold some.
func (env *Env) Pressed() bool { return env.pressed != 0 }

// Holds reports whether anything is held.
func (env *Env) Holds() bool { return env.held.any }

func (h *held) has(f mach.PhysAddr) bool {
	for _, g := range h.frames {
		if g == f {
			return true
		}
	}
	return false
}
