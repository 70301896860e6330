# Holds every pod of a node still, and lets them go on: by the freezer of their control group, whichever version there is.
# CGROUPS: where control groups are mounted; PATIENCE: tenths of a second until a freeze has failed.

# Of v1: a folder of its own with `freezer.state`, which reads FREEZING until all stand still.
v1=$CGROUPS/freezer/kubepods/freezer.state
# Of v2: `cgroup.freeze` takes the wish, and `cgroup.events` says `frozen 1` when it is so.
v2=$CGROUPS/kubepods

pods_go_on() {
  if [ -e "$v1" ]; then
    echo THAWED >"$v1"
  elif [ -e "$v2/cgroup.freeze" ]; then
    echo 0 >"$v2/cgroup.freeze"
  fi
}

pods_are_still() {
  if [ -e "$v1" ]; then
    grep -qx FROZEN "$v1"
  else
    grep -qx 'frozen 1' "$v2/cgroup.events"
  fi
}

# Returns when they are still; fails where they can't be held, or will not be.
hold_pods() {
  if [ -e "$v1" ]; then
    echo FROZEN >"$v1"
  elif [ -e "$v2/cgroup.freeze" ]; then
    echo 1 >"$v2/cgroup.freeze"
  elif [ ! -e "${v1%/*}" ] && [ ! -e "$v2" ]; then
    # The kubelet makes it before the first pod.
    return 0
  else
    echo "the node's control groups can't be frozen" >&2
    return 1
  fi
  tries=0
  until pods_are_still; do
    tries=$((tries + 1))
    if [ "$tries" -gt "$PATIENCE" ]; then
      echo "the pods do not stand still: one of their processes waits for a disk or a network that does not answer" >&2
      return 1
    fi
    sleep 0.1
  done
}
