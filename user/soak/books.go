package main

import (
	"fmt"
	"runtime"

	"defpager/user/internal/books"
)

const pause = 20 // milliseconds between two looks at the books

// open is the books as they are when nothing is on its way to storage or back any more.
func (s *soak) open() (b books.Books, err error) {
	const same = 20 // looks
	for n := 0; n < same; n++ {
		now, err := s.books.Look()
		if err != nil {
			return b, err
		}
		if !now.Same(b) {
			n = 0
		}
		b = now
		s.client.Sleep(pause)
	}
	return b, nil
}

// balance compares the books with what they were: to the last frame, structure, promised byte and block. What was on its way to storage or back comes to its end first.
func (s *soak) balance(open books.Books) error {
	const tries = 1000 // a write to a disk may take seconds where many machines are emulated at a time
	var now books.Books
	for range tries {
		var err error
		if now, err = s.books.Look(); err != nil || now.Same(open) {
			return err
		}
		s.client.Sleep(pause)
	}
	var own runtime.MemStats
	runtime.ReadMemStats(&own)
	return fmt.Errorf("the books do not balance: %s (the program's own heap has %d bytes, of which %d are wired)", now.Differ(open), own.HeapSys, wiredHeap)
}
