// Package args reads what the command lines of these programs have in common: names of the rights that the kernel gives a program.
package args

import (
	"flag"
	"fmt"
	"os"
	"slices"
	"strconv"

	"defpager/mach"
)

// SendRight defines a flag whose value is the name of a send right to what its text says; it is NameNull without that flag.
func SendRight(name, to string) *mach.Name { return right(name, "`name` of a send right to "+to) }

// ReceiveRight defines a flag whose value is the name of the receive right of what its text says; it is NameNull without that flag.
func ReceiveRight(name, of string) *mach.Name {
	return right(name, "`name` of the receive right of "+of)
}

func right(name, usage string) *mach.Name {
	n := new(mach.Name)
	flag.Var((*value)(n), name, usage)
	return n
}

// Parse reads the command line. It ends the program with exit status 2 if something there is no flag, or if one of the rights that are needed is missing.
func Parse(needed ...*mach.Name) {
	flag.Parse()
	if flag.NArg() != 0 {
		fail("%q: there is no such argument; --help lists all", flag.Arg(0))
	}
	Need(needed...)
}

// Need ends the program with exit status 2 if one of the rights is missing.
func Need(needed ...*mach.Name) {
	flag.VisitAll(func(f *flag.Flag) {
		if v, ok := f.Value.(*value); ok && *v == 0 && slices.Contains(needed, (*mach.Name)(v)) {
			_, what := flag.UnquoteUsage(f)
			fail("--%s is missing, the %s", f.Name, what)
		}
	})
}

// fail says what is wrong with the command line.
func fail(format string, args ...any) {
	fmt.Printf("%s: %s\n", os.Args[0], fmt.Sprintf(format, args...))
	os.Exit(2)
}

// value is a name on its way from the command line.
type value mach.Name

// String implements flag.Value.
func (v *value) String() string { return strconv.FormatUint(uint64(*v), 10) }

// Set implements flag.Value: a number, in any of Go's notations, that fits in a name.
func (v *value) Set(s string) error {
	n, err := strconv.ParseUint(s, 0, 32)
	*v = value(n)
	return err
}
