// Command defaultpager is a default memory manager in ring 3. Its clients are served by the very package that is the kernel's default pager, pager, on
// memory of its own: requests become messages of a System of ports within this task, and rights to those ports are rights to this task's (ports.go).
// What the kernel pages out is kept by pager/backing, as words, compressed, or on disks in this task's memory.
//
//	defaultpager --receive=PORT [--memory=MIB] [--devices=PORT --disks=MIB,MIB... --master=PORT --use=NAME,NAME...] [--threads=N] [--shuffle] [--patience=TIME]
//
// PORT is the name of the receive right that becomes the manager's port, when somebody with the host's privileged port sets it. DEVICES is that of a device
// master port, by which clients open the disks ram0, ram1 ... and add them as paging storage. Several threads receive; with --shuffle they overtake each
// other on purpose before a message takes effect. What the kernel has no memory for is tried again for TIME: then who waits for it gets a memory error. A message with the id 1 to the manager's port is answered by its numbers, and with the id 2 ends it.
package main

import (
	"flag"
	"fmt"
	"os"
	"strconv"
	"strings"

	"defpager/mach"
	"defpager/user/internal/args"
)

// Ids of the messages of this program's own.
const (
	idStats mach.MsgID = 1
	idEnd   mach.MsgID = 2
)

func main() {
	var c config
	receive := args.ReceiveRight("receive", "the manager's port")
	devices := args.ReceiveRight("devices", "a device master port")
	memory := flag.Uint64("memory", 16, "`MIB` of memory to keep pages in")
	disks := flag.String("disks", "", "`MIB` of each disk in memory, separated by commas")
	master := args.SendRight("master", "the kernel's device master port")
	use := flag.String("use", "", "`names` of the kernel's disks to use, separated by commas")
	flag.IntVar(&c.threads, "threads", 4, "`how` many receive")
	flag.BoolVar(&c.shuffle, "shuffle", false, "have threads overtake each other")
	flag.DurationVar(&c.patience, "patience", shortageEnd, "how `long` to try what the kernel has no memory for")
	args.Parse(receive)
	c.receive, c.devices, c.memory = *receive, *devices, *memory<<20
	comma := func(r rune) bool { return r == ',' }
	c.master, c.use = *master, strings.FieldsFunc(*use, comma)
	for _, d := range strings.FieldsFunc(*disks, comma) {
		n, err := strconv.ParseUint(d, 10, 16)
		if err != nil {
			fmt.Println("defaultpager: FAILED:", err)
			os.Exit(2)
		}
		c.disks = append(c.disks, n<<20)
	}
	s, err := newServer(c)
	if err == nil {
		err = s.run()
	}
	if err != nil {
		fmt.Println("defaultpager: FAILED:", err)
		os.Exit(1)
	}
	live, created := s.pager.Count()
	fmt.Printf("defaultpager: %d pages came for the first time, %d again, %d were asked back, %d objects made and %d destroyed\n",
		s.initial, s.returned, s.supplied, int(created)+s.kernelObjects, int(created)-live+s.kernelObjects-s.kernelLive)
	if s.lostPages != 0 {
		fmt.Printf("defaultpager: %d pages found no room and are lost\n", s.lostPages)
	}
	fmt.Printf("defaultpager: %d messages were overtaken, %d forged ones dropped\n", s.overtaken.Load(), s.pager.Forged())
}
