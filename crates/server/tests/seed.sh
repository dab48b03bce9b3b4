#!/usr/bin/env bash
# The shell checks of Active Graph KG's security guide ("Verification" and "Testing & Verification") against a running server, as they stand
# there but for the port, `wardgraph token mint` in place of the Python script, and the outcomes, which are compared instead of looked at.
#
#   PORT       where the server listens on 127.0.0.1
#   WARDGRAPH  the binary; it finds the data folder and the issuer in its environment, as the server does
#   JWT_...    the seed's issuer, if there is one: then tokens are made by hand too
set -euo pipefail

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

is() {
  if [[ $2 == "$3" ]]; then
    printf 'good  %s\n' "$1"
  else
    printf 'BAD   %s: wanted %q, got %q\n' "$1" "$2" "$3" >&2
    exit 1
  fi
}

command -v curl >/dev/null || { echo 'curl is missing' >&2; exit 1; }
# jq, as far as the guide uses it: one member, in plain text.
command -v jq >/dev/null || jq() {
  python3 -c 'import json,sys; v = json.load(sys.stdin)[sys.argv[1][1:]]; print(v if isinstance(v, str) else json.dumps(v))' "$2"
}

# --- Test JWT Authentication -------------------------------------------------------------------------------------------------------

# Generate test tokens
TENANT_A_TOKEN=$("$WARDGRAPH" token mint \
  --tenant tenant_a \
  --scopes "search:read,nodes:write")
TENANT_B_TOKEN=$("$WARDGRAPH" token mint \
  --tenant tenant_b \
  --scopes "search:read,nodes:write")

# Create node as tenant_a
NODE_ID=$(curl -s -X POST http://localhost:$PORT/nodes \
  -H "Authorization: Bearer $TENANT_A_TOKEN" \
  -H "Content-Type: application/json" \
  -d '{"classes":["Test"],"props":{"name":"test"}}' \
  | jq -r '.id')
is 'an id came back' 36 "${#NODE_ID}"

# Tenant A can access (200)
is 'tenant_a reads it' 200 "$(curl -s -o "$work/a" -w "%{http_code}" \
  -H "Authorization: Bearer $TENANT_A_TOKEN" \
  "http://localhost:$PORT/nodes/$NODE_ID")"
is 'it is the one' "$NODE_ID" "$(jq -r '.id' <"$work/a")"

# Tenant B cannot access (404)
is 'tenant_b does not' 404 "$(curl -s -o "$work/b" -w "%{http_code}" \
  -H "Authorization: Bearer $TENANT_B_TOKEN" \
  "http://localhost:$PORT/nodes/$NODE_ID")"
is 'and learns nothing' 0 "$(grep -c -e tenant_a -e '"test"' "$work/b" || true)"

# --- Verification: as it stands in "Multi-Tenancy & RLS", without a Content-Type --------------------------------------------------

# Response: {"id": "node_123", "tenant_id": "tenant_a"}
curl -s -X POST http://localhost:$PORT/nodes \
  -H "Authorization: Bearer $TENANT_A_TOKEN" \
  -d '{"classes":["Test"],"props":{"name":"test"}}' >"$work/created"
is 'the tenant is in the answer' tenant_a "$(jq -r '.tenant_id' <"$work/created")"
is 'without a token there is nothing' 401 "$(curl -s -o /dev/null -w "%{http_code}" "http://localhost:$PORT/nodes/$NODE_ID")"

# --- Verify Write Endpoint Protection ----------------------------------------------------------------------------------------------

# Attempt tenant impersonation
curl -s -X POST http://localhost:$PORT/nodes \
  -H "Authorization: Bearer $TENANT_A_TOKEN" \
  -H "Content-Type: application/json" \
  -d '{
    "classes": ["Test"],
    "props": {"name": "test"},
    "tenant_id": "tenant_b"
  }' >"$work/forged"
# Verify node created with tenant_a (from JWT), not tenant_b (from body)
is 'the row got the tenant of the token' tenant_a "$(jq -r '.tenant_id' <"$work/forged")"
is 'tenant_b has nothing of it' 404 "$(curl -s -o /dev/null -w "%{http_code}" \
  -H "Authorization: Bearer $TENANT_B_TOKEN" \
  "http://localhost:$PORT/nodes/$(jq -r '.id' <"$work/forged")")"

# --- Scope formats and leeway, with tokens made by hand as another issuer would -----------------------------------------------------

# hand_made SCOPES SECONDS: a token with these scope members, which ends in so many seconds.
hand_made() {
  python3 - "$1" "$2" <<'PYTHON'
import base64, hashlib, hmac, json, os, sys, time
def b64(data): return base64.urlsafe_b64encode(data).rstrip(b"=").decode()
claims = {"sub": "user_123", "tenant_id": "tenant_a", "exp": int(time.time()) + int(sys.argv[2]), "aud": os.environ["JWT_AUDIENCE"],
          "iss": os.environ["JWT_ISSUER"], **json.loads(sys.argv[1])}
signed = b64(json.dumps({"alg": "HS256", "typ": "JWT"}).encode()) + "." + b64(json.dumps(claims).encode())
print(signed + "." + b64(hmac.new(os.environ["JWT_SECRET_KEY"].encode(), signed.encode(), hashlib.sha256).digest()))
PYTHON
}

reads() {
  curl -s -o /dev/null -w "%{http_code}" -H "Authorization: Bearer $1" "http://localhost:$PORT/nodes/$NODE_ID"
}

if [[ -n ${JWT_SECRET_KEY:-} ]]; then
  LIST='{"scopes": ["search:read", "nodes:write", "admin:refresh"]}'
  is 'scopes as a list' 200 "$(reads "$(hand_made "$LIST" 600)")"
  is 'scope as a string' 200 "$(reads "$(hand_made '{"scope": "search:read nodes:write"}' 600)")"
  is 'both, alike' 200 "$(reads "$(hand_made '{"scopes": ["search:read"], "scope": "search:read"}' 600)")"
  is 'both, unalike' 401 "$(reads "$(hand_made '{"scopes": ["search:read"], "scope": "nodes:write"}' 600)")"
  is 'no scope' 403 "$(reads "$(hand_made '{}' 600)")"
  is 'another scope' 403 "$(reads "$(hand_made '{"scope": "admin:refresh"}' 600)")"
  is 'expired 20 s ago, within the leeway' 200 "$(reads "$(hand_made "$LIST" -20)")"
  is 'expired 40 s ago, beyond it' 401 "$(reads "$(hand_made "$LIST" -40)")"
  is 'another issuer' 401 "$(JWT_ISSUER=https://elsewhere reads "$(JWT_ISSUER=https://elsewhere hand_made "$LIST" 600)")"
  is 'another audience' 401 "$(reads "$(JWT_AUDIENCE=elsewhere hand_made "$LIST" 600)")"
  is 'another secret' 401 "$(reads "$(JWT_SECRET_KEY=another-secret-key-min-32-chars-long-for-testing hand_made "$LIST" 600)")"
fi

# --- Test Rate Limiting --------------------------------------------------------------------------------------------------------------

# The bucket fills by 10 a second while the burst runs, so that a slow machine sees more than 100 succeed: what is compared is the law
# 100 <= succeeded <= 100 + 10 * seconds + 1. A burst so slow that nothing had to be refused shows nothing, and is run again.
TOKEN=$TENANT_A_TOKEN
for attempt in 1 2 3 4; do
  : >"$work/codes"
  began=$(date +%s%N)
  # Burst test (should allow 100 req/s burst)
  for i in {1..120}; do
    curl -s -o /dev/null -w "%{http_code}\n" \
      -H "Authorization: Bearer $TOKEN" \
      -X POST http://127.0.0.1:$PORT/search \
      -d '{"query":"test"}' >>"$work/codes" &
  done
  wait
  took=$(( ($(date +%s%N) - began) / 1000000 ))
  succeeded=$(grep -c '^200$' "$work/codes" || true)
  rejected=$(grep -c '^429$' "$work/codes" || true)
  # Expected: ~100 succeed (200), ~20 rejected (429)
  is 'every search was answered with 200 or 429' 120 "$((succeeded + rejected))"
  most=$((101 + took / 100))
  ((most > 120)) && most=120
  is "100 to $most searches succeed ($succeeded did, $rejected were rejected, in $took ms)" yes \
    "$( ((succeeded >= 100 && succeeded <= most)) && echo yes || echo no)"
  ((rejected > 0)) && break
  # The bucket is full again after 10 s.
  sleep 11
done
is 'some were rejected' yes "$( ((rejected > 0)) && echo yes || echo no)"
is 'a rejected one is told when to come back' yes "$(
  for i in {1..120}; do
    curl -s -D - -o /dev/null -H "Authorization: Bearer $TOKEN" -X POST http://127.0.0.1:$PORT/search -d '{"query":"test"}' |
      tr -d '\r' | grep -iq '^retry-after: [1-9]' && echo yes && break
  done
)"
is "the other tenant's searches go on" 200 "$(curl -s -o /dev/null -w "%{http_code}" \
  -H "Authorization: Bearer $TENANT_B_TOKEN" -X POST http://127.0.0.1:$PORT/search -d '{"query":"test"}')"
