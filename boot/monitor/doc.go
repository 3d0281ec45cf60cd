// Package monitor is the kernel's console: a command line on the serial port that shows what the kernel holds.
//
// It reads lines with editing, history and completion (golang.org/x/term) and runs one command at a time. A command looks
// at kernel structures only under the kernel lock and for a bounded time, copies what it needs, and prints after letting go.
// Ctrl-C interrupts the running command; at the prompt it clears the line.
package monitor
