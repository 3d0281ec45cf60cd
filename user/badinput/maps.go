package main

import (
	"defpager/mach"
	"defpager/user/libmach"
)

// maps gives vm_map impossible arguments, each by message and by trap.
func (t *tester) maps() {
	taken, _ := t.memory(2)
	zeros := libmach.Map{Size: mach.PageSize, Anywhere: true, Cur: mach.ProtDefault, Max: mach.ProtAll, Inherit: mach.InheritCopy}
	at := func(a mach.VirtAddr, size uint64) libmach.Map {
		m := zeros
		m.Address, m.Size, m.Anywhere = a, size, false
		return m
	}
	with := func(change func(m *libmach.Map)) libmach.Map {
		m := zeros
		change(&m)
		return m
	}
	for _, x := range [...]struct {
		name string
		m    libmach.Map
		want mach.Return
	}{
		{"size 0", with(func(m *libmach.Map) { m.Size = 0 }), mach.InvalidArgument},
		{"size 2^64-1", with(func(m *libmach.Map) { m.Size = ^uint64(0) }), mach.NoSpace},
		{"size of more than all addresses", with(func(m *libmach.Map) { m.Size = uint64(mach.MaxUser) }), mach.NoSpace},
		{"exact size 2^64-1", at(taken, ^uint64(0)), mach.InvalidAddress},
		{"exact address 0", at(0, mach.PageSize), mach.InvalidAddress},
		{"exact address in the kernel", at(kernelText, mach.PageSize), mach.InvalidAddress},
		{"exact non-canonical address", at(mach.MaxUser, mach.PageSize), mach.InvalidAddress},
		{"across the end of the address space", at(mach.MaxUser-mach.PageSize, 2*mach.PageSize), mach.InvalidAddress},
		{"address and size that overflow", at(mach.MaxUser-mach.PageSize, ^uint64(0)-mach.PageSize), mach.InvalidAddress},
		{"at the last page of all", at(^mach.VirtAddr(mach.PageMask), mach.PageSize), mach.InvalidAddress},
		{"over mapped memory", at(taken, mach.PageSize), mach.NoSpace},
		{"over the end of mapped memory", at(taken+mach.PageSize, 2*mach.PageSize), mach.NoSpace},
		{"misaligned over mapped memory", at(taken+mach.PageSize+1, 1), mach.NoSpace},
		{"exact address against the mask", with(func(m *libmach.Map) {
			m.Address, m.Mask, m.Anywhere = taken+mach.PageSize, 2*mach.PageSize-1, false
		}), mach.NoSpace},
		{"unknown protection", with(func(m *libmach.Map) { m.Cur = 0x40 }), mach.InvalidArgument},
		{"unknown maximum protection", with(func(m *libmach.Map) { m.Max = 0x47 }), mach.InvalidArgument},
		{"protection beyond the maximum", with(func(m *libmach.Map) { m.Max = mach.ProtRead }), mach.InvalidArgument},
		{"unknown inheritance", with(func(m *libmach.Map) { m.Inherit = 3 }), mach.InvalidArgument},
		{"negative inheritance", with(func(m *libmach.Map) { m.Inherit = -1 }), mach.InvalidArgument},
		{"the task's port for an object", with(func(m *libmach.Map) { m.Object = t.Task }), mach.InvalidArgument},
	} {
		got, ret := t.Client.VMMap(t.Task, x.m)
		t.CheckIn("vm_map: ", x.name, ret, x.want)
		t.undo(got, x.m.Size, ret)
		got, ret = libmach.VMMap(t.Task, x.m)
		t.CheckIn("vm_map by trap: ", x.name, ret, x.want)
		t.undo(got, x.m.Size, ret)
	}
	_, ret := t.Client.VMMap(t.Task, with(func(m *libmach.Map) { m.Object = mach.NameDead }))
	t.Check("vm_map: a dead object", ret, mach.InvalidArgument)
	unused := t.unusedName()
	_, ret = t.Client.VMMap(t.Task, with(func(m *libmach.Map) { m.Object = unused }))
	t.Check("vm_map: an unused name for an object", ret, mach.SendInvalidRight)
	t.deallocate(taken, 2)
	t.mapsOfObjects()
}

// undo unmaps what should not have been mapped.
func (t *tester) undo(at mach.VirtAddr, size uint64, ret mach.Return) {
	if ret == mach.Success {
		libmach.VMDeallocate(t.Task, at, size)
	}
}

// mapsOfObjects gives vm_map wrong offsets, and protections that an object does not allow.
func (t *tester) mapsOfObjects() {
	if t.pager != mach.NameNull {
		object, ret := t.Client.ObjectCreate(t.pager, 2*mach.PageSize)
		t.Must("default_pager_object_create", ret)
		for _, x := range [...]struct {
			name   string
			offset uint64
			size   uint64
		}{
			{"misaligned offset", 1, mach.PageSize},
			{"offset and size that overflow", ^uint64(mach.PageMask), 2 * mach.PageSize},
			{"offset 2^64-1", ^uint64(0), mach.PageSize},
		} {
			m := t.mapOf(object, x.size)
			m.Offset = x.offset
			got, ret := t.Client.VMMap(t.Task, m)
			t.CheckIn("vm_map: ", x.name, ret, mach.InvalidArgument)
			t.undo(got, x.size, ret)
		}
		t.Must("mach_port_deallocate", t.Client.PortDeallocate(t.Task, object))
	}
	if t.file != mach.NameNull {
		got, ret := t.Client.VMMap(t.Task, t.mapOf(t.file, mach.PageSize))
		t.Check("vm_map: writing to a read-only object", ret, mach.ProtectionFailure)
		t.undo(got, mach.PageSize, ret)
	}
}

// ranges gives the other calls on memory impossible ranges and values.
func (t *tester) ranges() {
	at, _ := t.memory(3)
	c, far := t.Client, mach.MaxUser
	t.Must("vm_protect", c.VMProtect(t.Task, at, mach.PageSize, true, mach.ProtRead))
	code := func(_ mach.VirtAddr, ret mach.Return) mach.Return { return ret }
	region := func(at mach.VirtAddr) mach.Return {
		_, ret := c.VMRegion(t.Task, at)
		return ret
	}
	read := func(at mach.VirtAddr, size uint64) mach.Return {
		got, n, ret := c.VMRead(t.Task, at, size)
		t.undo(got, n, ret)
		return ret
	}
	for _, x := range [...]struct {
		name      string
		got, want mach.Return
	}{
		{"vm_allocate: 0 bytes", code(c.VMAllocate(t.Task, 0, 0, true)), mach.Success},
		{"vm_allocate: 2^64-1 bytes", code(c.VMAllocate(t.Task, 0, ^uint64(0), true)), mach.NoSpace},
		{"vm_allocate: over mapped memory", code(c.VMAllocate(t.Task, at, mach.PageSize, false)), mach.NoSpace},
		{"vm_allocate: in the kernel", code(c.VMAllocate(t.Task, kernelText, mach.PageSize, false)), mach.InvalidAddress},
		{"vm_allocate: beyond the end", code(c.VMAllocate(t.Task, far, mach.PageSize, false)), mach.InvalidAddress},
		{"vm_deallocate: 0 bytes", c.VMDeallocate(t.Task, at, 0), mach.Success},
		{"vm_deallocate: the kernel", c.VMDeallocate(t.Task, kernelText, mach.PageSize), mach.Success},
		{"vm_deallocate: behind the end", c.VMDeallocate(t.Task, far, ^uint64(0)), mach.Success},
		{"vm_protect: unknown bits", c.VMProtect(t.Task, at, mach.PageSize, false, 0x40), mach.InvalidArgument},
		{"vm_protect: beyond the maximum", c.VMProtect(t.Task, at, mach.PageSize, false, mach.ProtDefault), mach.ProtectionFailure},
		{"vm_protect: a part beyond the maximum", c.VMProtect(t.Task, at, 2*mach.PageSize, false, mach.ProtDefault), mach.ProtectionFailure},
		{"vm_protect: raising the maximum", c.VMProtect(t.Task, at, mach.PageSize, true, mach.ProtDefault), mach.ProtectionFailure},
		{"vm_inherit: unknown value", c.VMInherit(t.Task, at, mach.PageSize, 3), mach.InvalidArgument},
		{"vm_region: behind the end", region(far), mach.NoSpace},
		{"vm_region: the highest address", region(^mach.VirtAddr(0)), mach.NoSpace},
		{"vm_read: the kernel", read(kernelText, mach.PageSize), mach.InvalidAddress},
		{"vm_read: across the end", read(far-8, 16), mach.InvalidAddress},
		{"vm_read: what wraps around", read(^mach.VirtAddr(mach.PageMask), 2*mach.PageSize), mach.InvalidAddress},
		{"vm_read: more than a message can tell", read(at, 1<<32), mach.InvalidArgument},
		{"vm_write: over read-only memory", c.VMWrite(t.Task, at, at+mach.PageSize, mach.PageSize), mach.ProtectionFailure},
		{"vm_write: over the kernel", c.VMWrite(t.Task, kernelText, at, 8), mach.InvalidAddress},
		{"vm_copy: from the kernel", c.VMCopy(t.Task, kernelText, mach.PageSize, at+mach.PageSize), mach.InvalidAddress},
		{"vm_copy: over read-only memory", c.VMCopy(t.Task, at+mach.PageSize, mach.PageSize, at), mach.ProtectionFailure},
	} {
		t.Check(x.name, x.got, x.want)
	}
	t.deallocate(at, 3)
}
