#!/bin/sh
# Makes the secrets that docker-compose.yml reads, once; existing files stay. Prints the administrator's key id.
set -eu
cd "$(dirname "$0")"
mkdir -p secrets
chmod 700 secrets
umask 022
keep() { [ -s "secrets/$1" ] || cat > "secrets/$1"; }
random() { openssl rand -hex "$1"; }
random 24 | keep postgres_password
printf 'postgres://berth:%s@postgres:5432/berth\n' "$(cat secrets/postgres_password)" | keep database_url
printf 'AKIA%s\n' "$(random 8 | tr a-f A-F)" | keep s3_access_key_id
random 24 | keep s3_secret_access_key
openssl rand -base64 32 | keep master_key
printf 'AKIA%s\n' "$(random 8 | tr a-f A-F)" | keep admin_access_key_id
random 24 | keep admin_secret_access_key
echo "administrator: $(cat secrets/admin_access_key_id), secret in secrets/admin_secret_access_key"
