-- The tables of an invented hiking club, as its own people wrote them: nothing in them is for Countersign.
CREATE SCHEMA club;
CREATE TYPE club.bond_state AS ENUM ('asked', 'confirmed', 'declined');

CREATE TABLE club.huts (hut_id smallint PRIMARY KEY, name text NOT NULL, altitude_m integer);
CREATE TABLE club.members (
    member_id integer PRIMARY KEY,
    nick text NOT NULL UNIQUE,
    given_name text NOT NULL,
    family_name text NOT NULL,
    email text NOT NULL,
    date_of_birth date,
    hometown text,
    favourite_hut_id smallint REFERENCES club.huts,
    joined_on date NOT NULL,
    left_at timestamptz
);
CREATE TABLE club.member_privacy (
    member_id integer PRIMARY KEY REFERENCES club.members,
    profile_visibility text NOT NULL DEFAULT 'friends'
);
CREATE TABLE club.hiking_buddies (
    member_id integer NOT NULL REFERENCES club.members,
    buddy_id integer NOT NULL REFERENCES club.members,
    state club.bond_state NOT NULL,
    since date,
    UNIQUE (member_id, buddy_id)
);
CREATE TABLE club.tours (tour_id integer PRIMARY KEY, leader_id integer REFERENCES club.members, starts_on date, title text);
CREATE TABLE club.tour_members (
    tour_id integer NOT NULL REFERENCES club.tours,
    member_id integer NOT NULL REFERENCES club.members,
    PRIMARY KEY (tour_id, member_id)
);

INSERT INTO club.huts VALUES (1, 'Upper Lodge', 2410);
INSERT INTO club.members VALUES
    (101, 'mila', 'Mila', 'Brandt', 'mila@club.example', '1988-04-12', 'Thun', 1, '2019-05-01', NULL),
    (102, 'jon', 'Jon', 'Okafor', 'jon@club.example', '1991-09-30', 'Bern', 1, '2020-03-14', NULL),
    (103, 'tess', 'Tess', 'Lind', 'tess@club.example', '1979-01-05', 'Brig', NULL, '2018-07-20', NULL),
    (104, 'ravi', 'Ravi', 'Menon', 'ravi@club.example', '2001-11-23', NULL, NULL, '2022-02-02', '2024-02-02T08:00:00Z');
INSERT INTO club.member_privacy VALUES (101, 'friends'), (102, 'public'), (103, 'only_me'), (104, 'public');
INSERT INTO club.hiking_buddies VALUES
    (101, 102, 'confirmed', '2020-06-01'),
    (103, 101, 'confirmed', '2019-08-11'),
    (104, 101, 'confirmed', '2022-05-05'),
    (102, 103, 'asked', NULL);
INSERT INTO club.tours VALUES (1, 101, '2026-06-21', 'Ridge at dawn');
INSERT INTO club.tour_members VALUES (1, 101), (1, 102), (1, 103);
