#!/bin/sh
# Starts a command with secrets from files: of each variable NAME_FILE the content of the file that
# it names becomes NAME. The names that are meant end so; a variable that is set already stays.
set -eu
for name in $(env | sed -n 's/^\([A-Z][A-Z0-9_]*\)_FILE=.*/\1/p'); do
    eval "file=\${${name}_FILE}"
    eval "is_set=\${${name}+yes}"
    [ -z "${is_set}" ] || continue
    if [ ! -r "${file}" ]; then
        echo "${name}_FILE names ${file}, which cannot be read." >&2
        exit 78
    fi
    value=$(cat "${file}")
    export "${name}=${value}"
done
exec "$@"
