package kern

import (
	"testing"

	"defpager/ipc"
	"defpager/ipc/mig"
	"defpager/mach"
	"defpager/pager"
)

// The main job: a privileged task asks the default pager for a memory object, maps and fills it, and sends the right to other tasks,
// which map it too and read what the first one wrote. When all have ended, the frames are free again.
func TestDefaultPagerObjectCreate(t *testing.T) {
	const size = 40*mach.PageSize + 123
	m := newMachine(t)
	p := pager.New(pager.Config{System: m.sys, Memory: m.env, Tracing: m.Tracing, Trace: m.Tracef})
	m.KeepCount("pager", p.Frames)
	m.ports.Ports++ // the pager's
	m.setManager(p.Port())
	word := func(off uint64) uint64 { return off*0x9e3779b97f4a7c15 + 1 }
	mapped := func(u *user, object mach.Name) mach.VirtAddr {
		u.Store64(u.buffer, 0)
		u.want(u.trap(mach.TrapMap, uint64(u.self()), uint64(u.buffer), mach.Pages(size).Bytes(), 0, 1, uint64(object), 0, 0,
			uint64(mach.ProtDefault), uint64(mach.ProtAll), uint64(mach.InheritShare)), mach.Success)
		return mach.VirtAddr(u.Load64(u.buffer))
	}
	var host mach.Name
	var readers [3]struct{ receive, send mach.Name }
	creator := m.start("creator", func(u *user) {
		r := u.ask(mach.Complex, host, mach.IDHostDefaultManager, func(w *mig.Writer) { w.Port(mach.MsgCopySend, mach.NameNull); w.Uint64(0) })
		u.want(r.RetCode(), mach.Success)
		manager := u.right(r)
		u.want(u.code(manager, mach.IDDefaultPagerObjectCreate, func(w *mig.Writer) { w.Uint64(memory) }), mach.ResourceShortage)
		object := u.right(u.call(manager, mach.IDDefaultPagerObjectCreate, func(w *mig.Writer) { w.Uint64(size) }))
		at := mapped(u, object)
		for off := uint64(0); off+8 <= size; off += 8 {
			if off == 0 {
				u.is("a new object's memory", u.Load64(at), 0)
			}
			u.Store64(at+mach.VirtAddr(off), word(off))
		}
		for _, to := range readers {
			u.want(u.send(mach.Bits(mach.MsgCopySend, 0)|mach.Complex, to.send, 0, 1, func(w *mig.Writer) {
				w.Port(mach.MsgCopySend, object)
			}), mach.Success)
		}
		if live, _ := p.Count(); live != 1 {
			t.Errorf("%d objects", live)
		}
	})
	done := 0
	for i := range readers {
		reader := m.start("reader", func(u *user) {
			_, r := u.receive(readers[i].receive, 1)
			at := mapped(u, u.right(r))
			for off := uint64(0); off+8 <= size; off += 8 {
				u.is("a word", u.Load64(at+mach.VirtAddr(off)), word(off))
			}
			done++
		})
		readers[i].receive, readers[i].send = m.share(reader, creator)
	}
	host = m.give(creator, m.hostPriv.MakeSend())
	m.run()
	if live, created := p.Count(); live != 0 || created != 1 || done != len(readers) {
		t.Errorf("%d objects of %d live, %d readers ended", live, created, done)
	}
	m.setManager(ipc.Right{})
	m.finish()
}
