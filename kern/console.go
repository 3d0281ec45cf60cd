package kern

import (
	"defpager/ipc"
	"defpager/mach"
	"defpager/mm/vm"
)

// consoleDevice is the device "console": text that is written to it is shown as that of mach_print. What is typed is the monitor's.
type consoleDevice struct{ *Kernel }

// inbandMost is the most that device_write_inband writes, in bytes (io_buf_ptr_inband_t).
const inbandMost = 128

// serveConsole answers a request to the device "console".
func (k *Kernel) serveConsole(m *ipc.Message) *ipc.Message {
	r := m.Reader()
	switch m.ID() {
	case mach.IDDeviceClose:
		if r.End() == mach.Success {
			return m.ReplyCode(mach.Success)
		}
	case mach.IDDeviceWriteInband:
		_, _ = r.Uint32(), r.Uint64()
		text, _ := r.Array(mach.MsgChar, 8, inbandMost)
		if r.End() == mach.Success {
			k.log.Write(text)
			return replyCount(m, len(text))
		}
	case mach.IDDeviceWrite:
		_, _ = r.Uint32(), r.Uint64()
		handle, size := r.OutOfLine(mach.MsgByte, 8)
		if r.End() != mach.Success {
			break
		}
		if size == 0 {
			return replyCount(m, 0)
		}
		c, ok := m.TakeMemory(handle).(*vm.Copy)
		if !ok || c.Size() != uint64(size) {
			return m.ReplyCode(mach.InvalidArgument)
		}
		return k.writeConsole(m, c)
	case mach.IDDeviceRead, mach.IDDeviceReadInband, mach.IDDeviceMap, mach.IDDeviceSetStatus, mach.IDDeviceGetStatus, mach.IDDeviceSetFilter,
		mach.IDDeviceIntrRegister, mach.IDDeviceIntrAck:
		return m.ReplyCode(mach.DeviceInvalidOperation)
	default:
		return otherPort(m)
	}
	return m.ReplyCode(mach.MIGBadArguments)
}

// writeConsole shows what is in c, which is consumed, up to printMax bytes, and answers with how many these are.
func (k *Kernel) writeConsole(m *ipc.Message, c *vm.Copy) *ipc.Message {
	n := min(c.Size(), printMax)
	err := c.ReadAt(k.text[:n], 0)
	if err == vm.Wait {
		return k.later(nil, m, ipc.Right{}, func(err error) *ipc.Message {
			if err != nil {
				c.Discard()
				return m.ReplyCode(mach.Code(err))
			}
			return k.writeConsole(m, c)
		})
	}
	c.Discard()
	if err != nil {
		return m.ReplyCode(mach.Code(err))
	}
	k.log.Write(k.text[:n])
	return replyCount(m, int(n))
}

// replyCount answers with a number of bytes.
func replyCount(m *ipc.Message, n int) *ipc.Message {
	w := m.BeginReply(16)
	w.Int32(int32(n))
	return m.FinishReply(&w)
}
