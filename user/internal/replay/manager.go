package replay

import "defpager/mach"

// What the program replay asks of the memory manager replaypager. Each has a reply with a return code, which comes when the kernel has done what
// it was asked for.
const (
	MsgNew        mach.MsgID = 7100 + iota // a new memory object; the reply has a send right to it
	MsgEnd                                 // all objects are to be destroyed
	MsgQuit                                // the manager ends
	MsgLock                                // send right to an object, offset, size, return, flush, lock: memory_object_lock_request
	MsgAttributes                          // send right to an object, may_cache, copy_strategy: memory_object_change_attributes
	MsgSettle                              // nothing: what the kernel told before has been done
)
