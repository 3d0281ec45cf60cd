package scenario

import (
	"bytes"
	"fmt"
	"image"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"defpager/qemu"

	"golang.org/x/image/font/inconsolata"
	"golang.org/x/image/math/fixed"
)

// TestScreen boots the CD under UEFI, as a PC without a serial line: what it says is on the screen, and the keyboard talks to the monitor.
func TestScreen(t *testing.T) {
	t.Parallel()
	const build = "../../build/"
	m := qemu.Machine{Type: "q35", Memory: "512M", Accel: "tcg", Image: build + "defpager.iso", UEFI: true}
	hash, _, err := qemu.HashFile(build + "file")
	if err != nil {
		t.Fatal(err)
	}
	p, err := qemu.Start(t.Context(), &m, qemu.Streams{LogLines: true})
	if err != nil {
		t.Fatal(err)
	}
	defer p.Kill()
	if err := p.Wait(func(text string) bool { return strings.HasSuffix(text, qemu.Prompt) }, quiet); err != nil {
		t.Fatalf("%v\n%s", err, p.Text())
	}
	for _, want := range []string{"sha256 creator " + hash, "sha256 sharer " + hash, "sha256 reader " + hash, "creator: done"} {
		if shown := screen(t, p); !strings.Contains(shown, want+"\n") {
			t.Errorf("the screen has no line %q:\n%s", want, shown)
		}
	}
	press(t, p, letters("run")...)
	press(t, p, "spc")
	press(t, p, letters("hallok")...)
	press(t, p, "left", "spc", "left", "left", "left", "left", "backspace", "e", "end", "ret") // that is: run hello k
	const answer = `hello from ring 3: ["hello" "k"]`
	if err := p.Wait(func(text string) bool { return strings.HasSuffix(text, answer+"\n"+qemu.Prompt) }, quiet); err != nil {
		t.Fatalf("%v\n%s", err, p.Text())
	}
	// The last lines of the serial line are the last of the screen.
	shown := strings.Split(strings.TrimSuffix(screen(t, p), "\n"), "\n")
	if n := len(shown); n < 3 || strings.Join(shown[n-3:], "\n") != "defpager> run hello k\n"+answer+"\ndefpager>" {
		t.Errorf("the screen ends with\n%s", strings.Join(shown, "\n"))
	}
	press(t, p, letters("poweroff")...)
	_, _ = p.Monitor("sendkey ret 20") // the machine may be off before it answers
	select {
	case <-p.Done():
	case <-time.After(quiet):
		t.Fatal("the machine is still on")
	}
	if p.Status() != qemu.ExitSuccess {
		t.Errorf("exit status %d", p.Status())
	}
}

// press presses keys by QEMU's names, one after the other.
func press(t *testing.T, p *qemu.Process, keys ...string) {
	t.Helper()
	for _, k := range keys {
		if _, err := p.Monitor("sendkey " + k + " 20"); err != nil {
			t.Fatal(err)
		}
		time.Sleep(60 * time.Millisecond) // QEMU holds the key, and has room for few
	}
}

// letters are the keys of a text of small letters.
func letters(text string) []string { return strings.Split(text, "") }

// screen reads what is on the screen, line by line, without blanks at their ends and empty lines at the end. The place of the cursor counts as a blank.
func screen(t *testing.T, p *qemu.Process) string {
	t.Helper()
	file := filepath.Join(t.TempDir(), "screen.ppm")
	if _, err := p.Monitor("screendump " + file); err != nil {
		t.Fatal(err)
	}
	b, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	var width, height, depth int
	if _, err := fmt.Fscanf(bytes.NewReader(b), "P6\n%d %d\n%d\n", &width, &height, &depth); err != nil || len(b) < 3*width*height {
		t.Fatalf("%d bytes of a picture of %d times %d: %v", len(b), width, height, err)
	}
	b = b[len(b)-3*width*height:]

	type cell [16][8]byte
	glyphs := map[cell]byte{}
	for c := byte(' '); c < 0x7f; c++ {
		_, mask, at, _, _ := inconsolata.Regular8x16.Glyph(fixed.Point26_6{}, rune(c))
		var g cell
		for y := range g {
			for x := range g[y] {
				g[y][x] = mask.(*image.Alpha).AlphaAt(at.X+x, at.Y+y).A
			}
		}
		glyphs[g] = c
	}
	var lines []string
	for row := range height / 16 {
		var line []byte
		for column := range width / 8 {
			var g cell
			for y := range g {
				for x := range g[y] {
					g[y][x] = b[3*((row*16+y)*width+column*8+x)]
				}
			}
			c, ok := glyphs[g]
			if !ok {
				c = ' '
			}
			line = append(line, c)
		}
		lines = append(lines, strings.TrimRight(string(line), " "))
	}
	return strings.TrimRight(strings.Join(lines, "\n"), "\n") + "\n"
}
