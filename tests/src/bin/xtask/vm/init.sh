#!/bin/busybox sh
# First program of a guest: mounts the host's / below a scratch layer in memory, and becomes the script that the kernel's command
# line names.
/bin/busybox --install -s /bin
export PATH=/bin
fail() {
    echo "init: $*" > /dev/ttyS0
    poweroff -f
}
mount -t proc none /proc
mount -t sysfs none /sys
mount -t devtmpfs none /dev
while read -r module; do
    insmod "/modules/$module" || fail "cannot load $module"
done < /modules/order
mount -t virtiofs -o ro host /host || fail "the host's files are not there"
mount -t tmpfs none /over
mkdir /over/upper /over/work
mount -t overlay -o lowerdir=/host,upperdir=/over/upper,workdir=/over/work none /root || fail "no overlay"
for folder in proc sys dev; do
    mount --move "/$folder" "/root/$folder"
done
mkdir -p /root/dev/pts /root/dev/shm
mount -t devpts none /root/dev/pts
mount -t tmpfs none /root/dev/shm
mount -t tmpfs none /root/run
for kind in tracefs:kernel/tracing debugfs:kernel/debug bpf:fs/bpf cgroup2:fs/cgroup; do
    mount -t "${kind%%:*}" none "/root/sys/${kind#*:}"
done
ln -s /proc/self/fd /root/dev/fd
for number in 0:stdin 1:stdout 2:stderr; do
    ln -s "/proc/self/fd/${number%%:*}" "/root/dev/${number#*:}"
done
ifconfig lo 127.0.0.1 up
hostname guest
read -r line < /root/proc/cmdline
script=${line##*guest.script=}
exec switch_root /root /bin/sh "${script%% *}" < /root/dev/ttyS1 > /root/dev/ttyS1 2>&1
