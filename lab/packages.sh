#!/bin/sh
# Installs, on Debian and Ubuntu, what the lab and the tests run, or with the argument `lab` what the lab runs: only what is
# missing, nothing when all is there.
set -eu

packages='tcpdump nginx haproxy apache2-bin nftables iproute2 procps python3 conntrack dsniff openssl postgresql redis-server stunnel4 hping3'
[ "${1:-}" = lab ] || packages="$packages tshark tcptrace strace zstd chromium golang-go"

missing=
count=0
for package in $packages; do
  count=$((count + 1))
  dpkg-query --show --showformat='${db:Status-Status}\n' "$package" 2>/dev/null | grep -qx installed || missing="$missing $package"
done

if [ -z "$missing" ]; then
  echo "packages: all $count are installed"
  exit 0
fi

as_root=
[ "$(id -u)" = 0 ] || as_root=sudo
echo "packages: installing$missing"
$as_root env DEBIAN_FRONTEND=noninteractive apt-get update --quiet=2
# policy-rc.d: a freshly installed nginx or haproxy must not start and take ports.
stop_services=/usr/sbin/policy-rc.d
if [ ! -e "$stop_services" ]; then
  printf '#!/bin/sh\nexit 101\n' | $as_root tee "$stop_services" >/dev/null
  $as_root chmod +x "$stop_services"
  trap '$as_root rm -f "$stop_services"' EXIT
  trap 'exit 130' INT
  trap 'exit 143' TERM HUP
fi
# shellcheck disable=SC2086 # one word for each package
$as_root env DEBIAN_FRONTEND=noninteractive apt-get install --yes --quiet=2 --no-install-recommends $missing
