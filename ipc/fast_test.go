package ipc

import (
	"bytes"
	"encoding/binary"
	"testing"

	"defpager/ipc/mig"
	"defpager/mach"

	"pgregory.net/rapid"
)

// TestLongMessages sends messages of up to some pages between any addresses to a thread that waits, with the pages in view or not.
func TestLongMessages(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		w := newWorld(t)
		a, b := w.task(), w.task()
		port := b.receivePort()
		to := b.share(port, a)
		for range 4 {
			address := func(label string) mach.VirtAddr {
				at := base + mach.VirtAddr(rapid.Uint64Range(0, mach.PageSize/8).Draw(t, label)*8)
				if rapid.IntRange(0, 4).Draw(t, "odd") == 0 {
					at += mach.VirtAddr(rapid.Uint64Range(1, 7).Draw(t, "bytes"))
				}
				return at
			}
			from, at := address("from"), address("to")
			if rapid.Bool().Draw(t, "forget") {
				a.mem.view.Drop()
				b.mem.view.Drop()
			}
			code, done := b.Msg(b.mem, b.thread, &MsgArgs{Addr: at, Option: mach.OptRcv, RcvSize: 0x4000, RcvName: port})
			if done {
				t.Fatalf("receiving is over at once: %v", code)
			}
			sent := a.mem.bytes[from-base:][:mach.HeaderSize+8+8*rapid.IntRange(0, 2*mach.PageSize/8).Draw(t, "words")]
			data := rapid.Byte().Draw(t, "data")
			for i := range sent {
				sent[i] = byte(i*131>>3) ^ data
			}
			binary.LittleEndian.PutUint64(sent[mach.HeaderSize:], uint64(mach.Type(mach.MsgByte)|8<<8|mach.TypeInline|mach.Type(len(sent)-mach.HeaderSize-8)<<32))
			mig.PutHeader(sent, mach.Header{Bits: mach.Bits(mach.MsgCopySend, 0), Remote: uint64(to), ID: 9})
			if code, done := a.Msg(a.mem, a.thread, &MsgArgs{Addr: from, Option: mach.OptSend, SendSize: uint32(len(sent))}); !done || code != mach.Success {
				t.Fatalf("sending %d bytes: %v, %v", len(sent), code, done)
			}
			if code, _ := b.Resume(b.mem, b.thread); code != mach.Success {
				t.Fatal(code)
			}
			got := b.mem.bytes[at-base:][:len(sent)]
			if h := mig.GetHeader(got); h.ID != 9 || int(h.Size) != len(sent) || !bytes.Equal(got[mach.HeaderSize:], sent[mach.HeaderSize:]) {
				t.Fatalf("%d bytes from %#x to %#x are not what was sent: header %+v", len(sent), from, at, h)
			}
			w.check()
		}
	})
}
