package share

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

// Server is a peer: it holds at most one object at a time.
type Server struct {
	name   string
	client *libmach.Client
	hasher *Hasher

	object mach.Name // send right to the object, NameNull without one
	at     mach.VirtAddr
	memory []byte // the mapped object; nil for one of no bytes
}

// Main is the program of sharer and reader, which hold no privileged port:
//
//	NAME --receive=PORT [--name=NAME]
//
// PORT names the receive right on which requests come in.
func Main(defaultName string) {
	name := flag.String("name", defaultName, "what to call itself in its lines")
	port := args.ReceiveRight("receive", "the port for requests")
	args.Parse(port)
	debug.SetGCPercent(-1) // the collector would disturb the count of free frames
	s := &Server{name: *name, client: libmach.NewClient(), hasher: NewHasher()}
	if ret := s.Run(*port); ret != mach.Success {
		fmt.Printf("%s: FAILED: %v\n", *name, ret)
		os.Exit(1)
	}
}

// Run answers requests until it is told to quit, or receiving fails.
func (s *Server) Run(port mach.Name) mach.Return {
	const largest = 256 // bytes of a request or reply
	in, out := libmach.NewBuffer(largest), libmach.NewBuffer(largest)
	for {
		m, ret := libmach.Receive(in, port, 0, 0)
		if ret != mach.Success {
			return ret
		}
		if m.ID() == idQuit {
			return mach.Success
		}
		w := s.serve(m, out)
		if ret := libmach.Reply(&w, m, 0); ret != mach.Success {
			return ret
		}
	}
}

// serve does what a request asks for and writes the reply.
func (s *Server) serve(m libmach.Message, out libmach.Buffer) mig.Writer {
	r, w := m.Reader(), mig.NewWriter(out)
	var ret mach.Return
	switch m.ID() {
	case idMap:
		object, size, quiet := r.Port(mach.MsgPortSend), r.Uint64(), r.Bool()
		if ret = r.End(); ret == mach.Success {
			ret = s.mapObject(object, size)
		}
		if ret == mach.Success {
			sum := s.hasher.Sum(s.name, Part(s.memory, quiet), quiet)
			w.RetCode(ret)
			w.Bytes(mach.MsgByte, 8, HashSize, sum)
			return w
		}
	case idWrite:
		place, value := getPlace(&r), r.Uint64()
		if ret = s.check(&r, place); ret == mach.Success {
			place.Put(s.memory, value)
		}
	case idSee:
		place := getPlace(&r)
		if ret = s.check(&r, place); ret == mach.Success {
			w.RetCode(ret)
			w.Uint64(place.Get(s.memory))
			return w
		}
	case idRelease:
		if ret = r.End(); ret == mach.Success {
			ret = s.release()
		}
	default:
		ret = mach.MIGBadID
	}
	w.RetCode(ret)
	return w
}

// check reports whether a request was read to its end and its place lies in the object.
func (s *Server) check(r *mig.Reader, p Place) mach.Return {
	if ret := r.End(); ret != mach.Success {
		return ret
	}
	if !p.Fits(uint64(len(s.memory))) {
		return mach.InvalidArgument
	}
	return mach.Success
}

func (s *Server) mapObject(object mach.Name, size uint64) mach.Return {
	if s.object != mach.NameNull {
		return mach.NameExists
	}
	s.object = object
	at, memory, ret := MapObject(s.client, object, size)
	s.at, s.memory = at, memory
	return ret
}

func (s *Server) release() mach.Return {
	ret := UnmapObject(s.client, s.object, s.at, s.memory)
	s.object, s.memory = mach.NameNull, nil
	return ret
}

// MapObject maps size bytes of an object, to share and to write. Of an object of no bytes nothing can be mapped: it finds that
// vm_map says so.
func MapObject(c *libmach.Client, object mach.Name, size uint64) (mach.VirtAddr, []byte, mach.Return) {
	at, ret := c.VMMap(c.Task(), libmach.Map{
		Size: size, Anywhere: true, Object: object, Cur: mach.ProtDefault, Max: mach.ProtDefault, Inherit: mach.InheritShare,
	})
	if size == 0 {
		if ret == mach.InvalidArgument {
			return 0, nil, mach.Success
		}
		return 0, nil, mach.Failure
	}
	if ret != mach.Success {
		return 0, nil, ret
	}
	return at, libmach.Memory(at, size), mach.Success
}

// UnmapObject takes MapObject back and drops the right. The memory may not be used after it.
func UnmapObject(c *libmach.Client, object mach.Name, at mach.VirtAddr, memory []byte) mach.Return {
	if len(memory) != 0 {
		if ret := c.VMDeallocate(c.Task(), at, uint64(len(memory))); ret != mach.Success {
			return ret
		}
	}
	return c.PortDeallocate(c.Task(), object)
}
