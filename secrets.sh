#!/bin/sh
# Makes the secrets that docker-compose.yml reads, once; existing files stay. Prints the administrator's key id.
set -eu
cd "$(dirname "$0")"
mkdir -p secrets
chmod 700 secrets
umask 022

keep() { # NAME COMMAND...: what the command prints becomes the file, unless there is one
  name=$1
  shift
  [ -s "secrets/$name" ] || "$@" > "secrets/$name"
}
hex() { openssl rand -hex "$1"; }
key_id() { printf 'AKIA%s\n' "$(openssl rand -hex 8 | tr a-f A-F)"; }
database_url() { printf 'postgres://berth:%s@postgres:5432/berth\n' "$(cat secrets/postgres_password)"; }

keep postgres_password hex 24
keep database_url database_url
keep s3_access_key_id key_id
keep s3_secret_access_key hex 24
keep master_key openssl rand -base64 32
keep admin_access_key_id key_id
keep admin_secret_access_key hex 24
echo "administrator: $(cat secrets/admin_access_key_id), secret in secrets/admin_secret_access_key"
