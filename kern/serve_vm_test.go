package kern

import (
	"testing"

	"defpager/ipc/mig"
	"defpager/mach"
)

// The requests about memory, in the order of their numbers.
func TestMemoryRequests(t *testing.T) {
	m := newMachine(t)
	m.start("a", func(u *user) {
		self := u.self()
		allocate := func(size uint64) mach.VirtAddr {
			r := u.call(self, mach.IDVMAllocate, func(w *mig.Writer) { w.Uint64(0); w.Uint64(size); w.Bool(true) })
			return mach.VirtAddr(r.Uint64())
		}
		words := func(id mach.MsgID, words ...uint64) mach.Return {
			return u.code(self, id, func(w *mig.Writer) {
				for _, v := range words {
					w.Uint64(v)
				}
			})
		}
		protect := func(at mach.VirtAddr, size uint64, limit bool, prot mach.Prot) mach.Return {
			return u.code(self, mach.IDVMProtect, func(w *mig.Writer) {
				w.Uint64(uint64(at))
				w.Uint64(size)
				w.Bool(limit)
				w.Int32(int32(prot))
			})
		}
		inherit := func(at mach.VirtAddr, how int32) mach.Return {
			return u.code(self, mach.IDVMInherit, func(w *mig.Writer) { w.Uint64(uint64(at)); w.Uint64(mach.PageSize); w.Int32(how) })
		}
		read := func(at mach.VirtAddr, size uint64) (mach.VirtAddr, mach.Return) {
			r := u.ask(0, self, mach.IDVMRead, func(w *mig.Writer) { w.Uint64(uint64(at)); w.Uint64(size) })
			if code := r.RetCode(); code != mach.Success {
				return 0, code
			}
			data, n := r.OutOfLine(mach.MsgByte, 8)
			u.is("the size", uint64(n), size)
			u.want(r.End(), mach.Success)
			return mach.VirtAddr(data), mach.Success
		}
		write := func(to, from mach.VirtAddr, size uint32) mach.Return {
			r := u.ask(mach.Complex, self, mach.IDVMWrite, func(w *mig.Writer) {
				w.Uint64(uint64(to))
				w.OutOfLine(mach.MsgByte, 8, size, uint64(from), false)
			})
			return r.RetCode()
		}

		a := allocate(4 * mach.PageSize)
		const edge = stackTop - mach.PageSize // nothing is mapped behind it
		u.Store64(a, 11)
		u.Store64(a+mach.PageSize, 12)

		data, code := read(a, 2*mach.PageSize)
		u.want(code, mach.Success)
		u.Store64(a, 13)
		u.is("what was read", u.Load64(data), 11)
		u.is("what was read", u.Load64(data+mach.PageSize), 12)
		_, code = read(a, 0)
		u.want(code, mach.Success)
		_, code = read(edge, 2*mach.PageSize)
		u.want(code, mach.InvalidAddress)
		_, code = read(a, 1<<32)
		u.want(code, mach.InvalidArgument)

		u.want(write(a+2*mach.PageSize, data, 2*mach.PageSize), mach.Success)
		u.is("what was written", u.Load64(a+3*mach.PageSize), 12)
		u.want(write(a, data, 0), mach.Success)
		u.want(write(edge, data, 2*mach.PageSize), mach.InvalidAddress)

		u.want(words(mach.IDVMCopy, uint64(a), mach.PageSize, uint64(a)+mach.PageSize), mach.Success)
		u.is("what was copied", u.Load64(a+mach.PageSize), 13)
		u.want(words(mach.IDVMCopy, uint64(edge), 2*mach.PageSize, uint64(a)), mach.InvalidAddress)

		u.want(protect(a, mach.PageSize, false, mach.ProtRead), mach.Success)
		u.is("memory", u.Load64(a), 13)
		u.want(protect(a, mach.PageSize, true, mach.ProtRead), mach.Success)
		u.want(protect(a, mach.PageSize, false, mach.ProtDefault), mach.ProtectionFailure)
		u.want(protect(a, mach.PageSize, false, 99), mach.InvalidArgument)
		u.want(inherit(a, int32(mach.InheritShare)), mach.Success)
		u.want(inherit(a, 3), mach.InvalidArgument)

		r := u.call(self, mach.IDVMRegion, func(w *mig.Writer) { w.Uint64(uint64(a) - 1) })
		for i, want := range []uint64{uint64(a), mach.PageSize} {
			u.is([]string{"the region's address", "its size"}[i], r.Uint64(), want)
		}
		u.is("its protection", uint64(r.Int32()), uint64(mach.ProtRead))
		u.is("its maximum", uint64(r.Int32()), uint64(mach.ProtRead))
		u.is("its inheritance", uint64(r.Int32()), uint64(mach.InheritShare))
		_ = r.Bool()
		u.is("its object's port", uint64(r.Port(mach.MsgPortSend)), 0)
		_ = r.Uint64()
		u.want(r.End(), mach.Success)
		u.want(words(mach.IDVMRegion, uint64(mach.MaxUser)), mach.NoSpace)

		r = u.call(self, mach.IDVMStatistics, nil)
		b := r.Bytes(mach.MsgInteger32, 32, 13)
		u.want(r.End(), mach.Success)
		s := u.m.frames.Stats()
		u.is("the size of a page", uint64(le.Uint32(b)), mach.PageSize)
		if free := uint64(le.Uint32(b[4:])); free < uint64(s.Free) || free > uint64(s.Free)+16 {
			t.Errorf("%d free frames, there are %d", free, s.Free)
		}

		u.want(words(mach.IDVMDeallocate, uint64(a), 4*mach.PageSize), mach.Success)
		u.want(words(mach.IDVMDeallocate, uint64(a), 4*mach.PageSize), mach.Success)
		u.want(words(mach.IDVMDeallocate, uint64(mach.MaxUser), mach.PageSize), mach.Success)
	})
	m.finish()
}

// vm_map by message: zeros, a boot module's object (see load_test.go for programs), and what is no memory object.
func TestMapRequest(t *testing.T) {
	m := newMachine(t)
	m.start("a", func(u *user) {
		self := u.self()
		u.port()
		vmMap := func(size uint64, object mach.Name, cur, limit mach.Prot) (mach.VirtAddr, mach.Return) {
			r := u.ask(mach.Complex, self, mach.IDVMMap, func(w *mig.Writer) {
				w.Uint64(0)
				w.Uint64(size)
				w.Uint64(mach.SuperSize - 1)
				w.Bool(true)
				w.Port(mach.MsgCopySend, object)
				w.Uint64(0)
				w.Bool(false)
				w.Int32(int32(cur))
				w.Int32(int32(limit))
				w.Int32(int32(mach.InheritNone))
			})
			if code := r.RetCode(); code != mach.Success {
				return 0, code
			}
			at := r.Uint64()
			u.want(r.End(), mach.Success)
			return mach.VirtAddr(at), mach.Success
		}
		at, code := vmMap(mach.SuperSize, mach.NameNull, mach.ProtDefault, mach.ProtAll)
		u.want(code, mach.Success)
		u.is("the alignment", uint64(at)%mach.SuperSize, 0)
		u.Store64(at+mach.SuperSize-8, 1)
		_, code = vmMap(mach.PageSize, self, mach.ProtDefault, mach.ProtAll)
		u.want(code, mach.InvalidArgument)
		_, code = vmMap(mach.PageSize, mach.NameDead, mach.ProtDefault, mach.ProtAll)
		u.want(code, mach.InvalidArgument)
		_, code = vmMap(mach.PageSize, mach.NameNull, mach.ProtAll, mach.ProtRead)
		u.want(code, mach.InvalidArgument)
	})
	m.finish()
}
