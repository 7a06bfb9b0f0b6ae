#!/bin/sh
# Lays out what `dist/Dockerfile` copies: layout.sh CONTEXT ARCHITECTURE BINARY, once for each architecture (amd64, arm64).
set -eu
context=$1 root=$1/rootfs-$2 binary=$3

mkdir -p "$root/usr/local/bin" "$root/tmp" "$context/plain/etc"
chmod 1777 "$root/tmp"
cp "$binary" "$root/usr/local/bin/liftoff"
chmod 0755 "$root/usr/local/bin/liftoff"
printf '[safe]\n\tdirectory = *\n' >"$context/plain/etc/gitconfig"
