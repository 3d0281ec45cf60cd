package gen

import (
	"fmt"

	"defpager/ipc/mig/defs"
	"defpager/ipc/mig/layout"
	"defpager/mach"
)

// shape is how C handles an argument.
type shape int

const (
	cWord       shape = iota // a right
	cData                    // a number or a struct: by value in, by pointer out
	cFixed                   // an array of a fixed length, which C passes by pointer
	cString                  // text in a field of its own
	cBounded                 // an inline array with a count, in the caller's memory
	cIndefinite              // inline or out of line, with a count
	cPointer                 // out of line
)

func shapeOf(t *defs.Type) shape {
	switch {
	case t.Kind == defs.Pointer:
		return cPointer
	case t.Indefinite:
		return cIndefinite
	case t.Kind == defs.Variable:
		return cBounded
	case t.Kind == defs.CString:
		return cString
	case t.Kind == defs.Port && t.Number == 1:
		return cWord
	case t.Kind == defs.Struct:
		return cData
	case t.Number > 1 || t.Size > 64:
		return cFixed
	}
	return cData
}

// counted reports whether an argument has a count beside it.
func counted(t *defs.Type) bool {
	switch shapeOf(t) {
	case cBounded, cIndefinite:
		return true
	case cPointer:
		return t.Number == 0
	}
	return false
}

// side is for whom a declaration is written.
type side int

const (
	user side = iota
	server
)

// cType is the name of an argument's type in C.
func cType(t *defs.Type, s side) string {
	if s == server {
		return t.ServerType
	}
	return t.UserType
}

// cParameters is the parameters that an argument is.
func cParameters(a *defs.Argument, s side) []string {
	t := a.Type
	name := cType(t, s)
	switch a.Direction {
	case defs.RequestPort, defs.ReplyPort:
		ps := []string{name + " " + a.Name}
		if s == user && layout.Wire(t.In) == layout.Poly {
			ps = append(ps, "mach_msg_type_name_t "+a.Name+"Poly")
		}
		if s == server && a.Direction == defs.ReplyPort {
			ps = append(ps, "mach_msg_type_name_t "+a.Name+"Poly")
		}
		return ps
	case defs.UserReplyPort:
		if s == server {
			return nil
		}
		ps := []string{name + " " + a.Name}
		if layout.Wire(t.In) == layout.Poly {
			ps = append(ps, "mach_msg_type_name_t "+a.Name+"Poly")
		}
		return ps
	case defs.ServerReplyPort:
		if s == user {
			return nil
		}
		return []string{name + " " + a.Name, "mach_msg_type_name_t " + a.Name + "Poly"}
	case defs.WaitTime:
		if s == server {
			return nil
		}
		return []string{"mach_msg_timeout_t " + a.Name}
	case defs.MsgOption:
		if s == server {
			return nil
		}
		return []string{"mach_msg_option_t " + a.Name}
	case defs.MsgSeqno:
		if s == user {
			return nil
		}
		return []string{"mach_port_seqno_t " + a.Name}
	}
	out := a.Direction != defs.In
	shape := shapeOf(t)
	ref := ""
	if out && (shape == cWord || shape == cData || shape == cIndefinite || shape == cPointer) {
		ref = "*"
	}
	ps := []string{name + " " + ref + a.Name}
	if poly := polyParameter(a, s); poly != "" {
		ps = append(ps, poly)
	}
	if counted(t) {
		if out {
			ref = "*"
		}
		ps = append(ps, "mach_msg_type_number_t "+ref+a.Name+"Cnt")
	}
	if dealloc(a) == defs.DeallocChoice && (s == user) == (a.Direction == defs.In) {
		ps = append(ps, "boolean_t "+ref+a.Name+"Dealloc")
	}
	return ps
}

// polyParameter is the parameter for the type of a right that may be of any: where it is sent, and where it comes in.
func polyParameter(a *defs.Argument, s side) string {
	poly := func(name string) bool { return layout.Wire(name) == layout.Poly }
	sends := (s == user) == (a.Direction == defs.In)
	switch {
	case a.Direction == defs.In && (sends && poly(a.Type.In) || !sends && poly(a.Type.Out)):
		return "mach_msg_type_name_t " + a.Name + "Poly"
	case a.Direction != defs.In && (sends && poly(a.Type.In) || !sends && poly(a.Type.Out)):
		return "mach_msg_type_name_t *" + a.Name + "Poly"
	}
	return ""
}

// hex is a descriptor in C.
func hex(d mach.Type) string { return fmt.Sprintf("%#xull", uint64(d)) }

// unit is the size of one element of an array's descriptor, in bytes.
func unit(t *defs.Type) int { return t.Size / 8 }

// element is the size of one element of an array in C's memory: a port's name takes four bytes.
func element(t *defs.Type) int {
	if t.IsPort() {
		return 4
	}
	return t.Size / 8 * t.Multiplier()
}

func flag(b bool) int {
	if b {
		return 1
	}
	return 0
}
