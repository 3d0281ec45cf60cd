package main

import (
	"bytes"
	"fmt"

	"defpager/mach"
	"defpager/user/internal/share"
	"defpager/user/libmach"
)

// The numbers that the peers write into the object.
const (
	sharerValue = 0x5ba2_e2f0_0d5e_eda5
	readerValue = 0x2ead_e2ca_fe5a_1d5a
)

// zeros is what new memory is compared with.
var zeros [64 << 10]byte

// round is the whole life of one object of size bytes, from its creation to the last right. A quiet one is a rehearsal:
// it prints nothing, and computes on a part only.
func (c *creator) round(size uint64, quiet bool) error {
	object, ret := c.client.ObjectCreate(c.pager, size)
	if ret != mach.Success {
		return failed(fmt.Sprintf("default_pager_object_create of %d bytes", size), ret)
	}
	at, memory, ret := share.MapObject(c.client, object, size)
	if ret != mach.Success {
		return failed("vm_map of the object", ret)
	}
	if !allZero(share.Part(memory, quiet)) {
		return errNotZero
	}
	if err := c.copyFile(memory, quiet); err != nil {
		return err
	}
	if err := c.share(object, memory, quiet); err != nil {
		return err
	}
	if err := c.write(memory, quiet); err != nil {
		return err
	}
	if ret := c.sharer.Release(); ret != mach.Success {
		return failed("sharer's release", ret)
	}
	if ret := c.reader.Release(); ret != mach.Success {
		return failed("reader's release", ret)
	}
	if ret := share.UnmapObject(c.client, object, at, memory); ret != mach.Success {
		return failed("unmapping the object", ret)
	}
	return nil
}

func allZero(memory []byte) bool {
	for len(memory) > 0 {
		n := min(len(memory), len(zeros))
		if !bytes.Equal(memory[:n], zeros[:n]) {
			return false
		}
		memory = memory[n:]
	}
	return true
}

// copyFile copies the file, of as many bytes as the memory has, through a mapping of its read-only memory object.
func (c *creator) copyFile(memory []byte, quiet bool) error {
	const piece, tell = 1 << 20, 32 << 20
	size := uint64(len(memory))
	if size == 0 {
		return nil
	}
	at, ret := c.client.VMMap(c.client.Task(), libmach.Map{
		Size: size, Anywhere: true, Object: c.file, Cur: mach.ProtRead, Max: mach.ProtRead, Inherit: mach.InheritNone,
	})
	if ret != mach.Success {
		return failed("vm_map of the file", ret)
	}
	file := libmach.Memory(at, size)
	part := share.Part(memory, quiet)
	for done := 0; done < len(part); {
		done += copy(part[done:min(done+piece, len(part))], file[done:])
		if len(part) > tell && done%tell == 0 {
			c.line.Text("creator: ").Number(uint64(done) >> 20).Text(" of ").Number(size >> 20).Text(" MiB copied").Print(quiet)
		}
	}
	memory[size-1] = file[size-1] // in a rehearsal, the far end
	if ret := c.client.VMDeallocate(c.client.Task(), at, size); ret != mach.Success {
		return failed("unmapping the file", ret)
	}
	return nil
}

// share tells the object's SHA-256, gives it to both peers and compares what they saw in it.
func (c *creator) share(object mach.Name, memory []byte, quiet bool) error {
	own := c.hasher.Sum("creator", share.Part(memory, quiet), quiet)
	for _, peer := range [...]*share.Peer{&c.sharer, &c.reader} {
		sum, ret := peer.Map(object, uint64(len(memory)), quiet)
		if ret != mach.Success {
			return failed("sharing the object", ret)
		}
		if !bytes.Equal(sum[:], own) {
			return errDiffer
		}
	}
	return nil
}

// write makes sharer and then reader write a number each, and finds that each number is seen by the two other tasks. The
// turns matter where the object is so small that both numbers have the same place.
func (c *creator) write(memory []byte, quiet bool) error {
	if len(memory) == 0 {
		return nil
	}
	first, second := share.Places(uint64(len(memory)))
	for _, turn := range [...]struct {
		writer, seer *share.Peer
		place        share.Place
		value        uint64
	}{
		{&c.sharer, &c.reader, first, first.Cut(sharerValue)},
		{&c.reader, &c.sharer, second, second.Cut(readerValue)},
	} {
		if ret := turn.writer.Write(turn.place, turn.value); ret != mach.Success {
			return failed("a peer's write", ret)
		}
		seen, ret := turn.seer.See(turn.place)
		if ret != mach.Success {
			return failed("a peer's look", ret)
		}
		if seen != turn.value || turn.place.Get(memory) != turn.value {
			return errNotShared
		}
	}
	c.line.Text("creator: sharer and reader saw each other's writes, and so did the creator").Print(quiet)
	return nil
}
