package libmach

import (
	"encoding/binary"
	"testing"

	"defpager/ipc/mig"
	"defpager/mach"
)

// exchange is one request as the server saw it.
type request struct {
	header mach.Header
	body   []byte
}

// served makes a client whose requests go to serve, which writes the reply's items behind the return code.
func served(code mach.Return, serve func(w *mig.Writer)) (*Client, *request) {
	var seen request
	c := NewClient()
	c.rpc = func(buf Buffer, option mach.Option, size uint32, reply mach.Name, ms uint32) mach.Return {
		h := mig.GetHeader(buf)
		seen = request{h, append([]byte(nil), buf[mach.HeaderSize:size]...)}
		w := mig.NewWriter(buf)
		w.RetCode(code)
		if serve != nil {
			serve(&w)
		}
		w.SetHeader(mach.Bits(0, mach.MsgMoveSendOnce)|complexity(buf[mach.HeaderSize:w.Len()]), 0, reply, mach.MsgID(h.ID)+mach.ReplyOffset)
		return mach.Success
	}
	return c, &seen
}

// complexity is Complex for a body that carries rights or out-of-line memory.
func complexity(body []byte) mach.HeaderBits {
	for len(body) != 0 {
		t := mach.Type(binary.LittleEndian.Uint64(body))
		if t.Name().IsPort() || !t.Inline() {
			return mach.Complex
		}
		body = body[8+(t.ElementBits()*t.Number()/8+7)&^7:]
	}
	return 0
}

// The sizes are those of GNU Mach's stubs for x86_64, header included.
func TestRequestsHaveTheSizesOfTheStubs(t *testing.T) {
	words := func(name mach.MsgType, size uint16, n uint32) func(*mig.Writer) {
		return func(w *mig.Writer) { w.Bytes(name, size, n, nil) }
	}
	right := func(w *mig.Writer) { w.Port(mach.MsgMoveSend, 9) }
	address := func(w *mig.Writer) { w.Uint64(0x8000_0000_0000) }
	name := func(w *mig.Writer) { w.Name(5) }
	word := func(w *mig.Writer) { w.Int32(5) }
	region := func(w *mig.Writer) {
		w.Uint64(1)
		w.Uint64(2)
		w.Int32(3)
		w.Int32(7)
		w.Int32(1)
		w.Bool(true)
		w.Port(mach.MsgMoveSend, 4)
		w.Uint64(0)
	}
	for _, x := range []struct {
		id    mach.MsgID
		size  uint32
		serve func(*mig.Writer)
		call  func(*Client) mach.Return
	}{
		{mach.IDDefaultPagerObjectCreate, 48, right, func(c *Client) mach.Return { _, r := c.ObjectCreate(1, 5); return r }},
		{mach.IDDefaultPagerInfo, 32, words(mach.MsgInteger64, 64, 3), func(c *Client) mach.Return { _, r := c.PagerInfo(1); return r }},
		{mach.IDVMMap, 192, address, func(c *Client) mach.Return { _, r := c.VMMap(1, Map{}); return r }},
		{mach.IDVMAllocate, 80, address, func(c *Client) mach.Return { _, r := c.VMAllocate(1, 0, 1, true); return r }},
		{mach.IDVMDeallocate, 64, nil, func(c *Client) mach.Return { return c.VMDeallocate(1, 0, 1) }},
		{mach.IDVMProtect, 96, nil, func(c *Client) mach.Return { return c.VMProtect(1, 0, 1, false, 1) }},
		{mach.IDVMInherit, 80, nil, func(c *Client) mach.Return { return c.VMInherit(1, 0, 1, 1) }},
		{mach.IDVMRegion, 48, region, func(c *Client) mach.Return { _, r := c.VMRegion(1, 0); return r }},
		{mach.IDVMStatistics, 32, words(mach.MsgInteger32, 32, 13), func(c *Client) mach.Return { _, r := c.VMStatistics(1); return r }},
		{mach.IDVMWrite, 64, nil, func(c *Client) mach.Return { return c.VMWrite(1, 2, 3, 4) }},
		{mach.IDPortType, 48, word, func(c *Client) mach.Return { _, r := c.PortType(1, 2); return r }},
		{mach.IDPortAllocate, 48, name, func(c *Client) mach.Return { _, r := c.PortAllocate(1, 1); return r }},
		{mach.IDPortModRefs, 80, nil, func(c *Client) mach.Return { return c.PortModRefs(1, 2, 3, -1) }},
		{mach.IDPortInsertRight, 64, nil, func(c *Client) mach.Return { return c.PortInsertRight(1, 2, 3, mach.MsgMakeSend) }},
		{mach.IDPortRequestNotification, 96, func(w *mig.Writer) { w.Port(mach.MsgMoveSendOnce, 0) }, func(c *Client) mach.Return {
			_, r := c.PortRequestNotification(1, 2, mach.NotifyNoSenders, 0, 3)
			return r
		}},
		{mach.IDPortGetReceiveStatus, 48, words(mach.MsgInteger32, 32, 9), func(c *Client) mach.Return {
			_, r := c.PortGetReceiveStatus(1, 2)
			return r
		}},
		{mach.IDTaskCreate, 48, right, func(c *Client) mach.Return { _, r := c.TaskCreate(1, false); return r }},
		{mach.IDTaskTerminate, 32, nil, func(c *Client) mach.Return { return c.TaskTerminate(1) }},
		{mach.IDHostReboot, 48, nil, func(c *Client) mach.Return { return c.HostReboot(1, 0) }},
	} {
		c, seen := served(mach.Success, x.serve)
		if ret := x.call(c); ret != mach.Success {
			t.Errorf("%d: %v", x.id, ret)
		}
		h := seen.header
		if mach.MsgID(h.ID) != x.id || h.Size != x.size || h.Remote != 1 {
			t.Errorf("%d: id %d, size %d want %d, to %d", x.id, h.ID, h.Size, x.size, h.Remote)
		}
		if h.Bits.Remote() != mach.MsgCopySend || h.Bits.Local() != mach.MsgMakeSendOnce {
			t.Errorf("%d: bits %x", x.id, h.Bits)
		}
	}
}

func TestObjectCreateOnTheWire(t *testing.T) {
	c, seen := served(mach.Success, func(w *mig.Writer) { w.Port(mach.MsgMoveSend, 77) })
	object, ret := c.ObjectCreate(3, 0x1234)
	if object != 77 || ret != mach.Success {
		t.Fatalf("%d, %v", object, ret)
	}
	want := mach.InlineType(mach.MsgInteger64, 64, 1)
	if got := mach.Type(binary.LittleEndian.Uint64(seen.body)); got != want {
		t.Errorf("descriptor %x, want %x", got, want)
	}
	if got := binary.LittleEndian.Uint64(seen.body[8:]); got != 0x1234 {
		t.Errorf("size %x", got)
	}
}

func TestErrorsEndACall(t *testing.T) {
	c, _ := served(mach.ResourceShortage, nil)
	if _, ret := c.ObjectCreate(1, 1); ret != mach.ResourceShortage {
		t.Errorf("an error reply: %v", ret)
	}
	c, _ = served(mach.Success, nil)
	if _, ret := c.ObjectCreate(1, 1); ret != mach.MIGTypeError {
		t.Errorf("a reply without its right: %v", ret)
	}
	c, _ = served(mach.Success, func(w *mig.Writer) { w.Int32(1) })
	if ret := c.VMDeallocate(1, 0, 0); ret != mach.MIGTypeError {
		t.Errorf("a reply that is too long: %v", ret)
	}
	c, _ = served(mach.Success, nil)
	inner := c.rpc
	c.rpc = func(buf Buffer, option mach.Option, size uint32, reply mach.Name, ms uint32) mach.Return {
		ret := inner(buf, option, size, reply, ms)
		buf[28]++ // the id
		return ret
	}
	if ret := c.VMDeallocate(1, 0, 0); ret != mach.MIGReplyMismatch {
		t.Errorf("the reply to something else: %v", ret)
	}
}

func TestReadException(t *testing.T) {
	buf := NewBuffer(256)
	w := mig.NewWriter(buf)
	w.Port(mach.MsgMoveSend, 5)
	w.Port(mach.MsgMoveSend, 6)
	w.Int32(int32(mach.ExcBadAccess))
	w.Int32(int32(mach.ProtectionFailure))
	w.Int64(0x8000_0000_1000)
	w.SetHeader(mach.Bits(mach.MsgMoveSendOnce, mach.MsgMoveSend)|mach.Complex, 1, 2, mach.IDExceptionRaise)
	m, ret := received(buf, mach.Success)
	if ret != mach.Success || m.Header.Size != 112 {
		t.Fatalf("size %d, %v", m.Header.Size, ret)
	}
	e, ret := ReadException(m)
	want := ExceptionInfo{5, 6, mach.ExcBadAccess, int32(mach.ProtectionFailure), 0x8000_0000_1000}
	if ret != mach.Success || e != want {
		t.Errorf("%+v, %v", e, ret)
	}
}

func TestThreadStateIsAsLargeAsOnTheWire(t *testing.T) {
	c, seen := served(mach.Success, nil)
	if ret := c.ThreadSetState(1, ThreadState{R8: 1, RIP: 0x1000, URSP: 0x2000}); ret != mach.Success {
		t.Fatal(ret)
	}
	if n := len(seen.body); n != 16+8+168 {
		t.Errorf("%d bytes", n)
	}
	if got := binary.LittleEndian.Uint64(seen.body[16+8+16*8:]); got != 0x1000 {
		t.Errorf("rip %x", got)
	}
}

// A simpleroutine's request takes along the right that its caller wants to be answered by.
func TestPostNamesTheReplyPort(t *testing.T) {
	c, seen := served(mach.Success, nil)
	c.Request().Int32(1)
	if code := c.Post(mig.Call{To: 7, ID: 700, Bits: mach.Bits(mach.MsgCopySend, 0), Reply: 8, As: mach.MsgMakeSendOnce}); code != mach.Success {
		t.Fatal(code)
	}
	if h := seen.header; h.Remote != 7 || h.Local != 8 || h.Bits != mach.Bits(mach.MsgCopySend, mach.MsgMakeSendOnce) || len(seen.body) != 16 {
		t.Errorf("%+v, and %d bytes", h, len(seen.body))
	}
}
