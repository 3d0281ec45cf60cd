/*
 * Mach for C programs of ring 3: GNU Mach's types, constants and traps on x86_64. Client functions come from mig: see ../../README.md.
 */
#ifndef MACH_MACH_H
#define MACH_MACH_H

#include <stddef.h>
#include <stdint.h>

typedef int32_t integer_t;
typedef uint32_t natural_t;
typedef int boolean_t;
typedef int kern_return_t;
typedef kern_return_t mach_msg_return_t;
typedef int64_t rpc_long_integer_t;
typedef uint64_t rpc_phys_addr_t;
typedef uint64_t *rpc_phys_addr_array_t;
typedef uint64_t rpc_uintptr_t;

#define FALSE 0
#define TRUE 1

/* Memory. */
typedef uintptr_t vm_offset_t;
typedef uintptr_t vm_address_t;
typedef uintptr_t vm_size_t;
typedef vm_offset_t pointer_t;
typedef vm_offset_t *emulation_vector_t;
typedef int vm_prot_t;
typedef int vm_inherit_t;
typedef int vm_sync_t;
typedef int vm_wire_t;
typedef int vm_machine_attribute_t;
typedef int vm_machine_attribute_val_t;
typedef int memory_object_copy_strategy_t;
typedef int memory_object_return_t;

#define VM_PROT_NONE 0
#define VM_PROT_READ 1
#define VM_PROT_WRITE 2
#define VM_PROT_EXECUTE 4
#define VM_PROT_DEFAULT (VM_PROT_READ | VM_PROT_WRITE)
#define VM_PROT_ALL 7
#define VM_PROT_NO_CHANGE 8

#define VM_WIRE_NONE 0
#define VM_WIRE_CURRENT 1
#define VM_WIRE_FUTURE 2
#define VM_WIRE_ALL (VM_WIRE_CURRENT | VM_WIRE_FUTURE)

#define VM_SYNC_ASYNCHRONOUS 1
#define VM_SYNC_SYNCHRONOUS 2
#define VM_SYNC_INVALIDATE 4

#define MATTR_CACHE 1
#define MATTR_VAL_OFF 0
#define MATTR_VAL_ON 1
#define MATTR_VAL_GET 2
#define MATTR_VAL_CACHE_FLUSH 6

#define VM_INHERIT_SHARE 0
#define VM_INHERIT_COPY 1
#define VM_INHERIT_NONE 2

#define MEMORY_OBJECT_COPY_NONE 0
#define MEMORY_OBJECT_COPY_CALL 1
#define MEMORY_OBJECT_COPY_DELAY 2
#define MEMORY_OBJECT_COPY_TEMPORARY 3
#define MEMORY_OBJECT_RETURN_NONE 0
#define MEMORY_OBJECT_RETURN_DIRTY 1
#define MEMORY_OBJECT_RETURN_ALL 2
#define MEMORY_OBJECT_COPY_SYNC 8 /* in should_flush: docs/vm.md */

typedef struct {
	integer_t pagesize, free_count, active_count, inactive_count, wire_count, zero_fill_count, reactivations, pageins, pageouts;
	integer_t faults, cow_faults, lookups, hits;
} vm_statistics_data_t;

typedef struct {
	integer_t words[11];
} vm_cache_statistics_data_t;

/* Ports. */
typedef natural_t mach_port_name_t;
typedef mach_port_name_t mach_port_t;
typedef mach_port_name_t *mach_port_name_array_t;
typedef mach_port_t *mach_port_array_t;
typedef natural_t mach_port_right_t;
typedef natural_t mach_port_type_t;
typedef mach_port_type_t *mach_port_type_array_t;
typedef natural_t mach_port_urefs_t;
typedef integer_t mach_port_delta_t;
typedef natural_t mach_port_seqno_t;
typedef natural_t mach_port_mscount_t;
typedef natural_t mach_port_msgcount_t;
typedef natural_t mach_port_rights_t;
typedef natural_t mach_port_ktype_t;

typedef mach_port_t task_t, vm_task_t, ipc_space_t, thread_t, host_t, host_priv_t;
typedef mach_port_t memory_object_t, memory_object_control_t, memory_object_name_t;
typedef mach_port_t processor_set_t, processor_set_name_t;
typedef mach_port_t processor_t, processor_name_t;
typedef mach_port_t *processor_array_t;
typedef mach_port_t *processor_name_array_t;
typedef mach_port_t *thread_array_t;
typedef mach_port_t *task_array_t;
typedef mach_port_t *processor_set_name_array_t;
typedef mach_port_t *memory_object_array_t;
typedef uint64_t *rpc_vm_offset_array_t;
typedef uint64_t *rpc_vm_size_array_t;

#define MACH_PORT_NULL 0
#define MACH_PORT_DEAD ((mach_port_name_t) ~0u)

#define MACH_PORT_RIGHT_SEND 0
#define MACH_PORT_RIGHT_RECEIVE 1
#define MACH_PORT_RIGHT_SEND_ONCE 2
#define MACH_PORT_RIGHT_PORT_SET 3
#define MACH_PORT_RIGHT_DEAD_NAME 4
#define MACH_PORT_TYPE(right) ((mach_port_type_t) 1 << ((right) + 16))

typedef struct {
	mach_port_name_t mps_pset;
	mach_port_seqno_t mps_seqno;
	mach_port_mscount_t mps_mscount;
	mach_port_msgcount_t mps_qlimit;
	mach_port_msgcount_t mps_msgcount;
	mach_port_rights_t mps_sorights;
	boolean_t mps_srights;
	boolean_t mps_pdrequest;
	boolean_t mps_nsrequest;
} mach_port_status_t;

/* Messages. */
typedef uint32_t mach_msg_bits_t;
typedef uint32_t mach_msg_size_t;
typedef natural_t mach_msg_type_number_t;
typedef unsigned mach_msg_type_name_t;
typedef integer_t mach_msg_id_t;
typedef uint32_t mach_msg_option_t;
typedef uint32_t mach_msg_timeout_t;

typedef struct {
	mach_msg_bits_t msgh_bits;
	mach_msg_size_t msgh_size;
	union {
		mach_port_t msgh_remote_port;
		uint64_t msgh_remote_slot; /* a port takes eight bytes in a message */
	};
	union {
		mach_port_t msgh_local_port;
		uint64_t msgh_protected_payload;
	};
	mach_port_seqno_t msgh_seqno;
	mach_msg_id_t msgh_id;
} mach_msg_header_t;

/* One port right in a message. */
typedef struct {
	mach_port_name_t name;
	uint32_t zero;
} mach_port_name_inlined_t;

typedef struct {
	unsigned msgt_name : 8, msgt_size : 16, msgt_unused : 5, msgt_inline : 1, msgt_longform : 1, msgt_deallocate : 1;
	mach_msg_type_number_t msgt_number;
} __attribute__((aligned(8))) mach_msg_type_t; /* as a message's items are */

typedef struct {
	mach_msg_header_t Head;
	mach_msg_type_t RetCodeType;
	kern_return_t RetCode;
	uint32_t RetCodePad;
} mig_reply_header_t;

#define MACH_MSGH_BITS(remote, local) ((remote) | ((local) << 8))
#define MACH_MSGH_BITS_REMOTE(bits) ((bits) & 0xff)
#define MACH_MSGH_BITS_LOCAL(bits) (((bits) >> 8) & 0xff)
#define MACH_MSGH_BITS_COMPLEX 0x80000000u

#define MACH_MSG_TYPE_BOOLEAN 0
#define MACH_MSG_TYPE_INTEGER_16 1
#define MACH_MSG_TYPE_INTEGER_32 2
#define MACH_MSG_TYPE_CHAR 8
#define MACH_MSG_TYPE_BYTE 9
#define MACH_MSG_TYPE_REAL 10
#define MACH_MSG_TYPE_INTEGER_64 11
#define MACH_MSG_TYPE_STRING 12
#define MACH_MSG_TYPE_PORT_NAME 15
#define MACH_MSG_TYPE_MOVE_RECEIVE 16
#define MACH_MSG_TYPE_MOVE_SEND 17
#define MACH_MSG_TYPE_MOVE_SEND_ONCE 18
#define MACH_MSG_TYPE_COPY_SEND 19
#define MACH_MSG_TYPE_MAKE_SEND 20
#define MACH_MSG_TYPE_MAKE_SEND_ONCE 21
#define MACH_MSG_TYPE_PROTECTED_PAYLOAD 23
#define MACH_MSG_TYPE_PORT_RECEIVE MACH_MSG_TYPE_MOVE_RECEIVE
#define MACH_MSG_TYPE_PORT_SEND MACH_MSG_TYPE_MOVE_SEND
#define MACH_MSG_TYPE_PORT_SEND_ONCE MACH_MSG_TYPE_MOVE_SEND_ONCE
#define MACH_MSG_TYPE_PORT_ANY(x) ((x) >= MACH_MSG_TYPE_MOVE_RECEIVE && (x) <= MACH_MSG_TYPE_MAKE_SEND_ONCE)

#define MACH_MSG_OPTION_NONE 0
#define MACH_SEND_MSG 0x1
#define MACH_RCV_MSG 0x2
#define MACH_SEND_TIMEOUT 0x10
#define MACH_SEND_NOTIFY 0x20
#define MACH_SEND_INTERRUPT 0x40
#define MACH_SEND_CANCEL 0x80
#define MACH_RCV_TIMEOUT 0x100
#define MACH_RCV_NOTIFY 0x200
#define MACH_RCV_INTERRUPT 0x400
#define MACH_RCV_LARGE 0x800
#define MACH_MSG_TIMEOUT_NONE 0

#define MACH_NOTIFY_PORT_DELETED 65
#define MACH_NOTIFY_MSG_ACCEPTED 66
#define MACH_NOTIFY_PORT_DESTROYED 69
#define MACH_NOTIFY_NO_SENDERS 70
#define MACH_NOTIFY_SEND_ONCE 71
#define MACH_NOTIFY_DEAD_NAME 72

/* Results. */
#define KERN_SUCCESS 0
#define KERN_INVALID_ADDRESS 1
#define KERN_PROTECTION_FAILURE 2
#define KERN_NO_SPACE 3
#define KERN_INVALID_ARGUMENT 4
#define KERN_FAILURE 5
#define KERN_RESOURCE_SHORTAGE 6
#define KERN_NOT_RECEIVER 7
#define KERN_NO_ACCESS 8
#define KERN_MEMORY_FAILURE 9
#define KERN_MEMORY_ERROR 10
#define KERN_NOT_IN_SET 12
#define KERN_NAME_EXISTS 13
#define KERN_ABORTED 14
#define KERN_INVALID_NAME 15
#define KERN_INVALID_TASK 16
#define KERN_INVALID_RIGHT 17
#define KERN_INVALID_VALUE 18
#define KERN_UREFS_OVERFLOW 19
#define KERN_INVALID_CAPABILITY 20
#define KERN_RIGHT_EXISTS 21
#define KERN_INVALID_HOST 22
#define KERN_MEMORY_PRESENT 23
#define KERN_WRITE_PROTECTION_FAILURE 24
#define KERN_TERMINATED 26
#define KERN_TIMEDOUT 27
#define KERN_INTERRUPTED 28
#define MACH_MSG_SUCCESS 0
#define MACH_SEND_IN_PROGRESS 0x10000001
#define MACH_SEND_INVALID_DATA 0x10000002
#define MACH_SEND_INVALID_DEST 0x10000003
#define MACH_SEND_TIMED_OUT 0x10000004
#define MACH_SEND_WILL_NOTIFY 0x10000005
#define MACH_SEND_NOTIFY_IN_PROGRESS 0x10000006
#define MACH_SEND_INTERRUPTED 0x10000007
#define MACH_SEND_MSG_TOO_SMALL 0x10000008
#define MACH_SEND_INVALID_REPLY 0x10000009
#define MACH_SEND_INVALID_RIGHT 0x1000000a
#define MACH_SEND_INVALID_NOTIFY 0x1000000b
#define MACH_SEND_INVALID_MEMORY 0x1000000c
#define MACH_SEND_NO_BUFFER 0x1000000d
#define MACH_SEND_NO_NOTIFY 0x1000000e
#define MACH_SEND_INVALID_TYPE 0x1000000f
#define MACH_SEND_INVALID_HEADER 0x10000010
#define MACH_RCV_IN_PROGRESS 0x10004001
#define MACH_RCV_INVALID_NAME 0x10004002
#define MACH_RCV_TIMED_OUT 0x10004003
#define MACH_RCV_TOO_LARGE 0x10004004
#define MACH_RCV_INTERRUPTED 0x10004005
#define MACH_RCV_PORT_CHANGED 0x10004006
#define MACH_RCV_INVALID_NOTIFY 0x10004007
#define MACH_RCV_INVALID_DATA 0x10004008
#define MACH_RCV_PORT_DIED 0x10004009
#define MACH_RCV_IN_SET 0x1000400a
#define MACH_RCV_HEADER_ERROR 0x1000400b
#define MACH_RCV_BODY_ERROR 0x1000400c
#define MIG_TYPE_ERROR -300
#define MIG_REPLY_MISMATCH -301
#define MIG_REMOTE_ERROR -302
#define MIG_BAD_ID -303
#define MIG_BAD_ARGUMENTS -304
#define MIG_NO_REPLY -305
#define MIG_EXCEPTION -306
#define MIG_ARRAY_TOO_LARGE -307
#define MIG_SERVER_DIED -308
#define MIG_DESTROY_REQUEST -309
#define D_IO_ERROR 2500
#define D_WOULD_BLOCK 2501
#define D_NO_SUCH_DEVICE 2502
#define D_ALREADY_OPEN 2503
#define D_INVALID_OPERATION 2505
#define D_INVALID_RECNUM 2506
#define D_INVALID_SIZE 2507

/* Exceptions. */
#define EXC_BAD_ACCESS 1
#define EXC_BAD_INSTRUCTION 2
#define EXC_ARITHMETIC 3
#define EXC_EMULATION 4
#define EXC_SOFTWARE 5
#define EXC_BREAKPOINT 6

/* Information by flavor, in words. */
typedef natural_t *thread_state_t;
typedef integer_t *thread_info_t;
typedef integer_t *task_info_t;
typedef integer_t *host_info_t;
typedef integer_t *processor_set_info_t;
typedef integer_t *processor_info_t;
typedef char kernel_version_t[512];
typedef kernel_version_t new_kernel_version_t;
typedef char kernel_boot_info_t[4096];
typedef char kernel_debug_name_t[64];
typedef const char *const_kernel_debug_name_t;

typedef struct {
	rpc_long_integer_t seconds;
	integer_t microseconds;
} time_value_t;
typedef struct {
	int64_t seconds;
	int64_t nanoseconds;
} time_value64_t;

/* Waiting on words of memory. */
#define GSYNC_SHARED 1
#define GSYNC_QUAD 2
#define GSYNC_TIMED 4
#define GSYNC_BROADCAST 8
#define GSYNC_MUTATE 16

/* Devices. */
typedef unsigned dev_mode_t;
typedef char dev_name_t[128];
typedef unsigned dev_flavor_t;
typedef integer_t *dev_status_t;
typedef uint64_t recnum_t;
typedef vm_offset_t io_buf_ptr_t;
typedef char *io_buf_ptr_inband_t;

typedef struct {
	integer_t seconds, microseconds, check_seconds;
} mapped_time_value_t;

/* The default pager. */
typedef struct {
	vm_size_t dpi_total_space;
	vm_size_t dpi_free_space;
	vm_size_t dpi_page_size;
} default_pager_info_t;
typedef struct {
	vm_offset_t dpo_object;
	vm_size_t dpo_size;
} default_pager_object_t;
typedef default_pager_object_t *default_pager_object_array_t;
typedef struct {
	vm_offset_t dpp_offset;
} default_pager_page_t;
typedef default_pager_page_t *default_pager_page_array_t;
typedef char default_pager_filename_t[256];
typedef vm_size_t *vm_size_array_t;
typedef uint64_t *recnum_array_t;
typedef uint64_t *paging_figures_t;
typedef char *storage_names_t;
typedef char storage_name_t[256];

/* Traps. Each call of mach_reply_port and of the _self functions gives one more right or reference. */
mach_msg_return_t mach_msg(mach_msg_header_t *msg, mach_msg_option_t option, mach_msg_size_t send_size, mach_msg_size_t rcv_size,
	mach_port_t rcv_name, mach_msg_timeout_t timeout, mach_port_t notify);

/* mach_msg_destroy gives up all that a received message brought, and its right to reply: what a server's demultiplexer refused with MIG_BAD_ARGUMENTS is the server's still. */
void mach_msg_destroy(mach_msg_header_t *msg);
mach_port_t mach_reply_port(void);
mach_port_t mach_thread_self(void);
mach_port_t mach_task_self(void);
mach_port_t mach_host_self(void);
kern_return_t mach_print(const char *text);
boolean_t swtch_pri(int priority);

#endif
