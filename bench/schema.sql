-- The database of a platform: people, friendships, settings, grants, an audit. All contenders of
-- `cargo xtask bench sources` answer from it. psql runs this file in an empty database as a superuser;
-- then people and friendships are copied in, and indexes.sql is run.

-- What is JSON is kept as the text that it came as (json), not as jsonb: nobody here asks for anything inside
-- of it, and jsonb would have to be written as text again for every row of every answer.

-- What is in no answer by itself: who may do what.
CREATE ROLE visibility NOLOGIN;  -- owns the views; row-level security holds for it
CREATE ROLE service LOGIN;       -- (a), the axum handler
CREATE ROLE graph LOGIN;         -- (b), PostGraphile
CREATE ROLE countersign LOGIN;   -- Countersign: reads people and friendships, and nothing else

CREATE TABLE people (
    person_id            bigint NOT NULL,
    -- The platform's own name for the person.
    account              text NOT NULL,
    -- What clients see.
    id                   text NOT NULL,
    is_minor             boolean NOT NULL,
    -- What the person opened, by route; bit n is the n-th field of Countersign's schema.
    my_device            bigint NOT NULL,
    friends_device       bigint NOT NULL,
    my_app               bigint NOT NULL,
    friends_app          bigint NOT NULL,
    name                 text,
    first_name           text,
    middle_name          text,
    last_name            text,
    gender               text,
    -- Text, since people may leave out the year or the day.
    birthday             text,
    email                text,
    link                 text,
    website              text,
    third_party_id       text,
    locale               text,
    timezone             smallint,
    languages            json,
    hometown             json,
    location             json,
    about                text,
    quotes               text,
    education            json,
    work                 json,
    religion             text,
    political            text,
    interested_in        json,
    relationship_status  text,
    significant_other    json,
    sports               json,
    favorite_teams       json,
    favorite_athletes    json,
    inspirational_people json,
    verified             boolean,
    updated_time         timestamptz
    -- Whole rows on their pages: a row is about 2.7 KB, and by default its longest columns would be compressed.
) WITH (toast_tuple_target = 8160);

-- Every friendship twice, once from either side: one index scan finds all friends of a person.
CREATE TABLE friendships (
    person_id bigint NOT NULL,
    friend_id bigint NOT NULL
);

-- What viewers granted, already cut to what the client's agreement allows.
CREATE TABLE grants (
    token_sha256  bytea PRIMARY KEY,
    viewer        bigint NOT NULL,
    client_id     integer NOT NULL,
    self_fields   bigint NOT NULL,
    friend_fields bigint NOT NULL,
    expires_at    timestamptz NOT NULL
);

-- Who got what about whom, a row per person in an answer. BRIN finds a range of time. Contender (a) has no
-- index by person, which would make every insert dearer; (a′) has.
CREATE TABLE audit (
    at        timestamptz NOT NULL,
    request   uuid NOT NULL,
    client_id integer NOT NULL,
    viewer    bigint NOT NULL,
    person_id bigint NOT NULL,
    fields    bigint NOT NULL
);
CREATE INDEX audit_at ON audit USING brin (at);

-- A transaction says for whom it reads: app.viewer, app.client, app.self_fields, app.friend_fields. One that
-- does not say so fails. In a subquery, each is read once a query and not once a row.
ALTER TABLE people ENABLE ROW LEVEL SECURITY;
ALTER TABLE friendships ENABLE ROW LEVEL SECURITY;
CREATE POLICY people_who_opened ON people FOR SELECT TO visibility USING (
    CASE WHEN person_id = (SELECT current_setting('app.viewer')::bigint)
        THEN my_device & 1 <> 0
        ELSE friends_device & 1 <> 0
    END
);
CREATE POLICY own_friendships ON friendships FOR SELECT TO visibility
    USING (person_id = (SELECT current_setting('app.viewer')::bigint));
-- Countersign decides for itself, and shows nothing undecided.
CREATE POLICY people_source ON people FOR SELECT TO countersign USING (true);
CREATE POLICY friendships_source ON friendships FOR SELECT TO countersign USING (true);

-- What the handlers see.
CREATE SCHEMA api;
GRANT USAGE, CREATE ON SCHEMA api TO visibility;

-- The viewer, each field as their settings for their own device and the grant say.
CREATE VIEW api.device_self AS
SELECT
    p.person_id,
    p.my_device & g.fields AS released,
    CASE WHEN p.my_device & g.fields & 1 <> 0 THEN p.id END AS id,
    CASE WHEN p.my_device & g.fields & (1::bigint << 2) <> 0 THEN p.name END AS name,
    CASE WHEN p.my_device & g.fields & (1::bigint << 3) <> 0 THEN p.first_name END AS first_name,
    CASE WHEN p.my_device & g.fields & (1::bigint << 4) <> 0 THEN p.middle_name END AS middle_name,
    CASE WHEN p.my_device & g.fields & (1::bigint << 5) <> 0 THEN p.last_name END AS last_name,
    CASE WHEN p.my_device & g.fields & (1::bigint << 6) <> 0 THEN p.gender END AS gender,
    CASE WHEN p.my_device & g.fields & (1::bigint << 7) <> 0 THEN p.birthday END AS birthday,
    CASE WHEN p.my_device & g.fields & (1::bigint << 8) <> 0 THEN p.email END AS email,
    CASE WHEN p.my_device & g.fields & (1::bigint << 15) <> 0 THEN p.hometown END AS hometown,
    CASE WHEN p.my_device & g.fields & (1::bigint << 16) <> 0 THEN p.location END AS location,
    CASE WHEN p.my_device & g.fields & (1::bigint << 19) <> 0 THEN p.education END AS education,
    CASE WHEN p.my_device & g.fields & (1::bigint << 20) <> 0 THEN p.work END AS work
FROM people AS p
CROSS JOIN (SELECT (SELECT current_setting('app.self_fields')::bigint) AS fields) AS g
WHERE p.person_id = (SELECT current_setting('app.viewer')::bigint);

-- The viewer's friends, each field as the friend's settings for friends' devices and the grant say; of
-- minors never more than id and name.
CREATE VIEW api.device_friends AS
SELECT
    p.person_id,
    p.friends_device & g.fields & CASE WHEN p.is_minor THEN 5 ELSE -1 END AS released,
    CASE WHEN p.friends_device & g.fields & 1 <> 0 THEN p.id END AS id,
    CASE WHEN p.friends_device & g.fields & (1::bigint << 2) <> 0 THEN p.name END AS name,
    CASE WHEN p.friends_device & g.fields & (1::bigint << 3) <> 0 AND NOT p.is_minor THEN p.first_name END AS first_name,
    CASE WHEN p.friends_device & g.fields & (1::bigint << 4) <> 0 AND NOT p.is_minor THEN p.middle_name END AS middle_name,
    CASE WHEN p.friends_device & g.fields & (1::bigint << 5) <> 0 AND NOT p.is_minor THEN p.last_name END AS last_name,
    CASE WHEN p.friends_device & g.fields & (1::bigint << 6) <> 0 AND NOT p.is_minor THEN p.gender END AS gender,
    CASE WHEN p.friends_device & g.fields & (1::bigint << 7) <> 0 AND NOT p.is_minor THEN p.birthday END AS birthday,
    CASE WHEN p.friends_device & g.fields & (1::bigint << 8) <> 0 AND NOT p.is_minor THEN p.email END AS email,
    CASE WHEN p.friends_device & g.fields & (1::bigint << 15) <> 0 AND NOT p.is_minor THEN p.hometown END AS hometown,
    CASE WHEN p.friends_device & g.fields & (1::bigint << 16) <> 0 AND NOT p.is_minor THEN p.location END AS location,
    CASE WHEN p.friends_device & g.fields & (1::bigint << 19) <> 0 AND NOT p.is_minor THEN p.education END AS education,
    CASE WHEN p.friends_device & g.fields & (1::bigint << 20) <> 0 AND NOT p.is_minor THEN p.work END AS work
FROM friendships AS f
JOIN people AS p ON p.person_id = f.friend_id
CROSS JOIN (SELECT (SELECT current_setting('app.friend_fields')::bigint) AS fields) AS g
WHERE f.person_id = (SELECT current_setting('app.viewer')::bigint);

ALTER VIEW api.device_self OWNER TO visibility;
ALTER VIEW api.device_friends OWNER TO visibility;
GRANT SELECT ON people, friendships TO visibility, countersign;
GRANT USAGE ON SCHEMA api TO service, graph;
GRANT SELECT ON api.device_self, api.device_friends, grants TO service, graph;
GRANT INSERT ON audit TO service;

-- pgaudit writes what (b) reads into the server's log.
ALTER ROLE graph SET pgaudit.log = 'read';
ALTER ROLE graph SET pgaudit.log_catalog = off;
ALTER ROLE graph SET pgaudit.log_parameter = on;
