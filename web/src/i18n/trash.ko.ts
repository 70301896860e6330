/** Words of the trash. */
import type { trashEn } from "./trash.en";

export const trashKo: Record<keyof typeof trashEn, string> = {
  "trash.title": "휴지통",
  "trash.hint":
    "파일 탐색기에서 지운 것들입니다. 완전히 지울 때까지 여기에 남아 있으며 홈 폴더의 용량을 차지합니다.",
  "trash.none": "휴지통이 비어 있습니다.",
  "trash.restore": "되돌리기",
  "trash.restoreOf": "{path} 되돌리기",
  "trash.restored": "{path}을(를) 되돌렸습니다.",
  "trash.discard": "완전히 지우기",
  "trash.discardOf": "{path} 완전히 지우기",
  "trash.discard.text": "지운 뒤에는 스냅샷에서만 되살릴 수 있습니다.",
  "trash.empty": "휴지통 비우기",
  "trash.empty.text": "파일과 폴더 {count}개를 지웁니다. 지운 뒤에는 스냅샷에서만 되살릴 수 있습니다.",
  "trash.emptied": "휴지통을 비웠습니다.",
};
