package pager

import (
	"slices"

	"defpager/ipc"
)

// A request that waits for a page has not taken effect yet, and what its object's port gets after it must not overtake it: these requests are kept, and carried
// out when it is.

// turn is a request whose turn has not come, or that has it and waits.
type turn struct {
	port *ipc.Port
	m    *ipc.Message
}

// busy reports whether a request to the port waits.
func (p *Pager) busy(port *ipc.Port) bool {
	return slices.ContainsFunc(p.turns, func(t turn) bool { return t.port == port })
}

// wait keeps the request m, which waits for a page.
func (p *Pager) wait(port *ipc.Port, m *ipc.Message) {
	if p.waits = m; !p.busy(port) {
		p.turns = append(p.turns, turn{port, m})
	}
	p.config.Later(m, func(error) *ipc.Message { return p.goOn(port) }) // a page that is lost is not waited for again
}

// goOn carries out the first request to a port and those behind it, as long as none has to wait. It returns the last reply.
func (p *Pager) goOn(port *ipc.Port) (reply *ipc.Message) {
	for i := 0; i < len(p.turns); {
		t := p.turns[i]
		if t.port != port {
			i++
			continue
		}
		p.waits = nil
		next := p.serve(port, t.m)
		if p.waits == t.m {
			break
		}
		p.turns = slices.Delete(p.turns, i, i+1)
		if reply != nil {
			p.config.Send(reply)
		}
		reply = next
	}
	p.waits = nil
	return reply
}
