package pager

import (
	"bytes"
	"crypto/rand"
	"testing"

	"defpager/board/disk"
	"defpager/ipc"
	"defpager/ipc/mig"
	"defpager/mach"
	"defpager/pager/backing"
	"defpager/pager/disks"
)

// disks gives the pager two disks of 2 MiB, a and b, and returns names of the device master port and of the port of disk a.
func (w *world) disks() (s *disks.Disks, master, a mach.Name) {
	s = disks.New(disks.Config{Mem: w.env.Mem, Frames: w.env.Frames, Random: rand.Reader, Begin: func() (*backing.Backing, error) {
		b, err := backing.New(backing.Config{Mem: w.env.Mem, Frames: w.env.Frames, PageReady: w.env.PageReady, FramesReady: w.env.FramesReady, Now: func() int64 { return 0 }, Log: w.t.Logf})
		w.env.Backing = b
		return b, err
	}})
	for _, name := range []string{"a", "b"} {
		part, err := w.env.Frames.AllocOrder(mach.SuperShift - mach.PageShift)
		if err != nil {
			w.t.Fatal(err)
		}
		s.Know(disk.NewRAM(name, w.env.Mem, []mach.PhysAddr{part}))
	}
	master, _ = w.devices()
	w.pager.config.Storage = s
	w.pager.config.Send = func(m *ipc.Message) { w.sys.Send(m) }
	return s, master, w.insert(w.space, w.sys.NewKernelPort(w.pager, diskA{}).MakeSend())
}

type diskA struct{}

func (diskA) DiskName() string { return "a" }

// post sends a request whose reply may come later.
func (w *world) post(id mach.MsgID, body func(b *mig.Writer)) {
	w.t.Helper()
	w.writer = mig.NewWriter(w.b[:])
	body(&w.writer)
	msg := w.writer.SetHeader(mach.Bits(mach.MsgCopySend, mach.MsgMakeSendOnce)|mach.Complex, w.manager, w.reply, id)
	if err := w.memory.CopyOut(w.buffer, msg); err != nil {
		w.t.Fatal(err)
	}
	code, _ := w.space.Msg(&w.memory, &w.waiter, &ipc.MsgArgs{Addr: w.buffer, Option: mach.OptSend, SendSize: uint32(len(msg))})
	w.want(code, mach.Success)
	w.sys.Settle()
}

// answer is the code of the reply that is there. MIGNoReply: there is none yet.
func (w *world) answer() mach.Return {
	w.t.Helper()
	code, done := w.space.Msg(&w.memory, &w.waiter, &ipc.MsgArgs{
		Addr: w.buffer, Option: mach.OptRcv | mach.OptRcvTimeout, RcvSize: bufferSize, RcvName: w.reply,
	})
	if done && code == mach.RcvTimedOut {
		return mach.MIGNoReply
	}
	w.want(code, mach.Success)
	if err := w.memory.CopyIn(w.b[:], w.buffer); err != nil {
		w.t.Fatal(err)
	}
	h := mig.GetHeader(w.b[:])
	r := mig.NewReplyReader(w.b[mach.HeaderSize:h.Size])
	return r.RetCode()
}

func (w *world) pagingFile(master mach.Name, name string, add bool) {
	w.post(mach.IDDefaultPagerPagingFile, func(b *mig.Writer) {
		b.Port(mach.MsgCopySend, master)
		b.CString(typeFilename, nameMax, []byte(name))
		b.Bool(add)
	})
}

func (w *world) pagingStorage(device mach.Name, name string, add bool, runs mig.Array) {
	w.post(mach.IDDefaultPagerStorage, func(b *mig.Writer) {
		b.Port(mach.MsgCopySend, device)
		b.Varying(typeRuns, runsMax, 1, runs)
		b.CString(typeString|nameMax<<32, nameMax, []byte(name))
		b.Bool(add)
	})
}

func runs(numbers ...uint64) mig.Array {
	var b []byte
	for _, n := range numbers {
		b = le.AppendUint64(b, n)
	}
	return mig.Array{Data: b, Count: uint32(len(numbers))}
}

// storage is what storage_info tells: sizes and free bytes in pages, and names.
func (w *world) storage() (sizes, frees []uint64, names string) {
	r := w.ask(0, w.manager, mach.IDDefaultPagerStorageInfo, nil)
	w.want(r.RetCode(), mach.Success)
	var lists [2][]uint64
	for i := range lists {
		a := r.Varying(typeRuns, 256, 1)
		for k := range a.Count {
			lists[i] = append(lists[i], le.Uint64(a.Data[8*k:])>>mach.PageShift)
		}
	}
	names = string(r.Varying(mach.Type(mach.MsgChar)|8<<8|mach.TypeInline|mach.TypeLongForm, 2048, 1).Data)
	w.want(r.End(), mach.Success)
	return lists[0], lists[1], names
}

func TestPagingStorage(t *testing.T) {
	w := newWorld(t, false)
	s, master, device := w.disks()
	for _, x := range []struct {
		do   func()
		want mach.Return
	}{
		{func() { w.pagingFile(master, "c", true) }, mach.DeviceNone},
		{func() { w.pagingStorage(device, "x", true, runs(1)) }, mach.InvalidArgument},
		{func() { w.pagingStorage(device, "x", true, runs(1, 0)) }, mach.InvalidArgument},
		{func() { w.pagingStorage(device, "x", true, runs(512, 1)) }, mach.InvalidArgument},
		{func() { w.pagingStorage(device, "x", true, runs(1, 5, 3, 1)) }, mach.InvalidArgument},
		{func() { w.pagingStorage(device, "", true, runs(1, 5)) }, mach.InvalidArgument},
		{func() { w.pagingStorage(w.manager, "x", true, runs(1, 5)) }, mach.InvalidArgument},
		{func() { w.pagingStorage(device, "x", true, mig.Array{Pointer: uint64(w.buffer), Count: 300}) }, mach.InvalidArgument}, // of zeros
		{func() { w.pagingStorage(device, "x", true, runs(100, 50, 7, 3)) }, mach.Success},
		{func() { w.pagingStorage(device, "x", true, runs(200, 50)) }, mach.DeviceAlreadyOpen},
		{func() { w.pagingStorage(device, "y", true, runs(9, 1)) }, mach.DeviceAlreadyOpen},
		{func() { w.pagingFile(master, "a", true) }, mach.DeviceAlreadyOpen},
		{func() { w.pagingFile(master, "b", true) }, mach.Success},
		{func() { w.pagingFile(master, "b", true) }, mach.DeviceAlreadyOpen},
		{func() { w.pagingFile(master, "c", false) }, mach.InvalidArgument},
		{func() { w.pagingStorage(device, "c", false, runs()) }, mach.InvalidArgument},
	} {
		x.do()
		w.want(w.answer(), x.want)
		w.check()
	}
	sizes, frees, names := w.storage()
	if len(sizes) != 2 || sizes[0] != 53 || sizes[1] != 512 || frees[0] != 53 || frees[1] != 512 || names != "x\x00b\x00" {
		t.Errorf("%v, %v, %q", sizes, frees, names)
	}

	// A removal answers when it is over. Meanwhile others are served, and another removal of the same is refused.
	w.pagingFile(master, "b", false)
	w.want(w.answer(), mach.MIGNoReply)
	w.pagingStorage(device, "b", false, runs())
	w.want(w.answer(), mach.Failure)
	s.Backing().Poll()
	w.want(w.answer(), mach.Success)
	w.check()

	// Who has asked may be gone.
	w.pagingStorage(mach.NameNull, "x", false, runs())
	w.want(w.space.DestroyName(w.reply), mach.Success)
	w.sys.Settle()
	s.Backing().Poll()
	w.sys.Settle()
	w.check()
	for a := range s.Areas {
		t.Errorf("%s is left", a.Name())
	}
}

// Names that are longer than a stub's buffer go beside the message.
func TestLongNames(t *testing.T) {
	w := newWorld(t, false)
	_, _, device := w.disks()
	for i := range 10 {
		w.pagingStorage(device, string(bytes.Repeat([]byte{byte('a' + i)}, 250)), true, runs(uint64(10*i), 1))
		w.want(w.answer(), mach.Success)
	}
	r := w.ask(0, w.manager, mach.IDDefaultPagerStorageInfo, nil)
	w.want(r.RetCode(), mach.Success)
	r.Varying(typeRuns, 256, 1)
	r.Varying(typeRuns, 256, 1)
	if a := r.Varying(mach.Type(mach.MsgChar)|8<<8|mach.TypeInline|mach.TypeLongForm, 2048, 1); !a.OutOfLine() || a.Count != 2510 {
		t.Errorf("%d bytes, out of line: %v", a.Count, a.OutOfLine())
	}
	w.want(r.End(), mach.Success)
	w.check()
}

// A name has 255 bytes at most, and a null byte behind it, in either form: storage of a longer one could never be named again.
func TestNameWithoutEnd(t *testing.T) {
	w := newWorld(t, false)
	s, master, device := w.disks()
	for _, form := range []mach.Type{typeFilename, mach.ArrayType(mach.MsgString, 8, nameMax)} {
		for _, size := range []int{nameMax, nameMax - 1} {
			name := bytes.Repeat([]byte("n"), size)
			for _, add := range []bool{true, false} {
				want := mach.InvalidArgument
				if size < nameMax {
					want = mach.Success
				}
				w.post(mach.IDDefaultPagerStorage, func(b *mig.Writer) {
					b.Port(mach.MsgCopySend, device)
					b.Varying(typeRuns, runsMax, 1, runs(1, 5))
					copy(b.Inline(form), name)
					b.Bool(add)
				})
				if !add && want == mach.Success {
					w.want(w.answer(), mach.MIGNoReply)
					s.Backing().Poll()
				}
				w.want(w.answer(), want)
				w.check()
			}
		}
	}
	w.post(mach.IDDefaultPagerPagingFile, func(b *mig.Writer) {
		b.Port(mach.MsgCopySend, master)
		copy(b.Inline(typeFilename), bytes.Repeat([]byte("n"), nameMax))
		b.Bool(true)
	})
	w.want(w.answer(), mach.InvalidArgument)
}
