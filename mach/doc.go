// Package mach is the Mach interface itself: numbers, types and layouts that both sides of the ring use.
//
// The kernel (mm, ipc, kern, pager) and the programs that run in ring 3 (user) share this package and nothing else. It
// holds no behaviour but names: return codes, protections, message headers, type descriptors, trap numbers, message ids.
// Values follow GNU Mach's x86_64 user ABI, with the names of the OSF manual where they differ. It imports only the
// standard library and lies below every other package of the module.
package mach
