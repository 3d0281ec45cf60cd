package pmap

import "defpager/mach"

// PTE is an entry of a page table of any level (Intel SDM volume 3, section 4.5.4).
type PTE uint64

const (
	present  PTE = 1 << 0
	writable PTE = 1 << 1
	user     PTE = 1 << 2
	accessed PTE = 1 << 5
	dirty    PTE = 1 << 6
	large    PTE = 1 << 7 // in a page directory, or the table above: the entry is a leaf of 2 MiB or 1 GiB
	noExec   PTE = 1 << 63

	addressBits PTE = 0x000f_ffff_ffff_f000
)

// Valid reports whether the processor uses the entry.
func (e PTE) Valid() bool { return e&present != 0 }

// Writable reports whether the entry lets writes through.
func (e PTE) Writable() bool { return e&writable != 0 }

// User reports whether the entry lets ring 3 through.
func (e PTE) User() bool { return e&user != 0 }

// Executable reports whether the entry lets instruction fetches through.
func (e PTE) Executable() bool { return e&noExec == 0 }

// Large reports whether the entry of a table above the last level is a leaf.
func (e PTE) Large() bool { return e&large != 0 }

// Accessed reports whether the processor has used the entry.
func (e PTE) Accessed() bool { return e&accessed != 0 }

// Dirty reports whether the page behind a leaf was written to.
func (e PTE) Dirty() bool { return e&dirty != 0 }

// Address is the frame or table that the entry names.
func (e PTE) Address() mach.PhysAddr { return mach.PhysAddr(e & addressBits) }

// Prot is what a leaf allows ring 3. Pages that can be written or executed can be read: the processor knows no other way.
func (e PTE) Prot() mach.Prot {
	if e&(present|user) != present|user {
		return mach.ProtNone
	}
	p := mach.ProtRead
	if e.Writable() {
		p |= mach.ProtWrite
	}
	if e.Executable() {
		p |= mach.ProtExecute
	}
	return p
}

// allows reports whether ring 3 may do all of access through a leaf.
func (e PTE) allows(access mach.Prot) bool {
	return e&(present|user) == present|user &&
		(access&mach.ProtWrite == 0 || e&writable != 0) &&
		(access&mach.ProtExecute == 0 || e&noExec == 0)
}

// rights are the bits of a leaf with that protection, which is not ProtNone.
func (env *Env) rights(prot mach.Prot) PTE {
	e := present | user
	if prot&mach.ProtWrite != 0 {
		e |= writable
	}
	if prot&mach.ProtExecute == 0 && env.NX {
		e |= noExec
	}
	return e
}
