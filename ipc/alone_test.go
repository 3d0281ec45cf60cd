package ipc

import (
	"testing"

	"defpager/mach"
)

// watched is told that a port died.
type watched struct{ died int }

func (o *watched) PortDied() { o.died++ }

// TestLastRight: a port of which there is nothing but its receive right is gone at once; whoever asked to be told of that is.
func TestLastRight(t *testing.T) {
	w := newWorld(t)
	a := w.task()
	keep := a.receivePort()
	live := w.sys.ports.live

	w.want(a.DestroyName(a.receivePort()), mach.Success)
	if w.sys.ports.live != live {
		t.Fatal("the port is still there")
	}
	w.check()

	port := a.receivePort()
	o := &watched{}
	a.at(port).port.SetObject(o)
	w.want(a.DestroyName(port), mach.Success)
	if o.died != 1 || len(w.sys.ports.standFor) != 0 {
		t.Fatalf("told %d times, stands for %d objects", o.died, len(w.sys.ports.standFor))
	}
	w.check()

	port = a.receivePort()
	_, code := a.RequestNotification(port, mach.NotifyPortDestroyed, 0, a.sendOnceTo(keep))
	w.want(code, mach.Success)
	w.want(a.DestroyName(port), mach.Success)
	_, r := a.mustReceive(keep, mach.NotifyPortDestroyed)
	a.wantType(r.Port(mach.MsgPortReceive), mach.TypeReceive)
	w.check()
}
