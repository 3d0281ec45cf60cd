// Package sim plays the machine on the host, for tests: a memory-management unit that walks page tables as the processor does.
package sim

import (
	"fmt"

	"defpager/board"
	"defpager/mach"
)

// MMU translates addresses through the tables in Mem, and keeps translations until it is told to drop them: a kernel that
// forgets to invalidate is found out. It implements board.TLB. Not safe for use by two goroutines at once.
type MMU struct {
	Mem board.Memory
	tlb map[key]translation
}

type key struct {
	root mach.PhysAddr
	page mach.VirtAddr
}

type translation struct {
	page                     mach.PhysAddr
	writable, user, execable bool
}

// Entry bits as the Intel SDM, volume 3, section 4.5 gives them. They are written here again on purpose: the unit is the
// tests' second opinion on what mm/pmap writes.
const (
	bitPresent  = 1 << 0
	bitWrite    = 1 << 1
	bitUser     = 1 << 2
	bitAccessed = 1 << 5
	bitDirty    = 1 << 6
	bitLarge    = 1 << 7
	bitNX       = 1 << 63
	addressMask = 0x000f_ffff_ffff_f000
)

// Fault is a page fault: the address, and an error code as the processor pushes it.
type Fault struct {
	Address mach.VirtAddr
	Code    uint64
}

func (f *Fault) Error() string { return fmt.Sprintf("page fault at %#x, code %#x", f.Address, f.Code) }

// Translate finds the byte behind va for a ring-3 access, or returns a *Fault. It sets accessed and dirty bits.
func (m *MMU) Translate(root mach.PhysAddr, va mach.VirtAddr, access mach.Prot) (mach.PhysAddr, error) {
	p, code := m.access(root, va, access)
	if code != 0 {
		return 0, &Fault{va, code}
	}
	return p, nil
}

// access is Translate without an allocation: code is not 0 at a fault.
func (m *MMU) access(root mach.PhysAddr, va mach.VirtAddr, access mach.Prot) (_ mach.PhysAddr, fault uint64) {
	code := uint64(board.FaultUser)
	if access&mach.ProtWrite != 0 {
		code |= board.FaultWrite
	}
	if access&mach.ProtExecute != 0 {
		code |= board.FaultFetch
	}
	k := key{root, va.Trunc()}
	t, ok := m.tlb[k]
	if ok && !t.allows(access) {
		delete(m.tlb, k) // the processor walks the tables again before it faults
		ok = false
	}
	if !ok || access&mach.ProtWrite != 0 {
		var present bool
		t, present = m.walk(root, va, access)
		if !present {
			return 0, code
		}
		if !t.allows(access) {
			return 0, code | board.FaultPresent
		}
		if m.tlb == nil {
			m.tlb = map[key]translation{}
		}
		if !ok {
			m.tlb[k] = t
		}
		t = m.tlb[k]
	}
	return t.page + mach.PhysAddr(va.Offset()), 0
}

func (t translation) allows(access mach.Prot) bool {
	return t.user && (t.writable || access&mach.ProtWrite == 0) && (t.execable || access&mach.ProtExecute == 0)
}

func (m *MMU) walk(root mach.PhysAddr, va mach.VirtAddr, access mach.Prot) (translation, bool) {
	t := translation{writable: true, user: true, execable: true}
	at := root
	for shift := uint(39); ; shift -= 9 {
		slot := &m.Mem.Table(at)[uint64(va)>>shift&511]
		e := *slot
		if e&bitPresent == 0 {
			return t, false
		}
		t.writable = t.writable && e&bitWrite != 0
		t.user = t.user && e&bitUser != 0
		t.execable = t.execable && e&bitNX == 0
		if shift == 12 || e&bitLarge != 0 {
			if t.allows(access) {
				*slot |= bitAccessed
				if access&mach.ProtWrite != 0 {
					*slot |= bitDirty
				}
			}
			t.page = mach.PhysAddr(e&addressMask) + mach.PhysAddr(uint64(va)&(1<<shift-1)&^mach.PageMask)
			return t, true
		}
		at = mach.PhysAddr(e & addressMask)
	}
}

// Load reads a byte as ring 3 would.
func (m *MMU) Load(root mach.PhysAddr, va mach.VirtAddr) (byte, error) {
	p, err := m.Translate(root, va, mach.ProtRead)
	if err != nil {
		return 0, err
	}
	return m.Mem.Bytes(p, 1)[0], nil
}

// Store writes a byte as ring 3 would.
func (m *MMU) Store(root mach.PhysAddr, va mach.VirtAddr, b byte) error {
	p, err := m.Translate(root, va, mach.ProtWrite)
	if err == nil {
		m.Mem.Bytes(p, 1)[0] = b
	}
	return err
}

// InvalidatePage drops the translations of the page at va, and of the superpage around it.
func (m *MMU) InvalidatePage(root mach.PhysAddr, va mach.VirtAddr) {
	for k, t := range m.tlb {
		same := k.page == va.Trunc()
		super := k.page>>mach.SuperShift == va>>mach.SuperShift && large(k.page, t)
		if k.root == root && (same || super) {
			delete(m.tlb, k)
		}
	}
}

// large reports whether the translation t of page could have come from a superpage: all of them are dropped by one INVLPG.
func large(page mach.VirtAddr, t translation) bool {
	return uint64(t.page)&(mach.SuperSize-1) == uint64(page)&(mach.SuperSize-1)
}

// InvalidateSpace drops all of root's translations.
func (m *MMU) InvalidateSpace(root mach.PhysAddr) {
	for k := range m.tlb {
		if k.root == root {
			delete(m.tlb, k)
		}
	}
}
