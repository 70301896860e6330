# shellcheck shell=bash
# Steps of ./up: each runs in the background with a log of its own, is timed, and is told about while it runs.
# How long a step took last time ($CACHE/durations) is the estimate for the next.

# STEP_PID of those that run; STEP_CODE and STEP_TOOK (seconds) of those that have ended.
declare -A STEP_PID STEP_START STEP_EN STEP_KO STEP_CODE STEP_TOOK
DURATIONS="$CACHE/durations"
PROGRESS_SHOWN=false
LAST_HEARTBEAT=0

# Seconds until there is a measurement: a fifth above what was seen on a two-core machine with nothing cached (29 November
# 2026: 5 min 33 s to the IDE; 13 min 38 s to everything, when the IDE still took 6 min 51 s). The node's are from the beginning
# on: it has what the others leave.
declare -A EXPECTED=([prerequisites]=15 [program]=400 [agent]=270 [images]=230 [web]=25 [server]=1 [accounts]=1 [node]=900 [cluster]=15 [deploy]=15)

load_durations() {
  local name seconds
  [ -r "$DURATIONS" ] || return 0
  while read -r name seconds; do
    [[ "$seconds" =~ ^[0-9]+$ ]] && EXPECTED[$name]=$seconds
  done <"$DURATIONS"
}

# A step that found its work done says nothing about how long the work takes.
remember_duration() { # NAME SECONDS
  (($2 >= 3)) || return 0
  { grep -v "^$1 " "$DURATIONS" 2>/dev/null || true; echo "$1 $2"; } >"$DURATIONS.$$"
  mv "$DURATIONS.$$" "$DURATIONS"
}

step_begin() { # NAME EN KO FUNCTION
  local name="$1"
  STEP_EN[$name]="$2" STEP_KO[$name]="$3" STEP_START[$name]=$SECONDS
  load_durations
  # A process group of its own, so that an abort ends all that the step started.
  set -m
  (
    trap - EXIT INT TERM
    # The log's last line names the command that failed, also where that said nothing.
    set -o errtrace
    trap 'echo "${BASH_SOURCE[0]##*/}:$LINENO: failed with $?: $BASH_COMMAND"' ERR
    "$4"
  ) >"$LOGS/$name.log" 2>&1 </dev/null &
  STEP_PID[$name]=$!
  set +m
  [ -t 1 ] || say "… ${STEP_EN[$name]}" "… ${STEP_KO[$name]}"
}

step() { # NAME EN KO FUNCTION
  step_begin "$@"
  step_wait "$1"
}

step_wait() { # NAME...
  local name waiting
  while :; do
    reap_steps
    waiting=false
    for name in "$@"; do
      case "${STEP_CODE[$name]:-running}" in
        running) waiting=true ;;
        0) ;;
        *) step_failed "$name" ;;
      esac
    done
    show_progress
    $waiting || return 0
    sleep 0.2
  done
}

# Tells what has ended since the last look. Of a step that failed only where it is waited for: the others go on until then.
reap_steps() {
  local name code
  for name in "${!STEP_PID[@]}"; do
    ! kill -0 "${STEP_PID[$name]}" 2>/dev/null || continue
    code=0
    wait "${STEP_PID[$name]}" || code=$?
    unset "STEP_PID[$name]"
    STEP_CODE[$name]=$code
    STEP_TOOK[$name]=$((SECONDS - STEP_START[$name]))
    [ "$code" = 0 ] || continue
    remember_duration "$name" "${STEP_TOOK[$name]}"
    say "✓ ${STEP_EN[$name]} ($(duration "${STEP_TOOK[$name]}"))" "✓ ${STEP_KO[$name]} ($(duration "${STEP_TOOK[$name]}"))"
  done
}

step_failed() { # NAME
  local name="$1" took
  took="$(duration "${STEP_TOOK[$1]}")"
  clear_progress
  {
    text "✗ ${STEP_EN[$name]} failed after $took. Its last words:" \
      "✗ ${STEP_KO[$name]}: $took 만에 실패했습니다. 마지막 출력:"
    echo
    tail -n 15 "$LOGS/$name.log" | sed 's/^/    /'
    text "All of it: $LOGS/$name.log. When the cause is gone, run ./up again: it goes on where it was." \
      "전체 로그: $LOGS/$name.log. 원인을 없앤 뒤 ./up 을 다시 실행하면 이어서 합니다."
    echo
  } >&2
  exit 1
}

# Ends the steps that still run, and what they started.
abort_steps() {
  local name
  for name in "${!STEP_PID[@]}"; do
    kill -TERM -- "-${STEP_PID[$name]}" 2>/dev/null || true
  done
}

# Seconds until a step that counts its work ("120 of 3511 packages in 30 s") is through, at the pace so far.
left_by_count() { # NAME
  local last count='([0-9]+) of ([0-9]+) [a-z]+ in ([0-9]+) s$'
  last="$(tail -n 1 "$LOGS/$1.log" 2>/dev/null)"
  if [[ $last =~ $count ]] && ((BASH_REMATCH[1] > 0)); then
    echo $((BASH_REMATCH[3] * (BASH_REMATCH[2] - BASH_REMATCH[1]) / BASH_REMATCH[1]))
  else
    echo 0
  fi
}

# "1 min 5 s, about 2 min 10 s left" of a step. The machine may be slower than the one that was measured, and tells.
step_time() { # NAME
  local elapsed=$((SECONDS - STEP_START[$1])) left counted
  left=$((EXPECTED[$1] - elapsed))
  counted="$(left_by_count "$1")"
  ((counted <= left)) || left=$counted
  if ((left > 0)); then
    text "$(duration "$elapsed"), about $(duration "$left") left" "$(duration "$elapsed"), 약 $(duration "$left") 남음"
  else
    duration "$elapsed"
  fi
}

# One line that is overwritten, on a terminal; elsewhere a plain line every half minute.
show_progress() {
  local name line="" last
  [ ${#STEP_PID[@]} -gt 0 ] || return 0
  if [ ! -t 1 ]; then
    ((SECONDS - LAST_HEARTBEAT >= 30)) || return 0
    LAST_HEARTBEAT=$SECONDS
    for name in "${!STEP_PID[@]}"; do
      ((SECONDS - STEP_START[$name] >= 30)) || continue
      last="$(tail -n 1 "$LOGS/$name.log" 2>/dev/null | tr -d '\r' | cut -c1-80)"
      say "  ${STEP_EN[$name]}: $(step_time "$name")${last:+ - $last}" "  ${STEP_KO[$name]}: $(step_time "$name")${last:+ - $last}"
    done
    return 0
  fi
  for name in "${!STEP_PID[@]}"; do
    line+="${line:+ · }$(text "${STEP_EN[$name]}" "${STEP_KO[$name]}") $(step_time "$name")"
  done
  printf '\r\e[K%s' "${line:0:$((${COLUMNS:-$(tput cols 2>/dev/null || echo 80)} - 2))}"
  PROGRESS_SHOWN=true
}

clear_progress() {
  if $PROGRESS_SHOWN; then printf '\r\e[K'; fi
  PROGRESS_SHOWN=false
}

# How long it will take, said before it begins.
announce_plan() {
  local ide all
  load_durations
  ide=$((EXPECTED[images] + EXPECTED[web]))
  ide=$((EXPECTED[agent] > ide ? EXPECTED[agent] : ide))
  ide=$((EXPECTED[program] > ide ? EXPECTED[program] : ide))
  all=$((EXPECTED[node] + EXPECTED[cluster] + EXPECTED[deploy]))
  say "Maru at $PUBLIC_URL, data in $DATA" "마루: $PUBLIC_URL, 데이터: $DATA"
  if [ ! -x "$MARU" ]; then
    say "If all has to be built: about $(duration "$ide") to the IDE, $(duration "$all") to everything." \
      "모두 새로 빌드하면: IDE까지 약 $(duration "$ide"), 전체는 약 $(duration "$all") 걸립니다."
  fi
}
