# From nothing to a verified answer, on the database of testdata/schemas/hiking-club.sql. A test runs these
# commands as they stand; docs/operations/transcript.md is what they said.

countersign init --dir platform --origin log.club.example/2026 --listen 127.0.0.1:8080
export COUNTERSIGN_DIR=platform

countersign source draft --url postgresql://club_reader@127.0.0.1:5432/club --out first.toml

# The owner of the tables pastes what the draft says, without the right to read addresses of mail, which no
# partner is to get, and with that to read what members chose.
psql -q postgresql://owner@127.0.0.1:5432/club <<'SQL'
GRANT USAGE ON SCHEMA "club" TO "club_reader";
GRANT SELECT ("buddy_id", "member_id", "state") ON "club"."hiking_buddies" TO "club_reader";
GRANT SELECT ("member_id", "profile_visibility") ON "club"."member_privacy" TO "club_reader";
GRANT SELECT ("date_of_birth", "family_name", "given_name", "hometown", "left_at", "member_id") ON "club"."members" TO "club_reader";
CREATE INDEX CONCURRENTLY ON "club"."hiking_buddies" ("buddy_id");
SQL

# The role may look at rows now, so that a second draft knows more.
countersign source draft --url postgresql://club_reader@127.0.0.1:5432/club --out platform/mapping.toml
cat platform/mapping.toml

# The members agreed that the devices of friends may show id and name; whoever closed the profile is not shown.
sed -i 's/^kind = "image"/kind = "postgres"/; s/^new_people = "default"/new_people = "friends-basics"/' platform/countersign.toml
cat >> platform/countersign.toml <<'TOML'

[source.postgres]
url = "postgresql://club_reader@127.0.0.1:5432/club"
tls = "disable"
mapping = "mapping.toml"
TOML
countersign source check

countersign key new aurora.key
cat > partner.toml <<TOML
id = "aurora"
name = "Aurora Devices B.V."
country = "NL"
parent_country = "NL"
owners = []
key = "$(countersign key show aurora.key)"
TOML
ONE=reviewer:reviewer-1=platform/keys/reviewers/reviewer-1.key
TWO=reviewer:reviewer-2=platform/keys/reviewers/reviewer-2.key
countersign partner register partner.toml --sign $ONE --sign $TWO

countersign agreement new --partner aurora --client aurora-home --kind device --out agreement.toml
countersign agreement check agreement.toml
countersign agreement conclude agreement.toml --sign partner:aurora=aurora.key --sign $ONE --sign $TWO

cat > build.toml <<TOML
build = "aurora-home@1"
client = "aurora-home"
package = "nl.aurora.home"
signer = "$(printf certificate | sha256sum | cut -c 1-64)"
version_code = 1
artifact = "$(printf package | sha256sum | cut -c 1-64)"
purposes = ["service"]
self = ["id", "friends", "name"]
friend = ["id", "name"]
TOML
countersign partner build submit build.toml --sign partner:aurora=aurora.key
countersign partner build approve aurora-home@1 --sign $ONE --sign $TWO

countersign serve > serve.txt 2>&1 &
SERVER=$!
until curl -sf http://127.0.0.1:8080/readyz > /dev/null; do sleep 0.1; done
TOKEN=$(countersign people token --account 101 --build aurora-home@1 --purpose service)

curl -sg -D headers.txt -o answer.json -H "authorization: Bearer $TOKEN" 'http://127.0.0.1:8080/v3.0/me?fields=id,name,friends.limit(10){id,name}'
cat answer.json

countersign-verify receipt --log http://127.0.0.1:8080/log --key @platform/log.vkey --wait --headers headers.txt --body answer.json --method GET --uri '/v3.0/me?fields=id,name,friends.limit(10){id,name}'

kill $SERVER
wait $SERVER
