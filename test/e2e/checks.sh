# Sourced: checks of a round by real clients, against REGISTRY. Ends with `summary`.
work=$(mktemp -d "${TMPDIR:-/tmp}/berth-e2e.XXXXXX")
export AWS_ENDPOINT_URL=http://$REGISTRY AWS_DEFAULT_REGION=us-east-1 AWS_PAGER="" DOCKER_CONFIG=$work/docker
export AWS_CONFIG_FILE=$work/none AWS_SHARED_CREDENTIALS_FILE=$work/none
unset AWS_SESSION_TOKEN AWS_PROFILE
mkdir -p "$DOCKER_CONFIG"
passed=0 failed=0
ok() { # NAME COMMAND...
  local name=$1
  shift
  if "$@" > "$work/out" 2>&1; then
    echo "ok    $name" && passed=$((passed + 1))
  else
    echo "FAIL  $name: $(tail -3 "$work/out" | tr '\n' ' ')" && failed=$((failed + 1))
  fi
}
refused() { # NAME TEXT COMMAND...: fails, and says TEXT
  local name=$1 text=$2
  shift 2
  if "$@" > "$work/out" 2>&1; then
    echo "FAIL  $name: was allowed" && failed=$((failed + 1))
  elif grep -qF "$text" "$work/out"; then
    echo "ok    $name" && passed=$((passed + 1))
  else
    echo "FAIL  $name: $(tail -3 "$work/out" | tr '\n' ' ')" && failed=$((failed + 1))
  fi
}
says() { # NAME TEXT COMMAND...: succeeds, and prints TEXT alone
  local name=$1 text=$2
  shift 2
  if "$@" > "$work/out" 2>&1 && [ "$(cat "$work/out")" = "$text" ]; then
    echo "ok    $name" && passed=$((passed + 1))
  else
    echo "FAIL  $name: $(tail -3 "$work/out" | tr '\n' ' '), not $text" && failed=$((failed + 1))
  fi
}
as() { export AWS_ACCESS_KEY_ID=$1 AWS_SECRET_ACCESS_KEY=$2; if [ $# = 3 ]; then export AWS_SESSION_TOKEN=$3; else unset AWS_SESSION_TOKEN; fi; }
login() { aws ecr get-login-password | docker login -u AWS --password-stdin "$REGISTRY"; }
image() { # REPO:TAG: a small image of its own
  echo "$RANDOM$RANDOM" > "$work/file"
  tar -C "$work" -cf - file | docker import - "$REGISTRY/$1"
}
summary() {
  rm -rf "$work"
  echo "$passed passed, $failed failed"
  [ "$failed" = 0 ]
}
