package kern

import (
	"fmt"

	"defpager/mach"
)

// tracer prints what happens, when it is on.
type tracer struct{ on bool }

// SetTrace switches the printing of traps, faults, messages and the pager's actions.
func (k *Kernel) SetTrace(on bool) {
	k.trace.on = on
	k.env.Trace = nil
	if on {
		k.env.Trace = func(line string) { k.tracef("%s", line) }
	}
	k.sys.SetTrace(on)
}

// Tracing reports whether what happens is printed.
func (k *Kernel) Tracing() bool { return k.trace.on }

// Tracef prints a line if tracing is on. Callers on hot paths ask Tracing first: arguments cost.
func (k *Kernel) Tracef(format string, args ...any) {
	if k.trace.on {
		k.tracef(format, args...)
	}
}

func (k *Kernel) tracef(format string, args ...any) {
	k.log.Write(fmt.Appendf(nil, "trace: "+format+"\n", args...))
}

// traceTrap prints a trap with the arguments that say most. What mach_print prints is trace enough.
func (k *Kernel) traceTrap(t *Thread, n mach.Trap) {
	r := &t.regs
	switch n {
	case mach.TrapPrint:
	case mach.TrapMsg:
		k.tracef("task %d (%s) mach_msg(msg %#x, option %#x, send %d, receive %d, port %d, timeout %d)",
			t.task.id, t.task.name, r.RDI, uint32(r.RSI), uint32(r.RDX), uint32(r.R10), uint32(r.R8), uint32(r.R9))
	case mach.TrapReplyPort, mach.TrapThreadSelf, mach.TrapTaskSelf, mach.TrapHostSelf, mach.TrapSwtch, mach.TrapSwtchPri:
		k.tracef("task %d (%s) %v()", t.task.id, t.task.name, n)
	default:
		k.tracef("task %d (%s) %v(%#x, %#x, %#x, %#x)", t.task.id, t.task.name, n, r.RDI, r.RSI, r.RDX, r.R10)
	}
}
