import type { targetEn } from "./target.en";

/** 목표 상태, 롤아웃에서 바뀐 것, 컨테이너 환경 변수의 말. */
export const targetKo: Record<keyof typeof targetEn, string> = {
  "target.onPush": "main에 push할 때마다 자동으로 불러오기",
  "target.onPushNote":
    "목표 상태만 바뀝니다. 직접 배포하거나 롤아웃하기 전에는 실행 중인 것이 바뀌지 않습니다.",
  "target.onPushOn": "이제 main에 push하면 목표 상태를 자동으로 다시 읽습니다.",
  "target.onPushOff": "이제 직접 불러오거나 배포할 때만 목표 상태를 다시 읽습니다.",
  "target.diff": "롤아웃하면 바뀌는 것",
  "target.same": "없습니다. git에 쓰인 그대로 실행 중입니다.",
  "target.notCompared": "지금은 클러스터에 물어볼 수 없어 무엇이 바뀔지 알 수 없습니다. git에 쓰인 오브젝트:",
  "history.by": "{who}",
  "history.changes": "바뀐 것",
  "history.against": "롤아웃 {number}와(과) 비교:",
  "history.first": "첫 롤아웃이라 모두 새것입니다.",
  "history.nothing": "없습니다. 롤아웃 {number}와(과) 같은 오브젝트를 다시 롤아웃했습니다.",
  "environment.title": "환경 변수",
  "environment.of": "{name}의 환경 변수",
  "environment.init": "{name} (먼저 실행되고 끝남)",
  "environment.note":
    "지금 시작하는 파드가 받는 값입니다. 실행 중인 파드는 시작할 때 받은 값을 그대로 씁니다. 이미지에 설정된 값은 여기에 없습니다.",
  "environment.none": "매니페스트에 설정한 환경 변수가 없습니다.",
  "environment.name": "이름",
  "environment.value": "값",
  "environment.from": "출처",
  "environment.hidden": "숨김",
  "environment.later": "파드가 실행되면 정해짐",
  "environment.empty": "(빈 값)",
  "environment.absent": "없습니다. 없으면 컨테이너가 시작되지 않습니다",
  "environment.optional": "없어서 이 변수는 빠집니다",
  "environment.manifest": "매니페스트",
  "environment.pod": "파드의 {key}",
  "environment.resource": "컨테이너의 {key}",
  "environment.whole": "{object}이(가) 없습니다. 없으면 컨테이너가 시작되지 않습니다.",
};
