package main

import (
	"encoding/binary"
	"strings"

	"defpager/ipc/mig"
	"defpager/ipc/mig/wire"
	"defpager/mach"
)

// used is how many bytes of each paging storage of the other manager are in use, with their names.
func (t *tester) used() (list []uint64, names string) {
	size, free, name, code := wire.DefaultPagerStorageInfo(t.Client, t.to)
	t.Must("default_pager_storage_info", code)
	for i := 0; i < len(size.Data); i += 8 {
		list = append(list, binary.LittleEndian.Uint64(size.Data[i:])-binary.LittleEndian.Uint64(free.Data[i:]))
	}
	return list, strings.ReplaceAll(string(name.Data), "\x00", " ")
}

// addStorage gives the other manager a disk, and three runs of another.
func (t *tester) addStorage() {
	t.Must("default_pager_paging_file", wire.DefaultPagerPagingFile(t.Client, t.to, t.devices, []byte(t.whole), true))
	t.Check("default_pager_paging_file of a disk that is in use", wire.DefaultPagerPagingFile(t.Client, t.to, t.devices, []byte(t.whole), true), mach.DeviceAlreadyOpen)
	t.Check("default_pager_paging_file of none", wire.DefaultPagerPagingFile(t.Client, t.to, t.devices, []byte("ram9"), true), mach.DeviceNone)
	disk, code := wire.DeviceOpen(t.Client, t.devices, 0, []byte(t.part))
	t.Must("device_open", code)
	t.Must("runs", wire.DefaultPagerPagingStorageNew(t.Client, t.to, disk, runs(0, 100, 200, 300, 1000, 500), []byte("runs"), true))
	for what, list := range map[string]mig.Array{"half a run": runs(0, 1, 2), "a run that is not on the disk": runs(1500, 5000), "a block twice": runs(1600, 2, 1601, 2)} {
		code = wire.DefaultPagerPagingStorageNew(t.Client, t.to, disk, list, []byte("more"), true)
		t.Check("default_pager_paging_storage_new of "+what, code, mach.InvalidArgument)
	}
	_, names := t.used()
	t.Holds("default_pager_storage_info has both", names == t.whole+" runs ")
}

// removeStorage takes both away while pages lie on them.
func (t *tester) removeStorage() {
	used, _ := t.used()
	t.Holds("pages lie on the storage of the manager of ring 3", len(used) == 2 && used[0] != 0)
	t.Must("default_pager_paging_file, remove", wire.DefaultPagerPagingFile(t.Client, t.to, t.devices, []byte(t.whole), false))
	t.Check("default_pager_paging_file, again", wire.DefaultPagerPagingFile(t.Client, t.to, t.devices, []byte(t.whole), false), mach.InvalidArgument)
	used, names := t.used()
	t.Holds("the runs are left", len(used) == 1 && names == "runs ")
}

// runs are pairs of first block and number.
func runs(numbers ...uint64) (a mig.Array) {
	for _, n := range numbers {
		a.Data = binary.LittleEndian.AppendUint64(a.Data, n)
	}
	a.Count = uint32(len(numbers))
	return a
}
