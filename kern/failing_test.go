package kern

import (
	"testing"

	"defpager/ipc/mig"
	"defpager/mach"
)

// attempt is a request that needs memory of the kernel's. do makes it and answers its code; undo gives back what a success made.
type attempt struct {
	name string
	do   func(u *user) mach.Return
	undo func(u *user)
}

// attempts are made by a task that has memory at a, written, and a port.
func attempts(a mach.VirtAddr, port mach.Name) []attempt {
	var name mach.Name
	var at mach.VirtAddr
	right := func(r mig.Reader) mach.Return {
		code := r.RetCode()
		if code == mach.Success {
			name = r.Port(mach.MsgPortSend)
		}
		return code
	}
	address := func(r mig.Reader) mach.Return {
		code := r.RetCode()
		if code == mach.Success {
			at = mach.VirtAddr(r.Uint64())
		}
		return code
	}
	words := func(w *mig.Writer, words ...uint64) {
		for _, v := range words {
			w.Uint64(v)
		}
	}
	const size = 20 * mach.PageSize
	free := func(u *user) {
		u.want(u.code(u.self(), mach.IDVMDeallocate, func(w *mig.Writer) { words(w, uint64(at), size) }), mach.Success)
	}
	drop := func(u *user) { u.want(u.trap(mach.TrapPortDeallocate, uint64(u.self()), uint64(name)), mach.Success) }
	end := func(u *user) {
		u.want(u.code(name, mach.IDTaskTerminate, nil), mach.Success)
		drop(u)
	}
	none := func(*user) {}
	return []attempt{
		{"task_create", func(u *user) mach.Return {
			return right(u.ask(0, u.self(), mach.IDTaskCreate, func(w *mig.Writer) { w.Bool(false) }))
		}, end},
		{"task_create with memory", func(u *user) mach.Return {
			return right(u.ask(0, u.self(), mach.IDTaskCreate, func(w *mig.Writer) { w.Bool(true) }))
		}, end},
		{"thread_create", func(u *user) mach.Return { return right(u.ask(0, u.self(), mach.IDThreadCreate, nil)) }, func(u *user) {
			u.want(u.code(name, mach.IDThreadTerminate, nil), mach.Success)
			drop(u)
		}},
		{"mach_port_allocate", func(u *user) mach.Return {
			r := u.ask(0, u.self(), mach.IDPortAllocate, func(w *mig.Writer) { w.Int32(int32(mach.RightReceive)) })
			code := r.RetCode()
			if code == mach.Success {
				name = mach.Name(r.Name())
			}
			return code
		}, func(u *user) {
			u.want(u.code(u.self(), mach.IDPortDestroy, func(w *mig.Writer) { w.Name(name) }), mach.Success)
		}},
		{"vm_allocate", func(u *user) mach.Return {
			return address(u.ask(0, u.self(), mach.IDVMAllocate, func(w *mig.Writer) { words(w, 0, size); w.Bool(true) }))
		}, free},
		{"vm_read", func(u *user) mach.Return {
			r := u.ask(0, u.self(), mach.IDVMRead, func(w *mig.Writer) { words(w, uint64(a), size) })
			code := r.RetCode()
			if code == mach.Success {
				p, _ := r.OutOfLine(mach.MsgByte, 8)
				at = mach.VirtAddr(p)
			}
			return code
		}, free},
		{"vm_copy", func(u *user) mach.Return {
			return u.code(u.self(), mach.IDVMCopy, func(w *mig.Writer) { words(w, uint64(a), 10*mach.PageSize, uint64(a)+10*mach.PageSize) })
		}, none},
		{"vm_protect", func(u *user) mach.Return {
			return u.code(u.self(), mach.IDVMProtect, func(w *mig.Writer) {
				words(w, uint64(a)+mach.PageSize, mach.PageSize)
				w.Bool(false)
				w.Int32(int32(mach.ProtRead))
			})
		}, none},
		{"vm_allocate_contiguous", func(u *user) mach.Return {
			r := u.ask(mach.Complex, u.m.privileged, mach.IDVMAllocateContiguous, func(w *mig.Writer) {
				w.Port(mach.MsgCopySend, u.self())
				words(w, size, 0, memory, mach.PageSize)
			})
			return address(r)
		}, free},
		{"a message with memory and rights", func(u *user) mach.Return {
			msg := u.compose(mach.Bits(mach.MsgMakeSend, 0)|mach.Complex, port, 0, 77, func(w *mig.Writer) {
				w.OutOfLine(mach.MsgByte, 8, size, uint64(a), false)
				for range 100 {
					w.Port(mach.MsgMakeSend, port)
				}
			})
			code := u.msg(mach.OptSend|mach.OptRcv|mach.OptRcvTimeout, msg, port, 0)
			if code == mach.Success {
				_, r := u.message()
				p, _ := r.OutOfLine(mach.MsgByte, 8)
				at = mach.VirtAddr(p)
			}
			switch code {
			case mach.SendNoBuffer, mach.SendInvalidMemory, mach.RcvBodyError | mach.MsgVMKernel, mach.RcvBodyError | mach.MsgVMSpace, mach.RcvBodyError | mach.MsgIPCKernel:
				return mach.ResourceShortage // in the codes of messages
			}
			return code
		}, free},
		{"a notification", func(u *user) mach.Return {
			r := u.ask(mach.Complex, u.self(), mach.IDPortRequestNotification, func(w *mig.Writer) {
				w.Name(port)
				w.Int32(int32(mach.NotifyNoSenders))
				w.Int32(0)
				w.Port(mach.MsgMakeSendOnce, port)
			})
			code := r.RetCode()
			return code
		}, none},
	}
}

// TestEveryRequestWithoutFrames makes each request with no frame left to the kernel, then with one, and so on, until it succeeds: before, it
// answers KERN_RESOURCE_SHORTAGE and nothing is lost or half done, which is checked whenever the kernel goes back to the program.
func TestEveryRequestWithoutFrames(t *testing.T) {
	for i, a := range attempts(0, 0) {
		t.Run(a.name, func(t *testing.T) {
			m := newMachine(t)
			task := m.start("a", func(u *user) {
				r := u.call(u.self(), mach.IDVMAllocate, func(w *mig.Writer) { w.Uint64(0); w.Uint64(20 * mach.PageSize); w.Bool(true) })
				at := mach.VirtAddr(r.Uint64())
				for n := range mach.VirtAddr(20) {
					u.Store64(at+n*mach.PageSize, uint64(n))
				}
				// What the replies are written to is shared with children: else that would need frames, too.
				u.want(u.code(u.self(), mach.IDVMInherit, func(w *mig.Writer) {
					w.Uint64(uint64(stackTop - stackSize))
					w.Uint64(stackSize)
					w.Int32(int32(mach.InheritShare))
				}), mach.Success)
				a := attempts(at, u.port())[i]
				if code := a.do(u); code != mach.Success { // it is well formed
					t.Fatalf("with all memory: %v", code)
				}
				a.undo(u)
				for _, scarce := range []func(n int) (restore func()){
					func(n int) func() {
						s := m.frames.Stats()
						hoard, err := m.frames.Reserve(s.Free - s.Reserved - mach.PageNumber(n))
						if err != nil {
							t.Fatal(err)
						}
						return hoard.Release
					},
					func(n int) func() { return limit(&m.env.MaxEntries, n) },
					func(n int) func() { return limit(&m.env.MaxObjects, n) },
				} {
					a.exhaust(u, scarce)
				}
			})
			m.privileged = m.give(task, m.hostPriv.MakeSend())
			m.finish()
		})
	}
}

// limit sets a bound for a while.
func limit(bound *int, n int) (restore func()) {
	old := *bound
	*bound = n
	return func() { *bound = old }
}

// exhaust makes the attempt with 0, 1, 2 ... of something left, until it succeeds.
func (a *attempt) exhaust(u *user, leave func(n int) (restore func())) {
	t := u.m.t
	t.Helper()
	for n := range 200 {
		restore := leave(n)
		code := a.do(u)
		restore()
		if code == mach.Success {
			a.undo(u)
			return
		}
		if code != mach.ResourceShortage && code != mach.NoSpace {
			t.Fatalf("with %d left: %v", n, code)
		}
	}
	t.Fatal("it wants more than 200")
}
