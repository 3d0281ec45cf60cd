package mach

import (
	"errors"
	"fmt"
	"strconv"
)

// Return is a kern_return_t, a mach_msg_return_t or a MIG error: what a Mach call answers. 0 is success.
//
// Return implements error so that inner layers can pass one on as it is; With adds a text for the log.
type Return int32

// Kernel return codes (mach/kern_return.h).
const (
	Success                Return = 0
	InvalidAddress         Return = 1
	ProtectionFailure      Return = 2
	NoSpace                Return = 3
	InvalidArgument        Return = 4
	Failure                Return = 5
	ResourceShortage       Return = 6
	NotReceiver            Return = 7
	NoAccess               Return = 8
	MemoryFailure          Return = 9
	MemoryError            Return = 10
	NotInSet               Return = 12
	NameExists             Return = 13
	Aborted                Return = 14
	InvalidName            Return = 15
	InvalidTask            Return = 16
	InvalidRight           Return = 17
	InvalidValue           Return = 18
	UrefsOverflow          Return = 19
	InvalidCapability      Return = 20
	RightExists            Return = 21
	InvalidHost            Return = 22
	MemoryPresent          Return = 23
	WriteProtectionFailure Return = 24
	Terminated             Return = 26
	TimedOut               Return = 27
	Interrupted            Return = 28
)

// MIG errors (mach/mig_errors.h).
const (
	MIGTypeError      Return = -300
	MIGReplyMismatch  Return = -301
	MIGRemoteError    Return = -302
	MIGBadID          Return = -303
	MIGBadArguments   Return = -304
	MIGNoReply        Return = -305
	MIGException      Return = -306
	MIGArrayTooLarge  Return = -307
	MIGServerDied     Return = -308
	MIGDestroyRequest Return = -309
)

// Codes of the device interface (device/device_types.h).
const (
	DeviceIOError          Return = 2500
	DeviceWouldBlock       Return = 2501
	DeviceNone             Return = 2502
	DeviceAlreadyOpen      Return = 2503
	DeviceInvalidOperation Return = 2505
	DeviceInvalidRecord    Return = 2506
	DeviceInvalidSize      Return = 2507
)

// mach_msg errors (mach/message.h).
const (
	SendInProgress       Return = 0x10000001
	SendInvalidData      Return = 0x10000002
	SendInvalidDest      Return = 0x10000003
	SendTimedOut         Return = 0x10000004
	SendWillNotify       Return = 0x10000005
	SendNotifyInProgress Return = 0x10000006
	SendInterrupted      Return = 0x10000007
	SendMsgTooSmall      Return = 0x10000008
	SendInvalidReply     Return = 0x10000009
	SendInvalidRight     Return = 0x1000000a
	SendInvalidNotify    Return = 0x1000000b
	SendInvalidMemory    Return = 0x1000000c
	SendNoBuffer         Return = 0x1000000d
	SendNoNotify         Return = 0x1000000e
	SendInvalidType      Return = 0x1000000f
	SendInvalidHeader    Return = 0x10000010

	RcvInProgress    Return = 0x10004001
	RcvInvalidName   Return = 0x10004002
	RcvTimedOut      Return = 0x10004003
	RcvTooLarge      Return = 0x10004004
	RcvInterrupted   Return = 0x10004005
	RcvPortChanged   Return = 0x10004006
	RcvInvalidNotify Return = 0x10004007
	RcvInvalidData   Return = 0x10004008
	RcvPortDied      Return = 0x10004009
	RcvInSet         Return = 0x1000400a
	RcvHeaderError   Return = 0x1000400b
	RcvBodyError     Return = 0x1000400c

	// Bits that may be ORed into RcvHeaderError, RcvBodyError and some send errors.
	MsgIPCSpace  Return = 0x2000
	MsgVMSpace   Return = 0x1000
	MsgIPCKernel Return = 0x0800
	MsgVMKernel  Return = 0x0400
)

// String is the C name of r, or its number where Mach has no name for it.
func (r Return) String() string {
	if s, ok := returnName(r); ok {
		return s
	}
	if r >= 0x10000000 {
		if s, ok := returnName(r &^ 0x3c00); ok {
			return s + "|" + strconv.FormatInt(int64(r&0x3c00), 16)
		}
		return "mach_msg_return_t " + strconv.FormatInt(int64(r), 16)
	}
	return "kern_return_t " + strconv.Itoa(int(r))
}

// Error makes a Return other than Success usable as an error.
func (r Return) Error() string { return r.String() }

// With is an error that carries the code r to the client and the text to the log.
func (r Return) With(format string, args ...any) error {
	return &detailed{r, fmt.Sprintf(format, args...)}
}

type detailed struct {
	code Return
	text string
}

func (d *detailed) Error() string { return d.code.String() + ": " + d.text }

func (d *detailed) Unwrap() error { return d.code }

// Code is the Return that err carries: Success for nil, Failure for an error without one.
func Code(err error) Return {
	switch e := err.(type) {
	case nil:
		return Success
	case Return:
		return e
	case *detailed:
		return e.code
	}
	var r Return
	if errors.As(err, &r) {
		return r
	}
	return Failure
}
