package libmach

import (
	"defpager/mach"
)

// ExceptionInfo is a decoded exception_raise request: what a thread did, told to the exception port of its task.
type ExceptionInfo struct {
	Thread, Task mach.Name // send rights; the receiver drops them
	Exception    mach.Exception
	Code         int32 // for EXC_BAD_ACCESS a mach.Return
	Subcode      int64 // for EXC_BAD_ACCESS the address
}

// ReadException decodes an exception_raise request. The error is MIGBadID or MIGBadArguments.
func ReadException(m Message) (ExceptionInfo, mach.Return) {
	if m.ID() != mach.IDExceptionRaise {
		return ExceptionInfo{}, mach.MIGBadID
	}
	r := m.Reader()
	e := ExceptionInfo{
		Thread:    r.Port(mach.MsgPortSend),
		Task:      r.Port(mach.MsgPortSend),
		Exception: mach.Exception(r.Int32()),
		Code:      r.Int32(),
		Subcode:   r.Int64(),
	}
	return e, r.End()
}
