/** Words about what a workspace uses, and what ran out. */
export const limitsEn = {
  "usage.title": "What the workspace uses",
  "usage.memory": "Memory {percent} %",
  "usage.cpus": "CPU {percent} %",
  "usage.disk": "Disk {percent} %",
  "usage.detail":
    "Memory {memory} of {memoryLimit}\nCPU {cpus} of {cpusLimit}\nHome {disk} of {diskLimit}\nFiles {inodes} of {inodesLimit}\nProcesses {pids} of {pidsLimit}\n/tmp {tmp} of {tmpLimit}, which is memory",
  "usage.noLimit": "no limit",
  "notice.count": "({count} times)",
  "notice.restart": "Restart the workspace",
};
