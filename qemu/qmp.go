package qemu

import (
	"encoding/json"
	"fmt"
	"net"
	"time"
)

// Monitor asks QEMU's human monitor through QMP (QEMU, docs/interop/qmp-spec.rst).
func (p *Process) Monitor(command string) (string, error) {
	c, err := net.DialTimeout("unix", p.socket(), time.Second)
	if err != nil {
		return "", err
	}
	defer func() { _ = c.Close() }()
	if err := c.SetDeadline(time.Now().Add(2 * time.Second)); err != nil {
		return "", err
	}
	in, out := json.NewDecoder(c), json.NewEncoder(c)
	type object = map[string]any
	for _, request := range []object{
		{"execute": "qmp_capabilities"},
		{"execute": "human-monitor-command", "arguments": object{"command-line": command}},
	} {
		if err := out.Encode(request); err != nil {
			return "", err
		}
	}
	// A greeting, the answer to the first, events, the answer to the second.
	for answers := 0; ; {
		var m object
		if err := in.Decode(&m); err != nil {
			return "", err
		}
		if e, ok := m["error"]; ok {
			return "", fmt.Errorf("QMP: %v", e)
		}
		if r, ok := m["return"]; ok {
			if answers++; answers == 2 {
				text, _ := r.(string)
				return text, nil
			}
		}
	}
}
