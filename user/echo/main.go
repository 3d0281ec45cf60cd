// Command echo answers every message with itself: the other side of bench's calls between two tasks. A message that wants no answer
// ends it.
//
//	echo --receive=PORT
//
// PORT names the receive right on which messages come in. Answer and next receive are one call of mach_msg, as a good server's are.
package main

import (
	"fmt"
	"os"

	"defpager/ipc/mig"
	"defpager/mach"
	"defpager/user/internal/args"
	"defpager/user/libmach"
)

func main() {
	port := args.ReceiveRight("receive", "the port for messages")
	args.Parse(port)
	if ret := serve(*port); ret != mach.Success {
		fmt.Printf("echo: FAILED: %v\n", ret)
		os.Exit(1)
	}
}

// serve answers until it is told to end, or something fails.
func serve(port mach.Name) mach.Return {
	const largest = 8192 // bytes of a message
	buf := libmach.NewBuffer(largest)
	m, ret := libmach.Receive(buf, port, 0, 0)
	if ret != mach.Success {
		return ret
	}
	for h := m.Header; h.Remote != 0; h = mig.GetHeader(buf) {
		size := int(h.Size)
		mig.PutHeader(buf, mach.Header{Bits: mach.Bits(h.Bits.Remote(), 0), Remote: h.Remote, ID: h.ID + mach.ReplyOffset})
		if ret := libmach.Exchange(buf, size, port, 0, 0); ret != mach.Success {
			return ret
		}
	}
	return mach.Success
}
