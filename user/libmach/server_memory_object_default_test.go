package libmach

import (
	"fmt"
	"testing"

	"defpager/ipc/mig"
	"defpager/mach"
)

// diary is a default memory manager that notes what it is told.
type diary []string

func (d *diary) SeqnosCreate(manager mach.Name, seqno uint32, object mach.Name, size uint64, control, name mach.Name, pageSize uint64) {
	*d = append(*d, fmt.Sprintf("%d: create %d %d %#x %d %d %#x", seqno, manager, object, size, control, name, pageSize))
}

func (d *diary) SeqnosDataInitialize(object mach.Name, seqno uint32, control mach.Name, offset uint64, data []byte) {
	*d = append(*d, fmt.Sprintf("%d: initialize %d %d %#x %d", seqno, object, control, offset, len(data)))
}

func (d *diary) Create(manager, object mach.Name, size uint64, control, name mach.Name, pageSize uint64) {
	d.SeqnosCreate(manager, 0, object, size, control, name, pageSize)
}

func (d *diary) DataInitialize(object, control mach.Name, offset uint64, data []byte) {
	d.SeqnosDataInitialize(object, 0, control, offset, data)
}

func TestMemoryObjectDefaultServer(t *testing.T) {
	create := func(w *mig.Writer) {
		w.Port(mach.MsgPortReceive, 5)
		w.Uint64(0x3000)
		w.Port(mach.MsgPortSend, 6)
		w.Port(mach.MsgPortSend, 7)
		w.Uint64(mach.PageSize)
	}
	for _, x := range []struct {
		name string
		id   mach.MsgID
		size uint32 // of GNU Mach's stubs
		body func(w *mig.Writer)
		want mach.Return
		told string
	}{
		{"memory_object_create", mach.IDMemoryObjectCreate, 112, create, mach.Success, "create 9 5 0x3000 6 7 0x1000"},
		{"a send right as the object", mach.IDMemoryObjectCreate, 112, func(w *mig.Writer) {
			w.Port(mach.MsgPortSend, 5)
			w.Uint64(0x3000)
			w.Port(mach.MsgPortSend, 6)
			w.Port(mach.MsgPortSend, 7)
			w.Uint64(mach.PageSize)
		}, mach.MIGBadArguments, ""},
		{"more than there should be", mach.IDMemoryObjectCreate, 128, func(w *mig.Writer) {
			create(w)
			w.Uint64(1)
		}, mach.MIGBadArguments, ""},
		{"memory_object_data_initialize of nothing", mach.IDMemoryObjectDataInitialize, 80, func(w *mig.Writer) {
			w.Port(mach.MsgPortSend, 6)
			w.Uint64(0x2000)
			w.OutOfLine(mach.MsgByte, 8, 0, 0, false)
		}, mach.Success, "initialize 9 6 0x2000 0"},
		{"data in the message", mach.IDMemoryObjectDataInitialize, 80, func(w *mig.Writer) {
			w.Port(mach.MsgPortSend, 6)
			w.Uint64(0x2000)
			w.Bytes(mach.MsgByte, 8, 8, nil)
		}, mach.MIGBadArguments, ""},
		{"memory_object_init", mach.IDMemoryObjectInit, 112, create, mach.MIGBadID, ""},
		{"default_pager_object_create", mach.IDDefaultPagerObjectCreate, 112, create, mach.MIGBadID, ""},
	} {
		buf := NewBuffer(256)
		w := mig.NewWriter(buf)
		x.body(&w)
		w.SetHeader(mach.Bits(0, mach.MsgPortSend)|mach.Complex, 0, 9, x.id)
		m, ret := received(buf, mach.Success)
		if ret != mach.Success || m.Header.Size != x.size {
			t.Fatalf("%s: size %d, %v", x.name, m.Header.Size, ret)
		}
		m.Header.Seqno = 3
		var d diary
		got := []mach.Return{NewClient().MemoryObjectDefaultServer(m, &d), NewClient().SeqnosMemoryObjectDefaultServer(m, &d)}
		var told []string
		if x.told != "" {
			told = []string{"0: " + x.told, "3: " + x.told}
		}
		if got[0] != x.want || got[1] != x.want || fmt.Sprint(d) != fmt.Sprint(told) {
			t.Errorf("%s: %v, %q", x.name, got, d)
		}
	}
}
