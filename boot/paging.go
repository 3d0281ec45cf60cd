package main

import (
	"fmt"
	"strings"

	"defpager/boot/setup"
	"defpager/kern"
	"defpager/pager/backing"
)

// newPaging makes what the words paging=... of the kernel's command line ask for; nil: nothing is paged out.
//
//	paging=compressed    memory that was not used lately is compressed
func newPaging(m *setup.Machine, k *kern.Kernel, words []string) (*backing.Backing, error) {
	var b *backing.Backing
	for _, w := range words {
		what, ok := strings.CutPrefix(w, "paging=")
		if !ok {
			continue
		}
		if b == nil {
			var err error
			if b, err = backing.New(backing.Config{
				Mem: m.Memory, Frames: m.Frames, PageReady: k.Memory().PageReady, FramesReady: k.Memory().FramesReady, Log: k.Logf,
			}); err != nil {
				return nil, fmt.Errorf("%s: %w", w, err)
			}
			k.SetStorage(b)
		}
		switch {
		case what == "compressed":
		default:
			return nil, fmt.Errorf("%s: there is no such paging storage; paging=compressed is", w)
		}
	}
	return b, nil
}
