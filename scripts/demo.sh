# shellcheck shell=bash
# The demo class, the first deployment of the starter project, and what ./up writes and prints about them.

ACCOUNTS="$LOGS/accounts.json" # mode 0600, read by the steps after it
APP_URL="$LOGS/app_url"

seed_accounts() {
  umask 077
  MARU_DATA="$DATA" "$MARU" demo >"$ACCOUNTS.new"
  mv "$ACCOUNTS.new" "$ACCOUNTS"
}

account() { json "d.$1" <"$ACCOUNTS"; }

# The API as the student: the body, then the status on a line of its own.
api_raw() { # METHOD PATH [CURL-ARGUMENT...]
  local method="$1" path="$2"
  shift 2
  curl --silent --show-error --max-time 60 --request "$method" --write-out '\n%{http_code}' \
    --header "@$LOGS/student.header" "$@" "$URL$path"
}

# The same, where only success is of use: the body; on failure nothing, and the answer on stderr.
api() { # METHOD PATH [CURL-ARGUMENT...]
  local answer
  answer="$(api_raw "$@")" || return 1
  if [[ "${answer##*$'\n'}" != 2* ]]; then
    echo "$1 $2: $answer" >&2
    return 1
  fi
  printf '%s' "${answer%$'\n'*}"
}

# Prints the deployment's id; one that runs already (an ./up before was cut short) is as good.
start_deployment() {
  local answer
  answer="$(api_raw POST /api/v1/deployments --header 'Content-Type: application/json' --data '{"message":"Starter project"}')"
  case "${answer##*$'\n'}" in
    2* | 409) json 'd.id' <<<"${answer%$'\n'*}" ;;
    *) die "the deployment could not be started: $answer" "배포를 시작할 수 없습니다: $answer" \
      "read $DATA/server.log, then run ./up again" "$DATA/server.log 를 보고 ./up 을 다시 실행하세요" ;;
  esac
}

# The token goes by a file: a command line can be read by everybody on the machine.
student_header() {
  umask 077
  printf 'Authorization: Bearer %s\n' "$(account student.token)" >"$LOGS/student.header"
}

wait_for_cluster() {
  student_header
  local deadline=$((SECONDS + 300))
  until [ "$(api GET /k8s/readyz 2>/dev/null)" = ok ]; do
    if ((SECONDS > deadline)); then
      tail -n 15 "$DATA/server.log"
      die "the cluster is not ready after 5 minutes" "5분이 지나도 클러스터가 준비되지 않았습니다" \
        "read $DATA/server.log and 'docker logs maru-$(instance)-node'" "$DATA/server.log 와 'docker logs maru-$(instance)-node' 를 보세요"
    fi
    sleep 0.3
  done
}

first_deployment() {
  deploy_starter
  write_up_json
}

# Deploys once: what the student made of it since is theirs, and may be broken or gone.
deploy_starter() {
  local app id deployment state before="" steps deadline=$((SECONDS + 600)) done="$DATA/starter-deployed"
  student_header
  app="$(api GET /api/v1/app 2>/dev/null || echo '{}')"
  if [ "$(json 'd.current && d.current.state !== "none" && d.url ? "yes" : "no"' <<<"$app")" = yes ]; then
    json 'd.url' <<<"$app" >"$APP_URL"
    echo "the application is there"
    cp "$APP_URL" "$done"
    return
  fi
  if [ -s "$done" ]; then
    cp "$done" "$APP_URL"
    echo "it was deployed before, and its student has changed that"
    return
  fi
  id="$(start_deployment)"
  while :; do
    ((SECONDS <= deadline)) || die "the deployment is not done after 10 minutes" "10분이 지나도 배포가 끝나지 않았습니다" \
      "read $DATA/server.log" "$DATA/server.log 를 보세요"
    sleep 0.3
    deployment="$(api GET "/api/v1/deployments/$id")" || continue
    steps="$(json '(d.steps || []).map(s => s.name + " " + s.state).join(", ")' <<<"$deployment")"
    [ "$steps" = "$before" ] || echo "$steps"
    before="$steps"
    state="$(json 'd.state' <<<"$deployment")"
    case "$state" in
      succeeded) break ;;
      failed | cancelled)
        echo "$deployment"
        die "the deployment of the starter project $state" "시작 프로젝트 배포: $state" \
          "read the answer above and $DATA/server.log, then run ./up again" "위 응답과 $DATA/server.log 를 보고 ./up 을 다시 실행하세요"
        ;;
    esac
  done
  json 'd.url' <<<"$deployment" >"$APP_URL"
  cp "$APP_URL" "$done"
}

write_up_json() {
  local registry
  registry="$(docker port "maru-$(instance)-registry" 5000/tcp | head -n 1)"
  umask 077
  DATA="$DATA" URL="$URL" REGISTRY="$registry" APP_URL="$(cat "$APP_URL")" node -e '
    const { admin, instructor, student } = JSON.parse(require("fs").readFileSync(0, "utf8"));
    const { URL: url, DATA: data, REGISTRY: registry, APP_URL: app_url } = process.env;
    console.log(JSON.stringify({ url, data, registry, admin, instructor, student, app_url }, null, 2));
  ' <"$ACCOUNTS" >"$UP_JSON.new"
  mv "$UP_JSON.new" "$UP_JSON"
}

announce_ide() {
  say "The IDE is ready: $PUBLIC_URL, as student with the password $(account student.password)" \
    "IDE가 준비되었습니다: $PUBLIC_URL, 아이디 student, 비밀번호 $(account student.password)"
}

announce_ready() {
  local who
  say "Maru is ready." "마루가 준비되었습니다."
  printf '\n  %-14s %s\n' "$(text IDE IDE)" "$PUBLIC_URL"
  for who in student instructor admin; do
    printf '  %-14s %s / %s\n' "$who" "$(account "$who.login")" "$(account "$who.password")"
  done
  printf '  %-14s %s\n\n' "$(text application 애플리케이션)" "$(cat "$APP_URL")"
}
