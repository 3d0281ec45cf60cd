package disks

import (
	"fmt"
	"testing"
	"time"
)

// A disk of a rate is written at that rate, plainly and by page-out, as long as the processor keeps up. The clock goes on by what a processor might need.
func TestMeasure(t *testing.T) {
	for _, c := range []struct {
		step, rate int64 // nanoseconds of each look at the clock; bytes a second
		least      int64 // by page-out, in percent of plain writes
	}{{100, 200e6, 99}, {100, 20e6, 99}, {5000, 2e9, 40}} {
		m := newMachine(t, "a")
		clock := int64(0)
		taken := m.frames.Stats().Taken
		s, err := m.Measure("a", c.rate, func() int64 { clock += c.step; return clock })
		if err != nil || s.Bytes == 0 {
			t.Fatal(err)
		}
		want := int64(s.Bytes) * 1e9 / c.rate
		if s.Plain < want || c.rate < 1e9 && s.Plain > want*11/10 {
			t.Errorf("%d bytes took %d ns, at %d bytes a second", s.Bytes, s.Plain, c.rate)
		}
		if s.Paged < want || 100*s.Plain/s.Paged < c.least {
			t.Errorf("%+v: page-out took %d ns, plain writes %d", c, s.Paged, s.Plain)
		}
		if now := m.frames.Stats().Taken; now != taken {
			t.Errorf("%d frames are taken, %d were", now, taken)
		}
	}
}

// What this processor does, with the cipher that it has.
func BenchmarkMeasure(b *testing.B) {
	for _, rate := range []int64{200e6, 500e6, 1000e6, 0} {
		b.Run(fmt.Sprintf("%d MB a second", rate/1e6), func(b *testing.B) {
			m := newMachine(b, "a")
			start := time.Now()
			for b.Loop() {
				s, err := m.Measure("a", rate, func() int64 { return int64(time.Since(start)) })
				if err != nil {
					b.Fatal(err)
				}
				b.ReportMetric(float64(s.Bytes)*1e3/float64(s.Plain), "plain-MB/s")
				b.ReportMetric(float64(s.Bytes)*1e3/float64(s.Paged), "page-out-MB/s")
			}
		})
	}
}
