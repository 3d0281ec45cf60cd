package gen

import (
	"fmt"
	"strings"

	"defpager/ipc/mig/defs"
	"defpager/ipc/mig/layout"
	"defpager/mach"
)

// goNamed are Mach's types that package mach has a Go type for.
var goNamed = map[string]string{
	"kern_return_t": "mach.Return", "vm_address_t": "mach.VirtAddr", "vm_prot_t": "mach.Prot", "vm_inherit_t": "mach.Inherit",
	"mach_port_name_t": "mach.Name", "mach_port_right_t": "mach.Right", "mach_port_type_t": "mach.PortType", "mach_msg_id_t": "mach.MsgID",
}

// scalar is how one element of 64 bits or less lies in Go.
func scalar(t *defs.Type) string {
	for t.Element != nil {
		t = t.Element
	}
	name := layout.Wire(t.In)
	switch {
	case t.Kind == defs.Port:
		return "mach.Name"
	case name == mach.MsgPortName && t.Size == 32:
		return "mach.Name"
	case name == mach.MsgBoolean && t.Size == 32:
		return "bool"
	case name == mach.MsgReal:
		return fmt.Sprintf("float%d", t.Size)
	case t.Size == 8:
		return "byte"
	case t.Size <= 64 && t.Size%8 == 0 && t.Size&(t.Size-1) == 0:
		if strings.HasPrefix(t.Base, "u") || t.Base == "natural_t" {
			return fmt.Sprintf("uint%d", t.Size)
		}
		return fmt.Sprintf("int%d", t.Size)
	}
	return fmt.Sprintf("[%d]byte", t.Size/8)
}

// goType is the Go type of an argument.
func goType(t *defs.Type) string {
	switch {
	case t.Kind == defs.Variable, t.Kind == defs.Pointer:
		return "mig.Array"
	case t.Kind == defs.CString:
		return "[]byte"
	case t.Kind == defs.Struct && len(t.Fields) > 0:
		return goName(t.StructName())
	case t.Number > 1:
		return fmt.Sprintf("[%d]%s", t.Number, scalar(t))
	}
	if name, ok := goNamed[t.Name]; ok && t.Kind == defs.Basic {
		return name
	}
	return scalar(t)
}

// descriptor is a Go expression for a descriptor.
func descriptor(d mach.Type) string { return fmt.Sprintf("%#x", uint64(d)) }

// disposition is a Go expression for the way a right is sent.
func disposition(t mach.MsgType) string {
	return "mach." + map[mach.MsgType]string{
		mach.MsgMoveReceive: "MsgMoveReceive", mach.MsgMoveSend: "MsgMoveSend", mach.MsgMoveSendOnce: "MsgMoveSendOnce",
		mach.MsgCopySend: "MsgCopySend", mach.MsgMakeSend: "MsgMakeSend", mach.MsgMakeSendOnce: "MsgMakeSendOnce",
	}[t]
}

// get is a Go expression that reads the value of an item with the reader r.
func get(i *layout.Item) string {
	t, d := i.Type, layout.Wanted(i)
	switch kind := goType(t); {
	case kind == "mig.Array":
		return fmt.Sprintf("r.Varying(%s, %d, %d)", descriptor(d), limit(t), t.Multiplier())
	case t.Kind == defs.CString:
		return fmt.Sprintf("r.CString(%s, %d)", descriptor(d), t.Max)
	case t.Kind == defs.Struct && len(t.Fields) > 0:
		return fmt.Sprintf("get%s(r.Fixed(%s))", kind, descriptor(d))
	case strings.HasPrefix(kind, "["):
		return fmt.Sprintf("%s(r.Fixed(%s))", arrayName("get", t), descriptor(d))
	case t.Kind == defs.Port:
		return fmt.Sprintf("r.Port(%s)", disposition(i.Seen))
	default:
		return word("r", kind, d, t, "")
	}
}

// put is a Go statement that writes v as an item with the writer w.
func put(i *layout.Item, v string) string {
	t, word64 := i.Type, layout.Descriptor(i, i.Sent)
	d := descriptor(word64)
	if i.Sent == layout.Poly {
		d = fmt.Sprintf("%#x|mach.Type(%sAs)", uint64(word64), v)
	}
	switch kind := goType(t); {
	case kind == "mig.Array":
		return fmt.Sprintf("w.Varying(%s, %d, %d, %s)", d, limit(t), t.Multiplier(), v)
	case t.Kind == defs.CString:
		return fmt.Sprintf("w.CString(%s, %d, %s)", d, t.Max, v)
	case t.Kind == defs.Struct && len(t.Fields) > 0:
		return fmt.Sprintf("put%s(w.Inline(%s), &%s)", kind, d, v)
	case strings.HasPrefix(kind, "["):
		return fmt.Sprintf("%s(w.Inline(%s), &%s)", arrayName("put", t), d, v)
	case t.Kind == defs.Port:
		if i.Sent == layout.Poly {
			return fmt.Sprintf("w.Port(%sAs, %s)", v, v)
		}
		return fmt.Sprintf("w.Port(%s, %s)", disposition(i.Sent), v)
	default:
		return word("w", kind, word64, t, v)
	}
}

// word reads (v empty) or writes one word.
func word(on, kind string, d mach.Type, t *defs.Type, v string) string {
	method, as := "Word", ""
	name := layout.Wire(t.In)
	plain := scalar(t)
	switch {
	case name == mach.MsgInteger32 && t.Size == 32:
		method, as = "Int32", "int32"
		if plain == "uint32" {
			method, as = "Uint32", "uint32"
		}
	case name == mach.MsgInteger64 && t.Size == 64:
		method, as = "Int64", "int64"
		if plain == "uint64" {
			method, as = "Uint64", "uint64"
		}
	case plain == "bool":
		method, as = "Bool", "bool"
	case plain == "mach.Name":
		method, as = "Name", "mach.Name"
	}
	if method == "Word" {
		if v == "" {
			return fromBits(plain, fmt.Sprintf("%s.Word(%s)", on, descriptor(d)))
		}
		return fmt.Sprintf("%s.Word(%s, %s)", on, descriptor(d), toBits(plain, v))
	}
	if v == "" {
		return convert(kind, as, fmt.Sprintf("%s.%s()", on, method))
	}
	return fmt.Sprintf("%s.%s(%s)", on, method, convert(as, kind, v))
}

// convert makes a value of type from one of type to.
func convert(to, from, v string) string {
	if to == from {
		return v
	}
	return fmt.Sprintf("%s(%s)", to, v)
}

// toBits and fromBits are a scalar's bits as a uint64.
func toBits(kind, v string) string {
	switch kind {
	case "float32":
		return fmt.Sprintf("uint64(math.Float32bits(%s))", v)
	case "float64":
		return fmt.Sprintf("math.Float64bits(%s)", v)
	case "int8", "int16", "int32":
		return fmt.Sprintf("uint64(u%s(%s))", kind, v)
	}
	return convert("uint64", kind, v)
}

func fromBits(kind, v string) string {
	switch kind {
	case "float32":
		return fmt.Sprintf("math.Float32frombits(uint32(%s))", v)
	case "float64":
		return fmt.Sprintf("math.Float64frombits(%s)", v)
	}
	return convert(kind, "uint64", v)
}

// limit is how many elements an array may have inline.
func limit(t *defs.Type) int { return t.Max / t.Multiplier() }

// arrayName is the name of the function that reads or writes an array of a fixed length.
func arrayName(verb string, t *defs.Type) string {
	element := strings.TrimPrefix(scalar(t), "mach.")
	if t.IsPort() {
		element = "Right" // takes 8 bytes, a name 4
	}
	element = strings.NewReplacer("[", "", "]", "").Replace(element)
	if t.Number > 1 {
		return fmt.Sprintf("%s%s%d", verb, goName(element), t.Number)
	}
	return verb + goName(element)
}
