// Package screen is a text terminal on a PC's screen: in a linear frame buffer, or in the text mode of machines that have none. It understands what
// the kernel and its monitor write: ASCII, and the control sequences of ECMA-48 that move the cursor and erase.
//
// Writing allocates nothing, so that it also works when all else has failed. Nothing here is safe for concurrent use.
package screen
