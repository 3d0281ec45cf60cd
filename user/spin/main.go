// Command spin computes for ever and never calls the kernel: others run only because the kernel takes the processor away.
//
//	spin [--rounds=N]
//
// With a number of rounds (of a million steps each) it ends after them, which proves that it was given the processor back.
package main

import (
	"flag"
	"fmt"
)

func main() {
	rounds := flag.Uint64("rounds", 0, "end after so many million steps; 0: never")
	flag.Parse()
	fmt.Println("spin: begins")
	const step = 1_000_000
	x := uint64(1)
	for round := uint64(0); *rounds == 0 || round < *rounds; round++ {
		for range step {
			x ^= x << 13 // xorshift64 (Marsaglia): work that the compiler cannot leave out
			x ^= x >> 7
			x ^= x << 17
		}
	}
	fmt.Printf("spin: done, %016x\n", x)
}
