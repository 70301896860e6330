# shellcheck shell=bash disable=SC2034  # read by the scripts that source this
# Words, places and small tools of ./up, ./test and their scripts. Needs ROOT, DATA, PORT and UP_JSON.

CACHE="${MARU_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/maru}"
DATA="$(realpath --canonicalize-missing "$DATA")"
UP_JSON="$(realpath --canonicalize-missing "$UP_JSON")"
LOGS="${UP_JSON%.json}"
URL="http://localhost:$PORT"
# What people type, where that is another name (docs/administration.md).
PUBLIC_URL="${MARU_URL:-$URL}"
MARU="$ROOT/target/release/maru"

case "${LC_ALL:-${LC_MESSAGES:-${LANG:-}}}" in
  ko*) KOREAN=true ;;
  *) KOREAN=false ;;
esac

# Prints the English or the Korean text, by the locale.
text() { # EN KO
  if $KOREAN; then printf '%s' "$2"; else printf '%s' "$1"; fi
}

say() { # EN KO
  clear_progress
  text "$1" "$2"
  echo
}

# What failed, and what to do about it.
die() { # WHY_EN WHY_KO FIX_EN FIX_KO
  clear_progress
  {
    text "Failed: $1" "실패: $2"
    echo
    text "What to do: $3" "해결 방법: $4"
    echo
  } >&2
  exit 1
}

# "75" -> "1 min 15 s"
duration() {
  if (($1 < 60)); then
    text "$1 s" "$1초"
  else
    text "$(($1 / 60)) min $(($1 % 60)) s" "$(($1 / 60))분 $(($1 % 60))초"
  fi
}

# A hash of the names and contents of all files below the given paths, less what is built.
hash_of_files() {
  find "$@" \( -name node_modules -o -name dist -o -name target \) -prune -o -type f -print0 |
    sort --zero-terminated | xargs --null --no-run-if-empty sha256sum | sha256sum | cut -c1-32
}

# json EXPRESSION < document: evaluates it with the document as `d`; prints strings bare, nothing for undefined.
json() {
  node -e '
    const d = JSON.parse(require("fs").readFileSync(0, "utf8"));
    const v = new Function("d", "return " + process.argv[1])(d);
    if (v !== undefined && v !== null) process.stdout.write(typeof v === "string" ? v : JSON.stringify(v));
  ' "$1"
}

# Runs a command as root, by sudo where we are not.
as_root() {
  if [ "$(id -u)" = 0 ]; then "$@"; else sudo "$@"; fi
}
