package pc

import (
	"cmp"
	"math/bits"
	"slices"
)

// clock turns the time stamp counter into nanoseconds.
type clock struct {
	hz     uint64 // counts per second
	scale  uint64 // nanoseconds per count, as a binary fraction with 32 digits behind the point
	offset int64  // nanoseconds at count 0: the wall clock's share
	source string // what the counter was calibrated with
}

// set fixes the frequency.
func (c *clock) set(hz uint64, source string) {
	c.hz, c.source = hz, source
	c.scale = 1e9 << 32 / hz
}

// assumed is the source when nothing told the frequency.
const assumed = "nothing: 2 GHz assumed"

// correct changes the frequency while time runs: it goes on from where it is.
func (c *clock) correct(hz uint64, source string) {
	now := c.now()
	c.set(hz, source)
	c.offset = now - c.nanoseconds(rdtsc())
}

// nanoseconds converts counts. The runtime asks on every stack there is: nosplit.
//
//go:nosplit
func (c *clock) nanoseconds(counts uint64) int64 {
	hi, lo := bits.Mul64(counts, c.scale)
	return int64(hi<<32 | lo>>32)
}

// now is the time since 1970 in nanoseconds, monotonic.
//
//go:nosplit
func (c *clock) now() int64 { return c.nanoseconds(rdtsc()) + c.offset }

// The PIT's input clock in hertz (Intel 8254), and how long calibration watches it: 5 ms give 0.02 % of error for the 838 ns of a
// PIT count, and start-up stays short. They are watched in pieces, because something may come between the readings of two clocks: a
// virtual machine's processor is taken away for milliseconds, and the PIT wraps at 55.
const (
	pitHz    = 1193182
	pitSpans = 9
	pitSpan  = pitHz / 200 / pitSpans
)

// span is what clocks counted between two moments.
type span struct{ pit, tsc, timer uint64 }

// agreed is the sum of the spans in which the time stamp counter runs as fast as in the median one, but for 3 %.
func agreed(spans []span) (sum span) {
	const percent = 3
	rate := func(s span) uint64 { return s.tsc << 10 / s.pit }
	sorted := slices.SortedFunc(slices.Values(spans), func(a, b span) int { return cmp.Compare(rate(a), rate(b)) })
	median := rate(sorted[len(sorted)/2])
	for _, s := range spans {
		if r := rate(s); max(r, median)-min(r, median) <= median*percent/100 {
			sum.pit += s.pit
			sum.tsc += s.tsc
			sum.timer += s.timer
		}
	}
	return sum
}

// readPIT latches and reads counter 0.
func readPIT() uint16 {
	out8(portPITMode, 0)
	lo := in8(portPIT)
	return uint16(in8(portPIT))<<8 | uint16(lo)
}

// watchPIT lets counter 0 of the PIT run, and the timer, which counts down. It returns what the clocks counted; nil if there is no PIT.
func watchPIT(timer func() uint32) []span {
	const mode2BothBytes = 0x34
	out8(portPITMode, mode2BothBytes)
	out8(portPIT, 0)
	out8(portPIT, 0)
	spans := make([]span, 0, pitSpans)
	pit, tsc, left := readPIT(), rdtsc(), timer()
	// The counter counts down. A million reads take more than a second everywhere.
	for range 1_000_000 {
		if now := readPIT(); pit-now >= pitSpan {
			t, l := rdtsc(), timer()
			spans = append(spans, span{uint64(pit - now), t - tsc, uint64(left - l)})
			if len(spans) == pitSpans {
				return spans
			}
			pit, tsc, left = now, t, l
		}
	}
	return nil
}

// The power-management timer: 24 bits that count at three times the PIT's clock (ACPI specification, 4.8.3.3).
const (
	pmHz    = 3 * pitHz
	pmMask  = 1<<24 - 1
	pmWatch = pmHz / 200
)

// countPM lets the power-management timer at a port run for pmWatch of its counts and returns the frequency of the time stamp counter, 0
// if there is no such timer.
func countPM(port uint16) uint64 {
	first, from := in32(port), rdtsc()
	for range 1_000_000 {
		if n := (in32(port) - first) & pmMask; n >= pmWatch {
			return (rdtsc() - from) * pmHz / uint64(n)
		}
	}
	return 0
}

// Leaves of CPUID that tell the counter's frequency where there is no PIT (Intel SDM volume 3, 18.7.3).
const (
	leafTSC          = 0x15
	leafFrequency    = 0x16
	leafHypervisor   = 0x40000000
	leafHypervisorHz = 0x40000010
)

// frequencyByCPUID asks processor and hypervisor; 0 if neither knows. Values below 100 MHz are nonsense that some models give.
func frequencyByCPUID() uint64 {
	const least = 100_000_000
	if last, _, _, _ := cpuid(leafHypervisor, 0); last >= leafHypervisorHz && last < leafHypervisor+0x100 {
		if khz, _, _, _ := cpuid(leafHypervisorHz, 0); uint64(khz)*1000 >= least {
			return uint64(khz) * 1000
		}
	}
	last, _, _, _ := cpuid(0, 0)
	if last < leafTSC {
		return 0
	}
	if den, num, crystal, _ := cpuid(leafTSC, 0); den != 0 && num != 0 && crystal != 0 {
		if hz := uint64(crystal) * uint64(num) / uint64(den); hz >= least {
			return hz
		}
	}
	if last >= leafFrequency {
		if mhz, _, _, _ := cpuid(leafFrequency, 0); mhz >= least/1_000_000 {
			return uint64(mhz) * 1_000_000
		}
	}
	return 0
}
