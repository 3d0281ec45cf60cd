package defs

// File is a .defs file after its conditionals and includes.
type File struct {
	Name         string // of the subsystem
	Base         int    // id of the first routine
	KernelUser   bool   // the user side runs in the kernel
	KernelServer bool   // the server side runs in the kernel
	Settings            // at the end
	ServerDemux  string
	Types        []*Type // in the order of their definition
	Routines     []*Routine
	Imports      []Import
}

// Settings are what statements say of the routines behind them.
type Settings struct {
	ServerPrefix, UserPrefix string // of the C functions
	WaitTime                 string // how long client functions wait for a reply; empty: for ever
	MsgOption                string // of client functions
}

// Import is a C header that generated files include.
type Import struct {
	Name         string // between "" or <>
	User, Server bool   // on which sides it is wanted
}

// TypeKind says how a type lies in a message.
type TypeKind int

const (
	Basic    TypeKind = iota // Number elements of Size bits, inline
	Port                     // a port right
	Variable                 // up to Max elements inline, the count in the descriptor
	Pointer                  // out of line
	Struct                   // fields one behind the other in one descriptor
	CString                  // a C string: one element of Size bits, Number characters, or up to Max characters
)

// InlineMax is the most that an array without a bound (array[] of T) takes inline, in bytes; longer ones go out of line.
const InlineMax = 2048

// Type is a type definition.
type Type struct {
	Name    string
	At      Position
	Kind    TypeKind
	Base    string // the name of the first type in a chain of "type A = B", which says what the others are
	In, Out string // IPC type names (MACH_MSG_TYPE_...), as sent by the user and by the server; "polymorphic" for both
	Size    int    // bits of one element
	Number  int    // elements; 0 where the count varies
	Max     int    // largest count, 0: no bound (Pointer)
	Element *Type  // of arrays, pointers
	Fields  []Field
	Dealloc Dealloc
	Long    Long

	// Indefinite: an array without a bound, which goes out of line when it is longer than InlineMax bytes.
	Indefinite bool

	CType, UserType, ServerType string
	InTran                      Translation // from the wire to what the server gets
	InTranPayload               Translation // the same for a port with a protected payload
	OutTran                     Translation // from what the server gives to the wire
	Destructor                  string      // what the server calls for an argument when it is done with it
}

// Translation is a function that the server's stub calls for an argument.
type Translation struct {
	Type, Function, From string // "Type Function(From)"
}

// IsPort reports whether the elements are rights.
func (t *Type) IsPort() bool {
	return t.Kind == Port || t.Element != nil && t.Element.IsPort()
}

// Bytes is the size of a type of fixed size in memory, or of one element of an array without one.
func (t *Type) Bytes() int {
	if t.Number == 0 {
		return t.Size / 8 * t.Multiplier()
	}
	return t.Size * t.Number / 8
}

// StructName is the name of the struct that t is, perhaps under another name.
func (t *Type) StructName() string { return t.Base }

// Multiplier is how many wire elements one element of an array consists of, as each element may itself be an array or a struct.
func (t *Type) Multiplier() int {
	if t.Element == nil {
		return 1
	}
	return max(t.Element.Number, 1)
}

// LongForm reports whether the descriptor says so. It tells nothing on x86_64, but stubs compare it.
func (t *Type) LongForm() bool {
	if t.Long != LongAuto {
		return t.Long == LongYes
	}
	return t.Indefinite || t.Kind == Pointer || t.Size > 0xff || t.Number > 0xfff || t.Max > 0xfff
}

// Field is a field of a struct type.
type Field struct {
	Name string
	Type *Type
}

// Dealloc says whether out-of-line data leave the sender's address space.
type Dealloc int

const (
	DeallocNo     Dealloc = iota
	DeallocYes            // dealloc
	DeallocChoice         // dealloc[]: a further argument says
)

// Long says whether a descriptor has the long form.
type Long int

const (
	LongAuto Long = iota // as the type's size demands
	LongYes              // islong
	LongNo               // isnotlong
)

// Direction is an argument's direction.
type Direction int

const (
	In Direction = iota
	Out
	InOut
	RequestPort
	ReplyPort
	ServerReplyPort // sreplyport: seen by the server only
	UserReplyPort   // ureplyport: seen by the user only
	WaitTime
	MsgOption
	MsgSeqno
)

// Argument is one argument of a routine.
type Argument struct {
	Name       string
	At         Position
	Direction  Direction
	Type       *Type
	CountInOut bool // the caller passes the capacity
	ServerCopy bool
	Dealloc    Dealloc // overrides the type's where not DeallocNo
	Plain      bool    // no direction is written: the first such argument is the request port
}

// Routine is a routine (with a reply) or a simpleroutine (without).
type Routine struct {
	Name      string
	At        Position
	ID        int
	Simple    bool
	Arguments []*Argument
	Settings
}
