import type { languageEn } from "./language.en";

export const languageKo: Record<keyof typeof languageEn, string> = {
  "language.install": "언어 서버 설치",
  "language.installHint": "자동 완성, 오류 표시, 정의로 이동에 쓰입니다. 터미널에서 실행합니다: {command}",
  "language.installing": "설치",
  "language.starting": "{program} 시작하는 중…",
  "language.ended": "언어 서버가 끝남",
  "language.endedHint": "{program}이(가) 여러 번 끝났습니다. 누르면 다시 시작합니다.",
  "language.definition": "정의로 이동",
  "language.references": "모든 참조 찾기",
  "language.rename": "모든 곳에서 이름 바꾸기",
  "language.renamed": "다른 파일에서도 이름을 바꿨습니다: {count}개",
  "language.notRenamed": "{path} 파일이 그사이 바뀌었거나 UTF-8이 아니라서 그 안의 이름은 그대로입니다.",
  "language.format": "파일 정리(포맷)",
  "settings.languageServers": "언어 서버",
  "settings.languageServers.hint": "자동 완성, 오류 표시, 정의로 이동. 작업 공간의 메모리를 씁니다",
  "language.noReferences": "이 이름을 쓰는 곳을 찾지 못했습니다.",
  "language.referenceCount": "사용하는 곳 {count}군데",
  "language.referenceList": "사용하는 곳",
};
