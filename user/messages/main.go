// Command messages tries Mach's ports and messages in ring 3, as a user of them meets them: names and rights, notifications, each option of
// mach_msg, rights and memory in transit, threads, exceptions. Most calls are made with the client functions that mig generates.
//
//	messages [--host=PORT] [--rights=N]
//
// PORT is the name of a send right to the host's privileged port, N how many rights the largest message carries. For each subject it prints "messages: SUBJECT: N checks", and before that
// "FAIL NAME: got X want X" for each check that is wrong. All is done twice, the first time in silence: then the program has touched all
// the memory it needs, and the second time no frame and no name may be lost. The last line is "messages: all right", or the exit status is 1.
package main

import (
	"flag"
	"fmt"
	"os"
	"runtime/debug"

	"defpager/ipc/mig"
	"defpager/mach"
	"defpager/user/internal/args"
	"defpager/user/libmach"
)

func main() {
	debug.SetGCPercent(-1) // the collector would disturb the count of free frames
	host := args.SendRight("host", "the host's privileged port")
	rights := flag.Int("rights", 10_000, "how many rights the largest message carries")
	args.Parse()
	p := &program{host: *host, many: *rights, client: libmach.NewClient(), buf: libmach.NewBuffer(64 << 10)}
	p.task = p.client.Task()
	p.all()
	p.loud = true
	names, frames := p.names(), p.free()
	p.all()
	p.is("names at the end", p.names(), names)
	for range 100 { // frames that another processor's work holds come back soon
		if p.free() >= frames {
			break
		}
		p.client.Sleep(1)
	}
	if lost := frames - min(frames, p.free()); lost > 8 { // what Go's allocator took for the lines that were printed
		p.is("frames lost", lost, 0)
	}
	if p.wrong != 0 {
		fmt.Printf("messages: %d checks are wrong\n", p.wrong)
		os.Exit(1)
	}
	fmt.Println("messages: all right")
}

// program is what the subjects have in common.
type program struct {
	host, task    mach.Name
	client        *libmach.Client
	buf           libmach.Buffer
	many          int // rights in one message
	loud          bool
	checks, wrong int
	last          mach.Name // that sendRight made
}

// all goes through the subjects.
func (p *program) all() {
	for _, s := range []struct {
		name string
		f    func()
	}{
		{"names and rights", p.rights},
		{"receive rights", p.receiveRights},
		{"port sets", p.sets},
		{"notifications", p.notifications},
		{"options", p.options},
		{"waits", p.waits},
		{"rights in messages", p.rightsInMessages},
		{"receive rights in transit", p.transit},
		{"memory in messages", p.memory},
		{"large messages", p.large},
		{"threads", p.threads},
		{"exceptions", p.exceptions},
		{"tasks", p.tasks},
	} {
		p.checks = 0
		s.f()
		if p.loud {
			fmt.Printf("messages: %s: %d checks\n", s.name, p.checks)
		}
	}
}

// is compares anything that fits in a word with what it must be.
func (p *program) is(name string, got, want uint64) {
	p.checks++
	if got != want {
		p.wrong++
		fmt.Printf("FAIL %s: got %#x want %#x\n", name, got, want)
	}
}

// code compares the result of a call with what it must be.
func (p *program) code(name string, got, want mach.Return) {
	p.checks++
	if got != want {
		p.wrong++
		fmt.Printf("FAIL %s: got %v want %v\n", name, got, want)
	}
}

// ok is code, where the call must succeed.
func (p *program) ok(name string, got mach.Return) { p.code(name, got, mach.Success) }

func (p *program) names() uint64 {
	names, _, code := p.client.PortNames(p.task)
	if code != mach.Success {
		return 0
	}
	return uint64(len(names))
}

func (p *program) free() uint64 {
	s, code := p.client.VMStatistics(p.task)
	if code != mach.Success {
		return 0
	}
	return uint64(s.Free)
}

// port makes a port with a receive right.
func (p *program) port() mach.Name {
	name, code := libmach.PortAllocate(p.task, mach.RightReceive)
	p.ok("allocate a port", code)
	return name
}

// destroy gives up all rights of names.
func (p *program) destroy(names ...mach.Name) {
	for _, n := range names {
		p.ok("destroy", p.client.PortDestroy(p.task, n))
	}
}

// message writes a message into the buffer and returns its size.
func (p *program) message(bits mach.HeaderBits, remote, local mach.Name, id mach.MsgID, body func(w *mig.Writer)) uint32 {
	w := mig.NewWriter(p.buf)
	if body != nil {
		body(&w)
	}
	return uint32(len(w.SetHeader(bits, remote, local, id)))
}

// msg is mach_msg with the buffer.
func (p *program) msg(option mach.Option, send uint32, receive mach.Name, ms uint32, notify mach.Name) mach.Return {
	return libmach.Msg(libmach.Address(p.buf), option, send, uint32(len(p.buf)), receive, ms, notify)
}

// send sends a message without waiting.
func (p *program) send(bits mach.HeaderBits, remote, local mach.Name, id mach.MsgID, body func(w *mig.Writer)) mach.Return {
	return p.msg(mach.OptSend|mach.OptSendTimeout, p.message(bits, remote, local, id, body), mach.NameNull, 0, mach.NameNull)
}

// poll receives without waiting, and checks the message's id.
func (p *program) poll(name string, from mach.Name, id mach.MsgID) (mach.Header, mig.Reader) {
	p.ok(name, p.msg(mach.OptRcv|mach.OptRcvTimeout, 0, from, 0, mach.NameNull))
	h := mig.GetHeader(p.buf)
	p.is(name+": id", uint64(uint32(h.ID)), uint64(id))
	return h, mig.NewReader(p.buf[mach.HeaderSize:max(h.Size, mach.HeaderSize)])
}

// receiveInto receives with room for so many bytes.
func (p *program) receiveInto(option mach.Option, from mach.Name, size uint32) mach.Return {
	return libmach.Msg(libmach.Address(p.buf), option, 0, size, from, 0, mach.NameNull)
}

// nothing checks that nothing is queued.
func (p *program) nothing(name string, at mach.Name) {
	p.code(name, p.msg(mach.OptRcv|mach.OptRcvTimeout, 0, at, 0, mach.NameNull), mach.RcvTimedOut)
}
