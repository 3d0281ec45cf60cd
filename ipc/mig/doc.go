// Package mig reads and writes typed messages: the run-time support that MIG's generated code would call.
//
// A message is a header of 32 bytes and items; an item is a type descriptor of 8 bytes and its data, padded to 8 bytes
// (GNU Mach's x86_64 layout). Reader compares every descriptor with the one that the routine demands before it touches the
// data; Writer lays descriptors and data down. Both work in place on a caller's bytes, allocate nothing, remember the first
// error and do nothing after it, so that a routine reads all its arguments and asks once, at the end.
//
// The kernel's servers and the programs in ring 3 use the same code. In the kernel, a port's slot and an out-of-line
// item's pointer hold a handle of ipc.Message instead of a name or an address.
package mig
