// Package qemu is the host's side: it packs modules, starts the image in QEMU, watches it, and checks what it said.
//
// Everything that a user does with make goes through the command in cmd/defpager; the scenarios of testdata (scenario_test.go) use the
// same functions. Nothing here runs in the guest.
package qemu
