package monitor

import (
	"fmt"
	"io"
	"slices"
	"strings"
)

// Context is what a running command sees.
type Context struct {
	Out  io.Writer
	Args []string        // the words after the command's name
	Stop <-chan struct{} // closed by Ctrl-C
}

// Stopped reports whether Ctrl-C was pressed; commands with long output ask between lines.
func (c *Context) Stopped() bool {
	select {
	case <-c.Stop:
		return true
	default:
		return false
	}
}

// Printf writes to the console.
func (c *Context) Printf(format string, args ...any) { fmt.Fprintf(c.Out, format, args...) }

// Command is one entry of the monitor's table.
type Command struct {
	Name     string   // one or more words: "map", "show all tasks"
	Operands string   // what follows, for help: "TASK ADDRESS"
	Help     string   // a few words, for the list of all
	More     string   // what else there is to say, for help of this one; may be empty
	AliasOf  string   // not empty: another spelling of that command
	Min, Max int      // how many operands; Max < 0: any number
	Complete []string // fixed words that may follow, for completion
	Run      func(*Context) error
}

// table is the set of commands, in the order of help.
type table []Command

// find splits line into a command, the longest name that fits, and its operands.
func (t table) find(line string) (*Command, []string, error) {
	words := strings.Fields(line)
	var best *Command
	length := 0
	for i := range t {
		name := strings.Fields(t[i].Name)
		if len(name) > length && len(name) <= len(words) && slices.Equal(name, words[:len(name)]) {
			best, length = &t[i], len(name)
		}
	}
	if best == nil {
		unknown := words[0]
		if t.begins(unknown) {
			unknown = strings.Join(words, " ")
		}
		return nil, nil, fmt.Errorf("unknown command %q; help lists all", unknown)
	}
	operands := words[length:]
	if best.AliasOf != "" {
		line := best.AliasOf
		return t.find(strings.Join(append([]string{line}, operands...), " "))
	}
	if len(operands) < best.Min || (best.Max >= 0 && len(operands) > best.Max) {
		return nil, nil, fmt.Errorf("usage: %s", best.usage())
	}
	return best, operands, nil
}

// begins reports whether a command's name of several words begins with word.
func (t table) begins(word string) bool {
	return slices.ContainsFunc(t, func(c Command) bool { return strings.HasPrefix(c.Name, word+" ") })
}

func (c *Command) usage() string {
	if c.Operands == "" {
		return c.Name
	}
	return c.Name + " " + c.Operands
}

// complete is the longest unambiguous extension of line, and the words it could go on with.
func (t table) complete(line string) (string, []string) {
	var candidates []string
	for i := range t {
		c := &t[i]
		if strings.HasPrefix(c.Name, line) {
			candidates = append(candidates, c.Name)
			continue
		}
		for _, w := range c.Complete {
			if whole := c.Name + " " + w; strings.HasPrefix(whole, line) {
				candidates = append(candidates, whole)
			}
		}
	}
	if len(candidates) == 0 {
		return line, nil
	}
	common := candidates[0]
	for _, c := range candidates[1:] {
		for !strings.HasPrefix(c, common) {
			common = common[:len(common)-1]
		}
	}
	if len(candidates) == 1 {
		common += " "
	}
	return common, candidates
}
