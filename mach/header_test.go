package mach

import (
	"fmt"
	"os"
	"regexp"
	"strconv"
	"strings"
	"testing"
)

// TestCHeader: the header of programs in C has every return code, under the name that String gives it, and the same numbers as this package.
func TestCHeader(t *testing.T) {
	const header = "../user/c/include/mach/mach.h"
	text, err := os.ReadFile(header)
	if err != nil {
		t.Fatal(err)
	}
	has := map[string]int64{}
	for _, m := range regexp.MustCompile(`(?m)^#define (\w+) (-?[0-9a-fx]+)u?(?: .*)?$`).FindAllStringSubmatch(string(text), -1) {
		v, err := strconv.ParseInt(m[2], 0, 64)
		if err != nil {
			continue // another expression
		}
		if old, ok := has[m[1]]; ok {
			t.Errorf("%s is defined twice: %d, %d", m[1], old, v)
		}
		has[m[1]] = v
	}
	want := map[string]int64{}
	for _, from := range []Return{Success, MIGDestroyRequest, DeviceIOError, SendInProgress, RcvInProgress} {
		for r := from; r < from+64; r++ {
			if name, ok := returnName(r); ok {
				want[name] = int64(r)
			}
		}
	}
	if len(want) < 70 {
		t.Errorf("only %d return codes have names", len(want))
	}
	for name, v := range map[string]any{
		"VM_PROT_READ": ProtRead, "VM_PROT_WRITE": ProtWrite, "VM_PROT_EXECUTE": ProtExecute, "VM_PROT_ALL": ProtAll, "VM_PROT_NO_CHANGE": ProtNoChange,
		"VM_INHERIT_SHARE": InheritShare, "VM_INHERIT_COPY": InheritCopy, "VM_INHERIT_NONE": InheritNone,
		"MEMORY_OBJECT_COPY_NONE": CopyNone, "MEMORY_OBJECT_COPY_CALL": CopyCall, "MEMORY_OBJECT_COPY_DELAY": CopyDelay, "MEMORY_OBJECT_COPY_TEMPORARY": CopyTemporary,
		"MEMORY_OBJECT_RETURN_NONE": ReturnNone, "MEMORY_OBJECT_RETURN_DIRTY": ReturnDirty, "MEMORY_OBJECT_RETURN_ALL": ReturnAll,
		"MEMORY_OBJECT_COPY_SYNC": CopySync,
		"MACH_PORT_RIGHT_SEND":    RightSend, "MACH_PORT_RIGHT_RECEIVE": RightReceive, "MACH_PORT_RIGHT_SEND_ONCE": RightSendOnce,
		"MACH_PORT_RIGHT_PORT_SET": RightPortSet, "MACH_PORT_RIGHT_DEAD_NAME": RightDeadName,
		"MACH_MSG_TYPE_INTEGER_16": MsgInteger16, "MACH_MSG_TYPE_INTEGER_32": MsgInteger32, "MACH_MSG_TYPE_CHAR": MsgChar, "MACH_MSG_TYPE_BYTE": MsgByte,
		"MACH_MSG_TYPE_REAL": MsgReal, "MACH_MSG_TYPE_INTEGER_64": MsgInteger64, "MACH_MSG_TYPE_STRING": MsgString, "MACH_MSG_TYPE_PORT_NAME": MsgPortName,
		"MACH_MSG_TYPE_MOVE_RECEIVE": MsgMoveReceive, "MACH_MSG_TYPE_MOVE_SEND": MsgMoveSend, "MACH_MSG_TYPE_MOVE_SEND_ONCE": MsgMoveSendOnce,
		"MACH_MSG_TYPE_COPY_SEND": MsgCopySend, "MACH_MSG_TYPE_MAKE_SEND": MsgMakeSend, "MACH_MSG_TYPE_MAKE_SEND_ONCE": MsgMakeSendOnce,
		"MACH_MSG_TYPE_PROTECTED_PAYLOAD": MsgProtectedPayload, "MACH_MSGH_BITS_COMPLEX": Complex,
		"MACH_SEND_MSG": OptSend, "MACH_RCV_MSG": OptRcv, "MACH_SEND_TIMEOUT": OptSendTimeout, "MACH_SEND_NOTIFY": OptSendNotify,
		"MACH_SEND_INTERRUPT": OptSendInterrupt, "MACH_SEND_CANCEL": OptSendCancel, "MACH_RCV_TIMEOUT": OptRcvTimeout, "MACH_RCV_NOTIFY": OptRcvNotify,
		"MACH_RCV_INTERRUPT": OptRcvInterrupt, "MACH_RCV_LARGE": OptRcvLarge,
	} {
		n, err := strconv.ParseInt(fmt.Sprintf("%d", v), 10, 64)
		if err != nil {
			t.Fatal(err)
		}
		want[name] = n
	}
	for e := ExcBadAccess; e <= ExcBreakpoint; e++ {
		want[e.String()] = int64(e)
	}
	for name, v := range want {
		if got, ok := has[name]; !ok || got != v {
			t.Errorf("%s has %s as %d (%v), want %d", strings.TrimPrefix(header, "../"), name, got, ok, v)
		}
	}
}
