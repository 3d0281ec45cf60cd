package libmach

import (
	"testing"

	"defpager/ipc/mig"
	"defpager/mach"
)

// Of a message that was not received as a whole there is what the kernel wrote: the header, and the body if the right to reply was given.
func TestReceived(t *testing.T) {
	for _, x := range []struct {
		code mach.Return
		size int // of the body
		port mach.Name
	}{
		{mach.Success, 16, 9},
		{mach.RcvBodyError | mach.MsgIPCSpace, 16, 9},
		{mach.RcvBodyError | mach.MsgVMKernel | mach.MsgIPCKernel | mach.MsgVMSpace, 16, 9},
		{mach.RcvHeaderError | mach.MsgIPCSpace, 0, 9},
		{mach.RcvTimedOut, 0, 0},
		{mach.RcvTooLarge, 0, 0},
		{mach.RcvInvalidData, 0, 0},
	} {
		buf := NewBuffer(256)
		w := mig.NewWriter(buf)
		w.Uint64(1)
		w.SetHeader(mach.Bits(0, mach.MsgPortSend), 0, 9, 5)
		m, code := received(buf, x.code)
		if code != x.code || len(m.Body) != x.size || m.Port() != x.port || Partial(code) != (x.port != 0 && code != mach.Success) {
			t.Errorf("%v: %v, %d bytes, port %d", x.code, code, len(m.Body), m.Port())
		}
	}
}
