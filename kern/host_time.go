package kern

import (
	"time"

	"defpager/ipc"
	"defpager/mach"
)

// The time of day is the clock and an offset, which whoever has the host's privileged port sets. On the wire a time is two words of 64 bits: the
// seconds, and in the lower half of the second word the microseconds; or, with the calls that end in 64, the nanoseconds.

// timeMax is the latest time of day, in seconds: beyond it nanoseconds do not fit into 64 bits.
const timeMax = 1 << 33

// now is the time of day: nanoseconds since what host_set_time says, at first since the start.
func (k *Kernel) now() int64 { return k.config.Clock() + k.timeOffset }

// serveGetTime answers host_get_time, host_get_time64 and host_get_uptime64, all without arguments.
func (k *Kernel) serveGetTime(m *ipc.Message) *ipc.Message {
	r := m.Reader()
	if r.End() != mach.Success {
		return m.ReplyCode(mach.MIGBadArguments)
	}
	now := k.now()
	if m.ID() == mach.IDHostGetUptime64 {
		now = k.config.Clock()
	}
	part := uint64(now % int64(time.Second))
	if m.ID() == mach.IDHostGetTime {
		part /= uint64(time.Microsecond)
	}
	var b [16]byte
	le.PutUint64(b[:], uint64(now/int64(time.Second)))
	le.PutUint64(b[8:], part)
	w := m.BeginReply(24)
	w.Bytes(mach.MsgInteger64, 64, 2, b[:])
	return m.FinishReply(&w)
}

// serveSetTime answers host_set_time and host_adjust_time, in both units.
func (k *Kernel) serveSetTime(m *ipc.Message) *ipc.Message {
	r := m.Reader()
	b := r.Bytes(mach.MsgInteger64, 64, 2)
	if r.End() != mach.Success {
		return m.ReplyCode(mach.MIGBadArguments)
	}
	seconds, ns := int64(le.Uint64(b)), int64(le.Uint64(b[8:]))
	if id := m.ID(); id == mach.IDHostSetTime || id == mach.IDHostAdjustTime {
		ns = int64(int32(ns)) * int64(time.Microsecond)
	}
	switch m.ID() {
	case mach.IDHostSetTime, mach.IDHostSetTime64:
		return m.ReplyCode(k.setTime(seconds, ns))
	}
	if code := k.adjustTime(seconds, ns); code != mach.Success {
		return m.ReplyCode(code)
	}
	// What was left of an earlier adjustment: nothing, ever.
	w := m.BeginReply(24)
	w.Inline(mach.InlineType(mach.MsgInteger64, 64, 2))
	return m.FinishReply(&w)
}

// setTime is host_set_time. InvalidArgument: not a time.
func (k *Kernel) setTime(seconds, ns int64) mach.Return {
	if seconds < 0 || seconds > timeMax || ns < 0 || ns >= int64(time.Second) {
		return mach.InvalidArgument
	}
	k.timeOffset = seconds*int64(time.Second) + ns - k.config.Clock()
	return mach.Success
}

// adjustTime is host_adjust_time: the time of day is put right at once. InvalidArgument: not a difference of times, or what comes of it is no time.
func (k *Kernel) adjustTime(seconds, ns int64) mach.Return {
	if seconds < -timeMax || seconds > timeMax || ns <= -int64(time.Second) || ns >= int64(time.Second) {
		return mach.InvalidArgument
	}
	now := k.now()
	seconds, ns = seconds+now/int64(time.Second), ns+now%int64(time.Second)
	switch {
	case ns < 0:
		seconds, ns = seconds-1, ns+int64(time.Second)
	case ns >= int64(time.Second):
		seconds, ns = seconds+1, ns-int64(time.Second)
	}
	return k.setTime(seconds, ns)
}
