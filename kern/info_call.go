package kern

import (
	"time"

	"defpager/ipc"
	"defpager/mach"
)

// words is an array of 32-bit words that a call answers by flavor (task_info, thread_info, host_info, processor_set_info): at most as many as
// the caller takes, and an error when that is fewer than the flavor has.
type words struct{ b []byte }

func (w *words) int(v ...int32) {
	for _, n := range v {
		w.b = le.AppendUint32(w.b, uint32(n))
	}
}

func (w *words) long(v ...uint64) {
	for _, n := range v {
		w.b = le.AppendUint64(w.b, n)
	}
}

// time appends a time_value_t: seconds, microseconds and what aligns them.
func (w *words) time(ns int64) {
	w.long(uint64(ns / int64(time.Second)))
	w.int(int32(ns%int64(time.Second)/int64(time.Microsecond)), 0)
}

// time64 appends a time_value64_t: seconds and nanoseconds.
func (w *words) time64(ns int64) {
	w.long(uint64(ns/int64(time.Second)), uint64(ns%int64(time.Second)))
}

// reply answers with the words; room is how many the caller takes. No words: the flavor is unknown.
func (w *words) reply(m *ipc.Message, room uint32) *ipc.Message { return w.replySome(m, room, 0) }

// replySome is reply, where a caller who knows nothing of the last words, those that later versions of the flavor added, takes the others.
func (w *words) replySome(m *ipc.Message, room, added uint32) *ipc.Message {
	n := uint32(len(w.b) / 4)
	if n == 0 || room < n-added {
		return m.ReplyCode(mach.InvalidArgument)
	}
	n = min(n, room)
	out := m.BeginReply(8 + (4*int(n)+7)&^7)
	out.Bytes(mach.MsgInteger32, 32, n, w.b[:4*n])
	return m.FinishReply(&out)
}

// time64Words is how many words a time_value64_t has.
const time64Words = 4

// replyWith answers with a send right of port (the host's, whose set or processor it is) and the words.
func (w *words) replyWith(m *ipc.Message, port *ipc.Port, room uint32) *ipc.Message {
	n := uint32(len(w.b) / 4)
	if n == 0 || room < n {
		return m.ReplyCode(mach.InvalidArgument)
	}
	out := m.BeginReply(16 + 8 + (len(w.b)+7)&^7)
	out.Port(mach.MsgPortSend, m.PutRight(port.MakeSend()))
	out.Bytes(mach.MsgInteger32, 32, n, w.b)
	return m.FinishReply(&out)
}

// replyRights answers with an out-of-line array of send rights (consumed).
func replyRights(m *ipc.Message, rights []ipc.Right) *ipc.Message {
	w := m.BeginReply(16)
	w.OutOfLine(mach.MsgPortSend, 32, uint32(len(rights)), m.PutRights(rights), false)
	return m.FinishReply(&w)
}

// Flavors of task_info (mach/task_info.h).
const (
	taskBasic       = 1
	taskEvents      = 2
	taskThreadTimes = 3
)

// info is task_info. Times are those of threads in ring 3, in ticks of the clock; what they spend in the kernel is not measured.
func (t *Task) info(m *ipc.Message, flavor int32, room uint32) *ipc.Message {
	w := words{make([]byte, 0, 128)}
	added := uint32(0)
	switch flavor {
	case taskBasic:
		added = 3 * time64Words
		w.int(t.suspended, t.priority)
		w.long(t.memory.Map.Size(), t.memory.Map.Pmap().Resident().Bytes())
		w.time(t.deadTime)
		w.time(0)
		w.time(t.created)
		w.time64(t.deadTime)
		w.time64(0)
		w.time64(t.created)
	case taskEvents:
		c := t.memory.Map.Counters()
		sent, received := t.space.Traffic()
		w.long(c.Faults, c.ZeroFills, 0, c.PageIns, c.CopyFaults, sent, received)
	case taskThreadTimes:
		added = 2 * time64Words
		user := int64(0)
		for th := t.threads; th != nil; th = th.sibling {
			user += th.userTime
		}
		w.time(user)
		w.time(0)
		w.time64(user)
		w.time64(0)
	}
	return w.replySome(m, room, added)
}

// threadRights is task_threads: a send right to each thread, oldest first.
func (t *Task) threadRights(m *ipc.Message) *ipc.Message {
	rights := make([]ipc.Right, t.threadCount)
	i := len(rights)
	for th := t.threads; th != nil; th = th.sibling {
		i--
		rights[i] = th.self.Copy()
	}
	return replyRights(m, rights)
}

// Flavors of thread_info (mach/thread_info.h), and states of a thread.
const (
	threadBasic = 1
	threadSched = 2

	stateRunning = 1
	stateStopped = 2
	stateWaiting = 3
)

// runState is whether the thread runs, waits or is stopped, as thread_info says it.
func (t *Thread) runState() int32 {
	switch {
	case t.suspended+t.task.suspended > 0:
		return stateStopped
	case t.wait != waitNone && !t.awake:
		return stateWaiting
	}
	return stateRunning
}

// info is thread_info. See Task.info for the times.
func (t *Thread) info(m *ipc.Message, flavor int32, room uint32) *ipc.Message {
	const usageScale = 1000
	k := t.task.kernel
	w := words{make([]byte, 0, 128)}
	added := uint32(0)
	switch flavor {
	case threadBasic:
		added = 3 * time64Words
		age := max(k.config.Clock()-t.created, 1)
		w.time(t.userTime)
		w.time(0)
		w.int(int32(min(t.userTime*usageScale/age, usageScale)), t.priority, t.priority, t.runState(), 0, t.suspended, 0, 0)
		w.time(t.created)
		w.time64(t.userTime)
		w.time64(0)
		w.time64(t.created)
	case threadSched:
		added = 1 // the last processor
		const timeshare = 1
		w.int(timeshare, 0, t.priority, t.maxPriority, t.priority, 0, -1, 0)
	}
	return w.replySome(m, room, added)
}

// Flavors of host_info (mach/host_info.h).
const (
	hostBasic = 1
	hostSlots = 2
	hostSched = 3
	hostLoad  = 4
)

// The processor's type as host_info and processor_info say it (mach/machine.h).
const (
	typeX86_64    = 24
	subtypeX86_64 = 0
)

// hostInfo is host_info.
func (k *Kernel) hostInfo(m *ipc.Message, flavor int32, room uint32) *ipc.Message {
	const processors = 1
	w := words{make([]byte, 0, 64)}
	switch flavor {
	case hostBasic:
		w.int(processors, processors)
		w.long(k.frames.Stats().Total.Bytes())
		w.int(typeX86_64, subtypeX86_64)
	case hostSlots:
		w.int(0) // the number of the one processor
	case hostSched:
		w.int(int32(tick/1e6), int32(quantum*tick/1e6)) // milliseconds
	case hostLoad:
		// Threads that wait for the processor, now: averages over minutes are not kept.
		const scale = 1000
		ready := int32(0)
		for t := k.ready.head; t != nil; t = t.next {
			ready += scale
		}
		factor := int32(scale)
		if ready > scale {
			factor = scale * scale / ready
		}
		w.int(ready, ready, ready, factor, factor, factor)
	}
	return w.reply(m, room)
}
