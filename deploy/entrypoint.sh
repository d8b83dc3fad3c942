#!/bin/sh
# Starts a command with secrets from files: of each variable NAME_FILE that names a file below the
# folder of secrets the content becomes NAME. Other files are not meant (SSL_CERT_FILE); a variable
# that is set already stays.
set -eu
folder=${SECRETS_FOLDER:-/run/secrets}
for name in $(env | sed -n 's/^\([A-Z][A-Z0-9_]*\)_FILE=.*/\1/p'); do
    eval "file=\${${name}_FILE}"
    case "${file}" in
        "${folder}"/*) ;;
        *) continue ;;
    esac
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
