package scenario

import (
	"context"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"defpager/qemu"
)

// TestDiagnosis waits for words that never come: the error must show where the guest is.
func TestDiagnosis(t *testing.T) {
	t.Parallel()
	m := qemu.Machine{Type: "microvm", Memory: "128M", Accel: "tcg", Image: filepath.Join("../../build", "defpager.elf")}
	p, err := qemu.Start(context.Background(), &m, qemu.Streams{LogLines: true})
	if err != nil {
		t.Fatal(err)
	}
	defer p.Kill()
	err = p.Wait(func(text string) bool { return strings.Contains(text, "nobody says this") }, 2*time.Second)
	if err == nil || !strings.Contains(err.Error(), "printed nothing for 2s") || !strings.Contains(err.Error(), "RIP=") {
		t.Errorf("a guest that makes no progress is diagnosed as: %v", err)
	}
}

// TestKilled ends the context, as Ctrl-C does: QEMU must end with it.
func TestKilled(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(context.Background())
	m := qemu.Machine{Type: "microvm", Memory: "128M", Accel: "tcg", Image: filepath.Join("../../build", "defpager.elf")}
	p, err := qemu.Start(ctx, &m, qemu.Streams{LogLines: true})
	if err != nil {
		t.Fatal(err)
	}
	defer p.Kill()
	cancel()
	select {
	case <-p.Done():
	case <-time.After(5 * time.Second):
		t.Error("QEMU lives on after its context has ended")
	}
}
