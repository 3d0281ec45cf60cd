package pager

import (
	"defpager/ipc"
	"defpager/mach"
	"defpager/mm/vm"
)

// Quick implements ipc.Server for the calls that the pager is for, whose requests and replies are a few numbers. A trace shows them as
// messages.
func (p *Pager) Quick(port *ipc.Port, q *ipc.Quick) bool {
	if q.Complex() || p.tracing() || len(p.turns) != 0 && p.busy(port) || !p.carryOut(port, q) {
		return false
	}
	if port == p.port && !p.config.Plain {
		p.nextSeqno++
	}
	return true
}

// carryOut carries out a call of a few numbers, where it lies or out of a message. It reports whether q is one.
func (p *Pager) carryOut(port *ipc.Port, q *ipc.Quick) bool {
	switch q.ID {
	case mach.IDDefaultPagerObjectCreate:
		p.objectCreate(port, q)
	case mach.IDDefaultPagerObjectSetSize:
		return p.objectSetSize(port, q)
	case mach.IDPagerObjectCreate:
		p.objectCreateFlags(port, q)
	default:
		return false
	}
	return true
}

// objectCreate is default_pager_object_create: it answers with a send right to a new object of at most object_size bytes (OSF manual).
// InvalidArgument: not the default memory manager's port. ResourceShortage: there are not that many frames to promise, or the task may not have them.
func (p *Pager) objectCreate(pager *ipc.Port, q *ipc.Quick) {
	q.Still()
	switch size := q.Word(0); {
	case !q.Has1(ipc.Integer64):
	case pager != p.port || p.restricted():
		p.createFor(pager, q, size, 0)
	default:
		right, err := p.create(size)
		if err == nil {
			q.PutRight(right)
		}
		q.Code(mach.Code(err))
		if p.tracing() {
			p.config.Trace("pager: object of %d bytes: %v", size, result(err))
		}
	}
}

// objectCreateFlags is defpager_object_create, which has flags besides. InvalidArgument, as with objectCreate and for unknown flags. ResourceShortage.
func (p *Pager) objectCreateFlags(pager *ipc.Port, q *ipc.Quick) {
	q.Still()
	switch size, flags := q.Word(0), int32(q.Word(1)); {
	case !q.Has2(ipc.Integer64, ipc.Integer32):
	default:
		p.createFor(pager, q, size, flags)
	}
}

// createFor answers with a new object that is not just promised its frames.
func (p *Pager) createFor(pager *ipc.Port, q *ipc.Quick, size uint64, flags int32) {
	if pager != p.port || flags < 0 || flags > mach.Reserve {
		q.Code(mach.InvalidArgument)
		return
	}
	right, err := p.createAs(size, flags)
	if err == nil {
		q.PutRight(right)
	}
	q.Code(mach.Code(err))
	if p.tracing() {
		p.config.Trace("pager: object of %d bytes, flags %#x: %v", size, flags, result(err))
	}
}

// objectSetSize is default_pager_object_set_size, which goes to the object's own port: pages beyond a smaller limit are given up,
// those of a larger one are reserved. InvalidArgument: not an object's port. ResourceShortage: there are not that many frames to promise;
// the object has the size that it had. An overcommitted object's last page may have to come back first, or frames for its copy: then nothing has happened yet,
// and the call is not carried out, which is reported with false.
func (p *Pager) objectSetSize(port *ipc.Port, q *ipc.Quick) bool {
	if !q.Has1(ipc.Integer64) {
		return true
	}
	limit := q.Word(0)
	o, ok := port.Object().(*Object)
	if !ok {
		q.Code(mach.InvalidArgument)
		return true
	}
	before := o.memory.Limit()
	tell := limit < before && p.config.Shrinks != nil
	if tell && !p.config.Shrinks(port, before, limit) {
		return false
	}
	err := o.memory.SetLimit(limit)
	switch {
	case err == vm.Wait:
		return false // few waits
	case tell && err != nil:
		p.config.Shrunk(port, before, before)
	case tell:
		p.config.Shrunk(port, before, limit)
	}
	q.Code(mach.Code(err))
	if p.tracing() {
		p.config.Trace("pager: object %d set to %d bytes: %v", o.ID(), limit, result(err))
	}
	return true
}

func result(err error) string {
	if err != nil {
		return err.Error()
	}
	return mach.Success.String()
}
