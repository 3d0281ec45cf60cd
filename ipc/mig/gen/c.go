package gen

import "defpager/ipc/mig/defs"

// C writes a subsystem's C files.
type C struct {
	File   *defs.File
	Source string // the .defs file's name, for the first line
	Header string // the header's file name, for #include
}

func (c *C) UserHeader() string   { return "" }
func (c *C) User() string         { return "" }
func (c *C) ServerHeader() string { return "" }
func (c *C) Server() string       { return "" }
