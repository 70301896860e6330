import type { dockerfileEn } from "./dockerfile.en";

/** Dockerfile 명령의 설명. */
export const dockerfileKo: Record<keyof typeof dockerfileEn, string> = {
  FROM: "시작할 이미지를 정합니다. 다시 쓰면 다음 빌드 단계가 시작됩니다.\nFROM registry.localhost/base/python:3",
  RUN: "이미지를 빌드할 때 명령을 실행하고, 결과를 이미지의 레이어로 남깁니다.\nRUN pip install -r requirements.txt",
  COPY: "빌드하는 폴더의 파일을 이미지에 복사합니다.\nCOPY app.py .",
  ADD: "COPY 와 같지만 주소에서 내려받고 압축도 풉니다. 되도록 COPY 를 쓰세요.\nADD site.tar.gz /srv/",
  CMD: '컨테이너가 시작할 때 실행할 명령입니다. 마지막 것만 쓰입니다.\nCMD ["python", "app.py"]',
  ENTRYPOINT: '항상 실행할 프로그램입니다. 이때 CMD 는 그 인자가 됩니다.\nENTRYPOINT ["python"]',
  WORKDIR: "다음 명령들을 실행할 폴더입니다. 없으면 만듭니다.\nWORKDIR /srv",
  ENV: "빌드할 때와 컨테이너에서 쓰는 환경 변수입니다.\nENV PORT=8080",
  ARG: "빌드할 때만 쓰는 변수입니다.\nARG VERSION=3",
  EXPOSE: "프로그램이 듣는 포트를 적어 둡니다. 이것만으로 포트가 열리지는 않습니다.\nEXPOSE 8080",
  USER: "다음 명령들과 컨테이너를 실행할 사용자입니다. root가 아닌 것이 좋습니다.\nUSER 1000",
  VOLUME: "내용을 컨테이너 밖에 두는 폴더입니다.\nVOLUME /data",
  LABEL: "이미지에 붙이는 설명입니다.\nLABEL org.opencontainers.image.title=web",
  HEALTHCHECK:
    "Docker가 프로그램 상태를 살피는 방법입니다. 쿠버네티스는 자체 probe를 씁니다.\nHEALTHCHECK CMD curl -f localhost:8080",
  SHELL: '목록이 아닌 RUN, CMD 를 실행할 셸입니다.\nSHELL ["/bin/bash", "-c"]',
  STOPSIGNAL: "프로그램에 끝내 달라고 보내는 시그널입니다.\nSTOPSIGNAL SIGINT",
  ONBUILD: "이 이미지에서 시작하는 이미지가 실행할 명령입니다.\nONBUILD COPY . .",
};
