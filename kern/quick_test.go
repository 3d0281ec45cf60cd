package kern

import (
	"fmt"
	"slices"
	"testing"

	"defpager/ipc/mig"
	"defpager/mach"
)

// A vm_map that is carried out where it lies answers as one that goes the way of all messages, on which a trace sends it.
func TestMapRequestsBothWays(t *testing.T) {
	both := [2][]string{}
	for i, traced := range []bool{false, true} {
		m := newMachine(t)
		m.SetTrace(traced)
		m.start("a", func(u *user) {
			self := u.self()
			receive := u.port()
			u.reply = u.port()
			both[i] = u.mapAll(self, []mach.Name{mach.NameNull, mach.NameDead, self, receive, 12345})
			u.want(u.code(self, mach.IDPortDestroy, func(w *mig.Writer) { w.Name(receive) }), mach.Success)
		})
		m.finish()
	}
	for i, quick := range both[0] {
		if quick != both[1][i] {
			t.Errorf("quick: %s; by message: %s", quick, both[1][i])
		}
	}
	if slices.ContainsFunc(both[0], func(s string) bool { return len(s) == 0 }) || len(both[0]) < 1000 {
		t.Errorf("only %d requests", len(both[0]))
	}
}

// mapAll sends vm_map with all sorts of arguments and tells the answers. What was mapped is unmapped again.
func (u *user) mapAll(self mach.Name, objects []mach.Name) (told []string) {
	for _, at := range []uint64{0, 0x10000000, 0x10000fff, uint64(mach.MaxUser), 1 << 63} {
		for _, size := range []uint64{0, 1, 3 * mach.PageSize, 1 << 63, ^uint64(0)} {
			for _, object := range objects {
				for _, disposition := range []mach.MsgType{mach.MsgCopySend, mach.MsgMakeSend, mach.MsgMoveSend, mach.MsgPortName} {
					if disposition == mach.MsgMoveSend && object == self {
						continue // the last right to oneself would go
					}
					for _, how := range [][6]uint64{
						{0, 1, 0, 0, 3, 7},
						{0, 0, 0, 0, 3, 7},
						{0xfffff, 1, 0, 0, 1, 3},
						{5, 1, 0, 0, 1, 3},
						{0, 1, 0x800, 1, 3, 7},
						{0, 1, ^uint64(0xfff), 1, 3, 7},
						{0, 1, 0, 0, 7, 3},
						{0, 1, 0, 0, 8, 15},
						{0, 1 << 32, 0, 1 << 32, 3, 7},
					} {
						if how[3]&0xffffffff != 0 && object == objects[3] {
							continue // a copy would wait for the manager, who is asking
						}
						told = append(told, u.mapOnce(self, at, size, object, disposition, how))
					}
				}
			}
		}
	}
	return told
}

// mapOnce is one vm_map; how is mask, anywhere, offset, copy and the protections.
func (u *user) mapOnce(self mach.Name, at, size uint64, object mach.Name, disposition mach.MsgType, how [6]uint64) string {
	said := fmt.Sprintf("vm_map(%#x, %#x, %d as %d, %#x)", at, size, object, disposition, how)
	length := u.compose(mach.Bits(mach.MsgCopySend, mach.MsgMakeSendOnce)|mach.Complex, self, u.reply, mach.IDVMMap, func(w *mig.Writer) {
		w.Uint64(at)
		w.Uint64(size)
		w.Uint64(how[0])
		w.Word(mach.InlineType(mach.MsgBoolean, 32, 1), how[1])
		w.Port(disposition, object)
		w.Uint64(how[2])
		w.Word(mach.InlineType(mach.MsgBoolean, 32, 1), how[3])
		w.Int32(int32(how[4]))
		w.Int32(int32(how[5]))
		w.Int32(int32(mach.InheritNone))
	})
	if code := u.msg(mach.OptSend|mach.OptRcv, length, u.reply, 0); code != mach.Success {
		return fmt.Sprint(said, ": the message: ", code)
	}
	_, r := u.message()
	code := mach.Success
	if code = r.RetCode(); code != mach.Success {
		return fmt.Sprint(said, ": ", code)
	}
	got := r.Uint64()
	u.want(r.End(), mach.Success)
	u.want(u.code(self, mach.IDVMDeallocate, func(w *mig.Writer) { w.Uint64(got); w.Uint64(size) }), mach.Success)
	return fmt.Sprintf("%s: %#x", said, got)
}
