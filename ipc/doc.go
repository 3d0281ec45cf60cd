// Package ipc is Mach's communication: ports, rights, name spaces, messages and notifications.
//
// A port is a queue of messages with one receiver. A task knows ports by names of its own space, each with the rights it
// holds: to receive, to send (with a count of user references), to send once. Rights travel in messages, and only there.
//
// A message's life: copyin takes it out of the sender's memory and turns its names into rights; post gives it to the
// port's server in the kernel, hands it to a waiting receiver, queues it, or makes the sender wait; copyout turns its
// rights into names of the receiver and puts it into the receiver's memory. Space.Msg is the whole of mach_msg made of
// these, up to the point where a thread must wait. A message without rights in its body, for which a thread waits, takes
// a shorter way with the same outcome: from memory to memory in the sender's trap (Space.Fast, in fast.go). So does a small request to
// the kernel (quick.go), for which no message is made at all.
//
// A body is checked as a whole before the first right or page of it moves, so a refused message changes nothing. What a
// task can make the kernel hold is bounded: ports, chunks of names and bytes of messages are counted, and a send-once
// right counts as the message that it will become, so notifications are never refused and never without bound. Ports die
// one after the other from a list, for a message may carry the right of a port whose messages carry rights, and so on.
//
// Precondition of everything here: the caller holds the kernel lock. Nothing blocks. In steady state nothing is allocated
// on Go's heap: ports, messages, buffers and chunks of names come from pools of the System.
//
// Two rules keep callers simple. What an operation sets off in other threads is told through Config.Wake, which may only
// mark a thread runnable. What it sets off in the kernel's own servers (notifications sent to a kernel port, no-senders
// callbacks) waits until the kernel calls System.Settle at the end of a trap, so a server never runs in the midst of an
// operation of this package, nor of its caller's.
//
// Invariants (System.Check): a port's send rights are the names with a send right, the rights carried by messages and the
// rights held by the kernel, and so for send-once rights; every receive right exists once; a port's structure returns
// to the pool when it is dead and its last right is gone.
//
// The semantics are GNU Mach's (ipc/*.c there), with its wire format for x86_64.
//
// To read it: port.go and space.go have the structures, msg.go the way of a message, copyin.go with body.go and copyout.go its two ends, queue.go
// what is between them; then buffer.go who pays for it, and table.go how names are found. docs/ipc.md tells a message's life with a figure.
package ipc
