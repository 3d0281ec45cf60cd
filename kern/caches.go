package kern

import (
	"defpager/board/slab"
	"defpager/ipc"
	"defpager/mach"
	"defpager/mm/vm"
)

// slabInfo is host_slab_info: the caches of structures that lie in frames.
func (k *Kernel) slabInfo(m *ipc.Message, room uint32) *ipc.Message {
	const bytes, nameBytes, words = 120, 32, 15 // of a cache_info_t
	const inline = 2048 / bytes
	var list []byte
	for name, u := range k.Caches {
		list = le.AppendUint64(list, 0) // flags
		for _, v := range [...]uint64{0, u.Size, 8, u.Room, mach.PageSize, u.PerFrame, u.Out, u.PerFrame * uint64(u.Frames), uint64(u.Frames), 0} {
			list = le.AppendUint64(list, v)
		}
		var text [nameBytes]byte
		copy(text[:nameBytes-1], name)
		list = append(list, text[:]...)
	}
	n := uint32(len(list) / bytes)
	if n <= min(room, inline) {
		w := m.BeginReply(8 + len(list))
		copy(w.Inline(mach.ArrayType(mach.MsgInteger64, 64, n*words)), list)
		return m.FinishReply(&w)
	}
	c, err := vm.NewCopy(k.env, list)
	if err != nil {
		return m.ReplyCode(mach.Code(err))
	}
	w := m.BeginReply(16)
	w.OutOfLine(mach.MsgInteger64, 64, n*words, m.PutMemory(c), false)
	return m.FinishReply(&w)
}

// cache is one kind of structure in frames that somebody beside the kernel has.
type cache struct {
	name  string
	usage func() slab.Usage
}

// AddCache has Caches tell of structures that somebody beside the kernel keeps in frames.
func (k *Kernel) AddCache(name string, usage func() slab.Usage) {
	k.caches = append(k.caches, cache{name, usage})
}

// Caches yields what there is of each kind of structure that lies in frames. A frame without any is given back at once.
func (k *Kernel) Caches(yield func(name string, u slab.Usage) bool) {
	for _, all := range [...]func(func(string, slab.Usage) bool){k.env.Caches, k.sys.Caches} {
		for name, u := range all {
			if !yield(name, u) {
				return
			}
		}
	}
	for _, c := range k.caches {
		if !yield(c.name, c.usage()) {
			return
		}
	}
}
