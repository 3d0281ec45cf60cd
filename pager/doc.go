// Package pager is the default pager: the default memory manager inside the kernel, and the operation that the system is about.
//
// A privileged task sends default_pager_object_create to the default memory manager's port. The pager reserves a zeroed frame for
// every page of the object, makes the object and its port, and answers with a send right. Whoever holds the right maps the
// object with vm_map; the memory itself is a vm.Object, so faults are resolved without a message. The object lives as
// long as there is a send right, a mapping, or a message that carries a right: when the last send right goes, the pager gives up
// its own reference, and the frames go back to the allocator with the last mapping.
//
// Requests arrive one at a time, in the order of the sequence numbers that their port gave them. server.go has both forms of
// the server: with sequence numbers (seqnos_default_pager_object_create ...) and without. docs/pager.md tells what each call answers, and why.
//
// To read it: pager.go has the objects, quick.go their creation, server.go what else is asked, list.go and storage.go the longer answers. What is
// paged out is kept by package backing, on disks that package disks chooses.
//
// Precondition of everything here: the caller holds the kernel lock. Nothing blocks; creating and destroying objects
// allocates nothing on Go's heap in steady state.
package pager
