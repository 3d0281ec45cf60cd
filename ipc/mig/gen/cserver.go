package gen

import (
	"fmt"
	"path/filepath"
	"strings"

	"defpager/ipc/mig/defs"
	"defpager/ipc/mig/layout"
)

// Server is the demultiplexer and a function for each routine that decodes its request, calls the server and encodes the reply.
func (c *C) Server() string {
	c.start()
	c.printf("#include <mach/mig.h>\n")
	if c.Serves != "" {
		c.printf("#include %q\n", filepath.Base(c.Serves))
	} else {
		c.imports(server)
		for _, r := range c.file.Routines {
			c.printf("\n%s;\n", c.prototype(r, server))
		}
	}
	for _, r := range c.file.Routines {
		c.serve(r)
	}
	c.printf("\nboolean_t %s(mach_msg_header_t *in, mach_msg_header_t *out)\n{\n", c.demux())
	c.printf("\tmig_begin(in, out, MIG_BAD_ID);\n\tswitch (in->msgh_id) {\n")
	for _, r := range c.file.Routines {
		c.printf("\tcase %d:\n\t\tserve_%s(in, out);\n\t\treturn TRUE;\n", r.ID, r.Name)
	}
	c.printf("\t}\n\treturn FALSE;\n}\n")
	return c.b.String()
}

// serve writes the function of one routine.
func (c *C) serve(r *defs.Routine) {
	request, reply := layout.Request(r), layout.Reply(r)
	c.printf("\nstatic void serve_%s(mach_msg_header_t *in, mach_msg_header_t *out)\n{\n", r.Name)
	c.printf("\tstruct mig_reader r;\n\tkern_return_t result;\n")
	if reply != nil {
		c.printf("\tmach_msg_bits_t complex = %s;\n\tchar *p;\n", map[bool]string{true: "MACH_MSGH_BITS_COMPLEX", false: "0"}[reply.Complex])
	}
	var args []string
	var after []string
	for _, a := range r.Arguments {
		c.declare(a)
		args = append(args, c.pass(a)...)
		if d := a.Type.Destructor; d != "" && (a.Direction == defs.In || a.Direction == defs.RequestPort) {
			after = append(after, fmt.Sprintf("\t%s(%s);\n", d, c.passed(a)))
		}
	}
	c.printf("\n\tmig_open(&r, in);\n")
	for k := range request.Items {
		c.take(&request.Items[k])
	}
	c.printf("\tif (mig_end(&r) != KERN_SUCCESS) {\n\t\tmig_begin(in, out, MIG_BAD_ARGUMENTS);\n\t\treturn;\n\t}\n")
	c.translate(r)
	c.printf("\tresult = %s%s(%s);\n%s", r.ServerPrefix, r.Name, strings.Join(args, ", "), strings.Join(after, ""))
	if r.Simple {
		c.printf("\tmig_begin(in, out, result == KERN_SUCCESS ? MIG_NO_REPLY : result);\n\tout->msgh_remote_slot = MACH_PORT_NULL;\n}\n")
		return
	}
	c.printf("\tp = mig_begin(in, out, result);\n\tif (result != KERN_SUCCESS)\n\t\treturn;\n")
	for k := range reply.Items[1:] {
		i := &reply.Items[k+1]
		if t := i.Type.OutTran; t.Function != "" {
			c.printf("\t%s %sWire = %s(%s);\n", t.Type, i.Argument.Name, t.Function, i.Argument.Name)
			if i.Sent == layout.Poly {
				c.printf("\tmach_msg_type_name_t %[1]sWirePoly = %[1]sPoly;\n", i.Argument.Name)
			}
			wire := *i.Argument
			wire.Name += "Wire"
			item := *i
			item.Argument = &wire
			i = &item
		}
		c.put(i, " ", func(name string) string {
			return "{\n\t\tmig_begin(in, out, MIG_ARRAY_TOO_LARGE);\n\t\treturn;\n\t}"
		})
	}
	c.printf("\tout->msgh_bits |= complex;\n\tout->msgh_size = p - (char *) out;\n}\n")
}

// declare writes the variables of one argument.
func (c *C) declare(a *defs.Argument) {
	t := a.Type
	wire := t.UserType
	switch a.Direction {
	case defs.In, defs.InOut, defs.Out:
	default:
		return
	}
	out := a.Direction != defs.In
	if out && t.OutTran.Function != "" {
		wire = t.ServerType
	}
	if polyParameter(a, server) != "" || out && polyParameter(a, user) != "" {
		c.printf("\tmach_msg_type_name_t %sPoly = 0;\n", a.Name)
	}
	switch shapeOf(t) {
	case cWord, cData:
		c.printf("\t%s %s;\n", wire, a.Name)
	case cFixed, cString:
		c.printf("\t%s %s;\n", arrayOf(a, wire), arrayBounds(a))
	case cBounded, cIndefinite:
		c.printf("\t_Alignas(8) char %sRoom[%d];\n\t%s %s = (void *) %sRoom;\n", a.Name, t.Max*element(t)/max(t.Multiplier(), 1)+8, wire, a.Name, a.Name)
	case cPointer:
		c.printf("\t%s %s;\n", wire, a.Name)
	}
	if counted(t) {
		c.printf("\tmach_msg_type_number_t %sCnt = %d;\n", a.Name, limit(t))
	}
	if dealloc(a) == defs.DeallocChoice && out {
		c.printf("\tboolean_t %sDealloc = FALSE;\n", a.Name)
	}
}

// arrayOf and arrayBounds declare an array whose C type is an array already, or text of varying length.
func arrayOf(a *defs.Argument, wire string) string {
	if a.Type.Kind == defs.CString && a.Type.Number == 0 {
		return "char"
	}
	return wire
}

func arrayBounds(a *defs.Argument) string {
	if a.Type.Kind == defs.CString && a.Type.Number == 0 {
		return fmt.Sprintf("%s[%d]", a.Name, a.Type.Max)
	}
	return a.Name
}

// passed is a request port or an in argument as the server gets it.
func (c *C) passed(a *defs.Argument) string {
	if a.Type.InTran.Function != "" {
		return a.Name + "In"
	}
	if a.Direction == defs.RequestPort {
		return "in->msgh_local_port"
	}
	return a.Name
}

// pass is what the server's function gets for an argument.
func (c *C) pass(a *defs.Argument) (ps []string) {
	t := a.Type
	switch a.Direction {
	case defs.RequestPort:
		return []string{c.passed(a)}
	case defs.ReplyPort, defs.ServerReplyPort:
		return []string{"in->msgh_remote_port", "MACH_MSGH_BITS_REMOTE(in->msgh_bits)"}
	case defs.MsgSeqno:
		return []string{"in->msgh_seqno"}
	case defs.In:
		ps = []string{c.passed(a)}
		if polyParameter(a, server) != "" {
			ps = append(ps, a.Name+"Poly")
		}
		if counted(t) {
			ps = append(ps, a.Name+"Cnt")
		}
	case defs.Out, defs.InOut:
		ref := "&"
		if s := shapeOf(t); s == cFixed || s == cString || s == cBounded {
			ref = ""
		}
		ps = []string{ref + a.Name}
		if polyParameter(a, server) != "" {
			ps = append(ps, "&"+a.Name+"Poly")
		}
		if counted(t) {
			ps = append(ps, "&"+a.Name+"Cnt")
		}
		if dealloc(a) == defs.DeallocChoice {
			ps = append(ps, "&"+a.Name+"Dealloc")
		}
	}
	return ps
}

// take writes the statements that read an item of a request.
func (c *C) take(i *layout.Item) {
	a, t := i.Argument, i.Type
	d := hex(layout.Wanted(i))
	if i.Count {
		c.printf("\t{\n\t\tmach_msg_type_number_t n = mig_get_word(&r, %s);\n\t\tif (n < %sCnt)\n\t\t\t%sCnt = n;\n\t}\n", d, a.Name, a.Name)
		return
	}
	switch shapeOf(t) {
	case cWord:
		if i.Seen == layout.Poly {
			c.printf("\t%s = mig_get_any_port(&r, &%sPoly);\n", a.Name, a.Name)
			return
		}
		c.printf("\t%s = mig_get_word(&r, %s);\n", a.Name, d)
	case cData:
		c.printf("\tmig_get(&r, %s, &%s, %d);\n", d, a.Name, t.Bytes())
	case cFixed:
		c.getFixed(t, d, a.Name)
	case cString:
		c.getString(t, d, a.Name)
	default:
		c.printf("\t{\n\t\tuint32_t n;\n\t\tint inside;\n\t\tconst char *from = mig_get_array(&r, %s, %d, %d, &n, &inside);\n", d, unit(t), t.Multiplier())
		if shapeOf(t) != cPointer {
			c.printf("\t\tif (inside && n > %d)\n\t\t\tmig_bad(&r);\n\t\telse if (inside && from)\n\t\t\tmig_copy(%s, from, %d, n, %d);\n\t\telse\n\t", limit(t), a.Name, element(t), flag(t.IsPort()))
		}
		c.printf("\t\t%s = (%s) from;\n", a.Name, t.UserType)
		if counted(t) {
			c.printf("\t\t%sCnt = n;\n", a.Name)
		}
		c.printf("\t}\n")
	}
}

// translate writes the calls that make what the server wants of what the message has.
func (c *C) translate(r *defs.Routine) {
	for _, a := range r.Arguments {
		t := a.Type.InTran
		if t.Function == "" || a.Direction != defs.In && a.Direction != defs.RequestPort {
			continue
		}
		from := a.Name
		if a.Direction == defs.RequestPort {
			from = "in->msgh_local_port"
			if p := a.Type.InTranPayload; p.Function != "" {
				c.printf("\t%s %sIn = MACH_MSGH_BITS_LOCAL(in->msgh_bits) == 23 ? %s(in->msgh_protected_payload) : %s(%s);\n", t.Type, a.Name, p.Function, t.Function, from)
				continue
			}
		}
		c.printf("\t%s %sIn = %s(%s);\n", t.Type, a.Name, t.Function, from)
	}
}
