import type { secretsEn } from "./secrets.en";

/** git 밖에 두는 시크릿에 관한 말. */
export const secretsKo: Record<keyof typeof secretsEn, string> = {
  "appmap.tab.secrets": "시크릿",
  "secrets.note":
    "git에 두면 안 되는 비밀번호와 키입니다. 입력한 값은 클러스터에 저장되며 다시 표시되지 않습니다.",
  "secrets.none": "아직 시크릿이 없습니다.",
  "secrets.entered": "여기서 입력함",
  "secrets.brought": "파일이나 kubectl로 만듦",
  "secrets.keysOf": "{name}의 키",
  "secrets.new": "시크릿 입력",
  "secrets.enter": "시크릿 입력하기",
  "secrets.change": "변경",
  "secrets.changeOf": "{name} 변경",
  "secrets.addKey": "키 추가",
  "secrets.addTo": "{name}에 키 추가",
  "secrets.remove": "삭제",
  "secrets.removeOf": "{name} 삭제",
  "secrets.removeAsk": "시크릿 {name}을(를) 삭제할까요?",
  "secrets.removeText":
    "값은 되살릴 수 없습니다. 이 값을 쓰는 파드는 다시 시작할 때까지만 실행되고, 그 뒤에는 시크릿을 기다립니다.",
  "secrets.removed": "시크릿 {name}을(를) 삭제했습니다.",
  "secrets.anew":
    "저장된 값은 아무도 읽을 수 없으므로 {name}의 모든 키를 다시 입력해야 합니다. 빠진 키는 삭제됩니다.",
  "secrets.kept":
    "{name}은(는) 파일이나 kubectl로 만든 시크릿입니다. 원래 키는 그대로 두고 입력한 키를 더합니다.",
  "secrets.name": "시크릿 이름",
  "secrets.keyNumber": "{number}번째 키",
  "secrets.key": "키",
  "secrets.value": "값",
  "secrets.show": "값 보기",
  "secrets.drop": "{number}번째 키 빼기",
  "secrets.another": "키 하나 더",
  "secrets.lost": "입력란에 없는 다음 키는 저장하면 삭제됩니다: {keys}",
  "secrets.twice": "키 {key}이(가) 두 번 있습니다.",
  "secrets.save": "저장",
  "secrets.saved":
    "{name}을(를) 저장했습니다. 이 시크릿을 기다리던 파드는 저절로 시작됩니다. 실행 중인 파드는 다시 시작해야 새 값을 읽습니다.",
};
