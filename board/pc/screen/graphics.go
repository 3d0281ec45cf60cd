package screen

import (
	"encoding/binary"
	"fmt"
	"image"

	"golang.org/x/image/font/inconsolata"
	"golang.org/x/image/math/fixed"
)

// Graphics says how a linear frame buffer lies in memory.
type Graphics struct {
	Memory        []byte
	Width, Height int // pixels
	Pitch         int // bytes from one line of pixels to the next
	Depth         int // bits of a pixel: 16, 24 or 32
}

// Sizes of a character, in pixels.
const (
	glyphWidth  = 8
	glyphHeight = 16
)

// glyph is a character's pixels by lines, from 0 for the background to 255.
type glyph [glyphHeight * glyphWidth]byte

// graphics is a frame buffer to draw characters on. All of them are grey: whatever the order of a pixel's colours, their shares are the same.
type graphics struct {
	Graphics
	glyphs [0x80]glyph
}

// NewGraphics makes a terminal on a frame buffer, which it clears. The error says what cannot be.
func NewGraphics(g Graphics) (*Terminal, error) {
	bytes := (g.Depth + 7) / 8
	switch {
	case g.Depth != 16 && g.Depth != 24 && g.Depth != 32:
		return nil, fmt.Errorf("a screen of %d bits a pixel: 16, 24 and 32 are known", g.Depth)
	case g.Width < glyphWidth || g.Height < glyphHeight || g.Pitch < g.Width*bytes:
		return nil, fmt.Errorf("a screen of %d times %d pixels with %d bytes a line", g.Width, g.Height, g.Pitch)
	case len(g.Memory)/g.Pitch < g.Height:
		return nil, fmt.Errorf("%d bytes for %d lines of %d", len(g.Memory), g.Height, g.Pitch)
	}
	on := &graphics{Graphics: g}
	face := inconsolata.Regular8x16
	for c := range on.glyphs {
		_, mask, at, _, ok := face.Glyph(fixed.Point26_6{}, rune(c))
		alpha, is := mask.(*image.Alpha)
		if !ok || !is || c < blank {
			continue
		}
		for y := range glyphHeight {
			for x := range glyphWidth {
				on.glyphs[c][y*glyphWidth+x] = alpha.AlphaAt(at.X+x, at.Y+y).A
			}
		}
	}
	clear(g.Memory)
	return newTerminal(on), nil
}

func (g *graphics) size() (rows, columns int) { return g.Height / glyphHeight, g.Width / glyphWidth }

func (g *graphics) draw(row, column int, c byte, cursor bool) {
	bytes := g.Depth / 8
	at := row*glyphHeight*g.Pitch + column*glyphWidth*bytes
	pixels := &g.glyphs[c&0x7f]
	invert := byte(0)
	if cursor {
		invert = 0xff
	}
	for y := range glyphHeight {
		line := g.Memory[at : at+glyphWidth*bytes]
		for x := range glyphWidth {
			v := pixels[y*glyphWidth+x] ^ invert
			switch g.Depth {
			case 32:
				binary.LittleEndian.PutUint32(line[4*x:], uint32(v)*0x010101)
			case 24:
				line[3*x], line[3*x+1], line[3*x+2] = v, v, v
			default:
				binary.LittleEndian.PutUint16(line[2*x:], uint16(v>>3)<<11|uint16(v>>2)<<5|uint16(v>>3))
			}
		}
		at += g.Pitch
	}
}
