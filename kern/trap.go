package kern

import (
	"encoding/binary"

	"defpager/ipc"
	"defpager/mach"
	"defpager/mm/vm"
)

var le = binary.LittleEndian

// notHandled makes the stub of a trap fall back to the message: the task that it names is not one.
const notHandled = mach.SendInterrupted

// trap does what SYSCALL asked for. Arguments are in RDI, RSI, RDX, R10, R8, R9, then on the stack above the return address;
// only the lower half of RAX counts.
func (k *Kernel) trap(t *Thread) {
	r := &t.regs
	n := mach.Trap(int32(r.RAX))
	if k.trace.on && n != mach.TrapMsg {
		k.traceTrap(t, n)
	}
	switch n {
	case mach.TrapMsg:
		k.trapMsg(t)
	case mach.TrapReplyPort:
		name, _ := t.task.space.Allocate(mach.RightReceive)
		t.setName(name)
	case mach.TrapThreadSelf:
		t.selfName = k.nameOf(t, t.self, t.selfName)
	case mach.TrapTaskSelf:
		t.task.selfName = k.nameOf(t, t.task.self, t.task.selfName)
	case mach.TrapHostSelf:
		name, _ := t.task.space.Insert(k.hostPort.MakeSend())
		t.setName(name)
	case mach.TrapPrint:
		k.endTrap(t, k.print(t, mach.VirtAddr(r.RDI)))
	case mach.TrapSwtch, mach.TrapSwtchPri:
		others := k.handOff != nil || !k.ready.empty()
		r.RAX = 0
		if others {
			r.RAX = 1
			k.yield(t)
		}
	case mach.TrapThreadSwitch:
		k.threadSwitch(t)
	case mach.TrapMap:
		k.trapMap(t)
	case mach.TrapAllocate:
		k.trapAllocate(t)
	case mach.TrapDeallocate:
		k.onTask(t, func(target *Task) mach.Return {
			return mach.Code(target.memory.Map.Deallocate(mach.VirtAddr(r.RSI), r.RDX))
		})
	case mach.TrapTaskCreate:
		k.trapTaskCreate(t)
	case mach.TrapTaskTerminate:
		k.onTask(t, func(target *Task) mach.Return { k.terminateTask(target); return mach.Success })
	case mach.TrapTaskSuspend:
		k.onTask(t, k.suspendTask)
	case mach.TrapTaskSetSpecialPort:
		k.onTask(t, t.trapSetSpecialPort)
	case mach.TrapPortAllocate:
		k.onTask(t, func(target *Task) mach.Return {
			name, code := target.space.Allocate(mach.Right(r.RSI))
			if code == mach.Success && !k.putName(t, r.RDX, name) {
				target.dropReceive(name, mach.Right(r.RSI))
				return mach.InvalidAddress
			}
			return code
		})
	case mach.TrapPortAllocateName:
		k.onTask(t, func(target *Task) mach.Return {
			return target.space.AllocateName(mach.Right(r.RSI), mach.Name(r.RDX))
		})
	case mach.TrapPortDeallocate:
		k.onTask(t, func(target *Task) mach.Return { return target.space.Deallocate(mach.Name(r.RSI)) })
	case mach.TrapPortInsertRight:
		k.onTask(t, t.trapInsertRight)
	case mach.TrapThreadDepressAbort:
		t.setResult(mach.InvalidArgument)
		if th, ok := k.thread(t, r.RDI); ok && th != nil {
			t.setResult(mach.Success)
		}
	case mach.TrapThreadSetSelfState:
		k.trapSetSelfState(t)
	default:
		if n >= 0 || n <= -mach.TrapTableSize {
			k.raise(t, mach.ExcBadInstruction, 1, 0)
			return
		}
		t.setResult(mach.InvalidArgument)
	}
}

// trapSetSpecialPort is task_set_special_port of a task, by the thread's trap.
func (t *Thread) trapSetSpecialPort(target *Task) mach.Return {
	name, right, code := mach.Name(t.regs.RDX), ipc.Right{}, mach.Success
	if name != mach.NameNull && name != mach.NameDead {
		if right, code = t.task.space.LookupSend(name); code != mach.Success {
			return notHandled
		}
	}
	which := int32(t.regs.RSI)
	return setSpecial(target.special(which), which, right)
}

// trapInsertRight is mach_port_insert_right into a task's names, by the thread's trap.
func (t *Thread) trapInsertRight(target *Task) mach.Return {
	r := &t.regs
	disposition := mach.MsgType(r.R10)
	if uint32(r.R10)>>8 != 0 || !disposition.IsPort() {
		return mach.InvalidValue
	}
	right, code := t.task.space.Extract(mach.Name(r.RDX), disposition)
	if code != mach.Success {
		return code
	}
	if code = target.space.InsertName(mach.Name(r.RSI), right); code != mach.Success {
		right.Release()
	}
	return code
}

// nameOf returns the name of one more reference of a right in the thread's space: last, the one that it had, or another.
func (k *Kernel) nameOf(t *Thread, r ipc.Right, last mach.Name) mach.Name {
	if t.task.space.Again(last, r.Port) == mach.NameNull {
		last, _ = t.task.space.Insert(r.Copy())
	}
	t.setName(last)
	return last
}

// onTask does f with the task that the first argument names, and returns what it returns.
func (k *Kernel) onTask(t *Thread, f func(target *Task) mach.Return) {
	code := notHandled
	if target := k.taskNamed(t, t.regs.RDI); target != nil {
		code = f(target)
	}
	k.endTrap(t, code)
}

// endTrap is setResult, unless the trap failed for a page that its manager has yet to supply: then it begins anew when the page is there.
// Nothing that it did before may be done twice.
func (k *Kernel) endTrap(t *Thread, code mach.Return) {
	if code != mach.Success && k.env.Waits() {
		k.awaitPage(t, waitTrap, mach.Success)
		return
	}
	t.setResult(code)
}

// taskNamed is the task whose port name denotes for t; nil if it is no task's.
func (k *Kernel) taskNamed(t *Thread, name uint64) *Task {
	if p := t.task.space.Lookup(mach.Name(name)); p != nil {
		if target, ok := p.Object().(*Task); ok && !target.dying {
			return target
		}
	}
	return nil
}

func (k *Kernel) thread(t *Thread, name uint64) (*Thread, bool) {
	if p := t.task.space.Lookup(mach.Name(name)); p != nil {
		th, ok := p.Object().(*Thread)
		return th, ok && !th.dead
	}
	return nil, false
}

// putName writes a name to the caller's memory.
func (k *Kernel) putName(t *Thread, at uint64, name mach.Name) bool {
	b := [4]byte{byte(name), byte(name >> 8), byte(name >> 16), byte(name >> 24)}
	return k.putResult(t, mach.VirtAddr(at), b[:])
}

// dropReceive undoes an Allocate.
func (t *Task) dropReceive(name mach.Name, right mach.Right) {
	t.space.ModRefs(name, right, -1)
}

func (t *Thread) getAddress(at uint64) (v uint64, ok bool) {
	var b [8]byte
	if t.task.memory.CopyIn(b[:], mach.VirtAddr(at)) != nil {
		return 0, false
	}
	return le.Uint64(b[:]), true
}

func (k *Kernel) putAddress(t *Thread, at, v uint64) bool {
	var b [8]byte
	le.PutUint64(b[:], v)
	return k.putResult(t, mach.VirtAddr(at), b[:])
}

// stackArguments reads the arguments from the seventh on. A stack that cannot be read is an exception at that address.
func (k *Kernel) stackArguments(t *Thread, args []uint64) bool {
	var b [5 * 8]byte
	n := 8 * len(args)
	at := mach.VirtAddr(t.regs.RSP + 8)
	if err := t.task.memory.CopyIn(b[:n], at); err != nil {
		if err == vm.Wait {
			k.awaitPage(t, waitTrap, mach.Success)
			return false
		}
		k.raise(t, mach.ExcBadAccess, int32(mach.Code(err)), uint64(at))
		return false
	}
	for i := range args {
		args[i] = le.Uint64(b[8*i:])
	}
	return true
}

// trapMsg is mach_msg.
func (k *Kernel) trapMsg(t *Thread) {
	r, w := &t.regs, &t.waiter
	a := &w.Args
	a.Addr, a.Option, a.SendSize = mach.VirtAddr(r.RDI), mach.Option(r.RSI), uint32(r.RDX)
	a.RcvSize, a.RcvName, a.Timeout = uint32(r.R10), mach.Name(r.R8), uint32(r.R9)
	how := ipc.Declined
	if k.trace.on {
		k.traceTrap(t, mach.TrapMsg)
	} else {
		var to *ipc.Waiter
		how, to = t.task.space.Fast(w)
		if how == ipc.HandedOver {
			k.handOver(t, to.Owner.(*Thread))
			return
		}
		if how == ipc.Finished {
			t.setResult(w.Result())
			return
		}
	}
	if a.Option&(mach.OptSendNotify|mach.OptSendCancel|mach.OptRcvNotify) != 0 {
		var notify [1]uint64
		if !k.stackArguments(t, notify[:]) {
			return
		}
		a.Notify = mach.Name(notify[0])
	}
	code, done := t.task.space.Proceed(&t.task.memory, w, how)
	if code != mach.Success && k.env.Waits() && (code == mach.SendInvalidData || code == mach.SendInvalidMemory) {
		k.awaitPage(t, waitTrap, code) // a message that was not copied in has left everything as it was
		return
	}
	k.afterMsg(t, code, done)
}

// handOver ends a mach_msg of t that sent a message and waits for another. The receiver has its message already: it goes on in what is left of the
// turn, unless it may not run.
func (k *Kernel) handOver(t, receiver *Thread) {
	t.wait, t.awake = waitMessage, false
	receiver.wait = waitNone
	receiver.setResult(mach.Success)
	if receiver.slot >= 0 {
		k.sleep.remove(&receiver.sleeper)
	}
	if k.current == t && receiver.runnable() && !receiver.queued {
		k.begin(receiver)
		return
	}
	if k.current == t {
		k.current = nil
	}
	k.makeReady(receiver)
}

// afterMsg ends a step of mach_msg: it is done, or the thread waits, and there may be a receiver to run next.
func (k *Kernel) afterMsg(t *Thread, code mach.Return, done bool) {
	if done {
		t.setResult(code)
	} else {
		t.wait = waitMessage
		t.awake = false
		if ms, ok := t.waiter.Timeout(); ok {
			k.sleep.add(&t.sleeper, ms)
		}
		if k.current == t {
			k.current = nil
		}
	}
	if w := t.waiter.HandOff(); w != nil {
		receiver := w.Owner.(*Thread)
		if receiver.waiter.Delivered() {
			receiver.wait = waitNone
			receiver.setResult(mach.Success)
		} else {
			receiver.awake = true
		}
		if receiver.slot >= 0 {
			k.sleep.remove(&receiver.sleeper)
		}
		if k.current == nil && k.handOff == nil && receiver.runnable() && !receiver.queued {
			k.handOff = receiver
		} else {
			k.makeReady(receiver)
		}
	}
}

// Options of thread_switch (mach/thread_switch.h).
const (
	switchDepress = 1
	switchWait    = 2
)

// threadSwitch is thread_switch(thread, option, time): the named thread runs next if it can.
func (k *Kernel) threadSwitch(t *Thread) {
	r := &t.regs
	option := int32(r.RSI)
	if option < 0 || option > switchWait {
		t.setResult(mach.InvalidArgument)
		return
	}
	if other, ok := k.thread(t, r.RDI); ok && other != t && other.queued && other.runnable() && k.handOff == nil {
		k.ready.remove(other)
		k.handOff = other
	}
	t.setResult(mach.Success)
	if option == switchWait {
		t.wait = waitTimer
		k.sleep.add(&t.sleeper, uint32(r.RDX))
		k.current = nil
		return
	}
	k.yield(t)
}

// trapMap is vm_map(task, address*, size, mask, anywhere, object, offset, copy, cur, max, inheritance).
func (k *Kernel) trapMap(t *Thread) {
	r := &t.regs
	var more [5]uint64
	if !k.stackArguments(t, more[:]) {
		return
	}
	k.onTask(t, func(target *Task) mach.Return {
		address, ok := t.getAddress(r.RSI)
		if !ok {
			return mach.InvalidAddress
		}
		a := vm.MapArgs{
			Address: mach.VirtAddr(address), Size: r.RDX, Mask: mach.VirtAddr(r.R10), Anywhere: uint32(r.R8) != 0, Offset: more[0],
			Copy: uint32(more[1]) != 0, Cur: mach.Prot(int32(more[2])), Max: mach.Prot(int32(more[3])), Inherit: mach.Inherit(int32(more[4])),
		}
		right := ipc.Right{}
		if name := mach.Name(r.R9); name != mach.NameNull {
			var code mach.Return
			if right, code = t.task.space.LookupSend(name); code != mach.Success {
				return notHandled
			}
		}
		at, code := k.mapObject(target, &a, right)
		right.Release()
		if code == mach.Success && !k.putAddress(t, r.RSI, uint64(at)) {
			_ = target.memory.Map.Deallocate(at, a.Size)
			return mach.InvalidAddress
		}
		return code
	})
}

// trapAllocate is vm_allocate(task, address*, size, anywhere).
func (k *Kernel) trapAllocate(t *Thread) {
	r := &t.regs
	k.onTask(t, func(target *Task) mach.Return {
		address, ok := t.getAddress(r.RSI)
		if !ok {
			return mach.InvalidAddress
		}
		at, err := target.memory.Allocate(mach.VirtAddr(address), r.RDX, uint32(r.R10) != 0)
		if err == nil && !k.putAddress(t, r.RSI, uint64(at)) {
			_ = target.memory.Map.Deallocate(at, r.RDX)
			return mach.InvalidAddress
		}
		return mach.Code(err)
	})
}

// trapTaskCreate is task_create(parent, inherit_memory, child*).
func (k *Kernel) trapTaskCreate(t *Thread) {
	r := &t.regs
	k.onTask(t, func(parent *Task) mach.Return {
		child, err := k.newTask(parent.name, parent, uint32(r.RSI) != 0)
		if err != nil {
			return mach.Code(err)
		}
		name, code := t.task.space.Insert(child.self.Copy())
		if code == mach.Success && !k.putName(t, r.RDX, name) {
			t.task.space.Deallocate(name)
			code = mach.InvalidAddress
		}
		if code != mach.Success {
			k.terminateTask(child)
		}
		return code
	})
}

// trapSetSelfState is thread_set_self_state(flavor, state*, count), of every flavor. With the registers of THREAD_STATE it does not return:
// the thread goes on with all of them as the state has them, RAX too.
func (k *Kernel) trapSetSelfState(t *Thread) {
	r := &t.regs
	flavor, at, count := int32(r.RDI), mach.VirtAddr(r.RSI), uint32(r.RDX)
	if count > stateWords {
		t.setResult(mach.InvalidArgument)
		return
	}
	var b [4 * stateWords]byte
	if err := t.task.memory.CopyIn(b[:4*count], at); err != nil {
		k.endTrap(t, mach.Code(err))
		return
	}
	before := r.RAX
	t.setResult(mach.Success)
	if code := t.setState(flavor, b[:], count); code != mach.Success {
		r.RAX = before
		t.setResult(code)
	}
}

// printMax bounds the text of one mach_print, in bytes.
const printMax = 4096

// print shows a C string of the caller's.
func (k *Kernel) print(t *Thread, at mach.VirtAddr) mach.Return {
	const piece = 256
	for done := 0; done < printMax; {
		n := min(piece, printMax-done, int(mach.PageSize-at.Offset()))
		b := k.text[done : done+n]
		if err := t.task.memory.CopyIn(b, at); err != nil {
			if err != vm.Wait {
				k.log.Write(k.text[:done])
			}
			return mach.Code(err)
		}
		for i, c := range b {
			if c == 0 {
				k.log.Write(k.text[:done+i])
				return mach.Success
			}
		}
		done += n
		at += mach.VirtAddr(n)
	}
	k.log.Write(k.text[:])
	return mach.Success
}
