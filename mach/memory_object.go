package mach

import "strconv"

// CopyStrategy is a memory_object_copy_strategy_t: how the kernel makes a copy of a memory object's memory.
type CopyStrategy int32

// Copy strategies (mach/memory_object.h).
const (
	CopyNone      CopyStrategy = 0 // at once, page by page: the manager may change its pages any time
	CopyCall      CopyStrategy = 1 // the manager is asked, by memory_object_copy
	CopyDelay     CopyStrategy = 2 // when a page is written: only the kernel changes pages
	CopyTemporary CopyStrategy = 3 // no strategy: the contents need not be returned when the object ends
)

// Valid reports whether s is one of the four values.
func (s CopyStrategy) Valid() bool { return s >= CopyNone && s <= CopyTemporary }

// String is the lower-case name of s.
func (s CopyStrategy) String() string {
	if !s.Valid() {
		return "strategy " + strconv.Itoa(int(s))
	}
	return [...]string{"none", "call", "delay", "temporary"}[s]
}

// KernelObjectPagingRequest is the kind that mach_port_kernel_object tells of a memory object's control port (GNU Mach, IKOT_PAGING_REQUEST).
const KernelObjectPagingRequest = 9

// MemoryReturn is a memory_object_return_t: which pages memory_object_lock_request returns to their manager.
type MemoryReturn int32

// What to return (mach/memory_object.h).
const (
	ReturnNone  MemoryReturn = 0
	ReturnDirty MemoryReturn = 1 // those that were written
	ReturnAll   MemoryReturn = 2 // those, and those that were supplied as precious
)

// Valid reports whether r is one of the three values.
func (r MemoryReturn) Valid() bool { return r >= ReturnNone && r <= ReturnAll }

// CopySync in should_flush of memory_object_lock_request, alone or beside TRUE: copies that were made of the object get its pages first, those that the kernel has not
// from the manager. The value is that of OSF's and XNU's flag MEMORY_OBJECT_COPY_SYNC, whose lock_request has flags there.
const CopySync = 8
