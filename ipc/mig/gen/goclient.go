package gen

import (
	"fmt"
	"strings"

	"defpager/ipc/mig/defs"
	"defpager/ipc/mig/layout"
	"defpager/mach"
)

// goFile writes one Go file.
type goFile struct {
	body    strings.Builder
	helpers map[string]*defs.Type // functions for structs and arrays, by the name of the type or of the reading function
}

func (g *goFile) printf(format string, args ...any) { fmt.Fprintf(&g.body, format, args...) }

// need notes the helpers that reading and writing t takes.
func (g *goFile) need(t *defs.Type) {
	kind := goType(t)
	switch {
	case kind == "mig.Array" || t.Kind == defs.CString:
	case t.Kind == defs.Struct && len(t.Fields) > 0:
		g.helpers[kind] = t
		for _, f := range t.Fields {
			g.need(f.Type)
		}
	case strings.HasPrefix(kind, "["):
		g.helpers[arrayName("get", t)] = t
	}
}

// parameter is one parameter or result of a function.
type parameter struct{ name, kind string }

func list(ps []parameter) string {
	out := make([]string, len(ps))
	for i, p := range ps {
		out[i] = p.name + " " + p.kind
	}
	return strings.Join(out, ", ")
}

func names(ps []parameter) string {
	out := make([]string, len(ps))
	for i, p := range ps {
		out[i] = p.name
	}
	return strings.Join(out, ", ")
}

// value is the parameters that an argument is: with a disposition where nothing else says it.
func value(a *defs.Argument, wire mach.MsgType) []parameter {
	ps := []parameter{{goArgument(a.Name), goType(a.Type)}}
	if wire == layout.Poly {
		ps = append(ps, parameter{goArgument(a.Name) + "As", "mach.MsgType"})
	}
	return ps
}

// clientIn is the parameters of a client function.
func clientIn(r *defs.Routine) (ps []parameter) {
	for _, a := range r.Arguments {
		name := goArgument(a.Name)
		switch a.Direction {
		case defs.RequestPort:
			ps = append(ps, parameter{name, "mach.Name"})
			if layout.Wire(a.Type.In) == layout.Poly {
				ps = append(ps, parameter{name + "As", "mach.MsgType"})
			}
		case defs.ReplyPort, defs.UserReplyPort:
			ps = append(ps, value(a, layout.Wire(a.Type.In))...)
		case defs.WaitTime:
			ps = append(ps, parameter{name, "uint32"})
		case defs.MsgOption:
			ps = append(ps, parameter{name, "mach.Option"})
		case defs.In, defs.InOut:
			ps = append(ps, value(a, layout.Wire(a.Type.In))...)
			if dealloc(a) == defs.DeallocChoice {
				ps[len(ps)-1].kind = "mig.Array" // Array.Deallocate says it
			}
		case defs.Out:
			if a.CountInOut {
				ps = append(ps, parameter{name + "Room", "uint32"})
			}
		}
	}
	return ps
}

// dealloc is what an argument says of its memory, or its type.
func dealloc(a *defs.Argument) defs.Dealloc {
	if a.Dealloc != defs.DeallocNo {
		return a.Dealloc
	}
	return a.Type.Dealloc
}

// results is what a routine answers: to the client (seen), or what a server returns.
func results(r *defs.Routine, seen bool) (ps []parameter) {
	for _, a := range r.Arguments {
		if a.Direction == defs.Out || a.Direction == defs.InOut {
			name := a.Type.In
			if seen {
				name = a.Type.Out
			}
			p := value(a, layout.Wire(name))
			if a.Direction == defs.InOut {
				for i := range p {
					p[i].name += "Out"
				}
			}
			ps = append(ps, p...)
		}
	}
	return append(ps, parameter{"ret", "mach.Return"})
}

// client writes a routine's client function.
func (g *goFile) client(r *defs.Routine) {
	request, reply := layout.Request(r), layout.Reply(r)
	name := goName(r.Name)
	what := "the routine"
	out := list(results(r, true))
	if r.Simple {
		what, out = "the simpleroutine", "ret mach.Return"
	}
	g.printf("\n// %s calls %s %s, id %d.\n", name, what, r.Name, r.ID)
	g.printf("func %s(%s) (%s) {\n", name, list(append([]parameter{{"c", "mig.Caller"}}, clientIn(r)...)), out)
	w := "w := "
	if len(request.Items) == 0 {
		w = ""
	}
	g.printf("%sc.Request()\n", w)
	bits := "0"
	if request.Complex {
		bits = "mach.Complex"
	}
	if request.May && !request.Complex {
		g.printf("bits := mach.HeaderBits(0)\n")
		bits = "bits"
	}
	for k := range request.Items {
		g.putItem(&request.Items[k], request.May && !request.Complex, false)
	}
	g.printf("%s\n", g.exchange(r, bits))
	if !r.Simple {
		g.answer(r, reply)
	}
	g.printf("}\n")
}

// putItem writes one item of a request or a reply; bits says that the header's bits depend on it.
func (g *goFile) putItem(i *layout.Item, bits, inout bool) {
	if i.Count {
		g.printf("w.Uint32(min(%sRoom, %d))\n", goArgument(i.Argument.Name), limit(i.Argument.Type))
		return
	}
	name := goArgument(i.Argument.Name)
	if inout {
		name += "Out"
	}
	g.need(i.Type)
	if goType(i.Type) == "mig.Array" && dealloc(i.Argument) == defs.DeallocYes {
		g.printf("%s.Deallocate = true\n", name)
	}
	g.printf("%s\n", put(i, name))
	switch {
	case !bits:
	case i.Sent == layout.Poly:
		g.printf("if %sAs.IsPort() {\nbits = mach.Complex\n}\n", name)
	case !i.Type.Indefinite && !i.Type.IsPort():
	case i.Type.IsPort():
		g.printf("bits |= mach.Complex\n")
	default:
		g.printf("bits |= %s.Bits()\n", name)
	}
}

// exchange is the statement that sends the request.
func (g *goFile) exchange(r *defs.Routine, bits string) string {
	var to, as, fields string
	wait, option := r.WaitTime, ""
	for _, a := range r.Arguments {
		name := goArgument(a.Name)
		switch a.Direction {
		case defs.RequestPort:
			to, as = name, name+"As"
			if wire := layout.Wire(a.Type.In); wire != layout.Poly {
				as = disposition(wire)
			}
		case defs.ReplyPort, defs.UserReplyPort:
			as := name + "As"
			if wire := layout.Wire(a.Type.In); wire != layout.Poly {
				as = disposition(wire)
			}
			fields += fmt.Sprintf(", Reply: %s, As: %s", name, as)
		case defs.WaitTime:
			wait = name
		case defs.MsgOption:
			option = name
		}
	}
	if wait != "" && !r.Simple {
		fields += ", Timeout: " + wait
		option = strings.TrimPrefix(option+"|mach.OptRcvTimeout", "|")
	}
	if option != "" {
		fields += ", Option: " + option
	}
	reply := "mach.MsgMakeSendOnce"
	method := "r, ret := c.Exchange"
	if r.Simple {
		method, reply = "return c.Post", "0"
	}
	all := fmt.Sprintf("mach.Bits(%s, %s)", as, reply)
	if bits != "0" {
		all += "|" + bits
	}
	return fmt.Sprintf("%s(mig.Call{To: %s, ID: %d, Bits: %s%s})", method, to, r.ID, all, fields)
}

// answer reads a reply's items and returns them.
func (g *goFile) answer(r *defs.Routine, reply *layout.Message) {
	rs := results(r, true)
	g.printf("if ret != mach.Success {\n")
	if len(rs) == 1 {
		g.printf("return ret\n}\nreturn r.End()\n")
		return
	}
	g.printf("return %s\n}\n", names(rs))
	for k := range reply.Items[1:] {
		i := &reply.Items[k+1]
		g.need(i.Type)
		name := goArgument(i.Argument.Name)
		if i.Argument.Direction == defs.InOut {
			name += "Out"
		}
		if i.Seen == layout.Poly {
			g.printf("%s, %sAs = r.PolyPort()\n", name, name)
			continue
		}
		g.printf("%s = %s\n", name, get(i))
	}
	rs[len(rs)-1].name = "r.End()"
	g.printf("return %s\n", names(rs))
}
