// Package wire is the client functions, server interfaces and demultiplexers of all interfaces of the system.
//
// mig generates it from the .defs files of ../interfaces; a test proves that it is current. Client functions take a mig.Caller, such as
// libmach's Client. A server implements an interface such as DefaultPagerServer and gives it to its demultiplexer with each message; the
// seqnos_ forms also get the number that the message had on its port. Nothing is allocated: arrays and strings are parts of the message.
package wire

//go:generate go tool mig -package wire -o default_pager.go ../interfaces/default_pager.defs
//go:generate go tool mig -package wire -o defpager.go ../interfaces/defpager.defs
//go:generate go tool mig -package wire -o memory_object_default.go ../interfaces/memory_object_default.defs
//go:generate go tool mig -package wire -o memory_object.go ../interfaces/memory_object.defs
//go:generate go tool mig -package wire -o mach.go ../interfaces/mach.defs
//go:generate go tool mig -package wire -o mach_port.go ../interfaces/mach_port.defs
//go:generate go tool mig -package wire -o mach_host.go ../interfaces/mach_host.defs
//go:generate go tool mig -package wire -o mach4.go ../interfaces/mach4.defs
//go:generate go tool mig -package wire -o gnumach.go ../interfaces/gnumach.defs
//go:generate go tool mig -package wire -o notify.go ../interfaces/notify.defs
//go:generate go tool mig -package wire -o exc.go ../interfaces/exc.defs
//go:generate go tool mig -package wire -o device.go ../interfaces/device.defs
//go:generate go tool mig -package wire -o task_notify.go ../interfaces/task_notify.defs
//go:generate go tool mig -package wire -o mach_i386.go ../interfaces/mach_i386.defs
//go:generate go tool mig -package wire -o mach_debug.go ../interfaces/mach_debug.defs
