package qemu

import (
	"fmt"
	"os"
	"strings"
)

// diskArgs adds the disks. microvm has no PCI: its devices are there since version 1 of the specification only if QEMU is told so.
func (m *Machine) diskArgs() []string {
	var args []string
	device := "virtio-blk-pci"
	if m.Type == "microvm" && len(m.Disks) != 0 {
		device = "virtio-blk-device"
		args = append(args, "-global", "virtio-mmio.force-legacy=false")
	}
	for i, d := range m.Disks {
		if !strings.HasPrefix(d, "driver=") {
			d = "driver=raw,file.driver=file,file.filename=" + strings.ReplaceAll(d, ",", ",,")
		}
		id := fmt.Sprintf("disk%d", i)
		args = append(args, "-blockdev", d+",node-name="+id)
		if m.Rate != 0 {
			args = append(args, "-object", fmt.Sprintf("throttle-group,id=%s-rate,x-bps-total=%d", id, m.Rate),
				"-blockdev", fmt.Sprintf("driver=throttle,throttle-group=%s-rate,file=%s,node-name=%s-slow", id, id, id))
			id += "-slow"
		}
		args = append(args, "-device", device+",drive="+id)
	}
	return args
}

// MakeDisk finds the disk that DISK= names: a file, which is there already, or a size such as 64M, for a new file, which the caller removes. QEMU's
// longer form is taken as it is.
func MakeDisk(what string) (path string, remove func(), err error) {
	if _, err := os.Stat(what); err == nil || strings.HasPrefix(what, "driver=") {
		return what, func() {}, nil
	}
	size, err := parseSize(what)
	if err != nil {
		return "", nil, fmt.Errorf("DISK=%s: no such file, and no size such as 64M", what)
	}
	if size < pageSize {
		return "", nil, fmt.Errorf("DISK=%s: want a page of 4K at least", what)
	}
	f, err := os.CreateTemp("", "defpager-disk-*")
	if err != nil {
		return "", nil, err
	}
	remove = func() { _ = os.Remove(f.Name()) }
	err = f.Truncate(int64(size))
	if e := f.Close(); err == nil {
		err = e
	}
	if err != nil {
		remove()
		return "", nil, fmt.Errorf("DISK=%s: %w", what, reason(err))
	}
	return f.Name(), remove, nil
}
