package main

import (
	"fmt"

	"defpager/mach"
)

// moment is when a manager can die: after each of the traps by which it works, and before those that answer. They are all, as nobody sees what it does between two
// traps. A manager receives five kinds of messages, and with one that it received it loses what came in it. What each wants of it takes one or two traps more, or is
// an answer, for which it waits for others first if it delays them.
type moment int

const (
	noMoment moment = iota

	createReceived  // memory_object_create
	createCollected // the object's port is in the set
	createDone      // and the right to the name port is given up

	initializeReceived // memory_object_data_initialize: pages that it never had
	initializeStored   // they are copied
	initializeDone     // and the memory of the message is given up

	returnReceived // memory_object_data_return: pages that it had and gave
	returnStored
	returnDone

	requestReceived // memory_object_data_request
	answerBegun     // memory_object_data_supply is what comes next
	answerGiven     // and was sent

	terminateReceived // memory_object_terminate
	terminateSeen     // the ports that it brings are still there
	terminateHalf     // the control port is destroyed
	terminateDone     // and the name port

	moments
)

func (p moment) String() string {
	return [...]string{
		"never", "with memory_object_create received", "with the object's port in its set", "after memory_object_create",
		"with memory_object_data_initialize received", "with new pages stored", "after memory_object_data_initialize",
		"with memory_object_data_return received", "with pages stored again", "after memory_object_data_return",
		"with memory_object_data_request received", "before memory_object_data_supply", "after memory_object_data_supply",
		"with memory_object_terminate received", "with the ports of memory_object_terminate", "with one of its ports destroyed", "after memory_object_terminate",
	}[p]
}

// once reports whether a manager gets there once in its life, as it has one object.
func (p moment) once() bool { return p <= createDone || p >= terminateReceived }

// onReceipt and whenDone are the moments that belong to a message.
func onReceipt(id mach.MsgID) moment {
	switch id {
	case mach.IDMemoryObjectCreate:
		return createReceived
	case mach.IDMemoryObjectDataInitialize:
		return initializeReceived
	case mach.IDMemoryObjectDataReturn:
		return returnReceived
	case mach.IDMemoryObjectDataRequest:
		return requestReceived
	case mach.IDMemoryObjectTerminate:
		return terminateReceived
	}
	return noMoment
}

func whenDone(id mach.MsgID) moment {
	switch id {
	case mach.IDMemoryObjectCreate:
		return createDone
	case mach.IDMemoryObjectDataInitialize:
		return initializeDone
	case mach.IDMemoryObjectDataReturn:
		return returnDone
	case mach.IDMemoryObjectTerminate:
		return terminateDone
	}
	return noMoment
}

// death is when a manager dies: after so many messages and answers, or when it is at a moment for so many times.
type death struct {
	steps  int // of any kind; less than 0: after none
	moment moment
	turn   int  // counted from 1
	delay  int  // how many requests it leaves unanswered
	mute   bool // nobody looks at the messages that it has not received: the kernel destroys them
}

// never is the death of a manager that outlives its round.
var never = death{steps: -1}

// pack is what the command to begin a manager says.
func (d death) pack() (a, b uint64) {
	if b = uint64(d.moment)<<32 | uint64(d.turn)<<16 | uint64(d.delay); d.mute {
		b |= 1 << 63
	}
	return uint64(d.steps), b
}

func unpack(a, b uint64) death {
	return death{steps: int(a), moment: moment(b << 1 >> 33), turn: int(uint16(b >> 16)), delay: int(uint16(b)), mute: b>>63 != 0}
}

func (d death) String() string {
	messages := ""
	if d.mute {
		messages = ", with its messages"
	}
	if d.moment == noMoment {
		return fmt.Sprintf("after %d steps, %d answers delayed%s", d.steps, d.delay, messages)
	}
	return fmt.Sprintf("at time %d %v, %d answers delayed%s", d.turn, d.moment, d.delay, messages)
}
