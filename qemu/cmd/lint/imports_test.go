package main

import "testing"

func TestForbidden(t *testing.T) {
	for _, c := range []struct {
		path, imported string
		want           bool
	}{
		{"mm/vm", "defpager/mm/pmap", false},
		{"mm/vm", "defpager/board", false},
		{"mm/vm", "defpager/pager", true},
		{"mm/vm", "unsafe", true},
		{"board/x86", "unsafe", false},
		{"ipc", "defpager/mm/vm", true},
		{"ipc", "defpager/ipc/mig", false},
		{"kern", "defpager/ipc", false},
		{"kern", "defpager/pager", true},
		{"kern", "os", true},
		{"pager", "crypto/rand", true},
		{"boot", "defpager/pager", false},
		{"boot/overlay", "os", false},
		{"boot", "defpager/user/libmach", true},
		{"user/creator", "defpager/ipc/mig", false},
		{"user/creator", "defpager/ipc", true},
		{"user/creator", "unsafe", true},
		{"user/creator", "defpager/pager/backing", true},
		{"user/defaultpager", "defpager/pager/backing", false},
		{"user/defaultpager", "defpager/kern", true},
		{"qemu", "defpager/kern", true},
	} {
		if why := forbidden(c.path, c.imported); (why != "") != c.want {
			t.Errorf("%s imports %s: %q", c.path, c.imported, why)
		}
	}
}
