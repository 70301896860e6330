# shellcheck shell=bash
# What ./up builds. Each function does nothing, quickly, where the result of the same content is there.

AGENT_TARGET="$(uname -m)-unknown-linux-gnu"

build_server() {
  cd "$ROOT" || return
  # The agent is only named, not built: so every crate gets the features that the whole workspace gives it, and ./test
  # finds all that was compiled here.
  cargo build --release --locked --package maru-server --package maru-agent --bin maru
}

# Beside the server: cargo keeps a folder, and its lock, for each target.
build_agent() {
  cd "$ROOT" || return
  # Static, so that it runs in any image, whatever C library that has.
  local flags="-C target-feature=+crt-static"
  # Small: relocations packed, like functions once, no unwind tables. By LLVM's linker, which is rustc's own on this processor.
  [ "$(uname -m)" != x86_64 ] ||
    flags+=" -C link-arg=-Wl,-z,pack-relative-relocs,--icf=all,--no-eh-frame-hdr -C link-arg=-Tcrates/agent/sections.ld"
  RUSTFLAGS="$flags" \
    cargo build --profile agent --locked --target "$AGENT_TARGET" --package maru-agent
  mkdir -p target/release
  local built="target/$AGENT_TARGET/agent/maru-agent"
  cmp --silent "$built" target/release/maru-agent || install --mode=755 "$built" target/release/maru-agent
}

# The packages of a folder's package-lock.json, in its node_modules.
npm_packages() ( # FOLDER
  cd "$1" || return
  packages="$(hash_of_files package.json package-lock.json)-$(node --version)"
  [ "$(cat node_modules/.maru-hash 2>/dev/null)" != "$packages" ] || return 0
  npm ci --no-audit --no-fund
  echo "$packages" >node_modules/.maru-hash
)

build_web() {
  cd "$ROOT/web" || return
  # Another ./up of this clone may be at the same.
  exec 8>"$CACHE/web.lock"
  flock 8
  npm_packages .
  local sources
  sources="$(hash_of_files .)-$(node --version)"
  if [ "$(cat dist/.maru-hash 2>/dev/null)" != "$sources" ]; then
    npm run build
    echo "$sources" >dist/.maru-hash
  fi
}

build_images() { "$ROOT/docker/build-images"; }

build_node() {
  # Processor time that nothing else wants: the IDE's own steps are not slowed, and its users neither.
  chrt --idle 0 "$ROOT/docker/node/build"
}
