# shellcheck shell=bash
# Tells the IDE where this shell is (OSC 7), and where prompts, commands and their ends are (OSC 133).
# Reading it twice does nothing twice; nothing here changes what a command sees or leaves behind.

__maru_ran=0
__maru_none=
__maru_at=
__maru_url=

# First of the prompt's commands: the code is still that of the student's command.
__maru_before() {
  local code=$?
  if [ "$__maru_ran" = 1 ]; then
    printf '\033]133;D;%d\a' "$code"
    __maru_ran=0
  fi
  if [ "$__maru_at" != "$PWD" ]; then
    __maru_at=$PWD
    __maru_encode
  fi
  printf '\033]7;%s\a\033]133;A\a' "$__maru_url"
}

__maru_encode() {
  local LC_ALL=C path='' byte hex at
  for ((at = 0; at < ${#PWD}; at++)); do
    byte=${PWD:at:1}
    case $byte in
      [a-zA-Z0-9/._~-]) path+=$byte ;;
      *)
        printf -v hex '%02X' "'$byte"
        path+=%${hex: -2}
        ;;
    esac
  done
  __maru_url=file://${HOSTNAME-}$path
}

# Last of them: whatever the prompt has become by now, it ends with a mark.
__maru_after() {
  case $PS1 in
    *'133;B'*) ;;
    *) PS1=$PS1'\[\e]133;B\a\]' ;;
  esac
}

case "${PROMPT_COMMAND[*]-}" in
  *__maru_before*) ;;
  *)
    if ((BASH_VERSINFO[0] * 100 + BASH_VERSINFO[1] >= 501)); then
      PROMPT_COMMAND=(__maru_before "${PROMPT_COMMAND[@]}" __maru_after)
    else
      # shellcheck disable=SC2128,SC2178
      PROMPT_COMMAND="__maru_before${PROMPT_COMMAND:+;$PROMPT_COMMAND};__maru_after"
    fi
    ;;
esac
case "${PS0-}" in
  *'133;C'*) ;;
  # Its arithmetic notes, within this shell and without a process, that a command is about to run.
  *) PS0=${PS0-}'${__maru_none:$((__maru_ran = 1, 0)):0}\e]133;C\a' ;;
esac
