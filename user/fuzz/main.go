// Command fuzz attacks the kernel with random system calls, messages and machine code, from tasks that it makes for each attack and ends
// afterwards. What the kernel answers does not matter: it must go on, keep its invariants, and lose nothing.
//
//	fuzz --host=PORT [--pager=PORT] [--device=PORT] [--seed=N] [--rounds=N] [--calls=N] [-v]
//
// PORTs are names of send rights: to the host's privileged port, which finds the tasks that an attack leaves behind, to the default memory
// manager's and to the device master's port. Each round is determined by its seed, N, N+1 and so on, and by when the kernel takes the
// processor away. The last line is "fuzz: N rounds, M calls and more", and how the threads ended.
package main

import (
	"flag"
	"fmt"
	"math/rand/v2"
	"os"

	"defpager/user/internal/args"
	"defpager/user/libmach"
)

func main() {
	host := args.SendRight("host", "the host's privileged port")
	pager := args.SendRight("pager", "the default memory manager's port")
	device := args.SendRight("device", "the device master's port")
	seed := flag.Uint64("seed", 1, "`number` that determines the first round")
	rounds := flag.Uint64("rounds", 100, "how many `rounds`")
	calls := flag.Int("calls", 100, "how many `calls` a thread makes in a round")
	verbose := flag.Bool("v", false, "print each round's number before it begins")
	args.Parse(host)
	list, err := routines()
	if err != nil {
		fmt.Println("fuzz:", err)
		os.Exit(1)
	}
	a, err := newAttacker(*host, *pager, *device)
	if err != nil {
		fmt.Println("fuzz: FAILED:", err)
		os.Exit(1)
	}
	for i := range *rounds {
		if *verbose {
			libmach.Print(fmt.Sprintf("fuzz: round %d\n", *seed+i))
		}
		random := rand.New(rand.NewPCG(*seed+i, 0))
		if err := a.round(&generator{Rand: random, routines: list}, min(*calls, maxCalls)); err != nil {
			fmt.Printf("fuzz: FAILED: seed %d: %v\n", *seed+i, err)
			os.Exit(1)
		}
	}
	fmt.Printf("fuzz: %d rounds, %d calls and more: %d threads came to their end, %d to an exception, %d were stopped\n", *rounds, a.calls, a.done, a.raised, a.stopped)
}
