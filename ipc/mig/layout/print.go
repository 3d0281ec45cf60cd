package layout

import (
	"fmt"
	"io"
	"strings"

	"defpager/ipc/mig/defs"
)

// Print writes one line for each message of a file: routine, R for a request or r for a reply, id, size, and name, type and offset
// of each item.
func Print(w io.Writer, f *defs.File) error {
	for _, r := range f.Routines {
		for k, m := range []*Message{Request(r), Reply(r)} {
			if m == nil {
				continue
			}
			if _, err := fmt.Fprintf(w, "%s %c %s\n", r.Name, "Rr"[k], m); err != nil {
				return err
			}
		}
	}
	return nil
}

// String is the id, the size and the items of a message.
func (m *Message) String() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%d %d", m.ID, m.Max)
	if !m.Fixed() {
		fmt.Fprintf(&b, "(%d)", m.Min)
	}
	for _, i := range m.Items {
		fmt.Fprintf(&b, " %s:%s@%d", i.Name, i.Type.Name, i.Offset)
	}
	return b.String()
}
