package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"
)

// The magic number of a cgroup v2 file system (statfs(2)).
const cgroup2Magic = 0x63677270

func cgroupV2() bool {
	var fs syscall.Statfs_t
	return syscall.Statfs("/sys/fs/cgroup", &fs) == nil && fs.Type == cgroup2Magic
}

// prepareCgroups makes the container's own control groups, and only them, writable under /sys/fs/cgroup, so that pods
// are counted and limited as part of this container and end with it.
func prepareCgroups() error {
	if cgroupV2() {
		return delegate()
	}
	return remountV1()
}

// remountV1 mounts every v1 hierarchy anew. In a control group namespace of one's own the root of such a mount is the
// container's group.
func remountV1() error {
	const root = "/sys/fs/cgroup"
	mine, err := os.ReadFile("/proc/self/cgroup")
	if err != nil {
		return err
	}
	if _, err := os.Stat(runtime + "/cgroups"); err == nil {
		return nil
	}
	if err := syscall.Mount("tmpfs", root, "tmpfs", syscall.MS_NOSUID|syscall.MS_NODEV|syscall.MS_NOEXEC, "mode=755"); err != nil {
		return fmt.Errorf("mounting %s: %w", root, err)
	}
	for line := range strings.Lines(string(mine)) {
		// For example `4:cpu,cpuacct:/`.
		fields := strings.SplitN(strings.TrimSpace(line), ":", 3)
		if len(fields) != 3 || fields[1] == "" {
			continue
		}
		controllers := fields[1]
		options, folder := controllers, controllers
		if name, named := strings.CutPrefix(controllers, "name="); named {
			options, folder = "none,"+controllers, name
		}
		at := filepath.Join(root, folder)
		if err := os.Mkdir(at, 0o755); err != nil {
			return err
		}
		if err := syscall.Mount("cgroup", at, "cgroup", syscall.MS_NOSUID|syscall.MS_NODEV|syscall.MS_NOEXEC, options); err != nil {
			return fmt.Errorf("mounting control groups (%s): %w", controllers, err)
		}
		for one := range strings.SplitSeq(folder, ",") {
			if one != folder {
				_ = os.Symlink(folder, filepath.Join(root, one))
			}
		}
	}
	return os.WriteFile(runtime+"/cgroups", nil, 0o600)
}

// delegate (cgroup v2) moves all processes into a group of their own and lets the groups beside it have controllers: a
// v2 group can't hold processes and hand out controllers at once.
func delegate() error {
	const root, init = "/sys/fs/cgroup", "/sys/fs/cgroup/init"
	if err := os.MkdirAll(init, 0o755); err != nil {
		return fmt.Errorf("making %s: %w", init, err)
	}
	processes, err := os.ReadFile(root + "/cgroup.procs")
	if err != nil {
		return err
	}
	for pid := range strings.FieldsSeq(string(processes)) {
		// One that ended meanwhile can't be moved.
		_ = os.WriteFile(init+"/cgroup.procs", []byte(pid), 0o644)
	}
	available, err := os.ReadFile(root + "/cgroup.controllers")
	if err != nil {
		return err
	}
	for controller := range strings.FieldsSeq(string(available)) {
		if err := os.WriteFile(root+"/cgroup.subtree_control", []byte("+"+controller), 0o644); err != nil {
			return fmt.Errorf("handing out the controller %s: %w", controller, err)
		}
	}
	return nil
}
