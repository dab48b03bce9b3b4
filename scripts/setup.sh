#!/usr/bin/env bash
# What a build needs and this machine lacks: system packages through apt, the rest through scripts/fetch.py.
#   setup.sh           for building and running
#   setup.sh test      for testing besides
#   setup.sh bench     for measuring besides
set -euo pipefail
cd "$(dirname "$0")/.."

has() { command -v "$1" >/dev/null 2>&1; }
die() { printf 'setup: %s\n' "$*" >&2; exit 1; }

# The compiler is for the C parts of the cryptography library, and links everything.
missing=()
has cc || missing+=(gcc libc6-dev)
has python3 || missing+=(python3)
python3 -m pip --version >/dev/null 2>&1 || missing+=(python3-pip)
has npm || missing+=(npm)
# The pages are tested with a browser.
[ "${1:-}" != test ] || has chromium || missing+=(chromium fonts-dejavu-core)
# Apache with mod_auth_openidc is a client that others wrote: its programs alone, so that no server of the machine's own is set up.
openidc=/usr/lib/apache2/modules/mod_auth_openidc.so
[ "${1:-}" != test ] || { [ -x /usr/sbin/apache2 ] && [ -e "$openidc" ]; } || missing+=(apache2-bin libapache2-mod-auth-openidc)
# The guide's examples ask by it.
[ "${1:-}" != test ] || has curl || missing+=(curl)
[ "${1:-}" != test ] || has jq || missing+=(jq)
[ "${1:-}" != bench ] || has wrk || missing+=(wrk)

if [ "${#missing[@]}" -gt 0 ]; then
  has apt-get || die "please install what is missing: ${missing[*]} (names as on Debian)"
  if [ "$(id -u)" -eq 0 ]; then
    as_root=()
  elif has sudo; then
    as_root=(sudo)
  else
    die "please have root run: apt-get install --no-install-recommends ${missing[*]}"
  fi
  printf 'setup: installing %s\n' "${missing[*]}"
  "${as_root[@]}" apt-get update -qq
  "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install -qq -y --no-install-recommends "${missing[@]}" >/dev/null
fi

has cargo || die "cargo is missing: install Rust 1.95 or newer (https://rustup.rs); Debian's own is too old"

python3 scripts/fetch.py
[ "${1:-}" != bench ] || python3 scripts/fetch.py --only peer
[ "${1:-}" != test ] || python3 scripts/fetch.py --only clients
