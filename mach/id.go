package mach

// MsgID is a msgh_id: which routine a message asks for. A reply's id is its request's plus ReplyOffset.
type MsgID int32

// ReplyOffset is the distance from a request's id to its reply's.
const ReplyOffset = 100

// Message ids, GNU Mach's numbers; HostDefaultMemoryManager is OSF's.
const (
	NotifyPortDeleted   MsgID = 65
	NotifyMsgAccepted   MsgID = 66
	NotifyPortDestroyed MsgID = 69
	NotifyNoSenders     MsgID = 70
	NotifySendOnce      MsgID = 71
	NotifyDeadName      MsgID = 72

	IDTaskCreate           MsgID = 2007
	IDTaskTerminate        MsgID = 2008
	IDTaskThreads          MsgID = 2011
	IDTaskInfo             MsgID = 2012
	IDThreadTerminate      MsgID = 2016
	IDThreadGetState       MsgID = 2017
	IDThreadSetState       MsgID = 2018
	IDThreadInfo           MsgID = 2019
	IDVMAllocate           MsgID = 2021
	IDVMDeallocate         MsgID = 2023
	IDVMProtect            MsgID = 2024
	IDVMInherit            MsgID = 2025
	IDVMRead               MsgID = 2026
	IDVMWrite              MsgID = 2027
	IDVMCopy               MsgID = 2028
	IDVMRegion             MsgID = 2029
	IDVMStatistics         MsgID = 2030
	IDPortsRegister        MsgID = 2033
	IDPortsLookup          MsgID = 2034
	IDVMSetDefaultManager  MsgID = 2041
	IDTaskSuspend          MsgID = 2056
	IDTaskResume           MsgID = 2057
	IDTaskGetSpecialPort   MsgID = 2058
	IDTaskSetSpecialPort   MsgID = 2059
	IDThreadCreate         MsgID = 2061
	IDThreadSuspend        MsgID = 2062
	IDThreadResume         MsgID = 2063
	IDThreadAbort          MsgID = 2064
	IDThreadGetSpecialPort MsgID = 2067
	IDThreadSetSpecialPort MsgID = 2068
	IDVMMap                MsgID = 2089

	// From a memory manager to the kernel, on an object's control port.
	IDMemoryObjectDataUnavailable  MsgID = 2039
	IDMemoryObjectGetAttributes    MsgID = 2040
	IDMemoryObjectLockRequest      MsgID = 2044
	IDMemoryObjectDataError        MsgID = 2090
	IDMemoryObjectDestroy          MsgID = 2092
	IDMemoryObjectDataSupply       MsgID = 2093
	IDMemoryObjectReady            MsgID = 2094
	IDMemoryObjectChangeAttributes MsgID = 2095

	// From the kernel to a memory manager, on an object's port.
	IDMemoryObjectInit            MsgID = 2200
	IDMemoryObjectTerminate       MsgID = 2201
	IDMemoryObjectCopy            MsgID = 2202
	IDMemoryObjectDataRequest     MsgID = 2203
	IDMemoryObjectDataUnlock      MsgID = 2204
	IDMemoryObjectLockCompleted   MsgID = 2206
	IDMemoryObjectSupplyCompleted MsgID = 2207
	IDMemoryObjectDataReturn      MsgID = 2208
	IDMemoryObjectChangeCompleted MsgID = 2209

	IDMemoryObjectCreate         MsgID = 2250
	IDMemoryObjectDataInitialize MsgID = 2251

	IDDefaultPagerObjectCreate  MsgID = 2275
	IDDefaultPagerInfo          MsgID = 2276
	IDDefaultPagerObjects       MsgID = 2277
	IDDefaultPagerObjectPages   MsgID = 2278
	IDDefaultPagerPagingFile    MsgID = 2279
	IDDefaultPagerFileserver    MsgID = 2280
	IDDefaultPagerObjectSetSize MsgID = 2282
	IDDefaultPagerStorageInfo   MsgID = 2283
	IDDefaultPagerStorage       MsgID = 2284

	// Of the subsystem defpager, which is this kernel's own.
	IDPagerObjectCreate  MsgID = 7100
	IDPagerObjectFigures MsgID = 7101
	IDPagerTaskFigures   MsgID = 7102
	IDPagerTaskSetLimits MsgID = 7103
	IDPagerHostFigures   MsgID = 7104

	IDExceptionRaise MsgID = 2400

	IDTaskGetEmulationVector MsgID = 2009
	IDTaskSetEmulationVector MsgID = 2010
	IDTaskSetEmulation       MsgID = 2070
	IDTaskRASControl         MsgID = 2071

	IDHostProcessors            MsgID = 2600
	IDHostDefaultManager        MsgID = 2601
	IDProcessorStart            MsgID = 2603
	IDProcessorExit             MsgID = 2604
	IDProcessorSetDefault       MsgID = 2606
	IDProcessorSetCreate        MsgID = 2608
	IDProcessorSetDestroy       MsgID = 2609
	IDProcessorAssign           MsgID = 2611
	IDProcessorGetAssignment    MsgID = 2612
	IDThreadAssign              MsgID = 2613
	IDThreadAssignDefault       MsgID = 2614
	IDThreadGetAssignment       MsgID = 2615
	IDTaskAssign                MsgID = 2616
	IDTaskAssignDefault         MsgID = 2617
	IDTaskGetAssignment         MsgID = 2618
	IDHostKernelVersion         MsgID = 2619
	IDThreadPriority            MsgID = 2620
	IDThreadMaxPriority         MsgID = 2621
	IDTaskPriority              MsgID = 2622
	IDProcessorSetMaxPriority   MsgID = 2623
	IDThreadPolicy              MsgID = 2624
	IDProcessorSetPolicyEnable  MsgID = 2625
	IDProcessorSetPolicyDisable MsgID = 2626
	IDHostAdjustTime            MsgID = 2633
	IDProcessorInfo             MsgID = 2639
	IDProcessorControl          MsgID = 2641
	IDHostGetBootInfo           MsgID = 2642
	IDHostAdjustTime64          MsgID = 2645
	IDProcessorSetProcessors    MsgID = 2648

	IDProcessorSetTasks    MsgID = 2627
	IDProcessorSetThreads  MsgID = 2628
	IDHostProcessorSets    MsgID = 2629
	IDProcessorSetPriv     MsgID = 2630
	IDThreadDepressAbort   MsgID = 2631
	IDHostSetTime          MsgID = 2632
	IDHostGetTime          MsgID = 2634
	IDHostReboot           MsgID = 2635
	IDHostInfo             MsgID = 2638
	IDThreadWire           MsgID = 2637
	IDProcessorSetInfo     MsgID = 2640
	IDHostSetTime64        MsgID = 2644
	IDTaskMaxPriority      MsgID = 2649
	IDHostGetTime64        MsgID = 2643
	IDHostGetKernelVersion MsgID = 2646
	IDHostGetUptime64      MsgID = 2647

	IDPortNames               MsgID = 3200
	IDPortType                MsgID = 3201
	IDPortRename              MsgID = 3202
	IDPortAllocateName        MsgID = 3203
	IDPortAllocate            MsgID = 3204
	IDPortDestroy             MsgID = 3205
	IDPortDeallocate          MsgID = 3206
	IDPortGetRefs             MsgID = 3207
	IDPortModRefs             MsgID = 3208
	IDPortSetQLimit           MsgID = 3210
	IDPortSetMscount          MsgID = 3211
	IDPortGetSetStatus        MsgID = 3212
	IDPortMoveMember          MsgID = 3213
	IDPortRequestNotification MsgID = 3214
	IDPortInsertRight         MsgID = 3215
	IDPortExtractRight        MsgID = 3216
	IDPortGetReceiveStatus    MsgID = 3217
	IDPortSetSeqno            MsgID = 3218
	IDPortSetPayload          MsgID = 3221
	IDPortClearPayload        MsgID = 3222
	IDPortSetKtype            MsgID = 3223

	IDPortGetSendRights MsgID = 3007
	IDPortDNRequestInfo MsgID = 3011
	IDPortKernelObject  MsgID = 3018
	IDVMRegionInfo      MsgID = 3019
	IDVMObjectInfo      MsgID = 3020
	IDVMObjectPages     MsgID = 3021
	IDHostSlabInfo      MsgID = 3022
	IDVMObjectPagesPhys MsgID = 3024

	IDMemoryObjectCreateProxy MsgID = 4010
	IDVMRegionCreateProxy     MsgID = 4011

	IDThreadTerminateRelease MsgID = 4201
	IDTaskSetName            MsgID = 4202
	IDTaskNotification       MsgID = 4203
	IDTaskSetEssential       MsgID = 4211
	IDThreadSetName          MsgID = 4213
	IDThreadGetName          MsgID = 4214

	IDVMMachineAttribute   MsgID = 2099
	IDVMWire               MsgID = 2636 // of mach_host
	IDVMCacheStatistics    MsgID = 4200
	IDGsyncWait            MsgID = 4204
	IDGsyncWake            MsgID = 4205
	IDGsyncRequeue         MsgID = 4206
	IDVMWireAll            MsgID = 4207
	IDVMObjectSync         MsgID = 4208
	IDVMMsync              MsgID = 4209
	IDVMAllocateContiguous MsgID = 4210
	IDVMPagesPhys          MsgID = 4212
	IDVMSetSizeLimit       MsgID = 4215
	IDVMGetSizeLimit       MsgID = 4216

	IDXStateSize MsgID = 3809 // of mach_i386

	IDDeviceOpen         MsgID = 2800
	IDDeviceClose        MsgID = 2801
	IDDeviceWrite        MsgID = 2802
	IDDeviceWriteInband  MsgID = 2803
	IDDeviceRead         MsgID = 2804
	IDDeviceReadInband   MsgID = 2805
	IDDeviceMap          MsgID = 2809
	IDDeviceSetStatus    MsgID = 2810
	IDDeviceGetStatus    MsgID = 2811
	IDDeviceSetFilter    MsgID = 2812
	IDDeviceIntrRegister MsgID = 2813
	IDDeviceIntrAck      MsgID = 2814
)
