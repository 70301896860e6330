import type { tourEn } from "./tour.en";

export const tourKo: Record<keyof typeof tourEn, string> = {
  "tour.title": "첫걸음",
  "tour.lead": "코드가 실행되는 애플리케이션이 되기까지 다섯 단계입니다. 해 보면 저절로 표시됩니다.",
  "tour.over": "다섯 단계를 모두 했습니다. 앞으로의 모든 변경도 이렇게 갑니다.",
  "tour.done": "완료",
  "tour.show": "보여 주기",
  "tour.showOf": "보여 주기: {step}",
  "tour.hide": "여기에 다시 보지 않기",
  "tour.edit": "편집",
  "tour.edit.text": "`web/index.html`의 인사말을 바꾸고 Ctrl-S로 저장하세요.",
  "tour.run": "실행",
  "tour.run.text":
    "터미널에 입력하세요: `python3 -m http.server 8000 -d web`. 포트에서 페이지를 볼 수 있고 Ctrl-C로 끝납니다.",
  "tour.commit": "커밋",
  "tour.commit.text": "무엇이 바뀌었는지 보고, 이유를 적어 커밋하세요. 배포를 눌러도 커밋됩니다.",
  "tour.build": "빌드",
  "tour.build.text": "배포하면 바뀐 폴더마다 Dockerfile로 이미지를 만듭니다.",
  "tour.rollout": "롤아웃",
  "tour.rollout.text": "클러스터가 `k8s/`에 적힌 상태가 되고, 애플리케이션에 주소가 생깁니다.",
  "tour.status": "첫걸음: {all}단계 중 {done}단계",
};
