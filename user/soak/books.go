package main

import (
	"encoding/binary"
	"fmt"

	"defpager/ipc/mig/wire"
	"defpager/mach"
)

// books is what must be the same when nothing is left.
type books struct {
	frames  uint64 // free, in pages
	promise uint64 // what the default pager has not promised, in bytes
	storage uint64 // free blocks of paging storage, in bytes
}

func (s *soak) books() (b books, err error) {
	v, code := s.client.VMStatistics(s.client.Task())
	if code != mach.Success {
		return b, fmt.Errorf("vm_statistics: %w", code)
	}
	info, code := s.client.PagerInfo(s.pager)
	if code != mach.Success {
		return b, fmt.Errorf("default_pager_info: %w", code)
	}
	_, frees, _, code := wire.DefaultPagerStorageInfo(s.client, s.pager)
	if code != mach.Success {
		return b, fmt.Errorf("default_pager_storage_info: %w", code)
	}
	for i := range frees.Count {
		b.storage += binary.LittleEndian.Uint64(frees.Data[8*i:])
	}
	b.frames, b.promise = uint64(v.Free), info.Free
	return b, nil
}

// open is the books as they are when nothing is on its way to storage or back any more.
func (s *soak) open() (b books, err error) {
	const same, pause = 20, 20 // times, milliseconds
	for n := 0; n < same; n++ {
		now, err := s.books()
		if err != nil {
			return b, err
		}
		if now.storage != b.storage {
			b, n = now, 0
		}
		s.client.Sleep(pause)
	}
	return s.books()
}

// spare is how many frames the kernel's tables may keep, more than when the books were opened: what it has in stock for page-out lies where there was room. That
// comes to seven within 40,000 operations and to no more in 200,000; what is lost adds up from round to round.
const spare = 12

// balanced reports whether nothing is missing.
func (b books) balanced(open books) bool {
	return b.frames+spare >= open.frames && b.promise+size(spare) >= open.promise && b.storage == open.storage
}

// balance compares the books with what they were. What was on its way to storage or back comes to its end first.
func (s *soak) balance(open books) error {
	const tries, pause = 100, 20 // milliseconds
	var now books
	for range tries {
		var err error
		if now, err = s.books(); err != nil || now.balanced(open) {
			return err
		}
		s.client.Sleep(pause)
	}
	return fmt.Errorf("free are %d frames, %d bytes to promise, %d bytes of storage; they were %d, %d, %d",
		now.frames, now.promise, now.storage, open.frames, open.promise, open.storage)
}
