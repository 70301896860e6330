
# Maru: prompts, commands, folders and exit codes for the terminal's tab. The agent writes the file for every terminal.
if [ -r "${MARU_SHELL-}/marks.bash" ]; then
  . "$MARU_SHELL/marks.bash"
fi
