// Package kern is what is neither memory nor messages: tasks, threads, the dispatcher, traps, exceptions, the host, and the
// programs that the loader brought.
//
// A thread is a plain struct. One goroutine, the dispatcher (Kernel.Run), runs them in turn: it enters ring 3, handles the trap
// that ends the stay, and goes on with the same thread, with the receiver of the message that it just sent, or with the next one
// that is ready. A handler never blocks: a thread that must wait is put aside with its registers as they were, and whatever
// wakes it says how its trap ends.
//
// Locking: the dispatcher holds the kernel lock all the time that it handles traps, and lets it go on a tick and when there is
// nothing to run. Everybody else (the monitor, start-up) takes it through Kernel.Do. All functions of this package that are not
// methods named Run, Do or Stop want it held.
//
// Requests to tasks, threads and the host are messages to ports whose receiver is the kernel: serve.go and the files
// serve_*.go answer them in the context of the sender; quick.go does the most frequent ones without a message. Some also exist as traps
// (trap.go), which saves the message.
//
// Tasks and threads die in two steps: terminate marks them, so that they do not run any more, and settle takes them apart when
// the trap that did it is over. So a task may ask for its own end, or find itself killed by a message that it sends.
//
// To read it: kernel.go has the dispatcher's loop, thread.go and task.go what it runs, sched.go whose turn it is, trap.go what a program asks for,
// exception.go what it does wrong, and page_wait.go and later.go how a thread and a request wait for a memory manager. The manager's side is in
// memory_object.go and the files memory_*.go; docs/request.md follows one request through all of it.
package kern
