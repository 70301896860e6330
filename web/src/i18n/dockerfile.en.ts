/** What each instruction of a Dockerfile is for; loaded with the first one that is opened. */
export const dockerfileEn = {
  FROM: "The image to start from, or the next stage of the build.\nFROM registry.localhost/base/python:3",
  RUN: "Runs a command while the image is built; what it leaves is a layer of the image.\nRUN pip install -r requirements.txt",
  COPY: "Copies files of the folder that is built into the image.\nCOPY app.py .",
  ADD: "As COPY, but fetches addresses and unpacks archives as well. Prefer COPY.\nADD site.tar.gz /srv/",
  CMD: 'What a container of this image runs, unless it is told otherwise. Only the last counts.\nCMD ["python", "app.py"]',
  ENTRYPOINT: 'The program that always runs; CMD is then its arguments.\nENTRYPOINT ["python"]',
  WORKDIR: "The folder in which all that follows happens; it is made where it is not there.\nWORKDIR /srv",
  ENV: "A variable, while the image is built and in its containers.\nENV PORT=8080",
  ARG: "A variable while the image is built, and not after.\nARG VERSION=3",
  EXPOSE: "Says which port the program listens on. It opens nothing by itself.\nEXPOSE 8080",
  USER: "Who runs what follows, and the container: better not root.\nUSER 1000",
  VOLUME: "A folder whose content is kept outside of the container.\nVOLUME /data",
  LABEL: "Words about the image, for programs that look for them.\nLABEL org.opencontainers.image.title=web",
  HEALTHCHECK:
    "How Docker looks whether the program is well. Kubernetes uses its own probes instead.\nHEALTHCHECK CMD curl -f localhost:8080",
  SHELL: 'The shell that RUN and CMD use where they are no lists.\nSHELL ["/bin/bash", "-c"]',
  STOPSIGNAL: "The signal that asks the program to end.\nSTOPSIGNAL SIGINT",
  ONBUILD: "An instruction for images that start from this one.\nONBUILD COPY . .",
};
