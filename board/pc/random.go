package pc

// random gives random bytes: the processor's own where it has RDRAND, else a generator seeded from the clock.
//
// The generator (SplitMix64: Steele, Lea, Flood, "Fast splittable pseudorandom number generators", 2014) is good enough for hash seeds and
// not for secrets; Source tells users which one runs.
type random struct {
	hardware bool
	state    uint64
}

func (r *random) init() {
	_, _, features, _ := cpuid(1, 0)
	r.hardware = features&featureRDRAND != 0
	if r.hardware {
		return
	}
	// Jitter between the processor's and the PIT's clock.
	for range 64 {
		r.state = r.state<<7 | r.state>>57
		r.state ^= rdtsc() ^ uint64(in8(portPIT))<<40
	}
}

func (r *random) next() uint64 {
	if r.hardware {
		for range 16 {
			if v, ok := rdrand(); ok {
				return v
			}
		}
	}
	r.state += 0x9e3779b97f4a7c15
	z := r.state ^ rdtsc()
	z = (z ^ z>>30) * 0xbf58476d1ce4e5b9
	z = (z ^ z>>27) * 0x94d049bb133111eb
	return z ^ z>>31
}

func (r *random) fill(b []byte) {
	for i := 0; i < len(b); i += 8 {
		v := r.next()
		for k := i; k < len(b) && k < i+8; k++ {
			b[k] = byte(v)
			v >>= 8
		}
	}
}

func (r *random) source() string {
	if r.hardware {
		return "RDRAND"
	}
	return "clock-seeded generator (no RDRAND: not for secrets)"
}

// Read implements io.Reader.
func (r *random) Read(b []byte) (int, error) {
	r.fill(b)
	return len(b), nil
}
