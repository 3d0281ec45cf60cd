package main

import (
	"fmt"
	"os"
	"strconv"
	"strings"
	"testing"
)

// fromKernel are messages that the kernel sends and this program does not have sent to it: they need paging, a copy strategy that the kernel does
// not use, or a full queue.
var fromKernel = map[string]bool{
	"memory_object_create": true, "memory_object_data_initialize": true, "memory_object_copy": true, "mach_notify_msg_accepted": true,
}

// endless are requests after which nothing more can be asked.
var endless = map[string]bool{"thread_terminate_release": true, "task_set_essential": true, "memory_object_destroy": true}

// The table has every message of GNU MIG's, and its items lie where those stubs have them.
func TestTableAgainstReference(t *testing.T) {
	rows, err := parse(table)
	if err != nil {
		t.Fatal(err)
	}
	reference, err := os.ReadFile("../../ipc/mig/layout/testdata/reference.txt")
	if err != nil {
		t.Fatal(err)
	}
	type message struct {
		id, size int
		offsets  []string
	}
	known := map[string]message{}
	for _, line := range strings.Split(strings.TrimSpace(string(reference)), "\n") {
		words := strings.Fields(line)
		if words[0] == "#" {
			continue
		}
		m := message{}
		m.id, _ = strconv.Atoi(words[2])
		m.size, _ = strconv.Atoi(words[3])
		for _, w := range words[4:] {
			m.offsets = append(m.offsets, w[strings.IndexByte(w, '@')+1:])
		}
		known[words[0]+" "+words[1]] = m
	}
	check := func(r *row, sort string, items []item, id, at int) {
		m, ok := known[r.name+" "+sort]
		if !ok {
			return // the reference has no layout of it
		}
		if m.id != id {
			t.Errorf("%s: id %d, reference %d", r.name, id, m.id)
		}
		var offsets []string
		if sort == "r" {
			offsets = append(offsets, "40")
		}
		for i := range items {
			offsets = append(offsets, strconv.Itoa(at+8))
			at += items[i].size
			if items[i].values != nil && items[i].kind == "i*" {
				return // as many as are given: the reference has the most
			}
		}
		for i := range items {
			if items[i].outOfLine && m.size > at {
				return // more than there is room for inline, where the reference has it
			}
			if k := items[i].kind; items[i].values != nil && (strings.HasSuffix(k, "*") || strings.HasSuffix(k, "[]")) {
				return
			}
		}
		if fmt.Sprint(offsets) != fmt.Sprint(m.offsets) || at != m.size {
			t.Errorf("%s %s: %v, %d bytes; reference %v, %d bytes", r.name, sort, offsets, at, m.offsets, m.size)
		}
	}
	have := map[string]bool{}
	for i := range rows {
		r := &rows[i]
		have[r.name] = true
		if r.incoming {
			check(r, "R", r.reply, r.id, 32)
			continue
		}
		check(r, "R", r.request, r.id, 32)
		if r.code == 0 && !r.oneWay {
			check(r, "r", r.reply, r.id+100, 48)
		}
	}
	for name := range known {
		name, sort, _ := strings.Cut(name, " ")
		if sort == "R" && !have[name] && !fromKernel[name] && !endless[name] {
			t.Errorf("%s is not in the table", name)
		}
	}
}
