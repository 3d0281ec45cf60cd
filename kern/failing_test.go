package kern

import (
	"testing"

	"defpager/ipc/mig"
	"defpager/mach"
)

// failInTurn has each thing that a call to the kernel takes be used up once: the first, the second, until it needs no more. Each time the
// code says so, and the same call then succeeds; undo takes back what one success did. The machine checks itself before each entry to ring 3,
// every frame's owner among the rest; at the end of each round as many ports and objects are there as before.
func (u *user) failInTurn(name string, call func() mach.Return, undo func()) {
	u.m.t.Helper()
	fuse := u.m.frames.Fuse
	var ports, objects int
	for n := 1; ; n++ {
		fuse.Light(n)
		code := call()
		blown := fuse.Blown()
		fuse.Light(0)
		if code != mach.Success {
			if !blown || code != mach.ResourceShortage && code != mach.SendNoBuffer {
				u.m.t.Fatalf("%s: the %d. fails (%v): %v", name, n, blown, code)
			}
			if code = call(); code != mach.Success {
				u.m.t.Fatalf("%s, after the %d. failed: %v", name, n, code)
			}
		}
		if undo != nil {
			undo()
		}
		u.Syscall(mach.TrapSwtch)
		p, o := int(u.m.sys.Stats().Ports), 0
		for range u.m.env.Objects {
			o++
		}
		if n > 1 && (p != ports || o != objects) {
			u.m.t.Fatalf("%s: after the %d. failed there are %d ports and %d objects, before %d and %d", name, n, p, o, ports, objects)
		}
		ports, objects = p, o
		if !blown {
			if n == 1 {
				u.m.t.Fatalf("%s takes nothing", name)
			}
			return
		}
		if n == 1000 {
			u.m.t.Fatalf("%s takes more and more", name)
		}
	}
}

// try is ask, where the message itself may be refused.
func (u *user) try(complex mach.HeaderBits, to mach.Name, id mach.MsgID, body func(w *mig.Writer)) (mig.Reader, mach.Return) {
	u.m.t.Helper()
	if u.reply == mach.NameNull {
		u.reply = u.port()
	}
	size := u.compose(mach.Bits(mach.MsgCopySend, mach.MsgMakeSendOnce)|complex, to, u.reply, id, body)
	if code := u.msg(mach.OptSend|mach.OptRcv, size, u.reply, 0); code != mach.Success {
		return mig.Reader{}, code
	}
	_, r := u.message()
	code := r.RetCode()
	return r, code
}

// tries is try, where the answer is only a code.
func (u *user) tries(complex mach.HeaderBits, to mach.Name, id mach.MsgID, body func(w *mig.Writer)) func() mach.Return {
	return func() mach.Return {
		_, code := u.try(complex, to, id, body)
		return code
	}
}

func uint64s(list ...uint64) func(w *mig.Writer) {
	return func(w *mig.Writer) {
		for _, v := range list {
			w.Uint64(v)
		}
	}
}

// Memory, by traps and by messages.
func TestMemoryCallsFail(t *testing.T) {
	m := newMachine(t)
	m.start("a", func(u *user) {
		self := u.self()
		// Twelve pages that hold 1 to 12, and what is to become of them. The page behind them is theirs too, so that all is cut out of it.
		at := mach.VirtAddr(0)
		fresh := func() {
			at = u.pages(1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14)
		}
		gone := func() { u.unmap(at, 14); fresh() }
		fresh()
		var got mach.VirtAddr
		address := func(id mach.MsgID, complex mach.HeaderBits, body func(w *mig.Writer)) func() mach.Return {
			return func() mach.Return {
				r, code := u.try(complex, self, id, body)
				if code == mach.Success {
					got = mach.VirtAddr(r.Uint64())
				}
				return code
			}
		}
		u.failInTurn("the trap vm_allocate", func() mach.Return {
			return u.trap(mach.TrapAllocate, uint64(self), uint64(u.buffer), 5*pageSize, 1)
		}, func() { u.unmap(mach.VirtAddr(u.Load64(u.buffer)), 5); u.Store64(u.buffer, 0) })
		far := uint64(mach.MinUser) + 1<<38 // beside nothing
		u.failInTurn("vm_allocate", address(mach.IDVMAllocate, 0, func(w *mig.Writer) { w.Uint64(far); w.Uint64(5 * pageSize); w.Bool(false) }), func() { u.unmap(got, 5) })
		u.failInTurn("vm_deallocate", func() mach.Return {
			_, code := u.try(0, self, mach.IDVMDeallocate, uint64s(uint64(at)+4*pageSize, 2*pageSize))
			return code
		}, gone)
		u.failInTurn("vm_protect", func() mach.Return {
			_, code := u.try(0, self, mach.IDVMProtect, func(w *mig.Writer) {
				w.Uint64(uint64(at) + 4*pageSize)
				w.Uint64(2 * pageSize)
				w.Bool(false)
				w.Int32(int32(mach.ProtRead))
			})
			return code
		}, gone)
		u.failInTurn("vm_inherit", func() mach.Return {
			_, code := u.try(0, self, mach.IDVMInherit, func(w *mig.Writer) { w.Uint64(uint64(at) + 4*pageSize); w.Uint64(2 * pageSize); w.Int32(2) })
			return code
		}, gone)
		for _, size := range []uint64{100, 2 * pageSize, 12*pageSize - 5} {
			var data mach.VirtAddr
			u.failInTurn("vm_read", func() mach.Return {
				r, code := u.try(0, self, mach.IDVMRead, uint64s(uint64(at)+1, size))
				if code == mach.Success {
					p, n := r.OutOfLine(mach.MsgByte, 8)
					u.is("the size", uint64(n), size)
					data = mach.VirtAddr(p)
				}
				return code
			}, func() {
				if size > pageSize {
					u.is("what was read", uint64(u.Load(data+pageSize-1)), 2)
				}
				u.unmap(data, uint64(mach.Pages(size)))
				gone()
			})
			u.failInTurn("vm_write", func() mach.Return {
				_, code := u.try(mach.Complex, self, mach.IDVMWrite, func(w *mig.Writer) {
					w.Uint64(uint64(at) + pageSize)
					w.OutOfLine(mach.MsgByte, 8, uint32(size), uint64(at), false)
				})
				return code
			}, func() { u.is("what was written", uint64(u.Load(at+pageSize)), 1); gone() })
		}
		u.failInTurn("vm_copy", func() mach.Return {
			_, code := u.try(0, self, mach.IDVMCopy, uint64s(uint64(at), 12*pageSize, uint64(at)+pageSize))
			return code
		}, gone)
		u.failInTurn("vm_map", address(mach.IDVMMap, mach.Complex, func(w *mig.Writer) {
			w.Uint64(far)
			w.Uint64(3 * pageSize)
			w.Uint64(0)
			w.Bool(true)
			w.Port(mach.MsgCopySend, mach.NameNull)
			w.Uint64(0)
			w.Bool(false)
			w.Int32(int32(mach.ProtDefault))
			w.Int32(int32(mach.ProtAll))
			w.Int32(int32(mach.InheritCopy))
		}), func() { u.unmap(got, 3) })
		u.failInTurn("vm_msync", u.tries(0, self, mach.IDVMMsync, func(w *mig.Writer) { w.Uint64(uint64(at)); w.Uint64(pageSize); w.Int32(1) }), nil)
	})
	m.finish()
}

// Tasks, threads, ports and names.
func TestTaskCallsFail(t *testing.T) {
	m := newMachine(t)
	m.start("a", func(u *user) {
		self := u.self()
		var got mach.Name
		port := func(to mach.Name, id mach.MsgID, complex mach.HeaderBits, body func(w *mig.Writer)) func() mach.Return {
			return func() mach.Return {
				r, code := u.try(complex, to, id, body)
				if code == mach.Success {
					got = u.right(r)
				}
				return code
			}
		}
		ends := func(id mach.MsgID) func() {
			return func() {
				u.want(u.code(got, id, nil), mach.Success)
				u.want(u.trap(mach.TrapPortDeallocate, uint64(self), uint64(got)), mach.Success)
			}
		}
		at := u.pages(1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12)
		u.want(u.code(self, mach.IDVMInherit, func(w *mig.Writer) { w.Uint64(uint64(at)); w.Uint64(2 * pageSize); w.Int32(int32(mach.InheritShare)) }), mach.Success)
		// A child that shared the buffer copy-on-write would make the reply's way there need memory: then it is lost, as MACH_RCV_INVALID_DATA says.
		u.want(u.code(self, mach.IDVMInherit, func(w *mig.Writer) {
			w.Uint64(uint64(u.buffer))
			w.Uint64(bufferSize)
			w.Int32(int32(mach.InheritNone))
		}), mach.Success)
		for _, inherit := range []bool{false, true} {
			u.failInTurn("task_create", port(self, mach.IDTaskCreate, 0, func(w *mig.Writer) { w.Bool(inherit) }), ends(mach.IDTaskTerminate))
		}
		u.failInTurn("thread_create", port(self, mach.IDThreadCreate, 0, nil), ends(mach.IDThreadTerminate))
		name := func(id mach.MsgID, body func(w *mig.Writer)) func() mach.Return {
			return func() mach.Return {
				r, code := u.try(0, self, id, body)
				if code == mach.Success {
					got = r.Name()
				}
				return code
			}
		}
		destroy := func(name mach.Name) {
			u.want(u.code(self, mach.IDPortDestroy, func(w *mig.Writer) { w.Name(name) }), mach.Success)
		}
		for _, right := range []mach.Right{mach.RightReceive, mach.RightPortSet} {
			u.failInTurn("mach_port_allocate", name(mach.IDPortAllocate, func(w *mig.Writer) { w.Int32(int32(right)) }), func() { destroy(got) })
			u.failInTurn("mach_port_allocate_name", u.tries(0, self, mach.IDPortAllocateName, func(w *mig.Writer) {
				w.Int32(int32(right))
				w.Name(9000)
			}), func() { destroy(9000) })
		}
		u.failInTurn("mach_port_rename", func() mach.Return {
			p := u.port()
			if p == mach.NameNull {
				return mach.ResourceShortage
			}
			_, code := u.try(0, self, mach.IDPortRename, func(w *mig.Writer) { w.Name(p); w.Name(9000) })
			if code != mach.Success {
				destroy(p)
			}
			return code
		}, func() { destroy(9000) })
		p := u.port()
		u.failInTurn("mach_port_insert_right", u.tries(mach.Complex, self, mach.IDPortInsertRight, func(w *mig.Writer) {
			w.Name(p)
			w.Port(mach.MsgMakeSend, p)
		}), nil)
		u.failInTurn("mach_port_extract_right", func() mach.Return {
			r, code := u.try(0, self, mach.IDPortExtractRight, func(w *mig.Writer) { w.Name(p); w.Int32(int32(mach.MsgMakeSendOnce)) })
			if code == mach.Success {
				got = r.Port(mach.MsgPortSendOnce)
			}
			return code
		}, func() {
			u.want(u.trap(mach.TrapPortDeallocate, uint64(self), uint64(got)), mach.Success)
			u.receive(p, mach.NotifySendOnce)
		})
		u.failInTurn("vm_region_create_proxy", port(self, mach.IDVMRegionCreateProxy, 0, func(w *mig.Writer) {
			w.Uint64(uint64(at) + 4*pageSize)
			w.Int32(int32(mach.ProtRead))
			w.Uint64(2 * pageSize)
		}), func() { u.want(u.trap(mach.TrapPortDeallocate, uint64(self), uint64(got)), mach.Success) })
		// Lists that come as memory.
		list := func(id mach.MsgID, items int, first mach.MsgType) func() mach.Return {
			return func() mach.Return {
				r, code := u.try(0, self, id, nil)
				d := first
				for i := 0; i < items && code == mach.Success; i++ {
					data, n := r.OutOfLine(d, 32)
					if d == mach.MsgPortSend {
						for k := range mach.VirtAddr(n) {
							u.want(u.trap(mach.TrapPortDeallocate, uint64(self), u.Load64(mach.VirtAddr(data)+4*k)&0xffff_ffff), mach.Success)
						}
					}
					u.unmap(mach.VirtAddr(data), uint64(mach.Pages(uint64(n)*4)))
					d = mach.MsgInteger32
				}
				u.want(r.End(), mach.Success)
				if code&^(mach.MsgVMKernel|mach.MsgVMSpace) == mach.RcvBodyError {
					code = mach.ResourceShortage
				}
				return code
			}
		}
		u.failInTurn("task_threads", list(mach.IDTaskThreads, 1, mach.MsgPortSend), nil)
		u.failInTurn("mach_port_names", list(mach.IDPortNames, 2, mach.MsgPortName), nil)
	})
	m.finish()
}
