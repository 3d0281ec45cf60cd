package pc

import (
	"math/bits"
	"testing"
	"time"
)

func TestClockKeepsTime(t *testing.T) {
	for _, hz := range []uint64{1_000_000_000, 2_581_234_567, 5_000_000_000, 333_000_000} {
		var c clock
		c.set(hz, "test")
		for _, want := range []time.Duration{0, time.Microsecond, time.Second, 24 * time.Hour, 365 * 24 * time.Hour} {
			hi, lo := bits.Mul64(uint64(want), hz)
			counts, _ := bits.Div64(hi, lo, uint64(time.Second))
			got := time.Duration(c.nanoseconds(counts))
			// A count is rounded down, and the scale has 31 binary digits or more.
			if off := (got - want).Abs(); off > want/1e6+10*time.Nanosecond {
				t.Errorf("%d Hz: %v became %v", hz, want, got)
			}
		}
	}
}

// A processor that is taken away between two readings, before or behind a span or for so long that the PIT wraps, does not change what the
// others say.
func TestCalibrationLeavesOutDisturbedSpans(t *testing.T) {
	good := func(n uint64) span { return span{n, n * 2000, n * 800} }
	for name, spans := range map[string][]span{
		"undisturbed":   {good(663), good(664), good(700), good(663), good(663)},
		"late start":    {good(663), {670, 9, 4}, good(663), good(663), {663, 1000, 400}},
		"late end":      {{663, 5_000_000, 2_000_000}, good(663), good(663), good(664), good(663)},
		"wrapped twice": {good(663), {664, 200_000_000, 80_000_000}, good(665), good(663), {700, 100_000_000, 40_000_000}},
	} {
		s := agreed(spans)
		if s.pit < 3*663 || s.tsc != s.pit*2000 || s.timer != s.pit*800 {
			t.Errorf("%s: %v", name, s)
		}
	}
	near := []span{{663, 1_326_000, 0}, {663, 1_327_000, 0}, {663, 1_325_000, 0}}
	if s := agreed(near); s.pit != 3*663 || s.tsc != 3*1_326_000 {
		t.Errorf("%v", s)
	}
}

func TestCorrectedClockGoesOn(t *testing.T) {
	var c clock
	c.set(2_000_000_000, assumed)
	before := c.now()
	c.correct(3_000_000_000, "test")
	if after := c.now(); after < before || after > before+int64(time.Minute) {
		t.Errorf("from %d to %d", before, after)
	}
}

func TestTimerCounts(t *testing.T) {
	timer := timer{hz: 1_000_000_000}
	for ns, want := range map[int64]uint32{-1: 1, 0: 1, 1000: 1000, 4_000_000: 4_000_000, 1 << 62: 4_000_000_000} {
		if got := timer.counts(ns); got != want {
			t.Errorf("%d ns are %d counts, not %d", ns, got, want)
		}
	}
}

func TestRandomFillsEveryLength(t *testing.T) {
	r := random{state: 1}
	for n := range 20 {
		b := make([]byte, n)
		zero := 0
		for range 20 {
			clear(b)
			r.fill(b)
			if n > 0 && b[n-1] == 0 {
				zero++
			}
		}
		if zero > 10 {
			t.Errorf("of %d bytes the last one is zero %d times in 20", n, zero)
		}
	}
}
