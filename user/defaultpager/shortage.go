package main

import "time"

const (
	// shortagePause is how long to wait before what the kernel had no memory for is tried again: twice as long each time, up to shortageMost.
	shortagePause = time.Millisecond
	shortageMost  = 128 * time.Millisecond
	// shortageEnd is when to give up, if nobody says another: a slow machine may need seconds for what makes room.
	shortageEnd = 30 * time.Second
)

// shortage is something that the kernel had no memory for again and again. The zero value: it was not tried yet.
type shortage struct {
	since, next time.Time
	pause       time.Duration
}

// again says that there was no memory once more. It reports whether to try again, when it is due: until so long after the first time.
func (x *shortage) again(patience time.Duration) bool {
	now := time.Now()
	if x.pause == 0 {
		x.since, x.pause = now, shortagePause
	} else {
		x.pause = min(2*x.pause, shortageMost)
	}
	x.next = now.Add(x.pause)
	return now.Sub(x.since) < patience
}

// due reports whether it is time to try.
func (x *shortage) due() bool { return x.pause == 0 || !time.Now().Before(x.next) }
