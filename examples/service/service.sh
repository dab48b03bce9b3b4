#!/bin/sh
# A service: it gets a token of its own, and counts the nodes that it sees.
set -eu

member() { python3 -c 'import json, sys; print(json.load(sys.stdin)[sys.argv[1]])' "$1"; }

TOKEN=$(curl -sSf "$WARDGRAPH_URL/oauth2/token" -u "$SERVICE_ID:$SERVICE_SECRET" -d grant_type=client_credentials | member access_token)
COUNT=$(curl -sSf "$WARDGRAPH_URL/nodes" -H "Authorization: Bearer $TOKEN" | python3 -c 'import json, sys; print(len(json.load(sys.stdin)["nodes"]))')
echo "the service sees $COUNT nodes"
