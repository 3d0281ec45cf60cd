package kern

import (
	"testing"

	"defpager/ipc/mig"
	"defpager/mach"
)

// A proxy lets others map a part of an object, and no more; a proxy of a proxy still less.
func TestMemoryObjectProxy(t *testing.T) {
	m := newMachine(t)
	var port, name mach.Name
	manager := m.paused("manager", func(u *user) {
		o := u.manage(port)
		o.ready(true, mach.CopyDelay)
		o.supply(0, mach.ProtNone, false, mach.NameNull, mach.MsgMakeSendOnce, 10, 11, 12, 13, 14, 15)
		u.receive(port, mach.IDMemoryObjectDataReturn)
		_, r := u.receive(port, mach.IDMemoryObjectTerminate)
		r.Port(mach.MsgPortReceive)
	})
	client := m.paused("client", func(u *user) {
		words := func(w *mig.Writer, v ...uint64) {
			b := w.Space(mach.MsgInteger64, 64, uint32(len(v)))
			for i := range v {
				le.PutUint64(b[8*i:], v[i])
			}
		}
		create := func(objects []mach.Name, max mach.Prot, offset, start, size []uint64) (mach.Name, mach.Return) {
			t.Helper()
			r := u.ask(mach.Complex, u.self(), mach.IDMemoryObjectCreateProxy, func(w *mig.Writer) {
				w.Int32(int32(max))
				b := w.Inline(mach.InlineType(mach.MsgCopySend, 64, uint32(len(objects))))
				for i, n := range objects {
					le.PutUint64(b[8*i:], uint64(n))
				}
				words(w, offset...)
				words(w, start...)
				words(w, size...)
			})
			if code := r.RetCode(); code != mach.Success {
				return 0, code
			}
			return u.right(r), mach.Success
		}
		proxy := func(object mach.Name, max mach.Prot, start, size uint64) mach.Name {
			t.Helper()
			p, code := create([]mach.Name{object}, max, []uint64{0}, []uint64{start}, []uint64{size})
			u.want(code, mach.Success)
			return p
		}
		at := u.mapManaged(name, 6)
		u.rest()
		some := proxy(name, mach.ProtDefault, pageSize, 4*pageSize)
		readOnly := proxy(some, mach.ProtRead, pageSize, 2*pageSize)
		nothing := proxy(name, mach.ProtNone, 0, 6*pageSize)

		mapProxy := func(object mach.Name, offset, size uint64, private bool, cur mach.Prot) (mach.VirtAddr, mach.Return) {
			t.Helper()
			r := u.ask(mach.Complex, u.self(), mach.IDVMMap, func(w *mig.Writer) {
				w.Uint64(0)
				w.Uint64(size)
				w.Uint64(0)
				w.Bool(true)
				w.Port(mach.MsgCopySend, object)
				w.Uint64(offset)
				w.Bool(private)
				w.Int32(int32(cur))
				w.Int32(int32(mach.ProtAll))
				w.Int32(int32(mach.InheritCopy))
			})
			if code := r.RetCode(); code != mach.Success {
				return 0, code
			}
			return mach.VirtAddr(r.Uint64()), mach.Success
		}
		maximum := func(at mach.VirtAddr) mach.Prot {
			r := u.call(u.self(), mach.IDVMRegion, func(w *mig.Writer) { w.Uint64(uint64(at)) })
			r.Uint64()
			r.Uint64()
			r.Int32()
			return mach.Prot(r.Int32())
		}
		a, code := mapProxy(some, 0, 4*pageSize, false, mach.ProtDefault)
		u.want(code, mach.Success)
		u.is("what the proxy shows", uint64(u.Load(a+3*pageSize)), 14)
		u.Store(a, 99)
		u.is("what the object has", uint64(u.Load(at+pageSize)), 99)
		u.is("what is allowed", uint64(maximum(a)), uint64(mach.ProtDefault))
		b, code := mapProxy(readOnly, pageSize, pageSize, false, mach.ProtDefault)
		u.want(code, mach.Success)
		u.is("what the proxy shows", uint64(u.Load(b)), 13)
		u.is("what is allowed", uint64(maximum(b)), uint64(mach.ProtRead))
		c, code := mapProxy(readOnly, 0, 2*pageSize, true, mach.ProtDefault)
		u.want(code, mach.Success)
		u.Store(c, 1)
		u.is("what the copy left", uint64(u.Load(at+2*pageSize)), 12)
		for _, x := range []struct {
			object       mach.Name
			offset, size uint64
			private      bool
			want         mach.Return
		}{
			{some, pageSize, 4 * pageSize, false, mach.InvalidArgument},
			{some, 5 * pageSize, pageSize, false, mach.InvalidArgument},
			{some, ^uint64(pageSize - 1), 2 * pageSize, false, mach.InvalidArgument},
			{readOnly, 0, 2*pageSize + 1, false, mach.InvalidArgument},
			{nothing, 0, pageSize, true, mach.ProtectionFailure},
		} {
			_, code := mapProxy(x.object, x.offset, x.size, x.private, mach.ProtRead)
			u.want(code, x.want)
		}
		for _, x := range []struct {
			objects             []mach.Name
			max                 mach.Prot
			offset, start, size []uint64
			want                mach.Return
		}{
			{nil, 1, []uint64{0}, []uint64{0}, []uint64{0}, mach.InvalidArgument},
			{[]mach.Name{name, name}, 1, []uint64{0, 0}, []uint64{0, 0}, []uint64{0, 0}, mach.InvalidArgument},
			{[]mach.Name{name}, 1, []uint64{0, 0}, []uint64{0}, []uint64{0}, mach.InvalidArgument},
			{[]mach.Name{name}, 1, []uint64{0}, nil, []uint64{0}, mach.InvalidArgument},
			{[]mach.Name{name}, 1, []uint64{pageSize}, []uint64{0}, []uint64{0}, mach.InvalidArgument},
			{[]mach.Name{name}, 8, []uint64{0}, []uint64{0}, []uint64{0}, mach.InvalidArgument},
			{[]mach.Name{name}, 1, []uint64{0}, []uint64{1}, []uint64{^uint64(0)}, mach.InvalidArgument},
			{[]mach.Name{some}, 1, []uint64{0}, []uint64{0}, []uint64{4*pageSize + 1}, mach.InvalidArgument},
			{[]mach.Name{mach.NameNull}, 1, []uint64{0}, []uint64{0}, []uint64{0}, mach.InvalidName},
			{[]mach.Name{mach.NameDead}, 1, []uint64{0}, []uint64{0}, []uint64{0}, mach.InvalidName},
		} {
			_, code := create(x.objects, x.max, x.offset, x.start, x.size)
			u.want(code, x.want)
		}
		u.want(u.code(u.self(), mach.IDMemoryObjectCreateProxy, nil), mach.MIGBadArguments)
		self := proxy(u.self(), mach.ProtAll, 0, pageSize)
		_, code = mapProxy(self, 0, pageSize, false, mach.ProtRead)
		u.want(code, mach.InvalidArgument)
		u.is("proxies", uint64(m.proxies.count), 4)
	})
	port, names := m.managerOf(manager, client)
	name = names[0]
	m.resume(manager, client)
	m.run()
	if m.proxies.count != 0 {
		t.Errorf("%d proxies are left", m.proxies.count)
	}
	m.Do(func() { m.terminateTask(manager) })
	m.finish()
}
