# What an operator does with the packages, on a system that has just booted. The last line says that all of it worked.
exec > /packages/steps.log 2>&1
trap 'systemctl --no-block poweroff' EXIT
set -eux

as_countersign() { runuser -u countersign -- env COUNTERSIGN_DIR=/var/lib/countersign "$@"; }

begun=$(date +%s)
dpkg --install /packages/*.deb

# From the packages to a verified answer, on a PostgreSQL of somebody else's schema, by the commands of the documents.
echo 'host all all 127.0.0.1/32 trust' > "$(echo /etc/postgresql/*/main/pg_hba.conf)"
echo 'local all postgres peer' >> "$(echo /etc/postgresql/*/main/pg_hba.conf)"
systemctl restart postgresql
until runuser -u postgres -- psql -c 'CREATE ROLE owner LOGIN SUPERUSER' -c 'CREATE ROLE club_reader LOGIN'; do sleep 1; done
runuser -u postgres -- createdb --owner owner club
psql --quiet --host 127.0.0.1 --username owner --file /packages/hiking-club.sql club
useradd --create-home engineer
(cd /home/engineer && runuser -u engineer -- bash -euxo pipefail /packages/first-answer.sh)
echo "from the packages to a verified answer: $(($(date +%s) - begun)) s"
test "$(($(date +%s) - begun))" -lt 600

# Without an instance nothing starts, and nothing fails.
systemctl start countersign
! systemctl is-active countersign
as_countersign countersign init --origin log.example.org/2026
systemctl enable --now countersign
systemctl is-active countersign
curl --silent --fail http://127.0.0.1:8080/readyz
as_countersign countersign log close
test "$(stat -c %U /var/lib/countersign/stream/lock)" = countersign

# A setting by environment, through a socket file, and a certificate that is read again.
echo 'COUNTERSIGN_LISTEN=unix:/run/countersign/http.sock' > /etc/default/countersign
systemctl restart countersign
curl --silent --fail --unix-socket /run/countersign/http.sock http://localhost/healthz
as_countersign countersign log close
systemctl reload countersign
systemctl is-active countersign

# A witness and a monitor.
install -d -o countersign -g countersign /var/lib/countersign-witness
runuser -u countersign -- countersign log witness new --dir /var/lib/countersign-witness --name witness.example.org
systemctl enable --now countersign-witness
systemctl is-active countersign-witness
rm /etc/default/countersign
systemctl restart countersign
key=$(journalctl --quiet --unit countersign --output cat | grep -o 'log.example.org/2026+[^ ]*' | tail -n 1)
printf 'LOG=http://127.0.0.1:8080/log\nKEY=%s\nMONITOR_ARGUMENTS=--every-s 1\n' "$key" > /etc/default/countersign-monitor
systemctl enable --now countersign-monitor
sleep 3
systemctl is-active countersign-monitor
journalctl --quiet --unit countersign-monitor --output cat | grep -i 'holds\|entries'

# An upgrade restarts what runs; removal keeps the instance.
before=$(systemctl show --property MainPID countersign)
dpkg --install /packages/countersign_*.deb
systemctl is-active countersign
test "$before" != "$(systemctl show --property MainPID countersign)"
systemctl stop countersign
dpkg --purge countersign
test -d /var/lib/countersign/log
! systemctl is-active countersign-witness
! test -e /usr/bin/countersign

set +x
echo 'all steps done'
