import type { limitsEn } from "./limits.en";

/** 작업 공간의 사용량과 한도에 관한 말. */
export const limitsKo: Record<keyof typeof limitsEn, string> = {
  "usage.title": "작업 공간 사용량",
  "usage.memory": "메모리 {percent}%",
  "usage.cpus": "CPU {percent}%",
  "usage.disk": "디스크 {percent}%",
  "usage.detail":
    "메모리 {memory} / {memoryLimit}\nCPU {cpus} / {cpusLimit}\n홈 폴더 {disk} / {diskLimit}\n파일 수 {inodes} / {inodesLimit}\n프로세스 {pids} / {pidsLimit}\n/tmp {tmp} / {tmpLimit} (메모리를 씁니다)",
  "usage.noLimit": "제한 없음",
  "notice.count": "({count}번)",
  "notice.restart": "작업 공간 다시 시작",
};
