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
	size, free, name, code := wire.DefaultPagerStorageInfo(t.client, t.to)
	t.code("default_pager_storage_info", code)
	for i := 0; i < len(size.Data); i += 8 {
		list = append(list, binary.LittleEndian.Uint64(size.Data[i:])-binary.LittleEndian.Uint64(free.Data[i:]))
	}
	return list, strings.ReplaceAll(string(name.Data), "\x00", " ")
}

// addStorage gives the other manager a disk, and three runs of another.
func (t *tester) addStorage() {
	t.code("default_pager_paging_file", wire.DefaultPagerPagingFile(t.client, t.to, t.devices, []byte(t.whole), true))
	t.is("default_pager_paging_file of a disk that is in use", uint64(wire.DefaultPagerPagingFile(t.client, t.to, t.devices, []byte(t.whole), true)), uint64(mach.DeviceAlreadyOpen))
	t.is("default_pager_paging_file of none", uint64(wire.DefaultPagerPagingFile(t.client, t.to, t.devices, []byte("ram9"), true)), uint64(mach.DeviceNone))
	disk, code := wire.DeviceOpen(t.client, t.devices, 0, []byte(t.part))
	t.code("device_open", code)
	t.code("runs", wire.DefaultPagerPagingStorageNew(t.client, t.to, disk, runs(0, 100, 200, 300, 1000, 500), []byte("runs"), true))
	for what, list := range map[string]mig.Array{"half a run": runs(0, 1, 2), "a run that is not on the disk": runs(1500, 5000), "a block twice": runs(1600, 2, 1601, 2)} {
		code = wire.DefaultPagerPagingStorageNew(t.client, t.to, disk, list, []byte("more"), true)
		t.is("default_pager_paging_storage_new of "+what, uint64(code), uint64(mach.InvalidArgument))
	}
	_, names := t.used()
	t.is("default_pager_storage_info has both", truth(names == t.whole+" runs "), 1)
}

// removeStorage takes both away while pages lie on them.
func (t *tester) removeStorage() {
	used, _ := t.used()
	t.is("pages lie on the storage of the manager of ring 3", truth(len(used) == 2 && used[0] != 0), 1)
	t.code("default_pager_paging_file, remove", wire.DefaultPagerPagingFile(t.client, t.to, t.devices, []byte(t.whole), false))
	t.is("default_pager_paging_file, again", uint64(wire.DefaultPagerPagingFile(t.client, t.to, t.devices, []byte(t.whole), false)), uint64(mach.InvalidArgument))
	used, names := t.used()
	t.is("the runs are left", truth(len(used) == 1 && names == "runs "), 1)
}

// runs are pairs of first block and number.
func runs(numbers ...uint64) (a mig.Array) {
	for _, n := range numbers {
		a.Data = binary.LittleEndian.AppendUint64(a.Data, n)
	}
	a.Count = uint32(len(numbers))
	return a
}
