import type { sourceEn } from "./source.en";

/** 앱의 매니페스트와 코드가 어디에서 오는지에 관한 말. */
export const sourceKo: Record<keyof typeof sourceEn, string> = {
  "source.title": "소스:",
  "source.none": "배포하거나 다른 소스를 고르기 전까지는 기본 프로젝트",
  "source.ofProject": "{project} 프로젝트, main 브랜치, 매니페스트 폴더 {folder}",
  "source.atBranch": "{url}, {branch} 브랜치, 매니페스트 폴더 {folder}",
  "source.change": "변경",
  "source.formTitle": "매니페스트와 코드를 가져올 곳",
  "source.project": "내 프로젝트",
  "source.elsewhere": "외부 git 서버",
  "source.projectName": "프로젝트",
  "source.url": "주소 (https)",
  "source.branch": "브랜치",
  "source.path": "매니페스트 폴더 (비우면 k8s 또는 맨 위)",
  "source.noteProject": "배포하면 작업 공간에 있는 프로젝트를 커밋해 main으로 push합니다.",
  "source.noteElsewhere":
    "배포하면 브랜치의 최신 커밋을 가져옵니다. 작업 공간의 내용은 커밋하지 않습니다. 공개 저장소여야 합니다.",
  "source.save": "이 소스로 바꾸고 읽기",
  "source.saving": "읽는 중…",
  "source.changed": "소스를 바꿨습니다. 실행 중인 것은 바뀌지 않았습니다.",
  "source.notHttps": "주소는 https://로 시작해야 합니다. HTTPS로 복제(clone)하는 주소를 복사하세요.",
  "source.noAddress": "저장소 주소가 아닙니다. https://github.com/이름/프로젝트.git 같은 주소를 쓰세요.",
  "source.noPassword": "주소에서 로그인 정보를 빼세요. 공개 저장소만 읽을 수 있습니다.",
  "source.noPushes":
    "자동 불러오기는 내 프로젝트에서만 됩니다. 외부 저장소에 push되어도 마루가 알 수 없습니다.",
  "plan.fetched":
    "작업 공간의 내용은 커밋하지 않습니다. {url} 의 {branch} 브랜치를 배포합니다(현재 {commit}).",
};
