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
  local flags=(
    # Static, so that it runs in any image, whatever C library that has.
    -C target-feature=+crt-static
    # A panic names a crate's file, not where this machine's cargo keeps it: some hundred times that folder's name.
    "--remap-path-prefix=${CARGO_HOME:-$HOME/.cargo}/registry/src/="
  )
  # Small: relocations packed, like functions once, no unwind tables. By LLVM's linker, which is rustc's own on this processor.
  [ "$(uname -m)" != x86_64 ] ||
    flags+=(-C "link-arg=-Wl,-z,pack-relative-relocs,--icf=all,--no-eh-frame-hdr" -C link-arg=-Tcrates/agent/sections.ld)
  # Encoded: a home may have a space in its name.
  (
    IFS=$'\x1f'
    CARGO_ENCODED_RUSTFLAGS="${flags[*]}" cargo build --profile agent --locked --target "$AGENT_TARGET" --package maru-agent
  ) || return
  # Where no other build writes: the tests' own `cargo build` puts an agent of another kind, not static, into target/release.
  local built="target/$AGENT_TARGET/agent/maru-agent" place
  for place in target/static target/release; do
    mkdir -p "$place"
    cmp --silent "$built" "$place/maru-agent" || install --mode=755 "$built" "$place/maru-agent"
  done
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
  # The editor's help on manifests is made of the checker's own list.
  sources="$(hash_of_files . "$ROOT/crates/manifest/schema")-$(node --version)"
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
