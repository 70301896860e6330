#!/bin/sh
# Rules of the host's iptables that keep the containers of bridge networks away from it.
#   sh fence.sh BRIDGE INSTANCE   fence this bridge off, and remove what is left of bridges that are gone
#   sh fence.sh                   only the latter
# New connections from the bridge to the host are refused, answers to the host's own pass; link-local addresses (a cloud's
# metadata service) are refused through the chain that the Engine leaves to us. Doing it again changes nothing.

PATH=/usr/sbin:/sbin:/usr/bin:/bin

put() {
  chain=$1
  shift
  iptables -w 5 -C "$chain" "$@" 2>/dev/null || iptables -w 5 -I "$chain" "$@"
}

# Ours by their form: a bridge of the Engine's, refused the one way or the other. Without its bridge a rule means nothing.
sweep() {
  for chain in INPUT DOCKER-USER; do
    iptables -w 5 -S "$chain" 2>/dev/null |
      grep -E -- '^-A [A-Z-]+ (-d 169\.254\.0\.0/16 )?-i br-[0-9a-f]{12} .*-j REJECT --reject-with icmp-admin-prohibited$' |
      while read -r _ _ rule; do
        bridge=${rule#*-i }
        bridge=${bridge%% *}
        # The words of a rule are the arguments that made it.
        # shellcheck disable=SC2086
        [ -e "/sys/class/net/$bridge" ] || iptables -w 5 -D "$chain" $rule 2>/dev/null || true
      done
  done
}

iptables -w 5 -L DOCKER-USER -n >/dev/null || exit 1
if [ $# -gt 0 ]; then
  [ -e "/sys/class/net/$1" ] || { echo "this host has no bridge $1" >&2; exit 1; }
  put INPUT -i "$1" -m conntrack ! --ctstate ESTABLISHED,RELATED -m comment --comment "maru-$2" \
    -j REJECT --reject-with icmp-admin-prohibited || exit 1
  put DOCKER-USER -i "$1" -d 169.254.0.0/16 -m comment --comment "maru-$2" \
    -j REJECT --reject-with icmp-admin-prohibited || exit 1
fi
sweep
