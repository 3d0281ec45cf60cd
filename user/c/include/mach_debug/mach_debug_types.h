/*
 * What the calls of mach_debug tell: the structs of GNU Mach for 64-bit tasks. Numbers of objects stand where GNU Mach has addresses in its kernel.
 */
#ifndef _MACH_DEBUG_TYPES_H_
#define _MACH_DEBUG_TYPES_H_

#include <mach/mach.h>

typedef struct {
	vm_offset_t vri_start, vri_end;
	vm_prot_t vri_protection, vri_max_protection;
	vm_inherit_t vri_inheritance;
	unsigned vri_wired_count, vri_user_wired_count; /* 0 or 1 */
	vm_offset_t vri_object, vri_offset;
	integer_t vri_needs_copy;
	unsigned vri_sharing;
} vm_region_info_t;

#define VOI_STATE_PAGER_CREATED 0x1
#define VOI_STATE_PAGER_INITIALIZED 0x2
#define VOI_STATE_PAGER_READY 0x4
#define VOI_STATE_CAN_PERSIST 0x8
#define VOI_STATE_INTERNAL 0x10
#define VOI_STATE_TEMPORARY 0x20
#define VOI_STATE_ALIVE 0x40
#define VOI_STATE_LOCK_IN_PROGRESS 0x80

typedef struct {
	vm_offset_t voi_object;
	vm_size_t voi_pagesize, voi_size;
	unsigned voi_ref_count, voi_resident_page_count, voi_absent_count;
	vm_offset_t voi_copy, voi_shadow, voi_shadow_offset, voi_paging_offset;
	int voi_copy_strategy;
	vm_offset_t voi_last_alloc;
	unsigned voi_paging_in_progress;
	uint32_t voi_state;
} vm_object_info_t;

#define VPI_STATE_TABLED 0x4
#define VPI_STATE_DIRTY 0x80
#define VPI_STATE_PRECIOUS 0x100

typedef struct {
	vm_offset_t vpi_offset, vpi_phys_addr;
	unsigned vpi_wire_count;
	vm_prot_t vpi_page_lock, vpi_unlock_request;
	uint32_t vpi_state;
} vm_page_info_t, *vm_page_info_array_t;

typedef struct {
	vm_offset_t vpi_offset;
	rpc_phys_addr_t vpi_phys_addr;
	unsigned vpi_wire_count;
	vm_prot_t vpi_page_lock, vpi_unlock_request;
	uint32_t vpi_state;
} vm_page_phys_info_t, *vm_page_phys_info_array_t;

#define CACHE_NAME_MAX_LEN 32

typedef struct {
	int flags;
	vm_size_t cpu_pool_size, obj_size, align, buf_size, slab_size;
	uint64_t bufs_per_slab, nr_objs, nr_bufs, nr_slabs, nr_free_slabs;
	char name[CACHE_NAME_MAX_LEN];
} cache_info_t, *cache_info_array_t;

#endif
