// Command stress is an image that trusts nothing of the Go runtime on the bare machine: it works every part of it hard
// and checks what comes out. It ends with "stress: passed" and exit status 0, or with a panic.
package main

import (
	"errors"
	"fmt"
	"os"
	"runtime"
	"runtime/debug"
	"strconv"
	"sync"
	"time"

	"defpager/board"
	"defpager/board/pc"
	"defpager/boot/image"
	"defpager/boot/info"
)

func main() {
	machine := pc.New()
	machine.Start()
	machine.Tick(4 * time.Millisecond)
	go machine.Serve(image.WaitInterrupt)
	rounds, err := strconv.Atoi(commandLine())
	if err != nil {
		rounds = 1
	}
	for range rounds {
		round()
	}
	if n := runtime.NumGoroutine(); n != 2 {
		panic(fmt.Sprint(n, " goroutines are left, not 2"))
	}
	fmt.Println("stress: passed")
	machine.Exit(0)
}

// commandLine is what the loader was told: the number of rounds.
func commandLine() string {
	mem := board.Identity(image.Mapped)
	loader, at := image.Current().Loader()
	boot, err := info.Read(&mem, loader, at)
	if err != nil {
		panic(err)
	}
	return boot.CommandLine
}

func round() {
	for _, test := range []struct {
		name string
		run  func()
	}{
		{"load: maps, channels, locks, trees, collections", load},
		{"stacks: deep recursion, growth and shrinking", stacks},
		{"threads: goroutines locked to threads that end", threads},
		{"memory: large pieces, given back and taken again", memory},
		{"pressure: garbage beside 12 MiB that live", pressure},
		{"timers: none early", timers},
		{"tickers: steady", tickers},
		{"panics: recovered, with runtime errors", panics},
		{"files: there are none", files},
	} {
		start := time.Now()
		test.run()
		var ms runtime.MemStats
		runtime.ReadMemStats(&ms)
		fmt.Printf("%-55s %8v, %d collections, %d KiB from the machine\n", test.name, time.Since(start).Round(time.Millisecond), ms.NumGC, ms.Sys>>10)
	}
}

type node struct {
	left, right *node
	value       int
}

func grow(depth int) *node {
	if depth == 0 {
		return &node{value: 1}
	}
	return &node{grow(depth - 1), grow(depth - 1), 1}
}

func (n *node) sum() int {
	if n == nil {
		return 0
	}
	return n.value + n.left.sum() + n.right.sum()
}

func load() {
	var kept [16][]byte
	for range 4 {
		var group sync.WaitGroup
		var mu sync.Mutex
		shared := map[int]string{}
		events := make(chan int)
		for worker := range kept {
			group.Go(func() {
				for j := range 200 {
					b := make([]byte, 10_000+j)
					for _, c := range b {
						if c != 0 {
							panic("new memory is not zero")
						}
					}
					for k := range b {
						b[k] = 0xa5
					}
					kept[worker] = b
					mu.Lock()
					shared[worker*1000+j] = fmt.Sprint(j)
					mu.Unlock()
					if j%10 == 0 {
						events <- 1
					}
					if j%50 == 0 {
						if s := grow(9).sum(); s != 1023 {
							panic(fmt.Sprint("a tree of 1023 counts ", s))
						}
					}
				}
			})
		}
		seen := make(chan int)
		go func() {
			n := 0
			for range events {
				n++
			}
			seen <- n
		}()
		group.Wait()
		close(events)
		if n := <-seen; n != 16*20 || len(shared) != 16*200 {
			panic(fmt.Sprint(n, " events, ", len(shared), " entries"))
		}
		for k, v := range shared {
			if fmt.Sprint(k%1000) != v {
				panic(fmt.Sprint("map: ", k, " has ", v))
			}
		}
		time.Sleep(3 * time.Millisecond)
	}
}

func stacks() {
	var down func(n int) int
	down = func(n int) int {
		var room [64]byte
		room[n%64] = byte(n)
		if n == 0 {
			return 0
		}
		return down(n-1) + 1 + int(room[(n+1)%64])
	}
	for range 8 {
		done := make(chan int)
		go func() { done <- down(10_000) }()
		if n := <-done; n != 10_000 {
			panic(fmt.Sprint("10000 calls deep, ", n, " came back"))
		}
		runtime.GC()
	}
}

func threads() {
	for range 300 {
		done := make(chan bool)
		go func() {
			runtime.LockOSThread() // and never unlocks: the thread ends with the goroutine
			runtime.Gosched()
			done <- true
		}()
		<-done
	}
	// Two locked goroutines hand a ball over: each step switches threads.
	there, back := make(chan int), make(chan int)
	go func() {
		runtime.LockOSThread()
		defer runtime.UnlockOSThread()
		for n := range there {
			back <- n + 1
		}
		close(back)
	}()
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	n := 0
	for range 2000 {
		there <- n
		n = <-back
	}
	close(there)
	<-back
	if n != 2000 {
		panic(fmt.Sprint("2000 steps counted ", n))
	}
}

func memory() {
	for round := range 12 {
		b := make([]byte, 1<<20+round*300_000)
		for i := 0; i < len(b); i += 512 {
			if b[i] != 0 {
				panic("large memory is not zero")
			}
			b[i] = byte(round + 1)
		}
		debug.FreeOSMemory()
	}
}

// pressure makes ten times the heap's size of garbage while a third of the smallest heap lives.
func pressure() {
	live := make([][]byte, 0, 1024)
	for i := range cap(live) {
		live = append(live, make([]byte, 12<<10))
		live[i][i] = byte(i)
	}
	for i := range 40_000 {
		garbage := make([]byte, 8<<10+i%3) // of no fixed size: it comes from the heap
		garbage[0] = 1
	}
	for i, b := range live {
		if b[i] != byte(i) {
			panic("live memory changed")
		}
	}
}

func timers() {
	const n = 200
	type shot struct {
		want time.Duration
		late time.Duration
	}
	shots := make(chan shot, n)
	start := time.Now()
	for i := range n {
		want := time.Duration((i*37)%n) * 500 * time.Microsecond
		time.AfterFunc(want, func() { shots <- shot{want, time.Since(start) - want} })
	}
	// A processor that was taken away for a while finds many timers over at once, and starts what they call in any order.
	worst := time.Duration(0)
	for range n {
		s := <-shots
		if s.late < 0 {
			panic(fmt.Sprint("a timer of ", s.want, " came ", -s.late, " early"))
		}
		worst = max(worst, s.late)
	}
	if worst > time.Second {
		panic(fmt.Sprint("a timer came ", worst, " late"))
	}
}

func tickers() {
	t := time.NewTicker(10 * time.Millisecond)
	defer t.Stop()
	start := time.Now()
	for range 20 {
		select {
		case <-t.C:
		case <-time.After(5 * time.Second):
			panic("no tick for 5 s")
		}
	}
	if d := time.Since(start); d < 190*time.Millisecond {
		panic(fmt.Sprint("20 ticks of 10 ms took ", d))
	}
	// One long sleep with nothing else to do: the processor rests.
	start = time.Now()
	time.Sleep(300 * time.Millisecond)
	if d := time.Since(start); d < 300*time.Millisecond || d > 2*time.Second {
		panic(fmt.Sprint("slept 300 ms for ", d))
	}
}

func panics() {
	caught := func(f func()) (err error) {
		defer func() { err, _ = recover().(error) }()
		f()
		return nil
	}
	index := 5
	var zero int
	if caught(func() { _ = make([]int, 3)[index] }) == nil || caught(func() { _ = 1 / zero }) == nil {
		panic("a runtime error was not caught")
	}
	want := errors.New("ours")
	if err := caught(func() { panic(want) }); err != want {
		panic(err)
	}
}

func files() {
	if _, err := os.Open("/etc/passwd"); !errors.Is(err, os.ErrNotExist) {
		panic(fmt.Sprint("opening a file: ", err))
	}
	if year := time.Now().Year(); year < 2024 {
		panic(fmt.Sprint("the clock says ", year))
	}
}
