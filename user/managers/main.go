// Command managers tries memory managers of ring 3: those of the examples as their client, and the kernel's side of the protocol as a
// manager that says every wrong word, keeps silent, and dies.
//
//	managers --file=PORT --size=BYTES --squares=PORT --log=PORT --track=PORT --questions=PORT [--sweep=BYTES]
//
// PORTs name send rights to the memory objects of filepager (of a file of so many BYTES), computepager, logpager and trackpager, and to
// trackpager's port for questions. Without one of them its checks are left out. With --sweep it only goes through so many bytes of
// computepager's object and of filepager's, which it writes: more than there is memory for.
//
// Each check prints "ok NAME", or "FAIL NAME: got CODE want CODE". The last line is "managers: N ok, M failed", and the exit status 1 if
// any failed.
package main

import (
	"flag"

	"defpager/mach"
	"defpager/user/internal/args"
	"defpager/user/internal/trial"
)

func main() {
	file := args.SendRight("file", "filepager's memory object")
	size := flag.Uint64("size", 0, "the file's size in `bytes`")
	squares := args.SendRight("squares", "computepager's memory object")
	log := args.SendRight("log", "logpager's memory object")
	track := args.SendRight("track", "trackpager's memory object")
	questions := args.SendRight("questions", "trackpager's port for questions")
	sweep := flag.Uint64("sweep", 0, "go through so many `bytes`")
	args.Parse()
	t := tester{trial.New("managers")}
	if *sweep != 0 {
		t.sweep(*squares, *file, *sweep)
		t.End()
	}
	for _, x := range []struct {
		port  *mach.Name
		check func(port mach.Name)
	}{
		{file, func(port mach.Name) { t.file(port, *size) }},
		{squares, t.squares},
		{log, t.log},
		{track, func(port mach.Name) { t.track(port, *questions) }},
	} {
		if *x.port != mach.NameNull {
			x.check(*x.port)
		}
	}
	t.protocol()
	t.words()
	t.silence()
	t.deaths()
	t.End()
}

// tester makes the checks.
type tester struct{ *trial.Tester }
