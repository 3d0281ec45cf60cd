// Command hazards does to memory what is hard on a kernel at the wrong moment: managers die while somebody waits for them, code is overwritten
// while it runs, a task is copied while it writes, pages are supplied while the same ones are on their way back, a manager waits for itself,
// objects shrink below superpages, and offsets lie at the end of all there are.
//
//	hazards --pager=PORT --host=PORT
//
// PORTs are names of send rights: to the default memory manager's port, and the host's privileged port.
//
// Each check prints "ok NAME", or "FAIL NAME: got CODE want CODE". All checks are made twice, the first time in silence: then the program has
// touched all the memory it needs, and the second time no frame may be lost. The last line is "hazards: N ok, M failed", and the exit status 1 if
// any failed.
package main

import (
	"runtime/debug"

	"defpager/mach"
	"defpager/user/internal/args"
	"defpager/user/internal/trial"
	"defpager/user/libmach"
)

func main() {
	debug.SetGCPercent(-1) // the collector would disturb the count of free frames
	pager := args.SendRight("pager", "the default memory manager's port")
	host := args.SendRight("host", "the host's privileged port")
	args.Parse(pager, host)
	t := tester{trial.New("hazards"), *pager, *host, libmach.NewBuffer(512), counting()}
	t.Quiet = true
	t.all()
	t.Begin()
	before := t.Free()
	t.all()
	t.Check("no frame is lost", t.AwaitFrames(before), mach.Success)
	t.End()
}

// tester makes the checks.
type tester struct {
	*trial.Tester
	pager, host mach.Name
	scratch     libmach.Buffer
	counting    string // machine code
}

// all makes every check.
func (t *tester) all() {
	t.deadManagers()
	t.deadClients()
	t.code()
	t.forks()
	t.crossing()
	t.ownClient()
	t.ownSupply()
	t.shrinks()
	t.syncs()
	t.offsets()
}

// child makes a task without memory.
func (t *tester) child() mach.Name {
	task, ret := t.Client.TaskCreate(t.Task, false)
	t.Must("task_create", ret)
	return task
}

// kill ends a task.
func (t *tester) kill(task mach.Name) {
	t.Check("task_terminate", t.Client.TaskTerminate(task), mach.Success)
	t.Drop(task)
}

// give moves the receive right of a port to a task. The send right stays.
func (t *tester) give(task, port mach.Name) {
	t.Must("mach_port_insert_right", t.Client.PortInsertRight(task, port, port, mach.MsgMoveReceive))
}
