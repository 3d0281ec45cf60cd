package qemu

import (
	"bufio"
	"io"
	"strings"
	"time"
)

// TypeLines types the lines of r, each when the guest has answered the last one and shows its prompt. At the end it powers
// the guest off. When that has ended, more lines are not waited for.
func (p *Process) TypeLines(r io.Reader, quiet time.Duration) error {
	lines, failed := make(chan string), make(chan error, 1)
	go func() {
		in := bufio.NewScanner(r)
		for in.Scan() {
			select {
			case lines <- in.Text():
			case <-p.Done():
				return
			}
		}
		failed <- in.Err()
		close(lines)
	}()
	typed := 0
	for more := true; more; {
		line := ""
		select {
		case line, more = <-lines:
			if !more {
				line = "poweroff"
			}
		case <-p.Done():
			return nil
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
	return <-failed
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
