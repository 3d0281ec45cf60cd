package gen

import (
	"fmt"
	"strings"

	"defpager/ipc/mig/defs"
	"defpager/ipc/mig/layout"
)

// seqnos is the prefix of servers that get sequence numbers.
const seqnos = "seqnos_"

// serverIn is the parameters of a server's function; numbered adds the sequence number behind the request port.
func serverIn(r *defs.Routine, numbered bool) (ps []parameter) {
	said := false
	for _, a := range r.Arguments {
		said = said || a.Direction == defs.MsgSeqno
	}
	for _, a := range r.Arguments {
		name := goArgument(a.Name)
		switch a.Direction {
		case defs.RequestPort:
			ps = append(ps, parameter{name, "mach.Name"})
			if numbered && !said {
				ps = append(ps, parameter{"msgSeqno", "uint32"})
			}
		case defs.MsgSeqno:
			ps = append(ps, parameter{name, "uint32"})
		case defs.ReplyPort, defs.ServerReplyPort:
			ps = append(ps, parameter{name, "mach.Name"}, parameter{name + "As", "mach.MsgType"})
		case defs.In, defs.InOut:
			ps = append(ps, value(a, layout.Wire(a.Type.Out))...)
		case defs.Out:
			if a.CountInOut {
				ps = append(ps, parameter{name + "Room", "uint32"})
			}
		}
	}
	return ps
}

// server writes a subsystem's server interface and its demultiplexer. prefix is a serverprefix, perhaps empty.
func (g *goFile) server(f *defs.File, prefix string, numbered bool) {
	name := goName(prefix + f.Name)
	first, last := f.Routines[0].ID, f.Routines[len(f.Routines)-1].ID
	g.printf("\n// %sServer carries out the routines of the subsystem %s (ids %d to %d).", name, f.Name, first, last)
	if numbered {
		g.printf(" msgSeqno is the number that\n// the request got when it was taken from its port.")
	}
	g.printf("\ntype %sServer interface {\n", name)
	for _, r := range f.Routines {
		out := "mach.Return"
		if !r.Simple {
			out = "(" + list(results(r, false)) + ")"
		}
		g.printf("%s(%s) %s\n", goName(prefix+r.Name), list(serverIn(r, numbered)), out)
	}
	g.printf("}\n")
	demux := name + "Demux"
	if f.ServerDemux != "" {
		demux = goName(f.ServerDemux)
		if numbered && !strings.HasPrefix(f.ServerDemux, seqnos) {
			demux = goName(seqnos + f.ServerDemux)
		}
	}
	g.printf("\n// %s has s carry out the request q and writes the reply to buf. ok: the id was one of the subsystem's. The reply is nil when there is to\n", demux)
	g.printf("// be none: a simpleroutine, or MIGNoReply. Rights and memory of a request that was refused are still the caller's to destroy.\n")
	g.printf("func %s(s %sServer, q *mig.Request, buf []byte) (reply []byte, code mach.Return, ok bool) {\n", demux, name)
	g.printf("switch q.Header.ID {\n")
	for _, r := range f.Routines {
		g.printf("case %d:\n", r.ID)
		g.printf("reply, code = %s(s, q, buf)\n", unexported(prefix+r.Name))
	}
	g.printf("default:\nreturn nil, mach.MIGBadID, false\n}\nreturn reply, code, true\n}\n")
	for _, r := range f.Routines {
		g.serve(name, prefix, r, numbered)
	}
}

func unexported(c string) string {
	n := goName(c)
	return "serve" + n
}

// serve writes the function that decodes one request, calls the server and encodes the reply.
func (g *goFile) serve(server, prefix string, r *defs.Routine, numbered bool) {
	request, reply := layout.Request(r), layout.Reply(r)
	buf := "buf"
	if r.Simple {
		buf = "_"
	}
	g.printf("\nfunc %s(s %sServer, q *mig.Request, %s []byte) ([]byte, mach.Return) {\n", unexported(prefix+r.Name), server, buf)
	g.printf("r := q.Reader()\n")
	for k := range request.Items {
		g.getItem(&request.Items[k])
	}
	g.printf("ret := r.End()\n")
	call := fmt.Sprintf("s.%s(%s)", goName(prefix+r.Name), strings.Join(g.callArguments(r, numbered), ", "))
	if r.Simple {
		g.printf("if ret == mach.Success {\nret = %s\n}\nreturn nil, ret\n}\n", call)
		return
	}
	g.printf("w := q.Begin(buf)\n")
	if len(reply.Items) == 1 {
		g.printf("if ret == mach.Success {\nret = %s\n}\nreturn q.Finish(buf, &w, 0, ret), ret\n}\n", call)
		return
	}
	g.printf("bits := mach.HeaderBits(0)\nif ret == mach.Success {\n")
	rs := results(r, false)
	for _, p := range rs[:len(rs)-1] {
		g.printf("var %s %s\n", p.name, p.kind)
	}
	g.printf("%s = %s\n", names(rs), call)
	if reply.Complex {
		g.printf("bits = mach.Complex\n")
	}
	for k := range reply.Items[1:] {
		i := &reply.Items[k+1]
		g.putItem(i, !reply.Complex && reply.May, i.Argument.Direction == defs.InOut)
	}
	g.printf("}\nreturn q.Finish(buf, &w, bits, ret), ret\n}\n")
}

// getItem reads one item of a request.
func (g *goFile) getItem(i *layout.Item) {
	name := goArgument(i.Argument.Name)
	if i.Count {
		g.printf("%sRoom := min(r.Uint32(), %d)\n", name, limit(i.Argument.Type))
		return
	}
	if i.Seen == layout.Poly {
		g.printf("%s, %sAs := r.PolyPort()\n", name, name)
		return
	}
	g.need(i.Type)
	g.printf("%s := %s\n", name, get(i))
}

// callArguments is what the demultiplexer gives to the server's function.
func (g *goFile) callArguments(r *defs.Routine, numbered bool) (out []string) {
	for _, p := range serverIn(r, numbered) {
		out = append(out, p.name)
	}
	k := 0
	for _, a := range r.Arguments {
		switch a.Direction {
		case defs.RequestPort:
			out[k] = "q.Port()"
			k++
			if k < len(out) && out[k] == "msgSeqno" {
				out[k] = "q.Header.Seqno"
				k++
			}
		case defs.MsgSeqno:
			out[k] = "q.Header.Seqno"
			k++
		case defs.ReplyPort, defs.ServerReplyPort:
			out[k], out[k+1] = "mach.Name(q.Header.Remote)", "q.Header.Bits.Remote()"
			k += 2
		case defs.In, defs.InOut:
			k += len(value(a, layout.Wire(a.Type.Out)))
		case defs.Out:
			if a.CountInOut {
				k++
			}
		}
	}
	return out
}
