package defs

import (
	"cmp"
	"strings"
)

// ipcType is what the parser knows of a MACH_MSG_TYPE_ name: the bits of an element and whether it is a port right.
type ipcType struct {
	bits int
	port bool
	out  string // how the receiver sees a right that is sent this way
}

// ipcTypes are the IPC type names of mach/message.h. Port names lie in 32 bits, inline port rights in 64 (x86_64).
var ipcTypes = map[string]ipcType{
	"MACH_MSG_TYPE_BOOLEAN":           {bits: 32},
	"MACH_MSG_TYPE_BIT":               {bits: 1},
	"MACH_MSG_TYPE_UNSTRUCTURED":      {bits: 8},
	"MACH_MSG_TYPE_INTEGER_8":         {bits: 8},
	"MACH_MSG_TYPE_INTEGER_16":        {bits: 16},
	"MACH_MSG_TYPE_INTEGER_32":        {bits: 32},
	"MACH_MSG_TYPE_INTEGER_64":        {bits: 64},
	"MACH_MSG_TYPE_CHAR":              {bits: 8},
	"MACH_MSG_TYPE_BYTE":              {bits: 8},
	"MACH_MSG_TYPE_REAL":              {bits: 32},
	"MACH_MSG_TYPE_REAL_32":           {bits: 32},
	"MACH_MSG_TYPE_REAL_64":           {bits: 64},
	"MACH_MSG_TYPE_STRING":            {bits: 8},
	"MACH_MSG_TYPE_STRING_C":          {bits: 8},
	"MACH_MSG_TYPE_PORT_NAME":         {bits: 32},
	"MACH_MSG_TYPE_PROTECTED_PAYLOAD": {bits: 64},
	"MACH_MSG_TYPE_MOVE_RECEIVE":      {64, true, "MACH_MSG_TYPE_PORT_RECEIVE"},
	"MACH_MSG_TYPE_MOVE_SEND":         {64, true, "MACH_MSG_TYPE_PORT_SEND"},
	"MACH_MSG_TYPE_COPY_SEND":         {64, true, "MACH_MSG_TYPE_PORT_SEND"},
	"MACH_MSG_TYPE_MAKE_SEND":         {64, true, "MACH_MSG_TYPE_PORT_SEND"},
	"MACH_MSG_TYPE_MOVE_SEND_ONCE":    {64, true, "MACH_MSG_TYPE_PORT_SEND_ONCE"},
	"MACH_MSG_TYPE_MAKE_SEND_ONCE":    {64, true, "MACH_MSG_TYPE_PORT_SEND_ONCE"},
	"MACH_MSG_TYPE_PORT_RECEIVE":      {64, true, "MACH_MSG_TYPE_PORT_RECEIVE"},
	"MACH_MSG_TYPE_PORT_SEND":         {64, true, "MACH_MSG_TYPE_PORT_SEND"},
	"MACH_MSG_TYPE_PORT_SEND_ONCE":    {64, true, "MACH_MSG_TYPE_PORT_SEND_ONCE"},
	"polymorphic":                     {64, true, "polymorphic"},
	"MACH_MSG_TYPE_POLYMORPHIC":       {64, true, "polymorphic"},
}

// ipcNumbers are the names that stand for the numbers of mach/message.h.
var ipcNumbers = map[int]string{
	0: "MACH_MSG_TYPE_BIT", 1: "MACH_MSG_TYPE_INTEGER_16", 2: "MACH_MSG_TYPE_INTEGER_32", 8: "MACH_MSG_TYPE_CHAR", 9: "MACH_MSG_TYPE_BYTE",
	10: "MACH_MSG_TYPE_REAL_32", 11: "MACH_MSG_TYPE_INTEGER_64", 12: "MACH_MSG_TYPE_STRING", 15: "MACH_MSG_TYPE_PORT_NAME",
	16: "MACH_MSG_TYPE_MOVE_RECEIVE", 17: "MACH_MSG_TYPE_MOVE_SEND", 18: "MACH_MSG_TYPE_MOVE_SEND_ONCE", 19: "MACH_MSG_TYPE_COPY_SEND",
	20: "MACH_MSG_TYPE_MAKE_SEND", 21: "MACH_MSG_TYPE_MAKE_SEND_ONCE",
}

// builtin are the types that need no definition.
func builtin() map[string]*Type {
	t := map[string]*Type{}
	for name, n := range map[string]struct {
		ipc  string
		bits int
	}{
		"int": {"MACH_MSG_TYPE_INTEGER_32", 32}, "unsigned": {"MACH_MSG_TYPE_INTEGER_32", 32},
		"char": {"MACH_MSG_TYPE_CHAR", 8}, "short": {"MACH_MSG_TYPE_INTEGER_16", 16},
		"int32": {"MACH_MSG_TYPE_INTEGER_32", 32}, "uint32": {"MACH_MSG_TYPE_INTEGER_32", 32},
		"int64": {"MACH_MSG_TYPE_INTEGER_64", 64}, "uint64": {"MACH_MSG_TYPE_INTEGER_64", 64},
		"int64_t": {"MACH_MSG_TYPE_INTEGER_64", 64}, "uint64_t": {"MACH_MSG_TYPE_INTEGER_64", 64},
		"int32_t": {"MACH_MSG_TYPE_INTEGER_32", 32}, "uint32_t": {"MACH_MSG_TYPE_INTEGER_32", 32},
		"uintptr_t": {"MACH_MSG_TYPE_INTEGER_64", 64}, "intptr_t": {"MACH_MSG_TYPE_INTEGER_64", 64},
		"float": {"MACH_MSG_TYPE_REAL_32", 32}, "double": {"MACH_MSG_TYPE_REAL_64", 64},
	} {
		t[name] = &Type{Name: name, Base: name, Kind: Basic, In: n.ipc, Out: n.ipc, Size: n.bits, Number: 1, CType: name, UserType: name, ServerType: name}
	}
	return t
}

func (p *parser) typeDefinition() error {
	name, err := p.ident("the type's name")
	if err != nil {
		return err
	}
	if err := p.want("="); err != nil {
		return err
	}
	if old := p.types[name.text]; old != nil && old.At.Line > 0 {
		return errorf(name.at, "type %s is defined at %v already", name.text, old.At)
	}
	t, err := p.typeSpec(name.text, name.at)
	if err != nil {
		return err
	}
	if err := p.typeFlags(t); err != nil {
		return err
	}
	p.types[name.text] = t
	p.file.Types = append(p.file.Types, t)
	return nil
}

// typeSpec reads what stands behind "type NAME =" or behind an argument's colon.
func (p *parser) typeSpec(name string, at Position) (*Type, error) {
	defer func() { p.depth-- }()
	if err := p.deeper(); err != nil {
		return nil, err
	}
	t := &Type{Name: name, Base: name, At: at, CType: name, UserType: name, ServerType: name}
	switch {
	case p.accept("^"):
		e, err := p.typeSpec(name, at)
		if err != nil {
			return nil, err
		}
		if e.Kind == Pointer {
			return nil, errorf(at, "type %s: a pointer to a pointer", name)
		}
		t.Kind, t.Element, t.In, t.Out, t.Size = Pointer, e, e.In, e.Out, e.Size
		if e.Kind == Variable {
			t.Max, t.Element, t.Number = e.Max, e.Element, 0
			if e.Indefinite {
				t.Max = 0
			}
		} else {
			t.Number = e.Number
		}
		t.Long = e.Long
		for ; e != nil && t.Dealloc == DeallocNo; e = e.Element {
			t.Dealloc = e.Dealloc
		}
		return t, nil
	case p.acceptWord("array"):
		return t, p.array(t)
	case p.acceptWord("struct"):
		return t, p.structure(t)
	case p.acceptWord("c_string"):
		return t, p.cString(t)
	}
	read := p.simple
	if p.accept("(") {
		read = p.sized
	}
	err := read(t)
	if err == nil && (t.Size < 8 || t.Size > maxBits || t.Size%8 != 0) {
		err = errorf(at, "type %s has elements of %d bits: want a multiple of 8, at most %d", name, t.Size, maxBits)
	}
	return t, err
}

// maxBits is the largest size of an element whose descriptor has 16 bits for it.
const maxBits = 0xfff8

// simple reads a type's name: one defined before, or an IPC type, possibly "A | B".
func (p *parser) simple(t *Type) error {
	if p.peek().kind == number {
		return p.numbered(t)
	}
	w, err := p.ident("a type")
	if err != nil {
		return err
	}
	if old := p.types[w.text]; old != nil {
		name, at := t.Name, t.At
		*t = *old
		t.Name, t.At = name, at
		t.CType, t.UserType, t.ServerType = name, name, name
		t.InTran, t.InTranPayload, t.OutTran, t.Destructor = Translation{}, Translation{}, Translation{}, ""
		return nil
	}
	if strings.EqualFold(w.text, "polymorphic") {
		w.text = "polymorphic"
	}
	in, ok := ipcTypes[w.text]
	if !ok {
		return errorf(w.at, "unknown type %s", w.text)
	}
	t.set(w.text, in)
	if p.accept("|") {
		o, err := p.ident("an IPC type")
		if err != nil {
			return err
		}
		if strings.EqualFold(o.text, "polymorphic") {
			o.text = "polymorphic"
		}
		out, ok := ipcTypes[o.text]
		if !ok {
			return errorf(o.at, "unknown IPC type %s", o.text)
		}
		if out.port != in.port {
			return errorf(o.at, "%s and %s cannot be one type", w.text, o.text)
		}
		t.Out = out.seen(o.text)
	}
	return nil
}

// set makes t what one IPC type name says. A sender may give a right of a received type, such as PORT_SEND, as it likes.
func (t *Type) set(name string, in ipcType) {
	t.In, t.Out, t.Size, t.Number = name, in.seen(name), in.bits, 1
	if in.port {
		t.Kind = Port
		if strings.HasPrefix(name, "MACH_MSG_TYPE_PORT_") {
			t.In = "polymorphic"
		}
	}
}

// seen is how a receiver sees what is sent under a name.
func (i ipcType) seen(name string) string {
	if i.port {
		return i.out
	}
	return name
}

// numbered reads an IPC type that is given by its number.
func (p *parser) numbered(t *Type) error {
	w := p.peek()
	n, err := p.integer()
	if err != nil {
		return err
	}
	name, ok := ipcNumbers[n]
	if !ok {
		return errorf(w.at, "no IPC type has the number %d", n)
	}
	t.set(name, ipcTypes[name])
	return nil
}

// sized reads "( IPC-type , bits [ , flag ... ] )".
func (p *parser) sized(t *Type) error {
	if err := p.simple(t); err != nil {
		return err
	}
	if p.accept(",") {
		n, err := p.integer()
		if err != nil {
			return err
		}
		t.Size = n
		switch {
		case t.Kind == Port:
			t.Size = 64
		case t.In == "MACH_MSG_TYPE_STRING" || t.In == "MACH_MSG_TYPE_STRING_C":
			t.Kind, t.Max = CString, n/8
		case n > 64:
			t.Kind = Basic
		}
	}
	for p.accept(",") {
		f, err := p.ident("a flag")
		if err != nil {
			return err
		}
		switch strings.ToLower(f.text) {
		case "dealloc":
			if t.Dealloc, err = p.dealloc(); err != nil {
				return err
			}
		case "islong":
			t.Long = LongYes
		case "isnotlong":
			t.Long = LongNo
		case "notdealloc":
		default:
			return errorf(f.at, "unknown flag %s", f.text)
		}
	}
	return p.want(")")
}

// maxElements bounds arrays, far beyond what a message can hold.
const maxElements = 1 << 24

// array reads "[ n ] of T", "[ * : n ] of T" and "[ ] of T".
func (p *parser) array(t *Type) error {
	if err := p.want("["); err != nil {
		return err
	}
	variable := false
	n := 0
	var err error
	switch {
	case p.is("]"):
		variable = true
	case p.accept("*"):
		variable = true
		if p.accept(":") {
			n, err = p.integer()
		}
	default:
		n, err = p.integer()
	}
	if err != nil {
		return err
	}
	if err := p.want("]"); err != nil {
		return err
	}
	if !p.acceptWord("of") {
		return p.want("of")
	}
	e, err := p.typeSpec(t.Name, t.At)
	if err != nil {
		return err
	}
	if e.Kind == Variable || e.Kind == Pointer || e.Kind == CString && e.Number == 0 {
		return errorf(t.At, "type %s: an array's elements need a fixed size", t.Name)
	}
	t.Element, t.In, t.Out, t.Size, t.Long = e, e.In, e.Out, e.Size, e.Long
	count := max(e.Number, 1)
	if n > maxElements/count {
		return errorf(t.At, "type %s: more than %d elements", t.Name, maxElements)
	}
	if n < 0 || n == 0 && !variable {
		return errorf(t.At, "type %s: an array of %d elements", t.Name, n)
	}
	if variable {
		t.Kind, t.Max = Variable, n*count
		if n == 0 {
			t.Indefinite = true
			t.Max = InlineMax * 8 / e.Size / count * count
		}
		return nil
	}
	t.Kind, t.Number = Basic, n*count
	if e.Kind == Port {
		t.Kind = Port
	}
	return nil
}

// structure reads "[ n ] of T" and "{ T name ; ... }".
func (p *parser) structure(t *Type) error {
	if p.is("[") {
		err := p.array(t)
		if err == nil && (t.Kind == Variable || t.Kind == Port) {
			err = errorf(t.At, "type %s: a struct needs a fixed size, and no rights", t.Name)
		}
		t.Kind = Struct
		return err
	}
	if err := p.want("{"); err != nil {
		return err
	}
	t.Kind = Struct
	bytes, align := 0, 1
	for !p.accept("}") {
		w, err := p.ident("a field's type")
		if err != nil {
			return err
		}
		ft := p.types[w.text]
		if ft == nil {
			return errorf(w.at, "unknown type %s", w.text)
		}
		if ft.Kind == Variable || ft.Kind == Pointer || ft.Kind == CString || ft.Kind == Port {
			return errorf(w.at, "a field cannot be of type %s: it needs a fixed size and no rights", w.text)
		}
		n, err := p.ident("a field's name")
		if err != nil {
			return err
		}
		if err := p.want(";"); err != nil {
			return err
		}
		a := ft.Align()
		bytes = (bytes+a-1)/a*a + ft.Bytes()
		align = max(align, a)
		t.Fields = append(t.Fields, Field{n.text, ft})
	}
	if len(t.Fields) == 0 {
		return errorf(t.At, "struct %s has no fields", t.Name)
	}
	bytes = (bytes + align - 1) / align * align
	// On the wire a struct is an array of the integers that its alignment is of.
	name := map[int]string{1: "MACH_MSG_TYPE_CHAR", 2: "MACH_MSG_TYPE_INTEGER_16", 4: "MACH_MSG_TYPE_INTEGER_32", 8: "MACH_MSG_TYPE_INTEGER_64"}[align]
	t.In, t.Out, t.Size, t.Number = name, name, 8*align, bytes/align
	return nil
}

// Align is the alignment of a type of fixed size in memory, in bytes.
func (t *Type) Align() int {
	if len(t.Fields) != 0 {
		a := 1
		for _, f := range t.Fields {
			a = max(a, f.Type.Align())
		}
		return a
	}
	return min(max(t.Size/8, 1), 8)
}

// cString reads "[ n ]" and "[ * : n ]".
func (p *parser) cString(t *Type) error {
	if err := p.want("["); err != nil {
		return err
	}
	t.Kind, t.In, t.Out, t.Size = CString, "MACH_MSG_TYPE_STRING", "MACH_MSG_TYPE_STRING", 8
	variable := p.accept("*")
	if variable {
		if err := p.want(":"); err != nil {
			return err
		}
	}
	n, err := p.integer()
	if err != nil {
		return err
	}
	if n < 1 || n > maxElements {
		return errorf(t.At, "type %s: a string of %d bytes: want 1 to %d", t.Name, n, maxElements)
	}
	t.Max = n
	if !variable {
		t.Number = n
	}
	return p.want("]")
}

// typeFlags reads translations and C type names behind a type, up to the end of its statement or argument.
func (p *parser) typeFlags(t *Type) error {
	for p.peek().kind == word {
		f := p.take()
		if err := p.want(":"); err != nil {
			return err
		}
		a, err := p.ident("a name")
		if err != nil {
			return err
		}
		switch strings.ToLower(f.text) {
		case "ctype":
			t.CType, t.UserType, t.ServerType = a.text, a.text, a.text
		case "cusertype":
			t.UserType = a.text
		case "cservertype":
			t.ServerType = a.text
		case "intran":
			t.InTran, err = p.translation(a.text)
			t.ServerType = a.text
		case "intranpayload":
			t.InTranPayload, err = p.translation(a.text)
		case "outtran":
			t.OutTran, err = p.translation(a.text)
			t.OutTran.From = cmp.Or(t.OutTran.From, a.text)
		case "destructor":
			t.Destructor = a.text
			_, err = p.parameter()
		default:
			return errorf(f.at, "unknown flag %s", f.text)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// translation reads what follows a translation's type: FUNCTION(TYPE), or FUNCTION alone.
func (p *parser) translation(to string) (Translation, error) {
	f, err := p.ident("a function's name")
	if err != nil {
		return Translation{}, err
	}
	t := Translation{Type: to, Function: f.text}
	if p.is("(") {
		t.From, err = p.parameter()
	}
	return t, err
}

// parameter reads "( type )".
func (p *parser) parameter() (string, error) {
	if err := p.want("("); err != nil {
		return "", err
	}
	t, err := p.ident("a type's name")
	if err != nil {
		return "", err
	}
	return t.text, p.want(")")
}
