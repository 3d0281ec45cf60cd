package pc

import _ "unsafe" // for go:linkname

// The runtime's hooks are the names of package runtime/goos, of TamaGo's compiler and of the overlay alike. They are reached by
// linkname, not by import: so this package also compiles, is vetted and is tested where that package does not exist.

//go:linkname goosExit runtime/goos.Exit
var goosExit = exit // from the first instruction on: the runtime itself may have to give up

//go:linkname goosIdle runtime/goos.Idle
var goosIdle func(until int64)

// start is what the runtime's hooks need before main runs. New takes it over; nothing else refers to it.
//
// Until calibration a count passes for a nanosecond. Time must run and not be 0 from the beginning: a scheduler that has last polled
// at time 0 never polls again.
var start = Machine{clock: clock{scale: 1 << 32, offset: 1}}

//go:linkname initRNG runtime/goos.InitRNG
func initRNG() { start.random.init() }

//go:linkname getRandomData runtime/goos.GetRandomData
func getRandomData(b []byte) { start.random.fill(b) }

//go:linkname nanotime runtime/goos.Nanotime
//go:nosplit
func nanotime() int64 { return start.clock.now() }

//go:linkname printk runtime/goos.Printk
func printk(c byte) { start.console.print(c) }

// hwinit1 runs on the first stack when the scheduler is ready: from here on there is time, and the idle processor rests.
//
//go:linkname hwinit1 runtime/goos.Hwinit1
func hwinit1() {
	start.console.init()
	start.calibrate()
	goosIdle = idle
}

func idle(until int64) {
	// A second is more than the timer needs and less than it holds.
	const longest = 1e9
	if ns := until - start.clock.now(); ns > 0 {
		start.timer.rest(min(ns, longest))
	}
}

// exit ends the machine when the Go program ends.
func exit(code int32) { start.Exit(int(code)) }

// New returns the machine, which the runtime's hooks have started.
func New() *Machine {
	start.console.ready = make(chan bool, 1)
	return &start
}
