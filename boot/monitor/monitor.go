package monitor

import (
	"errors"
	"fmt"
	"io"
	"strings"

	"golang.org/x/term"
)

// Prompt is what the monitor prints before it reads a line; the test harness waits for it.
const Prompt = "defpager> "

// Monitor is the command loop on one console.
type Monitor struct {
	console *console
	line    *term.Terminal
	table   table
}

// New makes a monitor on device with the given commands beside help.
func New(device io.ReadWriter, commands []Command) *Monitor {
	m := &Monitor{console: newConsole(device)}
	m.table = append(table{{
		Name: "help", Operands: "[COMMAND]", Help: "list the commands, or say what one does", Max: -1, Run: m.help,
	}}, commands...)
	m.line = term.NewTerminal(m.console, Prompt)
	m.line.AutoCompleteCallback = m.tab
	return m
}

// Write puts text on the console above the line that is being edited.
func (m *Monitor) Write(p []byte) (int, error) { return m.line.Write(p) }

// Typed is closed when the first key is pressed.
func (m *Monitor) Typed() <-chan struct{} { return m.console.first }

// Run reads and runs commands until the device ends. Errors are printed, never returned, but for the device's own.
func (m *Monitor) Run() error {
	for {
		line, err := m.line.ReadLine()
		switch {
		case errors.Is(err, io.EOF):
			if m.console.failed() {
				return err
			}
			continue // Ctrl-D at the prompt
		case err != nil && !errors.Is(err, term.ErrPasteIndicator):
			return err
		}
		if strings.TrimSpace(line) != "" {
			m.Execute(line)
		}
	}
}

func (c *console) failed() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.err != nil
}

// Execute runs one command line; what it prints goes to the console.
func (m *Monitor) Execute(line string) {
	command, operands, err := m.table.find(line)
	if err == nil {
		stop := m.console.begin()
		err = command.Run(&Context{Out: m.line, Args: operands, Stop: stop})
		m.console.end()
	}
	if err != nil {
		fmt.Fprintf(m.line, "%v\n", err)
	}
}

func (m *Monitor) help(c *Context) error {
	if len(c.Args) > 0 {
		command, _, err := m.table.find(strings.Join(c.Args, " "))
		if command == nil && err != nil {
			for i := range m.table {
				if m.table[i].Name == strings.Join(c.Args, " ") {
					command, err = &m.table[i], nil
				}
			}
		}
		if err != nil {
			return err
		}
		c.Printf("%s: %s\n", command.usage(), command.Help)
		if command.More != "" {
			c.Printf("%s\n", command.More)
		}
		return nil
	}
	var aliases []string
	for i := range m.table {
		if e := &m.table[i]; e.AliasOf == "" {
			c.Printf("  %-22s %s\n", e.usage(), e.Help)
		} else {
			aliases = append(aliases, e.Name)
		}
	}
	c.Printf("In ddb's spelling too: %s.\n", strings.Join(aliases, ", "))
	c.Printf("help COMMAND says more of some. Tab completes, the arrow keys edit and recall,\nCtrl-C interrupts a command, Ctrl-A x leaves QEMU.\n")
	return nil
}

// tab is the line editor's completion callback.
func (m *Monitor) tab(line string, pos int, key rune) (string, int, bool) {
	if key != '\t' || pos != len(line) {
		return "", 0, false
	}
	extended, _ := m.table.complete(line)
	return extended, len(extended), true
}
