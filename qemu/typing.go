package qemu

import (
	"bufio"
	"io"
	"strings"
	"time"
)

// TypeLines types the lines of r, each when the guest has answered the last one and shows its prompt. At the end it powers
// the guest off, unless that has ended already.
func (p *Process) TypeLines(r io.Reader, quiet time.Duration) error {
	in := bufio.NewScanner(r)
	typed := 0
	for more := true; more; {
		line := "poweroff"
		if more = in.Scan(); more {
			line = in.Text()
		}
		typed++
		if err := p.WaitPrompt(typed, quiet); err != nil {
			return err
		}
		select {
		case <-p.Done():
			return nil
		default:
		}
		if err := p.Type(line + "\r"); err != nil {
			return nil // the guest has ended: a command was poweroff
		}
	}
	return in.Err()
}

// WaitPrompt waits for the n-th prompt, or the guest's end; n counts from 1. The error is that of Wait.
func (p *Process) WaitPrompt(n int, quiet time.Duration) error {
	return p.Wait(func(text string) bool {
		select {
		case <-p.Done():
			return true
		default:
		}
		return prompts(text) >= n
	}, quiet)
}

// prompts counts the prompts at which nothing or a whole command was typed: the line editor prints them at the start of a line.
func prompts(text string) int {
	n := 0
	for line := range strings.Lines(text) {
		if strings.HasPrefix(line, Prompt) {
			n++
		}
	}
	return n
}
