#!/bin/sh
# Makes the secrets of deploy/compose.yaml in a folder (secrets), each unless it is there. The folder
# keeps other users out; the files can be read by those of the containers.
set -eu
folder=${1:-secrets}
umask 077
mkdir -p "${folder}"
umask 022

random() { od -An -N24 -tx1 /dev/urandom | tr -d ' \n'; }

make() {
    [ -e "${folder}/$1" ] || printf '%s' "$2" > "${folder}/$1"
}

make postgres_password "$(random)"
make redis_password "$(random)"
make broker "redis://:$(cat "${folder}/redis_password")@redis:6379/0"
make store_secret "$(random)"
make store_identities "$(cat <<END
{"identities": [{"name": "catalog-pipeline",
  "credentials": [{"accessKey": "catalog-pipeline", "secretKey": "$(cat "${folder}/store_secret")"}],
  "actions": ["Admin", "Read", "Write", "List"]}]}
END
)"
