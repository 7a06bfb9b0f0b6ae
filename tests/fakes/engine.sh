#!/bin/sh
# Stands in for docker, podman and buildah in tests, which link to it under those names.
# It writes down how it was called, beside the link, and answers from files there:
# KEY.out, KEY.err, KEY.code, KEY.failures (how often to fail first), KEY.hang, where KEY is the
# first argument (for `buildx` and `image` the first two, joined by a dash), without dashes in front.
folder=${0%/*}
name=${0##*/}
{ printf '%s' "$name"; for argument in "$@"; do printf '\t%s' "$argument"; done; printf '\n'; } >> "$folder/log"
PATH=/usr/bin:/bin
env | sort > "$folder/env"

key=$1
case $key in
    --config) key=$3 ;;
    buildx | image) key=$1-$2 ;;
    --*) key=${key#--} ;;
esac

before=
for argument in "$@"; do
    case $before in
        --file)
            [ -f "$argument" ] && cp "$argument" "$folder/seen.dockerfile"
            [ -f "$argument.dockerignore" ] && cp "$argument.dockerignore" "$folder/seen.ignore"
            ;;
        --ignorefile) cp "$argument" "$folder/seen.ignore" ;;
        --config)
            cp "$argument/config.json" "$folder/seen.login"
            stat -c %a "$argument" "$argument/config.json" > "$folder/seen.modes"
            [ -e "$argument/contexts" ] && ls "$argument/contexts" > "$folder/seen.contexts"
            ;;
        --authfile)
            cp "$argument" "$folder/seen.login"
            stat -c %a "${argument%/*}" "$argument" > "$folder/seen.modes"
            ;;
        --output) printf 'archive' > "${argument#*dest=}" ;;
    esac
    before=$argument
done
[ "$before" = "-" ] && cat > "$folder/seen.tar"

[ -f "$folder/$key.out" ] && cat "$folder/$key.out"
if [ -p "$folder/$key.hang" ]; then
    # The pipe closes when this process and its child have both ended. It is opened before
    # anything is said, so that its reader always finds a writer.
    exec 3> "$folder/$key.hang"
    sleep 1000 &
    echo hanging
    wait
fi
if [ -f "$folder/$key.failures" ]; then
    left=$(cat "$folder/$key.failures")
    [ "$left" -le 0 ] && exit 0
    echo $((left - 1)) > "$folder/$key.failures"
    [ -f "$folder/$key.err" ] && cat "$folder/$key.err" >&2
    exit 1
fi
[ -f "$folder/$key.err" ] && cat "$folder/$key.err" >&2
[ -f "$folder/$key.code" ] && exit "$(cat "$folder/$key.code")"
exit 0
