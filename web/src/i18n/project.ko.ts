import type { projectEn } from "./project.en";

/** 새 프로젝트의 말. */
export const projectKo: Record<keyof typeof projectEn, string> = {
  "project.new": "프로젝트: 열거나 템플릿으로 만들기…",
  "project.title": "프로젝트",
  "project.yours": "열기:",
  "project.notThere":
    "{name} 프로젝트가 작업 공간에 없습니다. 터미널에서 git clone http://127.0.0.1:7070/git/{login}/{name}.git ~/{name}",
  "project.template": "무엇으로 시작할까요?",
  "project.name": "이름(영문 소문자, 숫자, -)",
  "project.what": "작업 공간에 git 이 있는 {name} 폴더를 만들고, 이미지 저장소 {count}개를 만듭니다.",
  "project.deployed": "앞으로 이 프로젝트를 배포하기",
  "project.room": "이미지 저장소 {limit}개를 모두 쓰고 있습니다. 지워서 자리를 낼 것을 고르세요({count}개).",
  "project.roomText":
    "저장소의 버전도 함께 지워집니다. 실행 중인 것은 다음 배포까지 계속되지만, 다시 롤아웃할 수는 없습니다.",
  "project.make": "프로젝트 만들기",
  "project.making": "만드는 중…",
  "project.made": "{name} 프로젝트를 만들었습니다. 고친 뒤 배포를 눌러 보세요.",
  "project.notCloned":
    "{name} 프로젝트를 만들었지만 작업 공간에는 없습니다. 같은 이름의 것이 이미 있거나 작업 공간이 실행 중이 아닙니다.",
  "project.notMade": "이미지 저장소 {name}을(를) 만들지 못했습니다. {reason}",
  "project.clash": "{name} 프로젝트가 이미 있습니다. 다른 이름을 고르세요.",
};
