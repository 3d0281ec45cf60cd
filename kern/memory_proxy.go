package kern

import (
	"defpager/ipc"
	"defpager/mach"
	"defpager/mm/vm"
)

// memoryProxy is what the port stands for that memory_object_create_proxy makes: a part of a memory object, which others may map with at
// most some accesses. Who holds only the proxy cannot come by more (GNU Mach, vm/memory_object_proxy.c).
type memoryProxy struct {
	object     ipc.Right // to the memory object's port: never a proxy itself
	max        mach.Prot
	start, len uint64 // bytes of the object
	port       *ipc.Port
	next, prev *memoryProxy
}

// proxyList is all proxies.
type proxyList struct {
	first *memoryProxy
	count int
}

// createProxy answers memory_object_create_proxy. InvalidArgument: other than one object, an offset within the proxy, a range that
// overflows or is more than the proxy's that it is made from, no protection. InvalidName: no object. ResourceShortage.
func (k *Kernel) createProxy(m *ipc.Message) *ipc.Message {
	const limit = 1024
	const ports, words = mach.Type(mach.MsgPortSend) | 64<<8 | mach.TypeInline, mach.Type(mach.MsgInteger64) | 64<<8 | mach.TypeInline
	r := m.Reader()
	max := mach.Prot(r.Int32())
	objects := r.Varying(ports, limit, 1)
	offset, start, size := r.Varying(words, limit, 1), r.Varying(words, limit, 1), r.Varying(words, limit, 1)
	switch {
	case r.End() != mach.Success:
		return m.ReplyCode(mach.MIGBadArguments)
	case objects.Count != 1 || offset.Count != 1 || start.Count != 1 || size.Count != 1 || le.Uint64(offset.Data) != 0 || !max.Valid():
		return m.ReplyCode(mach.InvalidArgument)
	}
	p := &memoryProxy{max: max, start: le.Uint64(start.Data), len: le.Uint64(size.Data)}
	if p.start+p.len < p.start {
		return m.ReplyCode(mach.InvalidArgument)
	}
	object := m.TakeRight(mach.Name(le.Uint64(objects.Data)))
	if object.Port == nil || object.Dead() {
		object.Release()
		return m.ReplyCode(mach.InvalidName)
	}
	if inner, ok := object.Port.Object().(*memoryProxy); ok {
		fits := inner.holds(p.start, p.len)
		p.max &= inner.max
		p.start += inner.start
		through := inner.object.Copy()
		object.Release()
		if object = through; !fits {
			object.Release()
			return m.ReplyCode(mach.InvalidArgument)
		}
	}
	p.object = object
	return k.addProxy(m, p)
}

// addProxy answers with a proxy, whose right to its object is released when there are too many.
func (k *Kernel) addProxy(m *ipc.Message, p *memoryProxy) *ipc.Message {
	if k.proxies.count >= k.config.Limits.Managed || k.frames.Fuse.Blows() {
		p.object.Release()
		return m.ReplyCode(mach.ResourceShortage)
	}
	p.port = k.sys.NewKernelPort(k, p)
	if p.next = k.proxies.first; p.next != nil {
		p.next.prev = p
	}
	k.proxies.first = p
	k.proxies.count++
	right := p.port.MakeSend()
	p.port.SetNoSenders(p.port.MakeSendCount(), k.proxyNoSenders)
	return replyRight(m, right)
}

// proxyNoSenders ends a proxy that nobody can name any more.
func (k *Kernel) proxyNoSenders(port *ipc.Port, _ uint32) {
	p := port.Object().(*memoryProxy)
	if p.next != nil {
		p.next.prev = p.prev
	}
	if p.prev != nil {
		p.prev.next = p.next
	} else {
		k.proxies.first = p.next
	}
	k.proxies.count--
	p.object.Release()
	port.Destroy()
}

// holds reports whether a range of bytes lies within the proxy.
func (p *memoryProxy) holds(offset, size uint64) bool { return offset <= p.len && size <= p.len-offset }

// clip makes of a vm_map of the proxy one of its object.
func (p *memoryProxy) clip(a *vm.MapArgs) mach.Return {
	if !p.holds(a.Offset, mach.Pages(a.Size).Bytes()) {
		return mach.InvalidArgument
	}
	if a.Copy && p.max&mach.ProtRead == 0 {
		return mach.ProtectionFailure
	}
	if !a.Copy {
		a.Cur &= p.max
		a.Max &= p.max
	}
	a.Offset += p.start
	return mach.Success
}
