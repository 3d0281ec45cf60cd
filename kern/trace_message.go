package kern

import "defpager/ipc"

// traceMessage prints a step in a message's life. Ports have the numbers that the monitor's command ports shows.
func (k *Kernel) traceMessage(e ipc.Event, m *ipc.Message) {
	port, queued := m.Dest()
	switch e {
	case ipc.Sent:
		t := k.running.task
		if to := m.ReplyTo(); to != 0 {
			k.tracef("task %d (%s) sends %s, to port %d, reply to port %d", t.id, t.name, m.Describe(), port, to)
		} else {
			k.tracef("task %d (%s) sends %s, to port %d", t.id, t.name, m.Describe(), port)
		}
	case ipc.Queued:
		k.tracef("message %d waits on port %d, number %d there", m.ID(), port, queued)
	case ipc.Handed:
		k.tracef("message %d goes to a thread that waits for port %d", m.ID(), port)
	case ipc.Received:
		t := k.running.task
		k.tracef("task %d (%s) receives %s, from port %d, sequence number %d", t.id, t.name, m.Describe(), port, m.Seqno())
	}
}
