// Command storage makes and removes paging storage while memory lies on it: by the default pager's calls, on two disks, in many pieces.
//
//	storage --pager=PORT --device=PORT [--over=MIB]
//
// PORTs name send rights to the default memory manager's port and the device master port. There are two disks, vda of 32 MiB and vdb of 8 MiB,
// no paging storage, and so little memory that filling it all takes no time.
//
// Each check prints "ok NAME", or "FAIL NAME: got X want Y". The last line is "storage: N ok, M failed", and the exit status 1 if any failed.
package main

import (
	"encoding/binary"
	"flag"
	"fmt"
	"runtime/debug"
	"strings"

	"defpager/ipc/mig"
	"defpager/ipc/mig/wire"
	"defpager/mach"
	"defpager/user/internal/args"
	"defpager/user/internal/trial"
	"defpager/user/libmach"
)

var le = binary.LittleEndian

func main() {
	debug.SetGCPercent(-1)
	pager := args.SendRight("pager", "the default memory manager's port")
	device := args.SendRight("device", "the device master port")
	over := flag.Uint64("over", 2, "memory to fill beyond what is free at the start, in `MiB`: less than each disk's part, so that one of them has room for it")
	args.Parse(pager, device)
	t := &tester{Tester: trial.New("storage"), pager: *pager, master: *device}
	s, ret := t.Client.VMStatistics(t.Task)
	t.Check("vm_statistics", ret, mach.Success)
	t.pages = uint64(s.Free) + *over<<20>>mach.PageShift
	t.run()
	t.End()
}

// tester makes the checks.
type tester struct {
	*trial.Tester
	pager, master mach.Name
	disk          mach.Name // the device vda
	pages         uint64
	memory        []byte
	pass          uint64 // of verify
}

func (t *tester) run() {
	var ret mach.Return
	t.disk, ret = wire.DeviceOpen(t.Client, t.master, 3, []byte("vda"))
	t.Check("device_open vda", ret, mach.Success)
	status, ret := wire.DeviceGetStatus(t.Client, t.disk, 1, 8)
	t.Check("device_get_status", ret, mach.Success)
	trial.Equal(t.Tester, "the disk's records", [2]uint32{le.Uint32(status.Data), le.Uint32(status.Data[4:])}, [2]uint32{8192, mach.PageSize})
	trial.Equal(t.Tester, "storage at the beginning", t.info(), "")
	t.wrong()

	t.Check("add three runs", t.add("scraps", 1000, 1500, 0, 16, 40, 100), mach.Success)
	t.Check("add them again", t.add("scraps", 1000, 1500, 0, 16, 40, 100), mach.DeviceAlreadyOpen)
	t.Check("add one of their blocks", t.add("other", 139, 5), mach.DeviceAlreadyOpen)
	t.Check("paging_file vdb", t.file("vdb", true), mach.Success)
	t.Check("paging_file vdb again", t.file("vdb", true), mach.DeviceAlreadyOpen)
	t.Check("paging_file vda, of which a part is in use", t.file("vda", true), mach.DeviceAlreadyOpen)
	trial.Equal(t.Tester, "storage", t.info(), "scraps 1616 vdb 2048")

	t.fill()
	for range 3 {
		t.verify("memory that lies on both")
	}
	t.Holds("some of it is on the disks", t.used() > 100)
	t.Check("remove the runs", t.remove("scraps"), mach.Success)
	trial.Equal(t.Tester, "storage without them", t.info(), "vdb 2048")
	t.verify("memory that was moved")
	t.many()
	t.Check("paging_file vdb: remove", t.file("vdb", false), mach.Success)
	trial.Equal(t.Tester, "storage without vdb", t.info(), "many 2000")
	t.verify("memory that was moved again")
	t.Check("remove what there is no room for elsewhere", t.remove("many"), mach.Failure)
	trial.Equal(t.Tester, "storage that stays", t.info(), "many 2000")
	t.verify("memory that stays")
	at := libmach.Address(t.memory)
	t.Check("vm_deallocate", libmach.VMDeallocate(t.Task, at, t.pages<<mach.PageShift), mach.Success)
	for i := 0; t.used() > 64 && i < 1e6; i++ { // what is on its way to a disk or back; a few pages of the program's own may stay
	}
	t.Holds("blocks of memory that is gone", t.used() <= 64)
	t.Check("remove all", t.remove("many"), mach.Success)
	trial.Equal(t.Tester, "storage at the end", t.info(), "")
	t.traces()
}

// traces reads the disk, which is nobody's again, and looks for the pages that were on it.
func (t *tester) traces() {
	ours := make(map[uint64]bool)
	for n := range t.pages {
		ours[word(n, 0)] = true
	}
	found := func() (n int) {
		const piece = 64 // records
		for first := uint64(0); first < 8192; first += piece {
			a, ret := wire.DeviceRead(t.Client, t.disk, 0, first, piece*mach.PageSize)
			if ret != mach.Success || a.Count != piece*mach.PageSize {
				t.Check("device_read", ret, mach.Success)
				return -1
			}
			data := libmach.Memory(mach.VirtAddr(a.Pointer), uint64(a.Count))
			for at := 0; at < len(data); at += mach.PageSize {
				if ours[le.Uint64(data[at:])] {
					n++
				}
			}
			_ = libmach.VMDeallocate(t.Task, mach.VirtAddr(a.Pointer), uint64(a.Count))
		}
		return n
	}
	trial.Equal(t.Tester, "pages that can be read on the disk afterwards", found(), 0)
	at, ret := t.Client.VMAllocate(t.Task, 0, mach.PageSize, true)
	t.Check("vm_allocate for a page", ret, mach.Success)
	le.PutUint64(libmach.Memory(at, 8), word(7, 0))
	_, ret = wire.DeviceWrite(t.Client, t.disk, 0, 5000, mig.Array{Pointer: uint64(at), Count: mach.PageSize})
	t.Check("device_write", ret, mach.Success)
	trial.Equal(t.Tester, "a page in the clear would be found", found(), 1)
}

// wrong asks for what there cannot be.
func (t *tester) wrong() {
	t.Check("half a run", t.add("x", 1), mach.InvalidArgument)
	t.Check("no run", t.add("x"), mach.InvalidArgument)
	t.Check("an empty run", t.add("x", 5, 0), mach.InvalidArgument)
	t.Check("a run past the end", t.add("x", 8000, 193), mach.InvalidArgument)
	t.Check("a run with more blocks than there are numbers", t.add("x", 1, 1<<64-1), mach.InvalidArgument)
	t.Check("a block twice", t.add("x", 1, 10, 5, 1), mach.InvalidArgument)
	t.Check("no name", t.add("", 1, 10), mach.InvalidArgument)
	t.Check("remove an unknown name", t.remove("x"), mach.InvalidArgument)
	t.Check("paging_file of an unknown disk", t.file("vdz", true), mach.DeviceNone)
	t.Check("paging_file: remove an unknown one", t.file("vdb", false), mach.InvalidArgument)
	trial.Equal(t.Tester, "storage that was refused", t.info(), "")
	disk := t.disk
	for _, other := range []mach.Name{t.master, t.Task, mach.NameNull, mach.NameDead} {
		t.disk = other
		t.Check("runs of what is no disk", t.add("x", 1, 10), mach.InvalidArgument)
	}
	t.disk = disk
}

// many adds 200 runs, whose list is out of line.
func (t *tester) many() {
	at, ret := t.Client.VMAllocate(t.Task, 0, mach.PageSize, true)
	t.Check("vm_allocate for the list", ret, mach.Success)
	list := libmach.Memory(at, mach.PageSize)
	const runs = 200
	for i := range uint64(runs) {
		le.PutUint64(list[16*i:], 8000-20*i)
		le.PutUint64(list[16*i+8:], 10)
	}
	for range 1000 { // memory is short, and on its way to the disk: it takes a while until there is enough for tables and buffers
		ret = wire.DefaultPagerPagingStorageNew(t.Client, t.pager, t.disk, mig.Array{Pointer: uint64(at), Count: 2 * runs}, []byte("many"), true)
		if ret != mach.ResourceShortage {
			break
		}
	}
	t.Check("add 200 runs", ret, mach.Success)
	trial.Equal(t.Tester, "storage in 200 runs", t.info(), "many 2000 vdb 2048")
}

func (t *tester) storage(name string, add bool, runs []uint64) mach.Return {
	var list []byte
	for _, n := range runs {
		list = le.AppendUint64(list, n)
	}
	return wire.DefaultPagerPagingStorageNew(t.Client, t.pager, t.disk, mig.Array{Data: list, Count: uint32(len(runs))}, []byte(name), add)
}

func (t *tester) add(name string, runs ...uint64) mach.Return { return t.storage(name, true, runs) }
func (t *tester) remove(name string) mach.Return              { return t.storage(name, false, nil) }

func (t *tester) file(name string, add bool) mach.Return {
	return wire.DefaultPagerPagingFile(t.Client, t.pager, t.master, []byte(name), add)
}

// info is what default_pager_storage_info tells: names and sizes in pages.
func (t *tester) info() string {
	sizes, _, names, ret := wire.DefaultPagerStorageInfo(t.Client, t.pager)
	if ret != mach.Success {
		return ret.String()
	}
	var words []string
	for i, name := range strings.Split(strings.TrimSuffix(string(names.Data), "\x00"), "\x00") {
		if int(sizes.Count) > i {
			words = append(words, fmt.Sprintf("%s %d", name, le.Uint64(sizes.Data[8*i:])>>mach.PageShift))
		}
	}
	return strings.Join(words, " ")
}

// used is how many pages lie on the storage.
func (t *tester) used() int {
	sizes, frees, _, ret := wire.DefaultPagerStorageInfo(t.Client, t.pager)
	if ret != mach.Success {
		return -1
	}
	n := uint64(0)
	for i := range sizes.Count {
		n += le.Uint64(sizes.Data[8*i:]) - le.Uint64(frees.Data[8*i:])
	}
	return int(n >> mach.PageShift)
}

// word is what every eighth byte-wide word of page n holds: it does not compress.
func word(n, i uint64) uint64 {
	x := (n<<9 | i) * 0x9e3779b97f4a7c15
	x ^= x >> 29
	x *= 0xbf58476d1ce4e5b9
	return x ^ x>>32
}

// fill writes the memory.
func (t *tester) fill() {
	at, ret := t.Client.VMAllocate(t.Task, 0, t.pages<<mach.PageShift, true)
	t.Check("vm_allocate", ret, mach.Success)
	t.memory = libmach.Memory(at, t.pages<<mach.PageShift)
	for n := range t.pages {
		for i := range uint64(mach.PageSize / 8) {
			le.PutUint64(t.memory[n<<mach.PageShift|i<<3:], word(n, i))
		}
	}
}

// verify reads some of the pages, other ones each time.
func (t *tester) verify(name string) {
	const each = 4
	wrong := 0
	t.pass++
	for n := t.pass % each; n < t.pages; n += each {
		for i := uint64(0); i < mach.PageSize/8; i += 73 {
			if le.Uint64(t.memory[n<<mach.PageShift|i<<3:]) != word(n, i) {
				wrong++
			}
		}
	}
	trial.Equal(t.Tester, name, wrong, 0)
}
