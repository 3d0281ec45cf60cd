package kern

import (
	"defpager/ipc"
	"defpager/mach"
)

// otherPort answers a request that the port is not for. As in GNU Mach the id alone says which routine is asked for, and it is the routine
// that finds the port to be no task, thread, host or whatever it works on. MIGBadID: the kernel has no such routine.
func otherPort(m *ipc.Message) *ipc.Message { return m.ReplyCode(otherPortCode(m.ID())) }

func otherPortCode(id mach.MsgID) mach.Return {
	switch id {
	case mach.IDTaskCreate, mach.IDGsyncWait, mach.IDGsyncWake, mach.IDGsyncRequeue, mach.IDMemoryObjectCreateProxy,
		mach.IDPortGetSendRights, mach.IDPortDNRequestInfo, mach.IDPortKernelObject, mach.IDVMRegionInfo:
		return mach.InvalidTask
	case mach.IDVMSetDefaultManager, mach.IDHostDefaultManager, mach.IDHostSetTime, mach.IDHostAdjustTime, mach.IDHostGetTime, mach.IDHostReboot,
		mach.IDVMWire, mach.IDThreadWire, mach.IDHostGetTime64, mach.IDHostSetTime64, mach.IDHostAdjustTime64, mach.IDHostGetUptime64,
		mach.IDTaskMaxPriority, mach.IDPortSetKtype, mach.IDTaskNotification, mach.IDVMWireAll, mach.IDVMAllocateContiguous, mach.IDVMPagesPhys,
		mach.IDVMSetSizeLimit, mach.IDHostGetBootInfo, mach.IDProcessorSetPriv, mach.IDPagerTaskSetLimits,
		mach.IDHostSlabInfo, mach.IDPagerHostFigures:
		return mach.InvalidHost
	case mach.IDTaskTerminate, mach.IDTaskGetEmulationVector, mach.IDTaskSetEmulationVector, mach.IDTaskThreads, mach.IDTaskInfo,
		mach.IDThreadTerminate, mach.IDThreadGetState, mach.IDThreadSetState, mach.IDThreadInfo, mach.IDVMAllocate, mach.IDVMDeallocate,
		mach.IDVMProtect, mach.IDVMInherit, mach.IDVMRead, mach.IDVMWrite, mach.IDVMCopy, mach.IDVMRegion, mach.IDVMStatistics,
		mach.IDPortsRegister, mach.IDPortsLookup, mach.IDMemoryObjectDataUnavailable, mach.IDMemoryObjectGetAttributes,
		mach.IDMemoryObjectLockRequest, mach.IDTaskSuspend, mach.IDTaskResume, mach.IDTaskGetSpecialPort, mach.IDTaskSetSpecialPort,
		mach.IDThreadCreate, mach.IDThreadSuspend, mach.IDThreadResume, mach.IDThreadAbort, mach.IDThreadGetSpecialPort,
		mach.IDThreadSetSpecialPort, mach.IDTaskSetEmulation, mach.IDTaskRASControl, mach.IDVMMap, mach.IDMemoryObjectDataError,
		mach.IDMemoryObjectDestroy, mach.IDMemoryObjectDataSupply, mach.IDMemoryObjectReady, mach.IDMemoryObjectChangeAttributes,
		mach.IDVMMachineAttribute, mach.IDVMRegionCreateProxy, mach.IDVMCacheStatistics, mach.IDThreadTerminateRelease, mach.IDTaskSetName,
		mach.IDVMObjectSync, mach.IDVMMsync, mach.IDTaskSetEssential, mach.IDThreadSetName, mach.IDThreadGetName, mach.IDVMGetSizeLimit,
		mach.IDXStateSize, mach.IDPagerObjectCreate, mach.IDPagerObjectFigures, mach.IDPagerTaskFigures, mach.IDVMObjectInfo,
		mach.IDVMObjectPages, mach.IDVMObjectPagesPhys:
		return mach.InvalidArgument
	case mach.IDDeviceOpen:
		return mach.DeviceInvalidOperation
	}
	switch {
	case id >= mach.IDPortNames && id <= mach.IDPortModRefs, id >= mach.IDPortSetQLimit && id <= mach.IDPortSetSeqno,
		id == mach.IDPortSetPayload, id == mach.IDPortClearPayload:
		return mach.InvalidTask
	case isProcessorCall(id), id == mach.IDHostInfo, id == mach.IDHostKernelVersion, id == mach.IDHostGetKernelVersion:
		return mach.InvalidArgument
	case id >= mach.IDDeviceClose && id <= mach.IDDeviceReadInband, id >= mach.IDDeviceMap && id <= mach.IDDeviceIntrAck:
		return mach.DeviceNone
	}
	return mach.MIGBadID
}
