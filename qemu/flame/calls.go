package flame

import (
	"cmp"
	"slices"
	"strings"
)

// Call is a call that was made: where the instruction lies, the function that it led to, and how often.
type Call struct {
	At     uint64
	Callee string
	Count  int
}

// Calls counts the calls among instructions that ran.
type Calls struct {
	image  *Image
	last   instruction
	lastPC uint64
	counts map[ends]int
	total  int
}

// ends are where a call is, and the index of the function that it leads to.
type ends struct {
	at     uint64
	callee int
}

// NewCalls makes a counter for an image.
func NewCalls(image *Image) *Calls { return &Calls{image: image, counts: map[ends]int{}} }

// Step takes the address of the next instruction that ran.
func (c *Calls) Step(pc uint64) {
	c.total++
	if c.last.kind == call {
		if index, first := c.image.at(pc); first {
			c.counts[ends{c.lastPC, index}]++
		}
	}
	c.last, c.lastPC = c.image.instruction(pc), pc
}

// Total is how many instructions there were.
func (c *Calls) Total() int { return c.total }

// List is the calls, the most frequent first.
func (c *Calls) List() []Call {
	list := make([]Call, 0, len(c.counts))
	for k, n := range c.counts {
		list = append(list, Call{k.at, c.image.functions[k.callee].name, n})
	}
	slices.SortFunc(list, func(a, b Call) int {
		return cmp.Or(cmp.Compare(b.Count, a.Count), cmp.Compare(a.At, b.At), strings.Compare(a.Callee, b.Callee))
	})
	return list
}
