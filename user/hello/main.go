// Command hello is the smallest program in ring 3: it says what it was started with.
package main

import (
	"fmt"
	"os"
)

func main() {
	fmt.Printf("hello from ring 3: %q\n", os.Args)
}
