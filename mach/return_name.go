package mach

// returnName is the C name of a return code without extra bits.
func returnName(r Return) (string, bool) {
	switch r {
	case Success:
		return "KERN_SUCCESS", true
	case InvalidAddress:
		return "KERN_INVALID_ADDRESS", true
	case ProtectionFailure:
		return "KERN_PROTECTION_FAILURE", true
	case NoSpace:
		return "KERN_NO_SPACE", true
	case InvalidArgument:
		return "KERN_INVALID_ARGUMENT", true
	case Failure:
		return "KERN_FAILURE", true
	case ResourceShortage:
		return "KERN_RESOURCE_SHORTAGE", true
	case NotReceiver:
		return "KERN_NOT_RECEIVER", true
	case NoAccess:
		return "KERN_NO_ACCESS", true
	case MemoryFailure:
		return "KERN_MEMORY_FAILURE", true
	case MemoryError:
		return "KERN_MEMORY_ERROR", true
	case NotInSet:
		return "KERN_NOT_IN_SET", true
	case NameExists:
		return "KERN_NAME_EXISTS", true
	case Aborted:
		return "KERN_ABORTED", true
	case InvalidName:
		return "KERN_INVALID_NAME", true
	case InvalidTask:
		return "KERN_INVALID_TASK", true
	case InvalidRight:
		return "KERN_INVALID_RIGHT", true
	case InvalidValue:
		return "KERN_INVALID_VALUE", true
	case UrefsOverflow:
		return "KERN_UREFS_OVERFLOW", true
	case InvalidCapability:
		return "KERN_INVALID_CAPABILITY", true
	case RightExists:
		return "KERN_RIGHT_EXISTS", true
	case InvalidHost:
		return "KERN_INVALID_HOST", true
	case MemoryPresent:
		return "KERN_MEMORY_PRESENT", true
	case WriteProtectionFailure:
		return "KERN_WRITE_PROTECTION_FAILURE", true
	case Terminated:
		return "KERN_TERMINATED", true
	case TimedOut:
		return "KERN_TIMEDOUT", true
	case Interrupted:
		return "KERN_INTERRUPTED", true
	case MIGTypeError:
		return "MIG_TYPE_ERROR", true
	case MIGReplyMismatch:
		return "MIG_REPLY_MISMATCH", true
	case MIGRemoteError:
		return "MIG_REMOTE_ERROR", true
	case MIGBadID:
		return "MIG_BAD_ID", true
	case MIGBadArguments:
		return "MIG_BAD_ARGUMENTS", true
	case MIGNoReply:
		return "MIG_NO_REPLY", true
	case MIGException:
		return "MIG_EXCEPTION", true
	case MIGArrayTooLarge:
		return "MIG_ARRAY_TOO_LARGE", true
	case MIGServerDied:
		return "MIG_SERVER_DIED", true
	case MIGDestroyRequest:
		return "MIG_DESTROY_REQUEST", true
	case DeviceIOError:
		return "D_IO_ERROR", true
	case DeviceWouldBlock:
		return "D_WOULD_BLOCK", true
	case DeviceNone:
		return "D_NO_SUCH_DEVICE", true
	case DeviceAlreadyOpen:
		return "D_ALREADY_OPEN", true
	case DeviceInvalidOperation:
		return "D_INVALID_OPERATION", true
	case DeviceInvalidRecord:
		return "D_INVALID_RECNUM", true
	case DeviceInvalidSize:
		return "D_INVALID_SIZE", true
	case SendInProgress:
		return "MACH_SEND_IN_PROGRESS", true
	case SendInvalidData:
		return "MACH_SEND_INVALID_DATA", true
	case SendInvalidDest:
		return "MACH_SEND_INVALID_DEST", true
	case SendTimedOut:
		return "MACH_SEND_TIMED_OUT", true
	case SendWillNotify:
		return "MACH_SEND_WILL_NOTIFY", true
	case SendNotifyInProgress:
		return "MACH_SEND_NOTIFY_IN_PROGRESS", true
	case SendInterrupted:
		return "MACH_SEND_INTERRUPTED", true
	case SendMsgTooSmall:
		return "MACH_SEND_MSG_TOO_SMALL", true
	case SendInvalidReply:
		return "MACH_SEND_INVALID_REPLY", true
	case SendInvalidRight:
		return "MACH_SEND_INVALID_RIGHT", true
	case SendInvalidNotify:
		return "MACH_SEND_INVALID_NOTIFY", true
	case SendInvalidMemory:
		return "MACH_SEND_INVALID_MEMORY", true
	case SendNoBuffer:
		return "MACH_SEND_NO_BUFFER", true
	case SendNoNotify:
		return "MACH_SEND_NO_NOTIFY", true
	case SendInvalidType:
		return "MACH_SEND_INVALID_TYPE", true
	case SendInvalidHeader:
		return "MACH_SEND_INVALID_HEADER", true
	case RcvInProgress:
		return "MACH_RCV_IN_PROGRESS", true
	case RcvInvalidName:
		return "MACH_RCV_INVALID_NAME", true
	case RcvTimedOut:
		return "MACH_RCV_TIMED_OUT", true
	case RcvTooLarge:
		return "MACH_RCV_TOO_LARGE", true
	case RcvInterrupted:
		return "MACH_RCV_INTERRUPTED", true
	case RcvPortChanged:
		return "MACH_RCV_PORT_CHANGED", true
	case RcvInvalidNotify:
		return "MACH_RCV_INVALID_NOTIFY", true
	case RcvInvalidData:
		return "MACH_RCV_INVALID_DATA", true
	case RcvPortDied:
		return "MACH_RCV_PORT_DIED", true
	case RcvInSet:
		return "MACH_RCV_IN_SET", true
	case RcvHeaderError:
		return "MACH_RCV_HEADER_ERROR", true
	case RcvBodyError:
		return "MACH_RCV_BODY_ERROR", true
	}
	return "", false
}
