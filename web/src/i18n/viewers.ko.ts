import type { viewersEn } from "./viewers.en";

export const viewersKo: Record<keyof typeof viewersEn, string> = {
  "viewer.preview": "미리 보기",
  "viewer.of": "미리 보기: {name}",
  "viewer.large": "크기가 {size}인 파일입니다. 내려받거나, 여기에서 조금씩 볼 수 있습니다.",
  "viewer.anyway": "여기에서 보기",
  "viewer.bytes": "{count}바이트",
  "viewer.noPdf": "이 브라우저는 페이지 안에서 PDF를 보여 주지 못합니다. 내려받아 읽으세요.",
  "viewer.brokenImage": "브라우저가 보여 줄 수 있는 그림이 아닙니다.",
  "viewer.ownSize": "원래 크기",
  "viewer.table": "표",
  "viewer.row": "행",
  "viewer.emptyTable": "빈 표입니다.",
  "viewer.rows": "행 {rows}개, 열 {columns}개",
  "viewer.firstRows": "처음 {count}행만 보여 줍니다.",
  "viewer.content": "파일 내용",
  "viewer.window": "전체 {size}바이트 중 {from}~{to}",
  "viewer.hex": "16진수",
  "viewer.start": "처음",
  "viewer.back": "이전",
  "viewer.on": "다음",
  "viewer.end": "끝",
};
