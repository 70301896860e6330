# shellcheck shell=bash disable=SC1090,SC1091
# What a bash of Maru reads first, in place of ~/.bashrc: the student's own files as a login shell reads them, then the
# marks. It is written anew for every terminal: changes go into ~/.bashrc.
if [ -r /etc/profile ]; then
  . /etc/profile
fi
if [ -r ~/.bash_profile ]; then
  . ~/.bash_profile
elif [ -r ~/.bash_login ]; then
  . ~/.bash_login
elif [ -r ~/.profile ]; then
  . ~/.profile
fi
if [ -r "${MARU_SHELL-}/marks.bash" ]; then
  . "$MARU_SHELL/marks.bash"
fi
