package ipc

import (
	"testing"

	"defpager/ipc/mig"
	"defpager/mach"
)

// inTurn has each thing that an operation takes be used up once: the first, the second, until it needs no more. prepare makes the
// operation in a new world. Each time its code must be right, the invariants hold, and nothing is left behind. It says how often
// something failed.
func inTurn(t *testing.T, prepare func(w *world) (do func() mach.Return, right func(code mach.Return) bool, after func())) (failures int) {
	t.Helper()
	for n := 1; ; n++ {
		w := newWorld(t)
		do, right, after := prepare(w)
		w.fuse.Light(n)
		code := do()
		blown := w.fuse.Blown()
		w.fuse.Light(0)
		w.check()
		if code != mach.Success {
			if !blown || !right(code) {
				t.Fatalf("the %d. fails (%v): %v", n, blown, code)
			}
			w.want(do(), mach.Success)
			w.check()
		}
		if after != nil {
			after()
			w.check()
		}
		for _, s := range w.spaces {
			s.Destroy()
		}
		w.sys.Settle()
		if s := w.sys.Stats(); s != (Stats{}) || w.live != 0 {
			t.Fatalf("the %d. failed: %+v and %d copies of memory are left", n, s, w.live)
		}
		if !blown {
			return n - 1
		}
	}
}

func is(want mach.Return) func(mach.Return) bool {
	return func(code mach.Return) bool { return code == want }
}

// full leaves u no free name but in memory that it has yet to get.
func (u *task) full() {
	u.w.t.Helper()
	for u.table.count == 0 || (u.table.count+1)%chunkSize != 0 {
		_, code := u.Allocate(mach.RightDeadName)
		u.w.want(code, mach.Success)
	}
}

// Everything that makes a name or a port.
func TestNamesFail(t *testing.T) {
	for name, f := range map[string]func(u *task, other *task) func() mach.Return{
		"a port": func(u, _ *task) func() mach.Return {
			return func() mach.Return { _, c := u.Allocate(mach.RightReceive); return c }
		},
		"a port set": func(u, _ *task) func() mach.Return {
			return func() mach.Return { _, c := u.Allocate(mach.RightPortSet); return c }
		},
		"a dead name": func(u, _ *task) func() mach.Return {
			return func() mach.Return { _, c := u.Allocate(mach.RightDeadName); return c }
		},
		"a port of a name": func(u, _ *task) func() mach.Return {
			return func() mach.Return { return u.AllocateName(mach.RightReceive, 7000) }
		},
		"another name": func(u, _ *task) func() mach.Return {
			p := u.receivePort()
			return func() mach.Return { return u.Rename(p, 7000) }
		},
		"a right": func(u, other *task) func() mach.Return {
			p := other.receivePort()
			return func() mach.Return {
				r, code := other.Extract(p, mach.MsgMakeSendOnce)
				if code != mach.Success {
					return code
				}
				_, code = u.Insert(r)
				other.drain(p)
				return code
			}
		},
		"a right of a name": func(u, other *task) func() mach.Return {
			p := other.receivePort()
			return func() mach.Return {
				r, code := other.Extract(p, mach.MsgMakeSend)
				u.w.want(code, mach.Success)
				if code = u.InsertName(7000, r); code != mach.Success {
					r.Release()
				}
				return code
			}
		},
	} {
		t.Run(name, func(t *testing.T) {
			if inTurn(t, func(w *world) (func() mach.Return, func(mach.Return) bool, func()) {
				u, other := w.task(), w.task()
				do := f(u, other)
				u.full()
				names := u.Len()
				return do, func(code mach.Return) bool { return code == mach.ResourceShortage && u.Len() == names }, nil
			}) == 0 {
				t.Fatal("nothing failed")
			}
		})
	}
}

// drain receives whatever is on a port.
func (u *task) drain(p mach.Name) {
	for code := mach.Success; code == mach.Success; {
		_, _, code = u.receive(p)
	}
}

// mixed is a message with all that one can have: rights of all kinds, memory, and an array of rights out of line.
type mixed struct {
	from, to             *task
	dest, port           mach.Name // where it goes, in both tasks
	reply, moved, copied mach.Name
	several              [12]mach.Name
}

const memoryAt, arrayAt = base + 0x9000, base + 0xb000

func newMixed(w *world) *mixed {
	x := &mixed{from: w.task(), to: w.task()}
	x.port = x.to.receivePort()
	x.dest = x.to.share(x.port, x.from)
	x.reply, x.moved, x.copied = x.from.receivePort(), x.from.receivePort(), x.from.receivePort()
	for i := range x.several {
		x.several[i] = x.from.receivePort()
	}
	x.to.full()
	return x
}

func (x *mixed) send() mach.Return {
	u := x.from
	for i, p := range x.several {
		putWord(u.mem.bytes[arrayAt-base+4*i:], uint32(p))
	}
	copy(u.mem.bytes[memoryAt-base:], "memory")
	return u.send(mach.Bits(mach.MsgCopySend, mach.MsgMakeSendOnce)|mach.Complex, x.dest, x.reply, 1, func(w *mig.Writer) {
		w.Port(mach.MsgMoveReceive, x.moved)
		w.OutOfLine(mach.MsgByte, 8, 100, memoryAt, false)
		w.Port(mach.MsgMakeSend, x.copied)
		for _, p := range x.several {
			w.Port(mach.MsgMakeSend, p)
		}
		w.OutOfLine(mach.MsgMakeSendOnce, 32, uint32(len(x.several)), arrayAt, false)
		w.OutOfLine(mach.MsgByte, 8, 50, memoryAt+0x1000, true)
	})
}

// A send that fails took nothing.
func TestSendFails(t *testing.T) {
	n := inTurn(t, func(w *world) (func() mach.Return, func(mach.Return) bool, func()) {
		x := newMixed(w)
		return x.send, func(code mach.Return) bool {
			x.from.wantType(x.moved, mach.TypeReceive)
			x.from.wantType(x.copied, mach.TypeReceive)
			x.from.wantType(x.dest, mach.TypeSend)
			x.from.wantRefs(x.dest, mach.RightSend, 1)
			x.to.empty(x.port)
			return code == mach.SendNoBuffer && w.live == 0
		}, func() { x.to.mustReceive(x.port, 1) }
	})
	if n < 5 {
		t.Fatalf("only %d things failed", n)
	}
}

// A receive that fails says in bits what is missing, and gives the rest.
func TestReceiveFails(t *testing.T) {
	n := inTurn(t, func(w *world) (func() mach.Return, func(mach.Return) bool, func()) {
		x := newMixed(w)
		w.want(x.send(), mach.Success)
		first := true
		return func() mach.Return {
				if !first { // the message is gone with what could not be received
					x.from.drain(x.reply)
					for _, p := range x.several {
						x.from.drain(p)
					}
					x.moved = x.from.receivePort()
					w.want(x.send(), mach.Success)
				}
				first = false
				_, _, code := x.to.receive(x.port)
				return code
			}, func(code mach.Return) bool {
				const bits = mach.MsgIPCSpace | mach.MsgVMSpace | mach.MsgVMKernel
				return code&bits != 0 && (code&^bits == mach.RcvBodyError || code&^bits == mach.RcvHeaderError)
			}, nil
	})
	if n < 5 {
		t.Fatalf("only %d things failed", n)
	}
}

// A simple message goes the long way, or says that there is no room.
func TestSimpleSendFails(t *testing.T) {
	inTurn(t, func(w *world) (func() mach.Return, func(mach.Return) bool, func()) {
		a, b := w.task(), w.task()
		p, q := b.receivePort(), a.receivePort()
		dest := b.share(p, a)
		b.full()
		return func() mach.Return {
				return a.send(mach.Bits(mach.MsgCopySend, mach.MsgMakeSendOnce), dest, q, 1, nil)
			}, is(mach.SendNoBuffer), func() {
				b.mustReceive(p, 1)
			}
	})
}
