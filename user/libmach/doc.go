// Package libmach is how a Go program in ring 3 talks to the kernel: Mach's calls, with Mach's names.
//
// Everything is a port. A task names its rights to ports by small numbers (mach.Name); a call is a message to a port, and its
// answer comes back to a reply port:
//
//	task, client := libmach.TaskSelf(), libmach.NewClient()
//	object, ret := client.ObjectCreate(pager, size)             // message 2275 to the default memory manager
//	address, ret := client.VMMap(task, libmach.Map{Object: object, Size: size, Anywhere: true, ...})
//	memory := libmach.Memory(address, size)                     // a []byte over the mapped pages
//
// There are three layers, each usable alone:
//
//   - Traps (trap.go) enter the kernel by SYSCALL. Package functions such as VMAllocate are traps; they work on the caller's
//     own task.
//   - Messages (message.go): a Buffer is laid out with a mig.Writer, sent and received by mach_msg, and taken apart with a
//     mig.Reader.
//   - Calls: methods of a Client such as VMMap send the request that a MIG stub would send, wait for the reply and check it.
//
// Calls answer a mach.Return. A goroutine that waits in a message call stops the whole program meanwhile: all goroutines
// share the task's one thread.
package libmach
