package mach

// Prot is a vm_prot_t: the accesses that a mapping allows, or that a fault asks for.
type Prot int32

// Protections (mach/vm_prot.h).
const (
	ProtNone     Prot = 0
	ProtRead     Prot = 1
	ProtWrite    Prot = 2
	ProtExecute  Prot = 4
	ProtDefault  Prot = ProtRead | ProtWrite
	ProtAll      Prot = ProtRead | ProtWrite | ProtExecute
	ProtNoChange Prot = 8
	ProtNotify   Prot = 0x10
)

// Allows reports whether every access in want is in p.
func (p Prot) Allows(want Prot) bool { return want&^p == 0 }

// Valid reports whether p has no bits but read, write and execute.
func (p Prot) Valid() bool { return p&^ProtAll == 0 }

// String is p in the form "rwx", with dashes for what is missing.
func (p Prot) String() string {
	return protNames[p&7]
}

var protNames = [8]string{"---", "r--", "-w-", "rw-", "--x", "r-x", "-wx", "rwx"}

// Inherit is a vm_inherit_t: what a child task gets of a map entry.
type Inherit int32

// Inheritance values (mach/vm_inherit.h).
const (
	InheritShare Inherit = 0
	InheritCopy  Inherit = 1
	InheritNone  Inherit = 2
)

// Valid reports whether i is one of the three values.
func (i Inherit) Valid() bool { return i >= InheritShare && i <= InheritNone }

// String is the lower-case name of i.
func (i Inherit) String() string {
	switch i {
	case InheritShare:
		return "share"
	case InheritCopy:
		return "copy"
	case InheritNone:
		return "none"
	}
	return "invalid"
}
