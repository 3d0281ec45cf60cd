/*
 * What the stubs that mig writes are made of: items of messages go out with mig_put..., and come in with mig_get..., which compare each
 * descriptor with the one that the routine demands before they touch the data.
 */
#ifndef MACH_MIG_H
#define MACH_MIG_H

#include <mach/mach.h>

/* A reply port for one call: got before, put back after, given up after a failure. */
mach_port_t mig_get_reply_port(void);
void mig_put_reply_port(mach_port_t port);
void mig_dealloc_reply_port(mach_port_t port);
/* Memory for an array that came inline and does not fit its caller's. */
void mig_allocate(vm_address_t *address, vm_size_t size);

#define MIG_INLINE 0x20000000ull
#define MIG_LONGFORM 0x40000000ull
#define MIG_DEALLOCATE 0x80000000ull
#define MIG_RETCODE 0x120002002ull /* INTEGER_32, 32 bits, one */
#define MIG_COUNT(n) ((uint64_t) (n) << 32)

static inline size_t mig_round(size_t n) { return (n + 7) & ~(size_t) 7; }

static inline uint64_t mig_load(const char *p)
{
	uint64_t v;
	__builtin_memcpy(&v, p, sizeof v);
	return v;
}

static inline void mig_store(char *p, uint64_t v) { __builtin_memcpy(p, &v, sizeof v); }

/* mig_put writes an item of size bytes at p and returns the place of the next. */
static inline char *mig_put(char *p, uint64_t type, const void *data, size_t size)
{
	size_t n;
	mig_store(p, type);
	p += 8;
	for (n = 0; n < size; n++)
		p[n] = ((const char *) data)[n];
	for (; n < mig_round(size); n++)
		p[n] = 0;
	return p + n;
}

/* mig_put_word is mig_put for a number, a right or a pointer. */
static inline char *mig_put_word(char *p, uint64_t type, uint64_t v)
{
	mig_store(p, type);
	mig_store(p + 8, v);
	return p + 16;
}

/* mig_put_ports writes rights inline, eight bytes each. */
static inline char *mig_put_ports(char *p, uint64_t type, const mach_port_t *ports, mach_msg_type_number_t n)
{
	mig_store(p, type | MIG_COUNT(n));
	p += 8;
	for (mach_msg_type_number_t i = 0; i < n; i++, p += 8)
		mig_store(p, ports[i]);
	return p;
}

/* mig_put_string writes a C string into a field of at most max bytes: of exactly so many when type has a count. */
static inline char *mig_put_string(char *p, uint64_t type, const char *s, size_t max)
{
	size_t n = 0, field;
	while (n < max - 1 && s[n] != 0)
		n++;
	field = type >> 32 ? max : n + 1;
	if (!(type >> 32))
		type |= MIG_COUNT(field);
	mig_store(p, type);
	p += 8;
	for (size_t i = 0; i < mig_round(field); i++)
		p[i] = i < n ? s[i] : 0;
	return p + mig_round(field);
}

/* A message that is being read. */
struct mig_reader {
	const char *at, *end;
	kern_return_t bad; /* the first mistake, or KERN_SUCCESS */
	int complex; /* the header says that there are rights or memory out of line */
	int carries; /* there were */
};

static inline void mig_open(struct mig_reader *r, const mach_msg_header_t *head)
{
	r->at = (const char *) (head + 1);
	r->end = (const char *) head + head->msgh_size;
	r->bad = KERN_SUCCESS;
	r->complex = (head->msgh_bits & MACH_MSGH_BITS_COMPLEX) != 0;
	r->carries = 0;
}

static inline void mig_bad(struct mig_reader *r)
{
	if (r->bad == KERN_SUCCESS)
		r->bad = MIG_TYPE_ERROR;
	r->at = r->end;
}

/* mig_item takes an item with size bytes of data whose descriptor is type; the form does not matter. NULL when it is another. */
static inline const char *mig_item(struct mig_reader *r, uint64_t type, size_t size)
{
	const char *p = r->at;
	if ((size_t) (r->end - p) < 8 + mig_round(size) || ((mig_load(p) ^ type) & ~MIG_LONGFORM) != 0) {
		mig_bad(r);
		return NULL;
	}
	if (MACH_MSG_TYPE_PORT_ANY(type & 0xff) || !(type & MIG_INLINE))
		r->carries = 1;
	r->at = p + 8 + mig_round(size);
	return p + 8;
}

static inline void mig_get(struct mig_reader *r, uint64_t type, void *data, size_t size)
{
	const char *p = mig_item(r, type, size);
	for (size_t n = 0; n < size; n++)
		((char *) data)[n] = p ? p[n] : 0;
}

static inline uint64_t mig_get_word(struct mig_reader *r, uint64_t type)
{
	const char *p = mig_item(r, type, 8);
	return p ? mig_load(p) : 0;
}

/* mig_get_any_port reads a right of any type, and which type it is. */
static inline mach_port_t mig_get_any_port(struct mig_reader *r, mach_msg_type_name_t *type)
{
	uint64_t t = r->end - r->at >= 16 ? mig_load(r->at) : 0;
	*type = t & 0xff;
	if (!MACH_MSG_TYPE_PORT_ANY(*type)) {
		mig_bad(r);
		return MACH_PORT_NULL;
	}
	return mig_get_word(r, 0x120004000ull | *type);
}

/*
 * mig_get_array reads an array whose descriptor is type, where a count of 0 stands for any, of which multiplier elements of unit bytes make one of the
 * routine's. It says how many there are, and returns where: in the message, or the pointer of an array out of line (*inside is then 0).
 */
static inline const char *mig_get_array(struct mig_reader *r, uint64_t type, size_t unit, uint32_t multiplier, uint32_t *count, int *inside)
{
	uint64_t t = r->end - r->at >= 8 ? mig_load(r->at) : 0;
	uint64_t same = t & 0xffffffffull & ~(MIG_LONGFORM | MIG_DEALLOCATE), n = t >> 32, number = type >> 32;
	const char *p;
	type &= 0xffffffffull;
	*inside = 1;
	*count = 0;
	if ((type & MIG_INLINE) && (same ^ type) == (type & MIG_LONGFORM) && n % multiplier == 0) {
		p = mig_item(r, t, n * unit);
		*count = p ? n / multiplier : 0;
		return p;
	}
	*inside = 0;
	if (MACH_MSG_TYPE_PORT_ANY(type & 0xff)) /* names, which take 32 bits, where there is no descriptor beside each */
		type = (type & ~0xffff00ull) | 32 << 8;
	if (((type & MIG_INLINE) && !(type & MIG_LONGFORM)) || same != (type & ~(MIG_INLINE | MIG_LONGFORM)) || n % multiplier != 0 || (number != 0 && n != number) || !mig_item(r, t, 8)) {
		mig_bad(r);
		return NULL;
	}
	*count = n / multiplier;
	return (const char *) mig_load(r->at - 8);
}

/* mig_copy copies count elements of size bytes; rights have eight bytes each in a message and four in memory. */
static inline void mig_copy(void *to, const char *from, size_t size, uint32_t count, int ports)
{
	char *out = to;
	for (uint32_t i = 0; ports && i < count; i++)
		((mach_port_t *) to)[i] = mig_load(from + 8 * i);
	for (size_t i = 0; !ports && i < size * count; i++)
		out[i] = from[i];
}

/* mig_call sends a request of size bytes and waits for its reply, of at most room bytes, of which it leaves the items behind the code in r. */
static inline kern_return_t mig_call(mach_msg_header_t *head, mach_msg_size_t size, mach_msg_size_t room, mach_msg_option_t option,
	mach_msg_timeout_t timeout, struct mig_reader *r)
{
	int own = head->msgh_local_port == MACH_PORT_NULL, id = head->msgh_id;
	mach_msg_return_t result;
	mach_port_t reply = own ? mig_get_reply_port() : head->msgh_local_port;
	head->msgh_protected_payload = reply;
	head->msgh_size = size;
	head->msgh_seqno = 0;
	result = mach_msg(head, MACH_SEND_MSG | MACH_RCV_MSG | option, size, room, reply, timeout, MACH_PORT_NULL);
	if (result != MACH_MSG_SUCCESS) {
		if (own)
			mig_dealloc_reply_port(reply);
		return result;
	}
	if (own)
		mig_put_reply_port(reply);
	if (head->msgh_id != id + 100)
		return head->msgh_id == MACH_NOTIFY_SEND_ONCE ? MIG_SERVER_DIED : MIG_REPLY_MISMATCH;
	mig_open(r, head);
	kern_return_t code = (kern_return_t) mig_get_word(r, MIG_RETCODE);
	if (r->bad == KERN_SUCCESS && code != KERN_SUCCESS && (r->at != r->end || r->complex))
		mig_bad(r);
	return r->bad != KERN_SUCCESS ? r->bad : code;
}

/* mig_end is the result of a call whose items were read. */
static inline kern_return_t mig_end(struct mig_reader *r)
{
	if (r->at != r->end || r->complex != r->carries)
		mig_bad(r);
	return r->bad;
}

/* mig_begin makes the reply to a request: its header and the code, for the items to follow. */
static inline char *mig_begin(const mach_msg_header_t *in, mach_msg_header_t *out, kern_return_t code)
{
	out->msgh_bits = MACH_MSGH_BITS(MACH_MSGH_BITS_REMOTE(in->msgh_bits), 0);
	out->msgh_size = sizeof(mig_reply_header_t);
	out->msgh_remote_slot = in->msgh_remote_port;
	out->msgh_protected_payload = 0;
	out->msgh_seqno = 0;
	out->msgh_id = in->msgh_id + 100;
	return mig_put_word((char *) (out + 1), MIG_RETCODE, (uint32_t) code);
}

#endif
