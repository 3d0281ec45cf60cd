// Package books looks at everything that a machine has, for programs that end all that they made and then want it to be what it was: each frame by its use, each
// structure of the kernel by its kind, promises, and blocks of paging storage.
package books

import (
	"encoding/binary"
	"fmt"
	"reflect"
	"strings"

	"defpager/ipc/mig"
	"defpager/ipc/mig/wire"
	"defpager/mach"
	"defpager/user/libmach"
)

// Books is what a machine has.
type Books struct {
	mach.HostFigures
	Unpromised uint64 // bytes that the default pager has not promised
	Storage    uint64 // bytes of paging storage
	Blocks     uint64 // of them, free ones
}

// Keeper looks at the books. It takes nothing of Go's heap for that, so that looking changes nothing.
type Keeper struct {
	client      *libmach.Client
	host, pager mach.Name
	now         mach.HostFigures
	list        []*uint64 // of now
}

// New makes a keeper who has the host's privileged port and a right to the kernel's default pager.
func New(c *libmach.Client, host, pager mach.Name) *Keeper {
	k := &Keeper{client: c, host: host, pager: pager}
	k.list = k.now.List()
	return k
}

// Look reads the books. It fails also when there are frames that are neither free nor somebody's.
func (k *Keeper) Look() (b Books, err error) {
	if code := k.client.HostFigures(k.host, k.list); code != mach.Success {
		return b, fmt.Errorf("defpager_host_figures: %w", code)
	}
	if k.now.Sum() != k.now.Frames {
		return b, fmt.Errorf("%d frames are free or somebody's, of %d", k.now.Sum(), k.now.Frames)
	}
	b.HostFigures = k.now
	info, code := k.client.PagerInfo(k.pager)
	if code != mach.Success {
		return b, fmt.Errorf("default_pager_info: %w", code)
	}
	b.Unpromised = info.Free
	sizes, frees, _, code := wire.DefaultPagerStorageInfo(k.client, k.pager)
	if code != mach.Success {
		return b, fmt.Errorf("default_pager_storage_info: %w", code)
	}
	b.Storage, b.Blocks = sum(sizes), sum(frees)
	return b, nil
}

func sum(a mig.Array) (n uint64) {
	for i := range a.Count {
		n += binary.LittleEndian.Uint64(a.Data[8*i:])
	}
	return n
}

// Same reports whether not a frame, structure, promised byte or block was lost or won. Of each kind of structure there are exactly as many as there were, and in each frame of
// theirs there is one. But where they lie may have changed, as a structure that is replaced by another of its kind may have been in a frame with others, and the
// other is not, or the other way round. So these frames and the free ones are as many together as they were.
func (b Books) Same(was Books) bool { return b.level() == was.level() }

// level is the books with the frames of structures among the free ones.
func (b Books) level() Books {
	n := b.Structures()
	b.Free += n
	b.Unpromised += n * mach.PageSize
	b.TreeFrames, b.EntryFrames, b.ObjectFrames, b.PortFrames, b.PagerFrames = 0, 0, 0, 0, 0
	return b
}

// Differ says what is not the same, "" if all is. Frames of structures count as free.
func (b Books) Differ(was Books) string {
	return differ(reflect.ValueOf(b.level()), reflect.ValueOf(was.level()))
}

func differ(is, was reflect.Value) string {
	var list []string
	for i := range is.NumField() {
		f, old := is.Field(i), was.Field(i)
		switch {
		case f.Kind() == reflect.Struct:
			if s := differ(f, old); s != "" {
				list = append(list, s)
			}
		case f.Uint() != old.Uint():
			list = append(list, fmt.Sprintf("%s %d, was %d", is.Type().Field(i).Name, f.Uint(), old.Uint()))
		}
	}
	return strings.Join(list, "; ")
}
