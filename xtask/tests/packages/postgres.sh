# Makes the database POSTGRES_DB if there is none, then becomes the server with the arguments of the command.
set -eu
data=/var/lib/postgresql/data
bin=$(echo /usr/lib/postgresql/*/bin)
install -d -o postgres -g postgres "$data" /var/run/postgresql
as_postgres() { runuser -u postgres -- "$@"; }
if ! test -s "$data/PG_VERSION"; then
    as_postgres "$bin/initdb" --auth="$POSTGRES_HOST_AUTH_METHOD" --pgdata "$data"
    as_postgres "$bin/pg_ctl" --pgdata "$data" --wait --options '-c listen_addresses=' start
    as_postgres createdb "$POSTGRES_DB"
    as_postgres "$bin/pg_ctl" --pgdata "$data" --wait stop
fi
shift
exec runuser -u postgres -- "$bin/postgres" -D "$data" "$@"
