// Package layout says how the messages of a routine lie in memory.
//
// A message is a header of 32 bytes and items in the order of the routine's arguments; an item is a descriptor of 8 bytes and its
// data or its pointer, padded to 8 bytes (GNU Mach's x86_64 layout). An array of varying length takes what its count says, so what
// follows it has no fixed offset: Offset is then the largest.
package layout

import (
	"defpager/ipc/mig/defs"
	"defpager/mach"
)

// Item is one item of a message.
type Item struct {
	Name     string
	Argument *defs.Argument // nil for RetCode and counts
	Type     *defs.Type
	Sent     mach.MsgType // type name as the sender writes it: for rights the disposition, Poly if the caller says it
	Seen     mach.MsgType // as the receiver sees it, Poly if it may be of any type
	Count    bool         // the capacity of an array, which a CountInOut argument sends in the request
	Offset   int          // of the data, in bytes from the header; the largest one behind an array of varying length
	Moves    bool         // Offset is not the only one
}

// Poly is the wire type of a right whose disposition an argument says.
const Poly mach.MsgType = 0xff

// Message is a request or a reply.
type Message struct {
	ID      int
	Items   []Item
	Min     int  // bytes, with all arrays of varying length empty
	Max     int  // bytes
	Complex bool // always carries rights or out-of-line memory
	May     bool // may carry them, by what its arguments are
}

// Fixed reports whether the message always has the same size.
func (m *Message) Fixed() bool { return m.Min == m.Max }

// RetCode is the type of the result that a reply begins with.
var retCode = defs.Type{Name: "kern_return_t", Kind: defs.Basic, In: "MACH_MSG_TYPE_INTEGER_32", Out: "MACH_MSG_TYPE_INTEGER_32", Size: 32, Number: 1, CType: "kern_return_t", UserType: "kern_return_t", ServerType: "kern_return_t"}

// countType is the type of the capacity of an array.
var countType = defs.Type{Name: "mach_msg_type_number_t", Kind: defs.Basic, In: "MACH_MSG_TYPE_INTEGER_32", Out: "MACH_MSG_TYPE_INTEGER_32", Size: 32, Number: 1, CType: "mach_msg_type_number_t", UserType: "mach_msg_type_number_t", ServerType: "mach_msg_type_number_t"}

// Request is the layout of a routine's request.
func Request(r *defs.Routine) *Message {
	m := &Message{ID: r.ID, Min: mach.HeaderSize, Max: mach.HeaderSize}
	for _, a := range r.Arguments {
		switch {
		case a.Direction == defs.In || a.Direction == defs.InOut:
			m.add(Item{Name: a.Name, Argument: a, Type: a.Type, Sent: Wire(a.Type.In), Seen: Wire(a.Type.Out)})
		case a.Direction == defs.Out && a.CountInOut:
			m.add(Item{Name: a.Name + "Cnt", Argument: a, Type: &countType, Sent: mach.MsgInteger32, Seen: mach.MsgInteger32, Count: true})
		}
	}
	return m
}

// Reply is the layout of a routine's reply when its result is KERN_SUCCESS; any other result is all that a reply carries. nil for
// a simpleroutine.
func Reply(r *defs.Routine) *Message {
	if r.Simple {
		return nil
	}
	m := &Message{ID: r.ID + mach.ReplyOffset, Min: mach.HeaderSize, Max: mach.HeaderSize}
	m.add(Item{Name: "RetCode", Type: &retCode, Sent: mach.MsgInteger32, Seen: mach.MsgInteger32})
	for _, a := range r.Arguments {
		if a.Direction == defs.Out || a.Direction == defs.InOut {
			m.add(Item{Name: a.Name, Argument: a, Type: a.Type, Sent: Wire(a.Type.In), Seen: Wire(a.Type.Out)})
		}
	}
	return m
}

// add places an item behind those that m has.
func (m *Message) add(i Item) {
	i.Offset = m.Max + 8
	i.Moves = m.Min != m.Max
	least, most := sizes(i.Type)
	m.Min += 8 + least
	m.Max += 8 + most
	switch {
	case i.Sent == Poly && i.Seen == Poly:
		m.May = true
	case i.Type.Kind == defs.Pointer, i.Type.IsPort():
		m.Complex = true // an array of rights is, even an empty one
	case i.Type.Indefinite:
		m.May = true
	}
	m.Items = append(m.Items, i)
}

// sizes is the least and the largest size of a type's data in a message, in bytes.
func sizes(t *defs.Type) (least, most int) {
	switch {
	case t.Kind == defs.Pointer:
		return 8, 8
	case t.Kind == defs.Variable:
		return 0, round(max(t.Max*t.Size/8, 8))
	case t.Kind == defs.CString && t.Number == 0:
		return 0, round(t.Max)
	}
	n := round(t.Size * t.Number / 8)
	return n, n
}

// Wanted is the descriptor that a reader compares an item's with: the long form tells it that the elements of an array may lie out of line as well.
func Wanted(i *Item) mach.Type {
	d := Descriptor(i, i.Seen)
	if i.Type.Kind != defs.Variable {
		return d
	}
	d &^= mach.TypeLongForm
	if i.Type.Indefinite {
		d |= mach.TypeLongForm
	}
	return d
}

func round(n int) int { return (n + 7) &^ 7 }

// wire is the numbers of the type names.
var wire = map[string]mach.MsgType{
	"MACH_MSG_TYPE_UNSTRUCTURED": mach.MsgBoolean, "MACH_MSG_TYPE_BIT": mach.MsgBoolean, "MACH_MSG_TYPE_BOOLEAN": mach.MsgBoolean, "MACH_MSG_TYPE_INTEGER_8": mach.MsgByte,
	"MACH_MSG_TYPE_INTEGER_16": mach.MsgInteger16, "MACH_MSG_TYPE_INTEGER_32": mach.MsgInteger32, "MACH_MSG_TYPE_INTEGER_64": mach.MsgInteger64,
	"MACH_MSG_TYPE_CHAR": mach.MsgChar, "MACH_MSG_TYPE_BYTE": mach.MsgByte, "MACH_MSG_TYPE_REAL": mach.MsgReal, "MACH_MSG_TYPE_REAL_32": mach.MsgReal,
	"MACH_MSG_TYPE_REAL_64": mach.MsgReal, "MACH_MSG_TYPE_STRING": mach.MsgString, "MACH_MSG_TYPE_STRING_C": mach.MsgString,
	"MACH_MSG_TYPE_PORT_NAME": mach.MsgPortName, "MACH_MSG_TYPE_PROTECTED_PAYLOAD": mach.MsgProtectedPayload,
	"MACH_MSG_TYPE_MOVE_RECEIVE": mach.MsgMoveReceive, "MACH_MSG_TYPE_MOVE_SEND": mach.MsgMoveSend, "MACH_MSG_TYPE_MOVE_SEND_ONCE": mach.MsgMoveSendOnce,
	"MACH_MSG_TYPE_COPY_SEND": mach.MsgCopySend, "MACH_MSG_TYPE_MAKE_SEND": mach.MsgMakeSend, "MACH_MSG_TYPE_MAKE_SEND_ONCE": mach.MsgMakeSendOnce,
	"MACH_MSG_TYPE_PORT_RECEIVE": mach.MsgPortReceive, "MACH_MSG_TYPE_PORT_SEND": mach.MsgPortSend, "MACH_MSG_TYPE_PORT_SEND_ONCE": mach.MsgPortSendOnce,
	"polymorphic": Poly, "MACH_MSG_TYPE_POLYMORPHIC": Poly,
}

// Wire is the number of a type name.
func Wire(name string) mach.MsgType { return wire[name] }

// Descriptor is the descriptor of an item with the type name t: Sent or Seen. The count of an array of varying length is left out, and the
// name where it is Poly.
func Descriptor(i *Item, name mach.MsgType) mach.Type {
	t := i.Type
	size, number := uint16(t.Size), uint32(t.Number)
	if name == Poly {
		name = 0
	}
	d := mach.InlineType(name, size, number)
	if t.Kind == defs.Pointer {
		if t.IsPort() {
			size = 32
		}
		d = mach.OutOfLineType(name, size, number, false) &^ mach.TypeLongForm
	}
	if t.LongForm() {
		d |= mach.TypeLongForm
	}
	return d
}
