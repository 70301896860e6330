# disk open IMAGE LINK BYTES FILES OWNER | close IMAGE LINK | remove IMAGE LINK
#
# A file system in a file. `open` makes it where it is missing, checks it, and gives it a device that LINK leads to: what
# the Engine mounts. `close` lets the device go as soon as nobody has it mounted, and takes the link away, so that nothing
# can be mounted by it that has the device's number later.
set -eu
verb=$1 image=$2 link=$3
[ "$(id -u)" = 0 ] || exit 77
PATH=$PATH:/usr/sbin:/sbin
folder=$(dirname "$image")
[ -d "$folder" ] || mkdir -p -m 0700 "$folder"
exec 9>"$image.lock"
flock -w 30 9

devices() { losetup --noheadings --raw --output NAME,AUTOCLEAR --associated "$image"; }

# 1: errors were corrected. After the check of a whole file system the folder for what was found is back.
check() {
  e2fsck -p "$@" "$image" >/dev/null || [ $? -le 1 ]
}

case $verb in
  open)
    bytes=$4 files=$5 owner=$6
    # One that is on its way out may be gone, and its number another's, before it is mounted again.
    tries=0
    while devices | grep -q ' 1$'; do
      tries=$((tries + 1))
      [ $tries -le 50 ] || { echo "$image is still mounted somewhere" >&2; exit 1; }
      sleep 0.1
    done
    device=$(devices | head -n 1 | cut -d ' ' -f 1)
    if [ -z "$device" ]; then
      if [ ! -e "$image" ]; then
        rm -f "$image.new"
        truncate --size "$bytes" "$image.new"
        chmod 0600 "$image.new"
        mkfs.ext4 -q -F -m 0 -N "$files" -E "root_owner=$owner:$owner" "$image.new"
        # The Engine fills an empty folder with what its image has there, and students need not wonder.
        debugfs -w -R 'rmdir lost+found' "$image.new" 2>/dev/null
        mv "$image.new" "$image"
      elif [ "$(stat --format %s "$image")" -lt "$bytes" ]; then
        check -f
        truncate --size "$bytes" "$image"
        resize2fs "$image" >/dev/null 2>&1
        debugfs -w -R 'rmdir lost+found' "$image" 2>/dev/null
      else
        check
      fi
      device=$(losetup --find --show "$image")
    fi
    ln -sfn "$device" "$link"
    ;;
  close | remove)
    rm -f "$link"
    for device in $(devices | cut -d ' ' -f 1); do losetup --detach "$device"; done
    if [ "$verb" = remove ]; then rm -f "$image" "$image.new" "$image.lock"; fi
    ;;
  *) exit 64 ;;
esac
