package pc

import (
	"sync/atomic"
	"unsafe"

	"defpager/board"

	"github.com/usbarmory/tamago/amd64/lapic"
)

// Registers of the local APIC that TamaGo's driver does not name (Intel SDM volume 3, 11.4.6 and 11.5.4).
const (
	lapicID      = 0x020
	lapicInitial = 0x380
	lapicCurrent = 0x390
	lapicDivide  = 0x3e0

	divideBy1 = 0b1011
)

// timer is the local APIC's countdown. It gives the tick while a program runs, and the alarm while the processor rests.
type timer struct {
	lapic  lapic.LAPIC
	hz     uint64 // counts per second
	period uint32 // counts per tick; 0: no tick
}

func (t *timer) register(offset uintptr) *uint32 {
	return (*uint32)(unsafe.Add(unsafe.Pointer(nil), uintptr(t.lapic.Base)+offset))
}

// id is the local APIC's, by which interrupts find it. TamaGo's driver leaves half of its bits out.
func (t *timer) id() uint8 { return uint8(atomic.LoadUint32(t.register(lapicID)) >> 24) }

// enable switches the local APIC on, with its timer masked.
func (t *timer) enable() {
	t.lapic = lapic.LAPIC{Base: lapicBase}
	t.lapic.Enable()
	atomic.StoreUint32(t.register(lapicDivide), divideBy1)
}

// arm starts the countdown. It is stopped first: to make a short one periodic for a moment would have it run out over and over, and QEMU, which makes up for each
// time, comes to nothing else any more.
func (t *timer) arm(mode int, count uint32) {
	atomic.StoreUint32(t.register(lapicInitial), 0)
	t.lapic.SetTimer(board.VectorTick, mode)
	atomic.StoreUint32(t.register(lapicInitial), count)
}

// free lets the timer run down from the top without an interrupt to speak of, for calibration.
func (t *timer) free() { t.arm(lapic.TIMER_MODE_ONE_SHOT, 1<<32-1) }

// left is what is left of the countdown.
func (t *timer) left() uint32 { return atomic.LoadUint32(t.register(lapicCurrent)) }

// counts converts nanoseconds, at least 1 count and at most 4 s.
func (t *timer) counts(ns int64) uint32 {
	const most = 4_000_000_000
	n := uint64(min(max(ns, 0), most)) * (t.hz / 1000) / 1_000_000
	return uint32(min(max(n, 1), 1<<32-1))
}

// tick makes the timer interrupt every so many nanoseconds; 0 stops it.
func (t *timer) tick(ns int64) {
	t.period = 0
	if ns > 0 {
		t.period = t.counts(ns)
	}
	t.resume()
}

// resume goes back to the tick. A count of 0 stops the timer.
func (t *timer) resume() { t.arm(lapic.TIMER_MODE_PERIODIC, t.period) }

// rest halts until an interrupt, for ns nanoseconds at most.
func (t *timer) rest(ns int64) {
	t.arm(lapic.TIMER_MODE_ONE_SHOT, t.counts(ns))
	halt()
	t.resume()
}
