// What TamaGo's package for the processor wants of os/signal. Interrupts never arrive in kernel code here, so there is
// nobody to relay from.

package signal

// Relay delivers an interrupt as a signal: never here.
func Relay(sig int) {}

// Waiting reports whether a goroutine waits for signals: never here.
func Waiting() bool { return false }
