package mig

import (
	"encoding/binary"

	"defpager/mach"
)

// GetHeader decodes the header that msg begins with. msg has at least mach.HeaderSize bytes.
func GetHeader(msg []byte) mach.Header {
	_ = msg[mach.HeaderSize-1]
	return mach.Header{
		Bits:   mach.HeaderBits(binary.LittleEndian.Uint32(msg)),
		Size:   binary.LittleEndian.Uint32(msg[4:]),
		Remote: binary.LittleEndian.Uint64(msg[8:]),
		Local:  binary.LittleEndian.Uint64(msg[16:]),
		Seqno:  binary.LittleEndian.Uint32(msg[24:]),
		ID:     int32(binary.LittleEndian.Uint32(msg[28:])),
	}
}

// PutHeader encodes h into the first bytes of msg, which has at least mach.HeaderSize of them.
func PutHeader(msg []byte, h mach.Header) {
	b := (*[mach.HeaderSize]byte)(msg)
	binary.LittleEndian.PutUint64(b[:], uint64(h.Bits)|uint64(h.Size)<<32)
	binary.LittleEndian.PutUint64(b[8:], h.Remote)
	binary.LittleEndian.PutUint64(b[16:], h.Local)
	binary.LittleEndian.PutUint64(b[24:], uint64(h.Seqno)|uint64(uint32(h.ID))<<32)
}
