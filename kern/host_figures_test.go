package kern

import (
	"reflect"
	"strings"
	"testing"

	"defpager/ipc/mig"
	"defpager/mach"
)

// hostFigures asks for the books by a port, with room for so many numbers.
func (u *user) hostFigures(to mach.Name, room uint32) (f mach.HostFigures, count uint32, code mach.Return) {
	r := u.ask(0, to, mach.IDPagerHostFigures, func(w *mig.Writer) { w.Uint32(room) })
	if code = r.RetCode(); code != mach.Success {
		return f, 0, code
	}
	data, count := r.Array(mach.MsgInteger64, 64, mach.FiguresMax)
	u.want(r.End(), mach.Success)
	for i, v := range f.List()[:count] {
		*v = le.Uint64(data[8*i:])
	}
	return f, count, code
}

// changes names the numbers of which there are more, or fewer.
func changes(from, to mach.HostFigures) string {
	var list []string
	a, b := reflect.ValueOf(from), reflect.ValueOf(to)
	for i := range a.NumField() {
		sign := "+"
		switch {
		case a.Field(i).Uint() == b.Field(i).Uint():
			continue
		case a.Field(i).Uint() > b.Field(i).Uint():
			sign = "-"
		}
		list = append(list, sign+a.Type().Field(i).Name)
	}
	return strings.Join(list, " ")
}

// What a task makes is in the books, each by its kind, and is in them no more when it is gone: also what a pool keeps for the next.
func TestHostFigures(t *testing.T) {
	m := newMachine(t)
	trim := func() { m.Do(m.trim) }
	trim()
	m.ports, m.taken = m.sys.Stats(), m.frames.Stats().Taken
	var priv mach.Name
	a := m.start("a", func(u *user) {
		self := u.self()
		u.port()
		u.want(u.code(mach.Name(u.Syscall(mach.TrapHostSelf)), mach.IDPagerHostFigures, func(w *mig.Writer) { w.Uint32(64) }), mach.InvalidHost)
		u.want(u.code(self, mach.IDPagerHostFigures, func(w *mig.Writer) { w.Uint32(64) }), mach.InvalidHost)
		u.want(u.code(priv, mach.IDPagerHostFigures, nil), mach.MIGBadArguments)
		_, _, code := u.hostFigures(priv, 0)
		u.want(code, mach.InvalidArgument)
		_, n, code := u.hostFigures(priv, 3)
		u.want(code, mach.Success)
		u.is("numbers where there is room for 3", uint64(n), 3)

		look := func() mach.HostFigures {
			f, n, code := u.hostFigures(priv, mach.FiguresMax)
			u.want(code, mach.Success)
			u.is("numbers", uint64(n), uint64(len(f.List())))
			u.is("frames that are free or somebody's", f.Sum(), f.Frames)
			return f
		}
		touch := u.call(self, mach.IDVMAllocate, func(w *mig.Writer) {
			w.Uint64(0)
			w.Uint64(mach.PageSize)
			w.Bool(true)
		})
		at := mach.VirtAddr(touch.Uint64())
		u.Store64(at, 1) // so that there is a page table, which stays
		at += 16 * mach.PageSize
		open := look()
		u.is("tasks", open.Tasks, 1)
		u.is("threads", open.Threads, 1)
		var port, child uint64
		for _, c := range []struct {
			name, want string
			make, end  func()
		}{
			{"a port", "+Ports +PortsInFrames +Names", func() {
				r := u.call(self, mach.IDPortAllocate, func(w *mig.Writer) { w.Int32(int32(mach.RightReceive)) })
				port = uint64(r.Name())
			}, func() {
				u.want(u.code(self, mach.IDPortDestroy, func(w *mig.Writer) { w.Name(mach.Name(port)) }), mach.Success)
			}},
			{"a port set", "-Free +PortFrames +PortSets +Names", func() {
				r := u.call(self, mach.IDPortAllocate, func(w *mig.Writer) { w.Int32(int32(mach.RightPortSet)) })
				port = uint64(r.Name())
			}, func() {
				u.want(u.code(self, mach.IDPortDestroy, func(w *mig.Writer) { w.Name(mach.Name(port)) }), mach.Success)
			}},
			{"a page", "-Free +Anonymous +Entries +Objects +Copyable", func() {
				r := u.call(self, mach.IDVMAllocate, func(w *mig.Writer) {
					w.Uint64(uint64(at))
					w.Uint64(mach.PageSize)
					w.Bool(false)
				})
				u.is("where it is", r.Uint64(), uint64(at))
				u.Store64(at, 1)
			}, func() {
				u.want(u.code(self, mach.IDVMDeallocate, func(w *mig.Writer) { w.Uint64(uint64(at)); w.Uint64(mach.PageSize) }), mach.Success)
			}},
			{"a task", "-Free +PageTables +Tasks +Ports +Names", func() {
				child = uint64(u.right(u.call(self, mach.IDTaskCreate, func(w *mig.Writer) { w.Bool(false) })))
			}, func() {
				u.want(u.code(mach.Name(child), mach.IDTaskTerminate, nil), mach.Success)
				u.want(u.code(self, mach.IDPortDeallocate, func(w *mig.Writer) { w.Name(mach.Name(child)) }), mach.Success)
			}},
			{"a message", "+Ports +PortsInFrames +Names +Messages +Buffers", func() {
				r := u.call(self, mach.IDPortAllocate, func(w *mig.Writer) { w.Int32(int32(mach.RightReceive)) })
				port = uint64(r.Name())
				u.want(u.send(mach.Bits(mach.MsgMakeSend, 0), mach.Name(port), 0, 1, nil), mach.Success)
			}, func() {
				u.want(u.code(self, mach.IDPortDestroy, func(w *mig.Writer) { w.Name(mach.Name(port)) }), mach.Success)
			}},
		} {
			for range 2 {
				c.make()
				if got := changes(open, look()); got != c.want {
					t.Errorf("%s: %s, want %s", c.name, got, c.want)
				}
				c.end()
				if got := changes(open, look()); got != "" {
					t.Errorf("%s is gone: %s", c.name, got)
				}
			}
		}
	})
	priv = m.give(a, m.hostPriv.MakeSend())
	m.run()
	trim()
	m.finish()
}
