// Command soak keeps the machine busy with tasks that it makes, fills, shares memory between, and ends, also with threads that wait in sends, receives, calls and faults, and with pages in messages, some of which nobody receives:
// more memory than there is, of which it knows every byte. At the end the books of frames, reservations and storage must be what they were.
//
//	soak --pager=PORT --host=PORT [--seed=N] [--rounds=N | --seconds=N] [--operations=N] [--size=MIB] [--objects=MIB] [--leave=MIB] [--verbose]
//
// PORTs are names of send rights to the default memory manager's port and to the host's privileged port, by which the program wires its own memory.
// Each round is determined by its seed, N, N+1 and so on, makes a number of random
// operations and then ends all tasks and gives all objects up.
// With --leave all frames but so many are wired first, however many the machine has beside the programs that are loaded, and the tasks work in what is left. Of
// that stay in their frames: what the objects were promised; objects that nobody can reach any more but that a copy still needs, a few hundred KiB at times; tables and
// descriptions of all that, half a MiB; and a call moves up to 96 pages, which are there twice, as the buffer is wired and copied at once. With the objects' 3 MiB that
// is 4.5 MiB at most that was seen; with 6 there is always some memory that can go out, with 4 sooner or later none, and a call is refused for good. A round that is not counted comes first, after which the books are opened. The last line is
// "soak: N operations, M tasks, T of them ended with threads that waited, K objects, L of them overcommitted: all agree, all frames are back", or "soak: FAILED: ", the seed and the reason, with exit status 1.
package main

import (
	"flag"
	"fmt"
	"os"
	"runtime/debug"
	"time"

	"defpager/mach"
	"defpager/user/internal/args"
	"defpager/user/libmach"
)

func main() {
	debug.SetGCPercent(-1) // what the program has stays as it is
	pager := args.SendRight("pager", "the default memory manager's port")
	host := args.SendRight("host", "the host's privileged port")
	seed := flag.Uint64("seed", 1, "`number` that determines the first round")
	rounds := flag.Uint64("rounds", 4, "how many `rounds`")
	seconds := flag.Uint64("seconds", 0, "for how many `seconds` to begin rounds, instead of --rounds")
	operations := flag.Int("operations", 2000, "how many `operations` a round has")
	size := flag.Int("size", 32, "up to how much memory the tasks have, in `MiB`")
	promise := flag.Int("objects", 3, "up to how much the objects have, in `MiB`: the default pager keeps frames for it")
	leave := flag.Uint64("leave", 0, "how much memory there is for the tasks, in `MiB`: the rest is taken first, wired; 0: all that there is")
	verbose := flag.Bool("verbose", false, "print each round's number")
	args.Parse(pager, host)
	s := &soak{client: libmach.NewClient(), pager: *pager, host: *host, most: *size << 20 >> mach.PageShift, promise: *promise << 20 >> mach.PageShift}
	if err := s.begin(*leave << 20 >> mach.PageShift); err != nil {
		fmt.Println("soak: FAILED:", err)
		os.Exit(1)
	}
	fail := func(seed uint64, err error) {
		fmt.Printf("soak: FAILED: seed %d: operation %d: %v\n", seed, s.operations, err)
		os.Exit(1)
	}
	if err := s.round(*seed-1, *operations); err != nil {
		fail(*seed-1, err)
	}
	open, err := s.open()
	if err != nil {
		fail(*seed-1, err)
	}
	s.operations, s.tasks, s.stranded, s.objects = 0, 0, 0, 0
	start := time.Now()
	for i := uint64(0); *seconds == 0 && i < *rounds || time.Since(start) < time.Duration(*seconds)*time.Second; i++ {
		if *verbose {
			libmach.Print(fmt.Sprintf("soak: seed %d, after %d operations\n", *seed+i, s.operations))
		}
		if err := s.round(*seed+i, *operations); err != nil {
			fail(*seed+i, err)
		}
		if err := s.balance(open); err != nil {
			fail(*seed+i, err)
		}
	}
	fmt.Printf("soak: %d operations, %d tasks, %d of them ended with threads that waited, %d objects, %d of them overcommitted: all agree, all frames are back\n", s.operations, s.tasks, s.stranded, s.objects, s.overcommitted)
}
