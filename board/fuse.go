package board

// Fuse makes one allocation of a kernel fail, so that a test sees what follows: each one in turn, until an operation needs no more of them.
// Every place that hands out what may be used up (frames, promises of frames, entries, objects, ports, names, buffers, tasks, threads) asks
// its fuse first. A kernel that is no test has none: nil never blows.
type Fuse struct {
	left  int // allocations until one fails; 0: none will
	blown bool
}

// Light has the n-th allocation from now on fail, counted from 1, and no other. 0 puts the fuse out.
func (f *Fuse) Light(n int) { f.left, f.blown = n, false }

// Blown reports whether an allocation has failed since Light.
func (f *Fuse) Blown() bool { return f.blown }

// Blows reports whether the allocation that is about to happen fails.
func (f *Fuse) Blows() bool { return f != nil && f.left != 0 && f.burn() }

func (f *Fuse) burn() bool {
	f.left--
	f.blown = f.left == 0
	return f.blown
}
