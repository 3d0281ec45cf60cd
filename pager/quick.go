package pager

import (
	"defpager/ipc"
	"defpager/mach"
)

// Quick implements ipc.Server for the call that the pager is for.
func (p *Pager) Quick(port *ipc.Port, q *ipc.Quick) bool {
	if q.ID != mach.IDDefaultPagerObjectCreate || port != p.port || p.tracing() {
		return false
	}
	size := q.Uint64()
	if !p.config.Plain {
		p.nextSeqno++
	}
	if q.End() {
		right, err := p.create(size)
		if err == nil {
			q.PutRight(right)
		}
		q.Code(mach.Code(err))
	}
	q.Still()
	return true
}
